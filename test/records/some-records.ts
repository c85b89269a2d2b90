import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { RecordHistory, type HistoryRecord, type RecordContent } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const hourMs = 3_600_000;

/** An empty state folder, removed after the test. */
export function temporaryState(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-records-'));
  // Windows removes no file that is open, and a service that ends with the test lets its own go a moment later.
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** Every record of an installation. */
export async function recordsIn(stateFolder: string): Promise<HistoryRecord[]> {
  const world = { clock: new VirtualClock(), random: new SeededRandom(1), software: '' };
  const records: HistoryRecord[] = [];
  for await (const record of new RecordHistory(stateFolder, world).records()) records.push(record);
  return records;
}

/** The backup of some night. */
export function someBackup(random: SeededRandom, more: Partial<RecordContent> = {}): RecordContent {
  const hex = (bytes: number) => Buffer.from(random.bytes(bytes)).toString('hex');
  const exceptions = random.chance(0.3)
    ? [{ item: `/srv/data/laporan "${hex(2)}" – 机密.xlsx`, kind: 'unreadable', reason: 'EACCES', weight: 'lost' as const }]
    : [];
  return {
    kind: 'internal-backup',
    host: 'srv-01',
    operator: { user: 'backup', via: 'schedule' },
    software: 'cadangan 0.1.0',
    set: random.chance(0.5) ? 'accounting' : 'projects',
    trigger: 'schedule',
    source: { host: 'srv-01', paths: ['/srv/data'] },
    destination: { location: '/mnt/backup/repository' },
    planned: { start: '2026-11-23T21:00:00+07:00', end: '2026-11-23T23:00:00+07:00' },
    started: '2026-11-23T21:00:04.120+07:00',
    ended: '2026-11-23T21:07:41.003+07:00',
    timeZone: 'Asia/Jakarta',
    result: exceptions.length > 0 ? 'success-with-exceptions' : 'success',
    repositoryId: 'a'.repeat(64),
    snapshotId: hex(32),
    treeId: hex(32),
    counts: { filesTotal: random.below(100_000), filesNew: random.below(100) },
    bytes: { read: random.below(2 ** 31), stored: random.below(2 ** 20) },
    exceptions,
    exceptionCount: exceptions.length,
    ...more,
  };
}

export interface MadeHistory {
  readonly stateFolder: string;
  readonly history: RecordHistory;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
}

/** A history of `count` records besides the one that begins it; more than one month when it is long enough. */
export async function makeHistory(stateFolder: string, count: number, seed: number): Promise<MadeHistory> {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock();
  const history = new RecordHistory(stateFolder, { clock, random, software: 'cadangan 0.1.0', machine: 'srv-01' });
  for (let made = 0; made < count; made++) {
    await history.append(someBackup(random));
    await clock.advance((1 + random.below(60)) * hourMs);
  }
  return { stateFolder, history, clock, random };
}
