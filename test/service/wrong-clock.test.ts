import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryRecord } from '../../src/records/index.ts';
import { backupsOf, live, nightServer } from './night-server.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const evidenceOf = (records: readonly HistoryRecord[]): string[] =>
  records
    .filter(({ kind }) => kind === 'missed-run' || kind === 'nonconformity-opened')
    .map(({ kind, planned }) => `${kind} ${planned?.start}`);

test('a clock that is a month back for three minutes writes no missed night, no nonconformity, and brings no second run', async (t) => {
  const house = await nightServer(t, { schedule: { window: '21:00-23:00' } }, { counts: true });
  const { clock, records } = house;
  const shift = (ms: number): void => clock.setWallClock(clock.nowNs() + BigInt(ms) * 1_000_000n);
  const pass = async (minutes: number): Promise<void> => {
    let left = minutes * 2;
    await live(clock, 30_000, async () => (left-- > 0 ? undefined : true));
  };
  await live(clock, 30_000, async () => backupsOf(await records())[0]);
  const [backup] = backupsOf(await records());
  assert.equal(backup?.rule, '21:00-23:00 sun,mon,tue,wed,thu,fri,sat Asia/Jakarta', 'by what it is judged stands in its record');
  shift(-31 * dayMs);
  await pass(3);
  shift(31 * dayMs);
  await pass(25);
  assert.deepEqual(evidenceOf(await records()), []);
  assert.equal(backupsOf(await records()).length, 1);
  assert.equal((await records()).filter(({ kind }) => kind === 'clock-change').length, 0);
});

test('a clock that is set forward for good is a record of its own; the nights in between were neither kept nor missed', async (t) => {
  const { clock, records } = await nightServer(t, { schedule: { window: '12:00-13:00' } }, { counts: true });
  await clock.advance(30_000);
  clock.setWallClock(clock.nowNs() + BigInt(31 * dayMs) * 1_000_000n);
  const found = await live(clock, 30_000, async () => (await records()).find(({ kind }) => kind === 'clock-change'));
  assert.equal(found.clock?.step, 'forward');
  assert.match(`${found.clock.unlived?.start} ${found.clock.unlived?.end}`, /^2026-08-03T\S+ 2026-09-03T/);
  assert.equal(found.timeZone, 'Asia/Jakarta');
  let left = 50;
  await live(clock, 30_000, async () => (left-- > 0 ? undefined : true));
  assert.deepEqual(evidenceOf(await records()), []);
});
