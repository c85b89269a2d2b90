import type { ZipEntry } from './document-writers.ts';
import { evidenceFolder } from './evidence.ts';
import { isMonthFile } from './month-files.ts';
import { publicKeyName, readmeName, signatureName, sumsName } from './pack-names.ts';
import type { PublicKey } from './signing-key.ts';

/** Who opens a pack reads either language, and may have no Cadangan: so both stand in it, whatever language the program speaks. */
interface Words {
  readonly english: string;
  readonly indonesian: string;
}

/** PEM writes the fixed header of such a key (RFC 8410: 12 bytes, so 16 characters of base64) and the key itself as one line. */
const pemLineStart = 'MCowBQYDK2VwAyEA';

/** What the pack is, each of its files, how to verify it without Cadangan, and how to hold its key against a printed form. */
export function packReadme(entries: readonly Pick<ZipEntry, 'name'>[], key: PublicKey): string {
  const names = [...entries.map(({ name }) => name), readmeName, publicKeyName, sumsName, signatureName].toSorted();
  const filesIn = (language: keyof Words): string[] => names.map((name) => `  ${name}\n      ${wordsOf(name)[language]}`);
  return [...english(filesIn('english'), key), '', '='.repeat(80), '', ...indonesian(filesIn('indonesian'), key), ''].join('\n');
}

function wordsOf(name: string): Words {
  const [folder, file = name] = [name.slice(0, Math.max(0, name.lastIndexOf('/'))), name.split('/').at(-1)];
  if (folder === `records/${evidenceFolder}`)
    return {
      english: 'what proves a restore drill; the record of the drill names this file with its SHA-256',
      indonesian: 'bukti uji pemulihan; rekaman uji itu menyebutkan berkas ini dengan SHA-256-nya',
    };
  if (folder === 'records' && isMonthFile(file))
    return {
      english: `the records that were written in ${file.slice(0, 7)}, one line each, as they stand on the machine`,
      indonesian: `rekaman yang ditulis pada ${file.slice(0, 7)}, satu baris tiap rekaman, sebagaimana tersimpan di mesin`,
    };
  if (folder === 'reports') return formWords(file);
  return otherFiles[name] ?? { english: 'one more file', indonesian: 'berkas lain' };
}

function formWords(file: string): Words {
  if (/^(?:backup-exceptions|pengecualian-cadangan)-/.test(file))
    return { english: 'every exception of the period, as a table', indonesian: 'semua pengecualian periode itu, sebagai tabel' };
  const what = file.endsWith('.csv')
    ? { english: 'as a table', indonesian: 'sebagai tabel' }
    : file.endsWith('.html')
      ? { english: 'as a web page', indonesian: 'sebagai halaman web' }
      : { english: 'to print', indonesian: 'untuk dicetak' };
  return { english: `the form of the period, ${what.english}`, indonesian: `formulir periode itu, ${what.indonesian}` };
}

const otherFiles: Readonly<Record<string, Words>> = {
  'records/head.json': {
    english: 'number and hash of the last record, written after it',
    indonesian: 'nomor dan hash rekaman terakhir, ditulis sesudahnya',
  },
  'verification.json': {
    english: 'what the machine itself found when it verified its records for this pack',
    indonesian: 'hasil verifikasi rekaman oleh mesin itu sendiri saat paket ini dibuat',
  },
  'configuration.json': {
    english: 'the configuration at that time, without secrets',
    indonesian: 'konfigurasi saat itu, tanpa rahasia',
  },
  'verify-records.py': {
    english: 'verifies the records with Python alone; the line that is wrong first is named',
    indonesian: 'memverifikasi rekaman hanya dengan Python; baris pertama yang salah disebutkan',
  },
  'drills.json': { english: 'the restore drills of the period', indonesian: 'uji pemulihan pada periode itu' },
  [readmeName]: { english: 'this text', indonesian: 'teks ini' },
  [publicKeyName]: {
    english: 'the public key of the installation that made the pack',
    indonesian: 'kunci publik instalasi yang membuat paket ini',
  },
  [sumsName]: {
    english: 'the SHA-256 of every file but this one and its signature',
    indonesian: 'SHA-256 setiap berkas, kecuali berkas ini dan tanda tangannya',
  },
  [signatureName]: {
    english: `the signature of ${sumsName} (Ed25519, RFC 8032, 64 bytes)`,
    indonesian: `tanda tangan ${sumsName} (Ed25519, RFC 8032, 64 byte)`,
  },
};

const withoutCadangan = [
  '    sha256sum -c SHA256SUMS',
  '    openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig',
  '    python3 verify-records.py records',
];

const keyByCommand = '    openssl pkey -pubin -in public-key.pem -outform DER | tail -c 32 | base64';

