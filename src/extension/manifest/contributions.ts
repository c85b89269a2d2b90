/*
 * What the extension adds to the editor, each thing once: ids, titles, icons, settings, context keys. `makeManifest()` writes package.json
 * and package.nls*.json from it; the code takes its ids from here. No import of the editor, so that scripts and tests can read it.
 */

/** English and Indonesian. The manifest follows the editor's display language. */
export interface Text {
  readonly en: string;
  readonly id: string;
}

/** What the list of extensions and the messages call us, and what we are in a sentence. */
export const about = {
  displayName: { en: 'Cadangan: Backup and Restore', id: 'Cadangan: Pencadangan dan Pemulihan' },
  description: {
    en: 'Back up servers into restic repositories, keep an off-site copy, restore any date, and keep the records an auditor asks for.',
    id: 'Cadangkan server ke repositori restic, simpan salinan di tempat lain, pulihkan tanggal mana pun, dan simpan rekaman yang diminta auditor.',
  },
} as const satisfies Record<string, Text>;

export const category = 'Cadangan';
export const container = { id: 'cadangan', title: 'Cadangan', icon: 'media/cadangan.svg' } as const;
/** Of read-only files in snapshots. */
export const snapshotScheme = 'cadangan';

interface CommandContribution {
  readonly title: Text;
  /** A codicon, for buttons. */
  readonly icon?: string;
  /** False: needs something to work on that the palette cannot give. A text: only under this condition. */
  readonly palette?: false | string;
}

