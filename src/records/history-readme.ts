/**
 * What people read who come upon a history on the page of Google Drive. In both languages: nobody knows who that will be.
 * @param owner `user@machine` @param copy the folder whose copy it lies beside
 */
export function historyReadme({ owner, chain, location, isSealed }: HistoryOwner): string {
  const parts = [english(owner, chain, location, isSealed), indonesian(owner, chain, location, isSealed)];
  return parts.map((lines) => `${lines.join('\n')}\n`).join(`\n${'='.repeat(80)}\n\n`);
}

export interface HistoryOwner {
  readonly owner: string;
  readonly chain: string;
  readonly location: string;
  readonly isSealed: boolean;
}

function english(owner: string, chain: string, location: string, isSealed: boolean): string[] {
  return [
    'THE RECORDS OF CADANGAN',
    '',
    `Of ${owner}, whose off-site copy lies beside this folder. The history has the name ${chain}.`,
    '',
    '  forms/             the form of each month, to print (PDF) and as a table (CSV)',
    '  2026-11.jsonl      the records of a month, one line each, signed and chained by their hashes',
    '  head.json          number and hash of the last record',
    '  evidence/          what proves the restore drills; their records name these files',
    '  set-aside/         what a crash left of a record; a record names it',
    '  configuration.json the configuration as it was last recorded, without secrets',
    '  public-key-*.pem   the keys by which the signatures are verified',
    '',
    isSealed
      ? 'They are sealed with the key of the repository beside them: only who has its password can read them.'
      : 'They lie here in clear, unlike the repository: whoever may open this folder can read them.',
    'Cadangan keeps them up by itself. Nothing here needs to be changed by hand; what was replaced lies in the trash for 30 days.',
    '',
    'Should the server be lost: install Cadangan on another one, sign in to this account, and run',
    '',
    `    cadangan records bring-back "${location}"`,
    '',
    'It verifies them and goes on with the same chain. docs/records.md of Cadangan describes the format.',
  ];
}

function indonesian(owner: string, chain: string, location: string, isSealed: boolean): string[] {
  return [
    'REKAMAN CADANGAN',
    '',
    `Milik ${owner}, yang salinan eksternalnya ada di samping folder ini. Riwayat ini bernama ${chain}.`,
    '',
    '  forms/             formulir setiap bulan, untuk dicetak (PDF) dan sebagai tabel (CSV)',
    '  2026-11.jsonl      rekaman satu bulan, satu baris tiap rekaman, ditandatangani dan berantai menurut hash-nya',
    '  head.json          nomor dan hash rekaman terakhir',
    '  evidence/          bukti uji pemulihan; rekamannya menyebutkan berkas-berkas ini',
    '  set-aside/         sisa rekaman yang terpotong gangguan; sebuah rekaman menyebutkannya',
    '  configuration.json konfigurasi yang terakhir direkam, tanpa rahasia',
    '  public-key-*.pem   kunci untuk memeriksa tanda tangannya',
    '',
    isSealed
      ? 'Semuanya disegel dengan kunci repositori di sampingnya: hanya yang memiliki kata sandinya yang dapat membacanya.'
      : 'Semuanya tersimpan terbuka, tidak seperti repositorinya: siapa pun yang dapat membuka folder ini dapat membacanya.',
    'Cadangan memperbaruinya sendiri. Tidak ada yang perlu diubah dengan tangan; yang digantikan ada di sampah selama 30 hari.',
    '',
    'Bila server hilang: pasang Cadangan di server lain, masuk ke akun ini, lalu jalankan',
    '',
    `    cadangan records bring-back "${location}"`,
    '',
    'Perintah itu memverifikasinya dan melanjutkan rantai yang sama. docs/records.id.md menjelaskan formatnya.',
  ];
}
