import type { HistoryRecord, Period, RecordContent } from '../../src/records/index.ts';
import { sampleInstruction, sampleSettings } from './sample-month.ts';

/* Periods as companies file them, at their extremes: what a form has to bear. The records are no chain, since a form judges none. */

export interface SamplePeriod {
  readonly name: 'good-month' | 'bad-month' | 'empty' | 'year';
  readonly period: Period;
  readonly records: readonly HistoryRecord[];
  readonly organisation: string;
  readonly nowMs: number;
}

const dayMs = 86_400_000;
const revisions = [
  { revision: '00', date: '2014-04-01', reason: 'Terbitan pertama' },
  { revision: '01', date: '2018-01-06', reason: 'Penyesuaian dengan ISO 9001:2015 dan ISO 14001:2015' },
  { revision: '02', date: '2022-12-07', reason: 'Penyesuaian dengan ISO 45001:2018; akun Google Drive perusahaan' },
];
export const periodSettings = { ...sampleSettings, instruction: { ...sampleInstruction, revisions } };

/** Letters that the fonts of PDF do not have stand in it, and an organisation with a name of four lines. */
export function samplePeriods(): readonly SamplePeriod[] {
  return [goodMonth(), badMonth(), emptyMonth(), year()];
}

export const longOrganisation =
  'PT Pembangunan Perumahan dan Pengembangan Kawasan Industri Terpadu Nusantara Sejahtera Abadi (Persero) Tbk, Kantor Cabang Kalimantan Timur';

function goodMonth(): SamplePeriod {
  const book = new Book('2026-11-01');
  book.add({ kind: 'history-start' }, 8);
  for (let day = 0; day < 30; day++) {
    book.startDay(day);
    if (day === 11) book.add(drill(book, 17.5), 10);
    if (day === 18) book.add(restore(book), 10);
    night(book, 'akuntansi', 'success');
  }
  return { name: 'good-month', ...november, records: book.records, organisation: 'PT Contoh Sejahtera' };
}

/** Installed on the 9th; a disk that fails, one night with 1,200 unreadable files, a drill that took too long. */
function badMonth(): SamplePeriod {
  const book = new Book('2026-11-09');
  book.add({ kind: 'history-start' }, 8);
  for (let day = 0; day < 22; day++) {
    book.startDay(day);
    if (day === 3) book.add({ ...drill(book, 412.25), exceptions: [], exceptionCount: 0, result: 'failed' }, 10);
    if (day === 6) book.add({ ...restore(book), result: 'success-with-exceptions' }, 10);
    if (day === 8) {
      openAndClose(book);
      continue;
    }
    night(book, day % 2 === 0 ? 'akuntansi' : '项目资料', day % 5 === 2 ? 'failed' : day === 13 ? 'success-with-exceptions' : 'success');
  }
  return { name: 'bad-month', ...november, records: book.records, organisation: longOrganisation };
}

/** Long before the history began. */
function emptyMonth(): SamplePeriod {
  const { records } = goodMonth();
  const period = { from: '2026-02-01', to: '2026-02-28' };
  return { name: 'empty', period, records, organisation: '', nowMs: november.nowMs };
}

function year(): SamplePeriod {
  const book = new Book('2025-11-01');
  book.add({ kind: 'history-start' }, 8);
  for (let day = 0; day < 400; day++) {
    book.startDay(day);
    if (day % 30 === 29) book.add(drill(book, 20 + (day % 7)), 10);
    night(book, 'akuntansi', day % 97 === 96 ? 'failed' : 'success');
  }
  const period = { from: '2025-11-01', to: '2026-12-05' };
  return { name: 'year', period, records: book.records, organisation: 'PT Contoh Sejahtera', nowMs: Date.parse('2026-12-07T01:00:00Z') };
}

const november = { period: { from: '2026-11-01', to: '2026-11-30' }, nowMs: Date.parse('2026-12-01T01:00:00Z') };

/** Records in their order, with what a form reads of a line. */
class Book {
  readonly records: HistoryRecord[] = [];
  readonly #startMs: number;
  #day = 0;

  constructor(firstDay: string) {
    this.#startMs = Date.parse(`${firstDay}T00:00:00Z`);
  }

  startDay(day: number): void {
    this.#day = day;
  }

  /** @param hour of local time */
  at(hour: number): string {
    return `${new Date(this.#startMs + this.#day * dayMs + hour * 3_600_000).toISOString().slice(0, 19)}+07:00`;
  }

  /** A day ago, at night. */
  yesterday(): string {
    return `${new Date(this.#startMs + (this.#day - 1) * dayMs + 21 * 3_600_000).toISOString().slice(0, 19)}+07:00`;
  }

  add(content: Partial<RecordContent> & Pick<RecordContent, 'kind'>, hour: number): void {
    const number = this.records.length + 1;
    const hash = number.toString(16).padStart(64, 'a');
    const line = { number, previous: '0'.repeat(64), at: this.at(hour), key: 'b'.repeat(16), signature: '', hash };
    this.records.push({ ...common, ...content, ...line });
  }
}

