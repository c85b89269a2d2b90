import {
  appendFileSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from './seeded-random.ts';

/** 2026-01-05 08:00:00 UTC, in seconds; every time of the sample counts from here, so that it is the same each time it is made. */
const epochSeconds = 1_767_600_000;

/** Makes what the server of a small company may hold, about 60 MB: the same bytes, names, modes and times whenever it is called. */
export function makeSampleServer(folder: string): void {
  const random = new SeededRandom(2026);
  mkdirSync(folder, { recursive: true });
  makeDocuments(join(folder, 'documents'), random);
  makeDatabase(join(folder, 'database'), random);
  makeLogs(join(folder, 'logs'), random);
  makeWebsite(join(folder, 'website'), random);
  makeOddities(join(folder, 'odds and ends'));
  setTimes(folder, new SeededRandom(7));
}

/** A working day later. @returns what was done, for people */
export function changeSampleServer(folder: string): string[] {
  const random = new SeededRandom(40);
  for (const name of ['access.log', 'erp.log']) appendFileSync(join(folder, 'logs', name), logLines(random, 2_000));
  const report = join(folder, 'documents', 'Laporan Keuangan Triwulan III.pdf');
  const bytes = readFileSync(report);
  bytes.write('revised', Math.floor(bytes.length / 2));
  writeFileSync(report, bytes);
  insertRows(join(folder, 'database', 'erp.sql'), random);
  for (let number = 0; number < 40; number++) rmSync(join(folder, 'website', `page-${String(number).padStart(4, '0')}.html`));
  rmSync(join(folder, 'documents', 'Kontrak lama.docx'));
  writeFileSync(join(folder, 'documents', 'Penawaran baru 2026.docx'), documentBytes(random, 300_000));
  return ['two logs grew', 'a report was revised', '500 rows came into the database dump', '41 files were deleted', 'a document was added'];
}

function makeDocuments(folder: string, random: SeededRandom): void {
  mkdirSync(join(folder, 'Arsip 2025', 'Surat masuk'), { recursive: true });
  const names = [
    'Laporan Keuangan Triwulan III.pdf',
    'Kontrak lama.docx',
    'Daftar Gaji (RAHASIA).xlsx',
    'Café Élan – penawaran.pdf',
    'Größenübersicht.pdf',
    '合同 2026年.pdf',
    '発注書.xlsx',
    '견적서.docx',
    'Договор аренды.pdf',
    'عقد الإيجار.pdf',
    'สัญญา.pdf',
    '🎉 Undangan pesta.txt',
    'Arsip 2025/Notulen.docx',
    'Arsip 2025/Surat masuk/Ñandú.txt',
  ];
  for (const name of names)
    writeFileSync(join(folder, name), documentBytes(random, random.between(40_000, 700_000)), {
      mode: name.includes('RAHASIA') ? 0o600 : 0o640,
    });
}

/** Like a PDF: a readable beginning, compressed streams, a readable end. */
function documentBytes(random: SeededRandom, length: number): Buffer {
  return Buffer.concat([
    Buffer.from('%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\nstream\n'),
    random.bytes(length),
    Buffer.from('\nendstream\ntrailer << /Root 1 0 R >>\n%%EOF\n'),
  ]);
}

const databaseRows = 640_000;
const rowsPerWrite = 20_000;

function makeDatabase(folder: string, random: SeededRandom): void {
  mkdirSync(folder, { mode: 0o750 });
  const file = join(folder, 'erp.sql');
  writeFileSync(file, '-- dump of database "erp"\n', { mode: 0o600 });
  for (let first = 1; first <= databaseRows; first += rowsPerWrite) {
    appendFileSync(file, Array.from({ length: rowsPerWrite }, (_, at) => databaseRow(first + at, random)).join(''));
  }
}

function databaseRow(id: number, random: SeededRandom): string {
  const customer = random.pick(['PT Sinar Laut', 'CV Maju Jaya', 'Toko Berkah', 'UD Sumber Rejeki', 'PT Andalas Raya']);
  const day = `2026-${String(random.between(1, 12)).padStart(2, '0')}-${String(random.between(1, 28)).padStart(2, '0')}`;
  return `INSERT INTO invoice VALUES (${id},'${customer}','${day}',${random.between(10_000, 99_999_999)},'${random.next().toString(36)}');\n`;
}

/** In the middle: everything behind the new rows moves, and is recognised all the same. */
function insertRows(file: string, random: SeededRandom): void {
  const text = readFileSync(file);
  const middle = text.indexOf(0x0a, Math.floor(text.length / 2)) + 1;
  const rows = Array.from({ length: 500 }, (_, at) => databaseRow(1_000_000 + at, random)).join('');
  writeFileSync(file, Buffer.concat([text.subarray(0, middle), Buffer.from(rows), text.subarray(middle)]));
}

function makeLogs(folder: string, random: SeededRandom): void {
  mkdirSync(folder);
  for (const name of ['access.log', 'erp.log', 'mail.log', 'backup.log'])
    writeFileSync(join(folder, name), logLines(random, 15_000), { mode: 0o644 });
}

function logLines(random: SeededRandom, count: number): string {
  const line = (): string =>
    `10.0.${random.between(0, 3)}.${random.between(1, 254)} - - "GET /erp/${random.pick(['invoice', 'stock', 'order', 'login'])}/${random.between(1, 9999)}" 200 ${random.between(200, 90_000)}\n`;
  return Array.from({ length: count }, line).join('');
}

const smallFiles = 1_000;

function makeWebsite(folder: string, random: SeededRandom): void {
  mkdirSync(folder);
  for (let number = 0; number < smallFiles; number++) {
    const inner = number < 400 ? folder : join(folder, 'assets', String(number % 20));
    mkdirSync(inner, { recursive: true });
    const name = number < 400 ? `page-${String(number).padStart(4, '0')}.html` : `asset-${number}.bin`;
    writeFileSync(
      join(inner, name),
      number < 400 ? `<h1>Halaman ${number}</h1>\n`.repeat(random.between(1, 200)) : random.bytes(random.between(20, 8_000)),
    );
  }
}

function makeOddities(folder: string): void {
  mkdirSync(join(folder, 'empty folder'), { recursive: true });
  writeFileSync(join(folder, 'empty file'), '');
  writeFileSync(join(folder, 'run.sh'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
  if (process.platform === 'win32') return;
  symlinkSync('../documents', join(folder, 'link to documents'));
  linkSync(join(folder, 'run.sh'), join(folder, 'second name of run.sh'));
  writeFileSync(join(folder, 'two\nlines and a "quote"'), 'a name that terminals do not like\n');
  // Not UTF-8: "Büro" as Windows-1252 wrote it. File systems of macOS refuse it.
  if (process.platform === 'linux')
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/B`), Buffer.from([0xfc]), Buffer.from('ro.txt')]), 'Latin-1\n');
}

/** Sets every time, the deepest first: making an entry changes its folder. Entries are sorted, since systems list them in any order. */
function setTimes(folder: string, random: SeededRandom): void {
  const bytesOf = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);
  const entries = readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }).sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    if (entry.isDirectory()) setTimes(join(folder, entry.name.toString()), random);
    else {
      const seconds = epochSeconds + random.between(0, 20_000_000) + random.between(0, 999_999) / 1e6;
      lutimesSync(bytesOf(entry.name), seconds, seconds);
    }
  }
  utimesSync(folder, epochSeconds, epochSeconds);
}
