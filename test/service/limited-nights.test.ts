import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import type { VirtualClock } from '../fakes/virtual-clock.ts';
import { backupsOf, live, nightServer } from './night-server.ts';

test('a limited run that its window ends goes on the next night with what it stored, and is whole then', async (t) => {
  const schedule = { window: '21:00-21:02', atWindowEnd: 'stop' };
  const { clock, path, source, records } = await nightServer(t, { schedule, compression: 'off', limits: { upload: '4 Mbit/s' } });
  // 500 kB a second, two minutes: 60 MB a night at most; 16 MiB are a pack.
  const random = new SeededRandom(5);
  for (let file = 0; file < 80; file++) writeFileSync(join(source, `${file}.bin`), random.bytes(1_000_000));
  const packs = (): string[] =>
    readdirSync(path('repository', 'data'), { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 64);
  await live(clock, 100, async () => (packs().length > 0 ? true : undefined));
  const [first] = await live(clock, 100, async () => {
    const made = backupsOf(await records());
    return made.length > 0 ? made : undefined;
  });
  const kept = packs();
  assert.deepEqual([first?.result, first?.reason?.code, first?.snapshotId], ['stopped', 'aborted', undefined]);
  const window = { start: '2026-08-03T21:00:00+07:00', end: '2026-08-03T21:02:00+07:00' };
  assert.deepEqual(first?.planned, window);
  const last = await live(clock, 100, async () => {
    await toNextWindow(clock);
    return backupsOf(await records()).find(({ result }) => result === 'success');
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
