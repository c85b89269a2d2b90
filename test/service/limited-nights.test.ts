import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { passwordFromText, systemRandom } from '../../src/platform/index.ts';
import type { HistoryRecord } from '../../src/records/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { Service } from '../../src/service/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { recordsIn, temporaryState } from '../records/some-records.ts';

/** A host's service with nobody connected, on a clock that the test moves: a minute to nine in Jakarta. */
async function server(t: TestContext, set: Readonly<Record<string, unknown>>) {
  const folder = temporaryState(t);
  const path = (...names: string[]): string => join(folder, ...names);
  const source = path('data');
  mkdirSync(source);
  writeFileSync(path('password'), 'geheim', { mode: 0o600 });
  await Repository.init({ storage: openStorage(path('repository')) }, passwordFromText('geheim'), { kdfCost: { N: 16, r: 1, p: 1 } });
  const whole = { name: 'data', sources: [source], repository: { location: path('repository'), passwordFile: path('password') }, ...set };
  writeFileSync(path('cadangan.jsonc'), JSON.stringify({ timeZone: 'Asia/Jakarta', sets: [whole] }));
  const clock = new VirtualClock({ startNs: BigInt(Date.UTC(2026, 7, 3, 13, 59)) * 1_000_000n });
  const log: string[] = [];
  const service = await Service.open(
    { stateFolder: path('state'), configFile: path('cadangan.jsonc') },
    { clock, random: systemRandom, environment: { PATH: process.env['PATH'] }, version: '0.0.0', programVersion: 'cadangan test' },
    { tell: () => undefined, ask: async () => undefined, log: (_, message) => log.push(message) },
  );
  await service.begin({ isPassive: false });
  t.after(() => service.close());
  return { clock, path, source, log, records: () => recordsIn(path('state')) };
}

/** Time goes on, and leaves the work room in between. @returns what `find` found at last */
async function live<T>(clock: VirtualClock, stepMs: number, find: () => Promise<T | undefined>): Promise<T> {
  for (let step = 0; step < 100_000; step++) {
    const found = await find();
    if (found !== undefined) return found;
    await clock.advance(stepMs);
    await delay(2);
  }
  assert.fail('it did not come to that');
}

const backups = (records: readonly HistoryRecord[]): HistoryRecord[] => records.filter(({ kind }) => kind === 'internal-backup');

test('a limited run that its window ends goes on the next night with what it stored, and is whole then', async (t) => {
  const schedule = { window: '21:00-21:02', atWindowEnd: 'stop' };
  const { clock, path, source, records } = await server(t, { schedule, compression: 'off', limits: { upload: '4 Mbit/s' } });
  // 500 kB a second, two minutes: 60 MB a night at most; 16 MiB are a pack.
  const random = new SeededRandom(5);
  for (let file = 0; file < 80; file++) writeFileSync(join(source, `${file}.bin`), random.bytes(1_000_000));
  const packs = (): string[] =>
    readdirSync(path('repository', 'data'), { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 64);
  await live(clock, 100, async () => (packs().length > 0 ? true : undefined));
  const [first] = await live(clock, 100, async () => {
    const made = backups(await records());
    return made.length > 0 ? made : undefined;
  });
  const kept = packs();
  assert.deepEqual([first?.result, first?.reason?.code, first?.snapshotId], ['stopped', 'aborted', undefined]);
  const window = { start: '2026-08-03T21:00:00+07:00', end: '2026-08-03T21:02:00+07:00' };
  assert.deepEqual(first?.planned, window);
  const last = await live(clock, 100, async () => {
    await toNextWindow(clock);
    return backups(await records()).find(({ result }) => result === 'success');
  });
  assert.ok((last.number ?? 0) > (first?.number ?? 0));
  assert.equal(last.counts?.['filesNew'], 80);
  // What the nights before stored is used: less has to be stored than there is.
  assert.ok((last.bytes?.['stored'] ?? Infinity) < 80_000_000 - 10_000_000, String(last.bytes?.['stored']));
  for (const pack of kept) assert.ok(packs().includes(pack), pack);
});

/** From the end of a window to a moment before the next begins. */
async function toNextWindow(clock: VirtualClock): Promise<void> {
  const dayMs = 86_400_000;
  const sinceMs = (Number(clock.nowNs() / 1_000_000n) - Date.UTC(2026, 7, 3, 14)) % dayMs;
  if (sinceMs > 4 * 60_000 && sinceMs < dayMs - 60_000) await clock.advance(dayMs - 30_000 - sinceMs);
}
