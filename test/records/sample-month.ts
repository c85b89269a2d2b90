import {
  RecordHistory,
  openNonconformities,
  closeNonconformity,
  findNonconformities,
  type HistoryRecord,
  type PlannedWindow,
  type RecordContent,
} from '../../src/records/index.ts';
import type { Instruction } from '../../src/settings/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const hourMs = 3_600_000;
const zone = 'Asia/Jakarta';

export const sampleInstruction: Instruction = {
  documentNumber: 'IK-IT-003',
  title: 'Backup dan Restore Data Server',
  revision: '02',
  date: '2022-12-07',
  preparedBy: { name: 'Rina Wulandari', position: 'HSE Officer' },
  checkedBy: { name: 'Budi Santoso', position: 'IT Officer' },
  approvedBy: { name: 'H. Agus Prasetyo', position: 'Direktur' },
  clauses: ['ISO 9001:2015 klausul 8.2.3', 'ISO 14001:2015 klausul 8.1', 'ISO 45001:2018 klausul 4.4.6'],
  formNumber: 'FR-IT-007',
  formRevision: '00',
  formDate: '2026-01-05',
  window: '21:00-23:00',
  drillIntervalDays: 30,
  rtoMinutes: 240,
  recordsKeptYears: 5,
};

export const sampleSettings = { organisation: 'PT Contoh Sejahtera', timeZone: zone, instruction: sampleInstruction };

/**
 * November 2026 of a company: two sets every night, with what happens in a month. The clock stands at 1 December, 08:00 WIB, afterwards.
 */
export interface SampleMonth {
  readonly history: RecordHistory;
  readonly records: readonly HistoryRecord[];
  readonly planned: readonly PlannedWindow[];
  readonly nowMs: number;
}