export const commands = {
  newSet: { title: { en: 'New Backup Set…', id: 'Set Cadangan Baru…' }, icon: '$(add)' },
  backUpNow: { title: { en: 'Back Up Now', id: 'Cadangkan Sekarang' }, icon: '$(play)' },
  stop: { title: { en: 'Stop', id: 'Hentikan' }, icon: '$(debug-stop)' },
  restore: { title: { en: 'Restore…', id: 'Pulihkan…' }, icon: '$(history)' },
  openAsOfDate: { title: { en: 'Open as of Date…', id: 'Buka menurut Tanggal…' }, icon: '$(calendar)' },
  compareWithCurrent: { title: { en: 'Compare with Current', id: 'Bandingkan dengan Versi Saat Ini' }, icon: '$(diff)' },
  compareSnapshots: { title: { en: 'Compare Two Snapshots…', id: 'Bandingkan Dua Snapshot…' }, icon: '$(git-compare)' },
  findInSnapshots: { title: { en: 'Find in Snapshots…', id: 'Cari di Snapshot…' }, icon: '$(search)' },
  whichBackupChanged: {
    title: { en: 'Which Backup Changed This File', id: 'Cadangan Mana yang Mengubah Berkas Ini' },
    icon: '$(versions)',
  },
  versionsInBackups: { title: { en: 'Versions in Backups…', id: 'Versi di Cadangan…' }, icon: '$(versions)' },
  checkRepository: { title: { en: 'Check Repository', id: 'Periksa Repositori' }, icon: '$(checklist)' },
  unlock: { title: { en: 'Unlock', id: 'Buka Penguncian' }, icon: '$(unlock)' },
  openConfiguration: { title: { en: 'Open Configuration', id: 'Buka Konfigurasi' }, icon: '$(settings-gear)' },
  showLog: { title: { en: 'Show Log', id: 'Tampilkan Log' }, icon: '$(output)' },
  saveRecoveryKit: { title: { en: 'Save Recovery Kit…', id: 'Simpan Paket Pemulihan…' }, icon: '$(save)' },
  enterPassword: { title: { en: 'Enter Password…', id: 'Masukkan Kata Sandi…' }, icon: '$(key)' },
  keepPasswordFile: { title: { en: 'Make a Password File for Nights…', id: 'Buat Berkas Kata Sandi untuk Malam…' } },
  forgetPassword: { title: { en: 'Forget Password', id: 'Lupakan Kata Sandi' } },
  editSet: { title: { en: 'Edit', id: 'Ubah' }, icon: '$(edit)', palette: false },
  removeSet: { title: { en: 'Remove…', id: 'Hapus…' }, icon: '$(trash)', palette: false },
  dismissMissed: { title: { en: 'Dismiss Missed Runs', id: 'Abaikan Jadwal Terlewat' }, icon: '$(check)', palette: false },
  showLastRun: { title: { en: 'Show Last Run', id: 'Tampilkan Hasil Terakhir' }, palette: false },
  refresh: { title: { en: 'Refresh', id: 'Muat Ulang' }, icon: '$(refresh)' },
  goToDate: { title: { en: 'Go to Date…', id: 'Ke Tanggal…' }, icon: '$(calendar)' },
  filterSnapshots: { title: { en: 'Filter Snapshots…', id: 'Saring Snapshot…' }, icon: '$(filter)' },
  clearFilter: { title: { en: 'Clear Filter', id: 'Hapus Saringan' }, icon: '$(clear-all)', palette: 'cadangan.isFiltered' },
  openEntry: { title: { en: 'Open', id: 'Buka' }, icon: '$(go-to-file)', palette: false },
  showMore: { title: { en: 'Show More', id: 'Tampilkan Lebih Banyak' }, palette: false },
  showRetention: { title: { en: 'Show Retention of Set', id: 'Tampilkan Masa Simpan Set' }, icon: '$(archive)' },
  changeRetention: { title: { en: 'Change Retention of Set…', id: 'Ubah Masa Simpan Set…' }, icon: '$(edit)' },
  deleteSnapshot: { title: { en: 'Delete Snapshot…', id: 'Hapus Snapshot…' }, icon: '$(trash)' },
  protectSnapshot: { title: { en: 'Protect Snapshot…', id: 'Lindungi Snapshot…' }, icon: '$(lock)' },
  copySnapshotId: { title: { en: 'Copy Snapshot ID', id: 'Salin ID Snapshot' }, palette: false },
  newCopy: { title: { en: 'New Off-site Copy…', id: 'Salinan Eksternal Baru…' }, icon: '$(cloud-upload)' },
  driveSignIn: { title: { en: 'Sign In to Google Drive', id: 'Masuk ke Google Drive' }, icon: '$(sign-in)' },
  driveSignInWithCode: { title: { en: 'Sign In to Google Drive with a Code', id: 'Masuk ke Google Drive dengan Kode' } },
  driveSignOut: { title: { en: 'Sign Out of Google Drive…', id: 'Keluar dari Google Drive…' }, icon: '$(sign-out)' },
  syncCopy: { title: { en: 'Update Off-site Copy Now', id: 'Perbarui Salinan Eksternal Sekarang' }, icon: '$(sync)' },
  pauseCopy: { title: { en: 'Pause Off-site Copy', id: 'Jeda Salinan Eksternal' }, icon: '$(debug-pause)' },
  resumeCopy: { title: { en: 'Resume Off-site Copy', id: 'Lanjutkan Salinan Eksternal' }, icon: '$(debug-continue)' },
  scrubCopy: { title: { en: 'Scrub Off-site Copy', id: 'Periksa Salinan Eksternal' }, icon: '$(checklist)' },
  readableCopy: { title: { en: 'Write Readable Copy…', id: 'Tulis Salinan Terbaca…' }, icon: '$(file-zip)' },
  openOnWeb: { title: { en: 'Open on the Web', id: 'Buka di Web' }, icon: '$(link-external)' },
  showDashboard: { title: { en: 'Show Dashboard', id: 'Tampilkan Dasbor' }, icon: '$(dashboard)' },
  filterHistory: { title: { en: 'Filter History…', id: 'Saring Riwayat…' }, icon: '$(filter)' },
  clearHistoryFilter: {
    title: { en: 'Clear Filter of History', id: 'Hapus Saringan Riwayat' },
    icon: '$(clear-all)',
    palette: 'cadangan.isHistoryFiltered',
  },
  showRecord: { title: { en: 'Show Record', id: 'Tampilkan Rekaman' }, palette: false },
  showRecordsOfDay: { title: { en: 'Show Records of the Day', id: 'Tampilkan Rekaman Hari Itu' }, palette: false },
  restoreRecord: { title: { en: 'Restore This…', id: 'Pulihkan Ini…' }, icon: '$(history)', palette: false },
  showMoreRecords: { title: { en: 'Show More', id: 'Tampilkan Lebih Banyak' }, palette: false },
  showNonconformity: { title: { en: 'Show Nonconformity…', id: 'Tampilkan Ketidaksesuaian…' }, icon: '$(flag)' },
  closeNonconformity: { title: { en: 'Close Nonconformity…', id: 'Tutup Ketidaksesuaian…' }, icon: '$(pass)' },
  assignNonconformity: { title: { en: 'Assign Nonconformity…', id: 'Tetapkan PIC Ketidaksesuaian…' }, icon: '$(person)' },
  followUpNonconformity: { title: { en: 'Check the Correction…', id: 'Periksa Tindakan Korektif…' }, icon: '$(checklist)' },
  withdrawNonconformity: { title: { en: 'Withdraw Nonconformity…', id: 'Cabut Ketidaksesuaian…' }, icon: '$(discard)' },
  enterFinding: { title: { en: 'Enter a Finding…', id: 'Masukkan Temuan…' }, icon: '$(flag)' },
  makeReport: { title: { en: 'Make a Report…', id: 'Buat Laporan…' }, icon: '$(file-pdf)' },
  makeAuditPack: { title: { en: 'Make an Audit Pack…', id: 'Buat Paket Audit…' }, icon: '$(file-zip)' },
  approveRecords: { title: { en: 'Approve Records…', id: 'Sahkan Rekaman…' }, icon: '$(verified)' },
  rejectRecords: { title: { en: 'Reject Records…', id: 'Tolak Rekaman…' }, icon: '$(error)' },
  runDrill: { title: { en: 'Run a Restore Drill…', id: 'Jalankan Uji Pemulihan…' }, icon: '$(beaker)' },
  verifyRecords: { title: { en: 'Verify Records', id: 'Verifikasi Rekaman' }, icon: '$(shield)' },
  testAlert: { title: { en: 'Send a Test Alert…', id: 'Kirim Peringatan Uji Coba…' }, icon: '$(bell)' },
  keepRunning: {
    title: { en: 'Keep Running When VS Code Is Closed…', id: 'Tetap Berjalan Saat VS Code Ditutup…' },
    icon: '$(server-process)',
  },
  restartEngine: { title: { en: 'Restart Engine', id: 'Mulai Ulang Mesin' }, icon: '$(debug-restart)' },
  showReason: { title: { en: 'Show What Needs Attention', id: 'Tampilkan yang Perlu Perhatian' }, palette: 'cadangan.hasTrouble' },
  getStarted: { title: { en: 'Get Started', id: 'Mulai Menggunakan' } },
} as const satisfies Record<string, CommandContribution>;