const host = 'srv-01';
const repository = '/mnt/backup/repository';
const officer = { user: 'budi', name: 'Budi Santoso', position: 'IT Officer', via: 'editor' } as const;
const common = {
  host,
  operator: { user: 'cadangan', via: 'schedule' },
  software: 'cadangan 0.1.0',
  timeZone: 'Asia/Jakarta',
} as const;

function night(book: Book, set: string, result: 'success' | 'success-with-exceptions' | 'failed'): void {
  const snapshotId = String(book.records.length).padStart(64, 'c');
  const exceptionCount = result === 'success-with-exceptions' ? 1_500 : 0;
  book.add(
    {
      kind: 'internal-backup',
      set,
      trigger: 'schedule',
      planned: { start: book.at(21), end: book.at(23) },
      started: book.at(21),
      ended: book.at(21.25),
      result,
      source: { host, paths: [`/srv/${set}`] },
      destination: { location: repository },
      ...(result === 'failed'
        ? { reason: { code: 'storage.unreachable', facts: { location: repository, reason: 'EHOSTDOWN' } } }
        : { snapshotId, counts: { filesTotal: 18_240 }, bytes: { stored: 460_000_000 } }),
      exceptions: Array.from({ length: Math.min(exceptionCount, 1_200) }, (_, at) => ({
        item: `/srv/${set}/2026/图纸-😀-\u202egnp/${String(at).padStart(4, '0')}-gambar-kerja-struktur-atap-gedung-serbaguna.dwg`,
        kind: 'unreadable',
        reason: 'EIO',
        weight: 'lost' as const,
      })),
      exceptionCount,
    },
    21.3,
  );
  if (result === 'failed') return;
  book.add(
    {
      kind: 'external-backup',
      set: 'drive',
      trigger: 'change',
      started: book.at(21.4),
      ended: book.at(21.6),
      result: 'success',
      source: { location: repository },
      destination: { account: 'backup@contoh.example', folderId: '1AbCdEfGhIj', location: 'gdrive:Cadangan/srv-01' },
      bytes: { uploaded: 470_000_000 },
      exceptions: [],
      exceptionCount: 0,
    },
    21.6,
  );
}

function drill(book: Book, minutes: number): Partial<RecordContent> & Pick<RecordContent, 'kind'> {
  return {
    kind: 'drill',
    trigger: 'manual',
    operator: officer,
    started: book.at(9),
    ended: book.at(9.5),
    result: 'success',
    source: { location: repository },
    destination: { host },
    counts: { filesTotal: 20, filesVerified: 20 },
    bytes: { restored: 2_100_000_000 },
    exceptions: [],
    exceptionCount: 0,
    objectives: { rtoMinutes: 240, rtoMinutesMeasured: minutes },
    evidence: { from: 'repository', date: 'random', sets: ['akuntansi'], locations: [repository], snapshotTimes: [book.yesterday()] },
  };
}

function restore(book: Book): Partial<RecordContent> & Pick<RecordContent, 'kind'> {
  return {
    kind: 'internal-restore',
    trigger: 'manual',
    operator: officer,
    started: book.at(9),
    ended: book.at(9.1),
    result: 'success',
    source: { location: repository },
    destination: { host, paths: ['/srv/pulih/laporan-oktober'] },
    request: 'Bagian Keuangan: berkas terhapus',
    counts: { filesRestored: 214, filesVerified: 214 },
    bytes: { restored: 731_000_000 },
    exceptions: [],
    exceptionCount: 0,
    evidence: { snapshotTime: book.yesterday(), chosen: ['/srv/akuntansi/laporan/2026-10'] },
  };
}

/** NC-0001 has an owner and is open, NC-0002 was mended. */
function openAndClose(book: Book): void {
  const by = { name: 'Budi Santoso', position: 'IT Officer' };
  const opened = { subject: 'missed-night:akuntansi:2026-11-11', rule: 'missed-night', facts: { set: 'akuntansi', day: '2026-11-11' } };
  const found = { subject: 'finding:1', rule: 'finding', facts: { text: 'Ruang server tidak terkunci' } };
  book.add({ kind: 'nonconformity-opened', nonconformity: { id: 'NC-0001', ...opened, records: [6, 7, 8] } }, 8);
  book.add({ kind: 'nonconformity-opened', nonconformity: { id: 'NC-0002', ...found } }, 8);
  for (const [id, subject, rule] of [
    ['NC-0001', opened.subject, opened.rule],
    ['NC-0002', found.subject, found.rule],
  ] as const)
    book.add({ kind: 'nonconformity-assigned', nonconformity: { id, subject, rule, owner: by, due: '2026-11-25' } }, 9);
  const closing = { cause: 'Kunci rusak', correction: 'Kunci diganti', prevention: 'Diperiksa tiap bulan', closedBy: by };
  book.add({ kind: 'nonconformity-closed', nonconformity: { id: 'NC-0002', subject: found.subject, rule: found.rule, ...closing } }, 10);
}
