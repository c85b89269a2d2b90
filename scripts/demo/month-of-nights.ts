import { lutimesSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { approvePeriod, closeByPerson } from '../../src/jobs/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { dayOf, listNonconformities, nextDay, startOfDayMs } from '../../src/records/index.ts';
import { NightHouse } from '../../test/fakes/night-house.ts';
import { nightlySet } from './configuration.ts';

export interface MonthOptions {
  readonly configFile: string;
  readonly stateFolder: string;
  readonly source: string;
  readonly repository: string;
  readonly password: string;
}

const nights = 30;
const hourMs = 3_600_000;
const minuteMs = 60_000;
/** Counted from the first night. */
const failedNight = 9;
const missedNight = 20;
const drillDay = 18;
const auditDay = 26;

/**
 * The nights until yesterday, as if the program had been there all the time: real backups and records on a clock that is moved by hand,
 * with one night on which the backup server was away, one that was missed and made good, a restore drill, and a nonconformity that is still
 * open. Afterwards the source is what it was before. @returns what happened, for people
 */
export async function spendMonth({ source, repository, ...options }: MonthOptions): Promise<string> {
  const nowNs = systemClock.nowNs();
  const days = lastDays(Number(nowNs / 1_000_000n));
  const firstMs = startOfDayMs(days[0] ?? '');
  const house = await NightHouse.open({
    ...options,
    startMs: firstMs + 9 * hourMs,
    offsetMinutes: systemClock.offsetMinutes(nowNs),
    random: systemRandom,
    backup: { workerCount: undefined },
  });
  await house.initRepository(repository);
  const logs = ['access.log', 'erp.log'].map((name) => growingFile(join(source, 'logs', name)));
  for (const [index, day] of days.entries()) {
    const midnightMs = startOfDayMs(day);
    const at = (hours: number, minutes = 0): number => midnightMs + hours * hourMs + minutes * minuteMs;
    if (index === drillDay) await house.drill(at(10), 12, [nightlySet]);
    if (index === auditDay) await decide(house, days, at(14));
    const planned = { startMs: at(21), endMs: at(23) };
    const run = {
      set: nightlySet,
      atMs: at(21, 0) + 4_000,
      durationMs: (5 + (index % 4)) * minuteMs,
      trigger: 'schedule',
      planned,
    } as const;
    // Every third night, so that the off-site copy has not to bring too much.
    if (index % 3 === 0) for (const grow of logs) grow(0.4 + (0.6 * (index + 1)) / nights);
    if (index === missedNight) {
      await house.missed(nightlySet, planned, at(31));
      await house.backup({ ...run, atMs: at(31, 5), trigger: 'catch-up' });
    } else await house.backup({ ...run, ...(index === failedNight && { fault: 'unreachable' }) });
    if (index === failedNight || index === missedNight) house.moveTo(at(36));
    if (index === failedNight || index === missedNight) await house.review();
  }
  for (const grow of logs) grow(1);
  return `${nights} nights: one failed, one missed and made good, a restore drill passed, one nonconformity is open`;
}

/** The first trouble is closed, and the first half of the month checked. */
async function decide(house: NightHouse, days: readonly string[], atMs: number): Promise<void> {
  house.moveTo(atMs);
  const by = { name: 'Budi Santoso', position: 'IT Officer' };
  const [first] = await listNonconformities(house.keeper.history.records());
  if (first)
    await closeByPerson(house.keeper, first.id, {
      cause: 'Kabel jaringan server cadangan terlepas',
      correction: 'Kabel dipasang kembali, cadangan malam berikutnya berhasil',
      prevention: 'Kabel dikunci di rak',
      by,
    });
  await approvePeriod(house.keeper, { act: 'checked', period: { from: days[0] ?? '', to: days[14] ?? '' }, by });
}

/** As the calendar of this machine has them; the last one is yesterday. */
function lastDays(nowMs: number): string[] {
  const days = [dayOf(nowMs - nights * 24 * hourMs)];
  while (days.length < nights) days.push(nextDay(days.at(-1) ?? ''));
  return days;
}

/** Lets a file have a share (0 to 1) of what it has now; all of it with the time that it has now. */
function growingFile(path: string): (share: number) => void {
  const whole = readFileSync(path);
  const { mtimeMs } = statSync(path);
  return (share) => {
    writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
    if (share === 1) lutimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
  };
}