export type CommandName = keyof typeof commands;

export function commandId(name: CommandName): string {
  return `cadangan.${name}`;
}

export const views = {
  sets: { id: 'cadangan.sets', name: { en: 'Backup Sets', id: 'Set Cadangan' }, icon: 'media/views/sets.svg', initialSize: 2 },
  snapshots: { id: 'cadangan.snapshots', name: { en: 'Snapshots', id: 'Snapshot' }, icon: 'media/views/snapshots.svg', initialSize: 5 },
  servers: {
    id: 'cadangan.servers',
    name: { en: 'Servers', id: 'Server' },
    icon: 'media/views/servers.svg',
    initialSize: 2,
    visibility: 'collapsed',
  },
  drive: {
    id: 'cadangan.drive',
    name: { en: 'Off-site Copies', id: 'Salinan Eksternal' },
    icon: 'media/views/drive.svg',
    initialSize: 1,
    visibility: 'collapsed',
  },
  history: {
    id: 'cadangan.history',
    name: { en: 'History', id: 'Riwayat' },
    icon: 'media/views/history.svg',
    initialSize: 3,
    visibility: 'collapsed',
  },
} as const;

/** State of ours that conditions in the manifest ask for. */
export const contextKeys = {
  /** `en` or `id`: what we speak, which may not be what the editor speaks. */
  language: 'cadangan.speaks',
  /** `unknown`, `none`, `broken`, `some`, `failed`: what the view of backup sets has to show. */
  sets: 'cadangan.sets.state',
  /** `unknown`, `not-configured`, `signed-out`, `signed-in`, `failed`: of Google Drive. */
  drive: 'cadangan.drive.state',
  /** `unknown`, `none` (no sets), `empty`, `some`, `failed`, `refused`: what the view of servers has to show. */
  servers: 'cadangan.servers.state',
  isFiltered: 'cadangan.isFiltered',
  /** `unknown`, `none`, `some`, `failed`: what the view of the history has to show. */
  history: 'cadangan.history.state',
  isHistoryFiltered: 'cadangan.isHistoryFiltered',
  hasTrouble: 'cadangan.hasTrouble',
  /** Steps of the walkthrough that are done. */
  hasSet: 'cadangan.done.set',
  hasRecoveryKit: 'cadangan.done.recoveryKit',
  hasRestored: 'cadangan.done.restore',
} as const;

