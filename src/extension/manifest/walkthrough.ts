import { contextKeys, type Text } from './contributions.ts';

export interface WalkthroughStep {
  readonly id: string;
  readonly title: Text;
  readonly description: Text;
  /** Pictures wear the colours of the theme; each has its words in both languages as alternative text. */
  readonly picture: string;
  readonly altText: Text;
  readonly completionEvents: readonly string[];
}

export const walkthrough: {
  readonly id: string;
  readonly title: Text;
  readonly description: Text;
  readonly steps: readonly WalkthroughStep[];
} = {
  id: 'start',
  title: { en: 'Protect a Server with Cadangan', id: 'Lindungi Server dengan Cadangan' },
  description: { en: 'From nothing to the first restore in five minutes.', id: 'Dari nol sampai pemulihan pertama dalam lima menit.' },
  steps: [
    {
      id: 'protect',
      title: { en: 'Protect a folder', id: 'Lindungi sebuah folder' },
      description: {
        en: 'A backup set says what is backed up, to where, and when; the schedule runs while VS Code is open. Every run takes only what changed, compressed and encrypted.\n[New Backup Set](command:cadangan.newSet)',
        id: 'Set cadangan menentukan apa yang dicadangkan, ke mana, dan kapan; jadwal berjalan selama VS Code terbuka. Setiap kali hanya yang berubah yang diambil, dikompresi dan dienkripsi.\n[Set Cadangan Baru](command:cadangan.newSet)',
      },
      picture: 'media/walkthrough/protect.svg',
      altText: {
        en: 'A folder goes into a locked repository, every evening from nine to eleven.',
        id: 'Sebuah folder masuk ke repositori terkunci, setiap malam pukul 21.00 sampai 23.00.',
      },
      completionEvents: [`onContext:${contextKeys.hasSet}`],
    },
    {
      id: 'kit',
      title: { en: 'Keep the recovery kit', id: 'Simpan paket pemulihan' },
      description: {
        en: 'Without the password nobody can restore, not even you. The recovery kit is one page to print: where the repository is, and how to restore it with or without Cadangan.\n[Save Recovery Kit](command:cadangan.saveRecoveryKit)',
        id: 'Tanpa kata sandi tidak ada yang dapat memulihkan, termasuk Anda. Paket pemulihan adalah satu halaman untuk dicetak: di mana repositori, dan cara memulihkannya dengan atau tanpa Cadangan.\n[Simpan Paket Pemulihan](command:cadangan.saveRecoveryKit)',
      },
      picture: 'media/walkthrough/kit.svg',
      altText: {
        en: 'A page with the location of the repository and a place for the password.',
        id: 'Sebuah halaman dengan lokasi repositori dan tempat untuk kata sandi.',
      },
      completionEvents: [`onContext:${contextKeys.hasRecoveryKit}`],
    },
    {
      id: 'restore',
      title: { en: 'Run and restore once', id: 'Jalankan dan pulihkan sekali' },
      description: {
        en: 'A backup is worth what can be restored from it. Run the set, then restore a file into another folder.\n[Back Up Now](command:cadangan.backUpNow)\n[Restore](command:cadangan.restore)',
        id: 'Nilai cadangan adalah apa yang dapat dipulihkan darinya. Jalankan set, lalu pulihkan satu berkas ke folder lain.\n[Cadangkan Sekarang](command:cadangan.backUpNow)\n[Pulihkan](command:cadangan.restore)',
      },
      picture: 'media/walkthrough/restore.svg',
      altText: { en: 'Dates in a row; a file comes out of one of them.', id: 'Deretan tanggal; sebuah berkas keluar dari salah satunya.' },
      completionEvents: [`onContext:${contextKeys.hasRestored}`],
    },
    {
      id: 'drive',
      title: { en: 'Keep a copy in another place', id: 'Simpan salinan di tempat lain' },
      description: {
        en: 'A copy in another place survives fire, theft and flood. Every change goes to Google Drive under one designated account, or to a server or an object store, by itself, and is verified; any date can be restored from there.\n[New Off-site Copy](command:cadangan.newCopy)',
        id: 'Salinan di tempat lain selamat dari kebakaran, pencurian dan banjir. Setiap perubahan masuk ke Google Drive dengan satu akun yang ditunjuk, atau ke server atau penyimpanan objek, dengan sendirinya, dan diverifikasi; tanggal mana pun dapat dipulihkan dari sana.\n[Salinan Eksternal Baru](command:cadangan.newCopy)',
      },
      picture: 'media/walkthrough/drive.svg',
      altText: { en: 'The repository and its copy in a cloud.', id: 'Repositori dan salinannya di awan.' },
      completionEvents: ['onCommand:cadangan.newCopy'],
    },
  ],
};