function english(files: readonly string[], key: PublicKey): string[] {
  return [
    'CADANGAN AUDIT PACK',
    '',
    'The files',
    '',
    ...files,
    '',
    'Verify it with Cadangan (the ZIP, or the folder that it was unpacked into):',
    '',
    '    cadangan records verify PACK.zip',
    '',
    'or without Cadangan, in the unpacked folder:',
    '',
    ...withoutCadangan,
    '',
    'The first says that every file is as the sums say, the second that the sums are as they were signed, the third that the',
    'records are one chain without a gap.',
    '',
    'Hold the key against the printed one',
    '',
    'These show that nothing was changed since the pack was signed. Who signed it, only the key shows: anybody can make a pack',
    'with a key of their own. Every form prints the public key under "Proof of the records", as "Ed25519" and 44 characters.',
    'Take a form that was printed and filed before, open public-key.pem with a text editor, and compare: its middle line is',
    `${pemLineStart}, and then the very 44 characters of the form. Or let a program print them:`,
    '',
    keyByCommand,
    '',
    'This pack says that its key is (compare it with paper, not with this file):',
    '',
    `    Ed25519 ${key.base64}`,
    '',
    'The format of the records',
    '',
    'A line is one record: a JSON object in UTF-8, then a line feed. It begins with "number" (1, 2, 3 ... over all files) and',
    '"previous" (the "hash" of the record before; of record 1, 64 zeros), and ends with "signature" and "hash".',
    '"hash" is the SHA-256 of all bytes of the line before ,"hash":" and "signature" is the Ed25519 signature, in base64, of',
    'all bytes before ,"signature":" by the key that "key" names (the first 16 hex digits of the SHA-256 of the 32 bytes of',
    'the public key). Record 1 holds the public key in "publicKey". The bytes count as they stand.',
    'A sum is written as sha256sum writes it: 64 hex digits, two blanks, the name. Names have forward slashes.',
  ];
}

function indonesian(files: readonly string[], key: PublicKey): string[] {
  return [
    'PAKET AUDIT CADANGAN',
    '',
    'Berkas-berkasnya',
    '',
    ...files,
    '',
    'Verifikasi dengan Cadangan (berkas ZIP, atau folder hasil ekstraksinya):',
    '',
    '    cadangan records verify PAKET.zip',
    '',
    'atau tanpa Cadangan, di dalam folder hasil ekstraksi:',
    '',
    ...withoutCadangan,
    '',
    'Yang pertama menunjukkan bahwa setiap berkas sesuai dengan jumlah ceknya, yang kedua bahwa jumlah cek itu sesuai dengan',
    'yang ditandatangani, yang ketiga bahwa rekaman merupakan satu rantai tanpa celah.',
    '',
    'Bandingkan kuncinya dengan yang tercetak',
    '',
    'Semua itu menunjukkan bahwa tidak ada yang diubah sejak paket ditandatangani. Siapa yang menandatangani hanya ditunjukkan',
    'oleh kuncinya: siapa pun dapat membuat paket dengan kuncinya sendiri. Setiap formulir mencetak kunci publik dalam bab',
    '"Bukti keutuhan rekaman", berupa "Ed25519" dan 44 karakter. Ambil formulir yang sudah dicetak dan disimpan sebelumnya,',
    'buka public-key.pem dengan editor teks, dan bandingkan: baris tengahnya adalah',
    `${pemLineStart}, diikuti tepat 44 karakter yang tercetak itu. Atau dengan program:`,
    '',
    keyByCommand,
    '',
    'Menurut paket ini kuncinya adalah (bandingkan dengan kertas, bukan dengan berkas ini):',
    '',
    `    Ed25519 ${key.base64}`,
    '',
    'Format rekaman',
    '',
    'Satu baris adalah satu rekaman: objek JSON dalam UTF-8, lalu line feed. Baris dimulai dengan "number" (1, 2, 3 ...',
    'melintasi semua berkas) dan "previous" ("hash" rekaman sebelumnya; pada rekaman 1, 64 angka nol), dan diakhiri',
    '"signature" dan "hash". "hash" adalah SHA-256 semua byte baris sebelum ,"hash":" dan "signature" adalah tanda tangan',
    'Ed25519, dalam base64, atas semua byte sebelum ,"signature":" oleh kunci yang disebut "key" (16 digit hex pertama dari',
    'SHA-256 atas 32 byte kunci publik). Rekaman 1 memuat kunci publik dalam "publicKey". Yang dihitung adalah byte',
    'sebagaimana tertulis. Jumlah cek ditulis seperti oleh sha256sum: 64 digit hex, dua spasi, nama. Nama memakai garis',
    'miring biasa.',
  ];
}