/** `broken`: mistakes in the configuration leave no set. `failed`: there is no engine to ask. */
export type SetsState = 'unknown' | 'none' | 'broken' | 'some' | 'failed';

export interface SettingContribution {
  readonly type: 'string';
  readonly default: string;
  /** Never `window` or `resource`: nothing is taken from a workspace. */
  readonly scope: 'machine' | 'application';
  readonly description: Text;
  readonly choices?: Readonly<Record<string, Text>>;
}

export const settings = {
  configFile: {
    type: 'string',
    default: '',
    scope: 'machine',
    description: {
      en: 'The configuration file of this server, as an absolute path. Empty: the usual place, which *Cadangan: Open Configuration* opens.',
      id: 'Berkas konfigurasi server ini, sebagai lokasi absolut. Kosong: tempat biasa, yang dibuka oleh *Cadangan: Buka Konfigurasi*.',
    },
  },
  language: {
    type: 'string',
    default: 'auto',
    scope: 'application',
    description: { en: 'The language of views, messages and results.', id: 'Bahasa tampilan, pesan dan hasil.' },
    choices: {
      auto: { en: 'As the editor, or else the system of the server.', id: 'Seperti editor, atau sistem server.' },
      en: { en: 'English', id: 'Bahasa Inggris' },
      id: { en: 'Bahasa Indonesia', id: 'Bahasa Indonesia' },
    },
  },
  agentTools: {
    type: 'string',
    default: 'read',
    scope: 'application',
    description: {
      en: 'What agents in the editor may do with Cadangan. They never start, restore or change anything, and see no content of files.',
      id: 'Apa yang boleh dilakukan agen di editor dengan Cadangan. Agen tidak pernah menjalankan, memulihkan atau mengubah apa pun, dan tidak melihat isi berkas.',
    },
    choices: {
      read: {
        en: 'Ask for the backup status, snapshots, versions of files and records.',
        id: 'Menanyakan status cadangan, snapshot, versi berkas dan rekaman.',
      },
      off: { en: 'Nothing.', id: 'Tidak ada.' },
    },
  },
} as const satisfies Record<string, SettingContribution>;

export type SettingName = keyof typeof settings;

/** Files that the schema of the configuration is for. */
export const configurationFiles = {
  patterns: ['cadangan.jsonc', 'cadangan.json'],
  schema: './schemas/cadangan-config.schema.json',
} as const;