export async function makeSampleMonth(stateFolder: string): Promise<SampleMonth> {
  const random = new SeededRandom(2026);
  const clock = new VirtualClock({ startNs: ns(Date.parse('2026-10-31T09:00:00+07:00')) });
  const history = new RecordHistory(stateFolder, { clock, random, software: 'cadangan 0.1.0', machine: 'srv-01' });
  const at = (text: string) => clock.setWallClock(ns(Date.parse(text)));
  const write = (content: Partial<RecordContent> & Pick<RecordContent, 'kind'>) => history.append({ ...common, ...content });
  const planned: PlannedWindow[] = [];
  const last = new Map<string, string>();

  await write({
    kind: 'configuration-change',
    change: { what: 'configuration', after: '{"sets":["akuntansi","proyek"]}' },
    operator: { user: 'budi', via: 'editor' },
  });
  for (let day = 1; day <= 30; day++) {
    const date = `2026-11-${String(day).padStart(2, '0')}`;
    if (day === 10) {
      at(`${date}T14:00:00+07:00`);
      await write({
        kind: 'configuration-change',
        operator: { user: 'budi', via: 'editor' },
        change: { what: 'sets.proyek.excludes', before: '["*.tmp"]', after: '["*.tmp","*.bak"]' },
      });
      await write({
        kind: 'key-change',
        operator: { user: 'budi', via: 'command-line' },
        change: { what: 'key-added', after: hex(random, 32) },
        repositoryId: repository,
      });
    }
    if (day === 12) await drill(history, at, random, last.get('akuntansi') ?? '');
    for (const set of ['akuntansi', 'proyek']) {
      const start = `${date}T21:00:00+07:00`;
      const end = `${date}T23:00:00+07:00`;
      planned.push({ set, day: date, startMs: Date.parse(start), endMs: Date.parse(end) });
      const window = { start, end };
      if (day === 14 && set === 'akuntansi') {
        at(`${date}T21:03:00+07:00`);
        await write({
          kind: 'internal-backup',
          set,
          trigger: 'schedule',
          planned: window,
          started: stamp(start, 4_000),
          ended: stamp(start, 180_000),
          result: 'failed',
          reason: { code: 'storage.unreachable', facts: { location: '/mnt/backup/repository', reason: 'EHOSTDOWN' } },
          source: { host, paths: [`/srv/${set}`] },
          destination,
          exceptions: [],
          exceptionCount: 0,
        });
        continue;
      }
      if (day === 22) {
        at(`2026-11-23T07:30:00+07:00`);
        await write({
          kind: 'missed-run',
          set,
          trigger: 'schedule',
          planned: window,
          result: 'missed',
          reason: { code: 'schedule.missed', facts: { reason: 'not-running' } },
        });
        continue;
      }
      const isLate = day === 27 && set === 'proyek';
      const offsetMs = 4_000 + random.below(40) * 1000 + (set === 'proyek' ? 20 * 60_000 : 0);
      const endedMs = offsetMs + (6 + random.below(9)) * 60_000 + (isLate ? 118 * 60_000 : 0) + random.below(60_000);
      clock.setWallClock(ns(Date.parse(start) + endedMs));
      const snapshotId = hex(random, 32);
      const exceptions = day % 9 === 4 && set === 'proyek' ? someExceptions(day) : [];
      await write({
        kind: 'internal-backup',
        set,
        trigger: 'schedule',
        planned: window,
        started: stamp(start, offsetMs),
        ended: stamp(start, endedMs),
        result: exceptions.length > 0 ? 'success-with-exceptions' : 'success',
        source: { host, paths: [`/srv/${set}`] },
        destination,
        repositoryId: repository,
        snapshotId,
        treeId: hex(random, 32),
        ...(last.has(set) && { parentId: last.get(set)! }),
        counts: {
          filesTotal: (set === 'akuntansi' ? 18_240 : 92_300) + day * 7,
          filesNew: random.below(60),
          filesChanged: 20 + random.below(200),
          filesUnchanged: 18_000,
        },
        bytes: {
          total: set === 'akuntansi' ? 41_200_000_000 : 188_000_000_000,
          added: 900_000_000,
          stored: 120_000_000 + random.below(900_000_000),
        },
        exceptions,
        exceptionCount: exceptions.length,
        objectives: { rpoHours: 26 },
      });
      last.set(set, snapshotId);
      await write({
        kind: 'external-backup',
        set: 'drive',
        trigger: 'change',
        started: stamp(start, endedMs + 60_000),
        ended: stamp(start, endedMs + 8 * 60_000),
        operator: { user: 'backup', via: 'schedule' },
        source: destination,
        destination: {
          account: day === 18 && set === 'proyek' ? 'budi.pribadi@mail.example' : 'backup@contoh.example',
          folderId: '1AbCdEfGhIj',
          location: 'gdrive:Cadangan/srv-01',
        },
        ...(day === 16
          ? { result: 'failed', reason: { code: 'storage.full', facts: { location: 'gdrive:Cadangan/srv-01' } } }
          : { result: 'success', bytes: { uploaded: 120_000_000 + random.below(900_000_000) } }),
        exceptions: [],
        exceptionCount: 0,
      });
    }
    if (day === 15) {
      at(`${date}T09:12:00+07:00`);
      await write({
        kind: 'internal-backup',
        set: 'akuntansi',
        trigger: 'manual',
        started: `${date}T09:02:11+07:00`,
        ended: `${date}T09:11:40+07:00`,
        result: 'success',
        operator: { user: 'budi', via: 'editor' },
        source: { host, paths: ['/srv/akuntansi'] },
        destination,
        repositoryId: repository,
        snapshotId: hex(random, 32),
        treeId: hex(random, 32),
        counts: { filesTotal: 18_338, filesNew: 3, filesChanged: 88 },
        bytes: { stored: 301_000_000 },
        exceptions: [],
        exceptionCount: 0,
      });
    }
    if (day === 19) {
      at(`${date}T10:25:00+07:00`);
      await write({
        kind: 'internal-restore',
        trigger: 'manual',
        started: `${date}T10:20:03+07:00`,
        ended: `${date}T10:24:51+07:00`,
        result: 'success',
        operator: { user: 'budi', via: 'editor' },
        source: destination,
        destination: { host, paths: ['/srv/pulih/laporan-oktober'] },
        snapshotId: last.get('akuntansi')!,
        counts: { filesRestored: 214, filesVerified: 214 },
        bytes: { restored: 731_000_000 },
        exceptions: [],
        exceptionCount: 0,
        objectives: { rtoMinutes: 240, rtoMinutesMeasured: 4.8 },
      });
    }
    if (day === 28) {
      at(`${date}T08:40:00+07:00`);
      await write({
        kind: 'check',
        trigger: 'manual',
        started: `${date}T08:00:00+07:00`,
        ended: `${date}T08:38:20+07:00`,
        result: 'success',
        operator: { user: 'budi', via: 'command-line' },
        source: destination,
        counts: { errors: 0, snapshots: 55 },
        bytes: { read: 61_000_000_000 },
        exceptions: [],
        exceptionCount: 0,
      });
    }
  }

  const nowMs = Date.parse('2026-12-01T08:00:00+07:00');
  clock.setWallClock(ns(nowMs - hourMs));
  const written = await collect(history);
  const opened = await openNonconformities(
    history,
    findNonconformities(written, {
      instruction: sampleInstruction,
      designatedAccount: 'backup@contoh.example',
      timeZone: zone,
      planned,
      nowMs,
    }),
    () => ({ ...common, kind: 'nonconformity-opened' }),
  );
  const first = opened[0]?.nonconformity?.id ?? '';
  await closeNonconformity(
    history,
    first,
    {
      cause: 'Server cadangan mati karena listrik padam',
      correction: 'Cadangan diulang 15 November pukul 09.02',
      prevention: 'UPS dipasang untuk server cadangan',
      by: { name: 'Budi Santoso', position: 'IT Officer' },
    },
    { ...common, kind: 'nonconformity-closed' },
  );
  clock.setWallClock(ns(nowMs - 10 * 60_000));
  const head = await history.head();
  await write({
    kind: 'approval',
    operator: { user: 'budi', via: 'editor' },
    approval: {
      act: 'checked',
      name: 'Budi Santoso',
      position: 'IT Officer',
      from: '2026-11-01',
      to: '2026-11-30',
      throughNumber: head?.number ?? 0,
      throughHash: head?.hash ?? '',
    },
  });
  clock.setWallClock(ns(nowMs));
  return { history, records: await collect(history), planned, nowMs };
}

