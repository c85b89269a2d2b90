import { contextKeys, views, type Text } from './contributions.ts';

export interface WelcomeContribution {
  readonly view: string;
  readonly when: string;
  readonly contents: Text;
}

const sets = (state: string) => `${contextKeys.sets} == ${state}`;

/** What an empty view says. Both languages are in the manifest, since the editor may speak neither (`contextKeys.language`). */
export const welcomes: readonly WelcomeContribution[] = [
  {
    view: views.sets.id,
    when: sets('none'),
    contents: {
      en: 'Nothing on this server is protected yet. A backup set says what is backed up, to where, and when.\n[New Backup Set](command:cadangan.newSet)\nOr [open the configuration](command:cadangan.openConfiguration), or read [how to start](command:cadangan.getStarted).',
      id: 'Belum ada yang dilindungi di server ini. Set cadangan menentukan apa yang dicadangkan, ke mana, dan kapan.\n[Set Cadangan Baru](command:cadangan.newSet)\nAtau [buka konfigurasi](command:cadangan.openConfiguration), atau baca [cara memulai](command:cadangan.getStarted).',
    },
  },
  {
    view: views.sets.id,
    when: sets('broken'),
    contents: {
      en: 'The configuration has mistakes, so that no backup set can be used.\n[Show Problems](command:workbench.actions.view.problems)\nOr [open the configuration](command:cadangan.openConfiguration).',
      id: 'Konfigurasi memuat kesalahan, sehingga tidak ada set cadangan yang dapat dipakai.\n[Tampilkan Masalah](command:workbench.actions.view.problems)\nAtau [buka konfigurasi](command:cadangan.openConfiguration).',
    },
  },
  {
    view: views.sets.id,
    when: sets('failed'),
    contents: {
      en: 'The engine, which does the work, is not running.\n[Restart Engine](command:cadangan.restartEngine)\nThe [log](command:cadangan.showLog) says why it ended.',
      id: 'Mesin yang melakukan pekerjaan tidak berjalan.\n[Mulai Ulang Mesin](command:cadangan.restartEngine)\n[Log](command:cadangan.showLog) menyebutkan sebabnya.',
    },
  },
  {
    view: views.snapshots.id,
    when: `${sets('none')} && !${contextKeys.isFiltered}`,
    contents: {
      en: 'Here the snapshots of your backup sets stand by date: open any file as it was, compare it, restore it.\nFirst make a [backup set](command:cadangan.newSet).',
      id: 'Di sini snapshot dari set cadangan Anda tersusun menurut tanggal: buka berkas apa pun seperti dahulu, bandingkan, pulihkan.\nBuat dahulu sebuah [set cadangan](command:cadangan.newSet).',
    },
  },
  {
    view: views.snapshots.id,
    when: `${sets('some')} && !${contextKeys.isFiltered}`,
    contents: {
      en: 'There is no snapshot yet.\n[Back Up Now](command:cadangan.backUpNow)',
      id: 'Belum ada snapshot.\n[Cadangkan Sekarang](command:cadangan.backUpNow)',
    },
  },
  {
    view: views.snapshots.id,
    when: contextKeys.isFiltered,
    contents: {
      en: 'No snapshot fits the filter.\n[Clear Filter](command:cadangan.clearFilter)',
      id: 'Tidak ada snapshot yang cocok dengan saringan.\n[Hapus Saringan](command:cadangan.clearFilter)',
    },
  },
  {
    view: views.servers.id,
    when: `${contextKeys.servers} == none`,
    contents: {
      en: 'Here every server stands that backs up into your repositories, also by restic: its last good backup, and who is silent.\nFirst make a [backup set](command:cadangan.newSet), which says where a repository lies.',
      id: 'Di sini tampak setiap server yang mencadangkan ke repositori Anda, juga dengan restic: cadangan baik terakhirnya, dan server mana yang diam.\nBuat dahulu sebuah [set cadangan](command:cadangan.newSet), yang menyebut tempat repositori.',
    },
  },
  {
    view: views.servers.id,
    when: `${contextKeys.servers} == empty`,
    contents: {
      en: 'No server has backed up into your repositories yet.\n[Back Up Now](command:cadangan.backUpNow)',
      id: 'Belum ada server yang mencadangkan ke repositori Anda.\n[Cadangkan Sekarang](command:cadangan.backUpNow)',
    },
  },
  {
    view: views.servers.id,
    when: `${contextKeys.servers} == failed`,
    contents: {
      en: 'Which servers back up here cannot be asked at this moment.\n[Refresh](command:cadangan.refresh)\nThe [log](command:cadangan.showLog) says why.',
      id: 'Server mana yang mencadangkan ke sini saat ini tidak dapat ditanyakan.\n[Muat Ulang](command:cadangan.refresh)\n[Log](command:cadangan.showLog) menyebutkan sebabnya.',
    },
  },
  {
    view: views.servers.id,
    when: `${contextKeys.servers} == refused`,
    contents: {
      en: 'Which servers back up here, and where to, the service of this machine tells its administrators alone.',
      id: 'Server mana yang mencadangkan ke sini, dan ke mana, hanya diberitahukan layanan mesin ini kepada administratornya.',
    },
  },
  {
    view: views.drive.id,
    when: `${contextKeys.drive} == not-configured`,
    contents: {
      en: 'Keep a copy of your backups in another place: on Google Drive under one designated account, on a server, in an object store. It follows by itself, every file is verified, and any date can be restored from it.\n[New Off-site Copy](command:cadangan.newCopy)',
      id: 'Simpan salinan cadangan Anda di tempat lain: di Google Drive dengan satu akun yang ditunjuk, di server, atau di penyimpanan objek. Salinan mengikuti sendiri, setiap berkas diverifikasi, dan tanggal mana pun dapat dipulihkan darinya.\n[Salinan Eksternal Baru](command:cadangan.newCopy)',
    },
  },
  {
    view: views.drive.id,
    when: `${contextKeys.drive} == signed-out`,
    contents: {
      en: 'Nobody is signed in to Google Drive.\n[Sign In](command:cadangan.driveSignIn)\nNo browser on this machine? [Sign in with a code](command:cadangan.driveSignInWithCode).',
      id: 'Belum ada yang masuk ke Google Drive.\n[Masuk](command:cadangan.driveSignIn)\nTidak ada peramban di mesin ini? [Masuk dengan kode](command:cadangan.driveSignInWithCode).',
    },
  },
  {
    view: views.history.id,
    when: `${contextKeys.history} == none && !${contextKeys.isHistoryFiltered}`,
    contents: {
      en: 'Here everything that was done stands day by day, in records that nobody can change unseen. They begin with the first [backup set](command:cadangan.newSet).',
      id: 'Di sini semua yang dilakukan tersusun hari demi hari, dalam rekaman yang tidak dapat diubah tanpa ketahuan. Rekaman dimulai dengan [set cadangan](command:cadangan.newSet) pertama.',
    },
  },
  {
    view: views.history.id,
    when: contextKeys.isHistoryFiltered,
    contents: {
      en: 'No record fits the filter.\n[Clear Filter](command:cadangan.clearHistoryFilter)',
      id: 'Tidak ada rekaman yang cocok dengan saringan.\n[Hapus Saringan](command:cadangan.clearHistoryFilter)',
    },
  },
];
