import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceOf } from '../../src/service/index.ts';
import { bytesPerSecondOf, parseConfiguration } from '../../src/settings/index.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';

test('a speed is what it says in decimal bits or bytes', () => {
  const told = ['2 Mbit/s', '500 kB/s', '1.5MB/s', '64kbit/s', '1 Gbit/s', 'none'].map(bytesPerSecondOf);
  assert.deepEqual(told, [250_000, 500_000, 1_500_000, 8_000, 125_000_000, undefined]);
});

test('in office hours two megabits, nights none, and what begins in one goes on by the rule of the other', async () => {
  const upload = [
    { rate: '2 Mbit/s', hours: '07:00-18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'] },
    { rate: 'none', hours: '18:00-07:00' },
    { rate: '20 Mbit/s', days: ['sat', 'sun'] },
  ];
  const copy = { name: 'office', repository: '/r', to: 'gdrive:Backup', limits: { upload } };
  const { configuration, problems } = parseConfiguration(JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', offsiteCopies: [copy] }));
  assert.deepEqual(problems, []);
  const at = async (time: string, bytes: number): Promise<number> => {
    const clock = new VirtualClock({ startNs: BigInt(Date.parse(`${time}+07:00`)) * 1_000_000n });
    const pace = paceOf(configuration.offsiteCopies[0]?.limits, { clock, timeZone: configuration.timeZone });
    assert.equal(pace?.download, undefined);
    return msFor(clock, pace?.upload?.take(bytes) ?? Promise.resolve());
  };
  const isAbout = (ms: number, wanted: number): void => assert.ok(Math.abs(ms - wanted) <= 1_010, `${ms} ms instead of ${wanted}`);
  isAbout(await at('2026-08-03T10:00:00', 10_000_000), 40_000); // a Monday
  isAbout(await at('2026-08-03T20:00:00', 10_000_000_000), 0);
  isAbout(await at('2026-08-03T17:59:30', 100_000_000_000), 30_000);
  isAbout(await at('2026-08-08T10:00:00', 100_000_000), 40_000); // a Saturday
});