const host = 'srv-01';
const repository = 'c0ffee'.padEnd(64, '0');
const destination = { location: '/mnt/backup/repository' };
const common: RecordContent = {
  kind: 'check',
  host,
  operator: { user: 'backup', via: 'schedule' },
  software: 'cadangan 0.1.0',
  timeZone: zone,
  instruction: { documentNumber: 'IK-IT-003', revision: '02' },
};

async function drill(history: RecordHistory, at: (text: string) => void, random: SeededRandom, snapshotId: string): Promise<void> {
  at('2026-11-12T10:50:00+07:00');
  await history.append({
    ...common,
    kind: 'drill',
    trigger: 'manual',
    operator: { user: 'budi', name: 'Budi Santoso', position: 'IT Officer', via: 'editor' },
    started: '2026-11-12T10:31:00+07:00',
    ended: '2026-11-12T10:48:30+07:00',
    result: 'success',
    source: destination,
    destination: { host, paths: ['/var/tmp/uji'] },
    snapshotId,
    counts: { filesRestored: 120, filesVerified: 120 },
    bytes: { restored: 2_100_000_000 + random.below(1000) },
    exceptions: [],
    exceptionCount: 0,
    objectives: { rtoMinutes: 240, rtoMinutesMeasured: 17.5 },
    evidence: { sample: 'semua set, acak', hashesCompared: 120 },
  });
}

function someExceptions(day: number): NonNullable<RecordContent['exceptions']> {
  return [
    {
      item: '/srv/proyek/2026/Gedung Serbaguna/Gambar Kerja/Revisi 4/denah-lantai-2-pondasi-dan-struktur-atap-final.dwg',
      kind: 'unreadable',
      reason: 'EACCES',
      weight: 'lost',
    },
    { item: `/srv/proyek/2026/Jembatan/~$anggaran-${day}.xlsx`, kind: 'vanished', reason: 'ENOENT', weight: 'lost' },
    { item: '/srv/proyek/log/kontrol.log', kind: 'changed', reason: '', weight: 'note' },
  ];
}

function stamp(base: string, offsetMs: number): string {
  const ms = Date.parse(base) + offsetMs;
  return `${new Date(ms + 7 * hourMs).toISOString().slice(0, -1)}+07:00`;
}

function hex(random: SeededRandom, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('hex');
}

function ns(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

async function collect(history: RecordHistory): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of history.records()) records.push(record);
  return records;
}
