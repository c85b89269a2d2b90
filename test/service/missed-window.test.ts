import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listNonconformities, nonconformityText } from '../../src/records/index.ts';
import { missedText, unhostedSchedule } from '../../src/service/index.ts';
import { systemRandom } from '../../src/platform/index.ts';
import { backupsOf, live, nightServer } from './night-server.ts';

const schedule = { window: '21:00-23:00' };

test('a window in which nobody was there says so in its record, in the status of the set, and in the nonconformity', async (t) => {
  const { clock, path, service, begin, records } = await nightServer(t, { schedule });
  await clock.advance(1000);
  await service.close();
  clock.setWallClock(BigInt(Date.UTC(2026, 7, 4, 1)) * 1_000_000n); // eight in the morning
  const next = await begin();
  const missed = await live(clock, 1000, async () => (await records()).find(({ kind }) => kind === 'missed-run'));
  assert.deepEqual([missed.reason?.code, missed.reason?.facts['cause']], ['schedule.missed', 'no-host']);
  assert.match(String(missed.reason?.facts['since']), /^2026-08-03T20:59:0/);
  const status = await live(clock, 1000, async () => {
    const [known] = next.schedule.status().values();
    return known?.state === 'missed' ? known : undefined;
  });
  assert.equal(status.missed[0]?.why?.cause, 'no-host');
  const found = await live(clock, 1000, async () => {
    const known = await listNonconformities(await records());
    return known.length > 0 ? known : undefined;
  });
  assert.deepEqual([found[0]?.rule, found[0]?.facts['reason']], ['missed-night', 'no-host']);
  await next.close();
  // What is written down tells it, too.
  const where = { configFile: path('cadangan.jsonc'), stateFolder: path('state'), clock, random: systemRandom };
  const [unhosted] = await unhostedSchedule(where);
  assert.match(unhosted?.missed[0] ? missedText(unhosted.missed[0], clock) : '', /not running from .* to .*run as a service/);
});

test('a night whose disk was not mounted is recorded as that', async (t) => {
  const { clock, path, source, records } = await nightServer(t, { schedule });
  writeFileSync(join(source, 'a.txt'), 'a');
  renameSync(path('repository'), path('elsewhere'));
  const made = await live(clock, 5000, async () => backupsOf(await records())[0]);
  assert.deepEqual([made.result, made.reason?.code], ['failed', 'repository.missing']);
  const found = await live(clock, 60_000, async () => (await listNonconformities(await records()))[0]);
  assert.deepEqual([found.rule, found.facts['reason']], ['missed-night', 'repository.missing']);
  assert.match(nonconformityText(found, 'Asia/Jakarta'), /is its disk mounted/);
});
