import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { approvePeriod, closeByPerson } from '../../src/jobs/index.ts';
import { CadanganError } from '../../src/platform/index.ts';
import { listNonconformities, type HistoryRecord } from '../../src/records/index.ts';
import { NightHouse, type NightFault } from '../fakes/night-house.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { writeSecretFile } from '../platform/secret-file.ts';

export const dayMs = 86_400_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What becomes of a night: the first two are as they should be. `nobody`: the machine was off, and nobody ever wrote that down. */
export type Night =
  | 'good'
  | 'exceptions'
  | 'unreachable'
  | 'write-fails'
  | 'stopped'
  | 'retried'
  | 'off'
  | 'off-caught-up'
  | 'nobody'
  | 'late';

/** How many nights of a year are of each kind; all others are good. */
const troubles: Readonly<Record<Exclude<Night, 'good'>, number>> = {
  exceptions: 14,
  unreachable: 3,
  'write-fails': 3,
  stopped: 4,
  retried: 3,
  off: 5,
  'off-caught-up': 4,
  nobody: 2,
  late: 4,
};

export interface YearOptions {
  /** Everything lies in here; the state of the program in `state`. */
  readonly folder: string;
  readonly seed: number;
  /** The first midnight, in milliseconds since 1970, of a zone that never changes its clocks. */
  readonly startMs: number;
  readonly timeZone: string;
  readonly offsetMinutes: number;
  readonly days?: number;
}

/** A run, or one that should have been, as the test made it happen. */
export interface BookedRun {
  readonly kind: 'internal-backup' | 'missed-run';
  readonly set: string;
  /** The day whose night it counts for. */
  readonly night: string;
  readonly trigger: 'schedule' | 'catch-up' | 'manual';
  readonly result: 'success' | 'success-with-exceptions' | 'failed' | 'stopped' | 'missed';
  readonly startMs: number;
  readonly endMs: number;
  readonly exceptions: number;
  /** In the sources, where there is a snapshot. */
  readonly dataBytes: number | undefined;
  /** Written into the repository's packs. */
  readonly packBytes: number;
  readonly record: HistoryRecord;
}

/**
 * What happened, written down by the test while it made it happen. Nothing in here was computed by the program, but the records, which are
 * looked up by their numbers.
 */
export interface Books {
  readonly windows: { readonly set: string; readonly day: string; readonly startMs: number; readonly endMs: number }[];
  readonly runs: BookedRun[];
  readonly offsite: { readonly isGood: boolean; readonly account: string; readonly atMs: number; readonly record: HistoryRecord }[];
  readonly drills: { readonly atMs: number; readonly record: HistoryRecord }[];
  readonly approvals: { readonly act: 'checked' | 'approved'; readonly month: string }[];
  /** Ids of nonconformities that were closed. */
  readonly closed: Set<string>;
  /** Of snapshots that went away with the state of the repository that was replaced. */
  lost: string[];
  /** When the history began. */
  beganMs: number;
}

export interface SimulatedYear {
  readonly house: NightHouse;
  readonly books: Books;
  readonly plan: readonly Night[];
  readonly configFile: string;
  readonly stateFolder: string;
  readonly options: Required<YearOptions>;
  /** The morning after the last night. */
  readonly endMs: number;
}

export const designatedAccount = 'backup@contoh.example';
export const drillIntervalDays = 30;
export const dailySet = 'accounting';
export const weeklySet = 'drawings';
/** Recovery point objectives of the sets. */
export const rpoHours = { accounting: 26, drawings: 24 } as const;
export const copyLocation = 'gdrive:Cadangan/server';

/** A year of a server: real backups, records and reviews on a clock that is moved by hand. */
export async function simulateYear(given: YearOptions): Promise<SimulatedYear> {
  const options = { days: 365, ...given };
  const year = new Year(options, await openHouse(options));
  await year.run();
  return year.result();
}

/** The day of an instant by the calendar of the house. */
export function dayOfMs(ms: number, { offsetMinutes }: Pick<YearOptions, 'offsetMinutes'>): string {
  return new Date(ms + offsetMinutes * minuteMs).toISOString().slice(0, 10);
}

function placesOf(folder: string) {
  return {
    sources: join(folder, 'sources'),
    shelf: join(folder, 'shelf'),
    repository: join(folder, 'repository'),
    old: join(folder, 'old repository'),
    configFile: join(folder, 'cadangan.jsonc'),
    stateFolder: join(folder, 'state'),
    passwordFile: join(folder, 'password'),
  };
}

const password = 'kuda lari di pantai pagi';

async function openHouse({ folder, seed, startMs, timeZone, offsetMinutes }: Required<YearOptions>): Promise<NightHouse> {
  const { sources, repository, configFile, stateFolder, passwordFile } = placesOf(folder);
  const at = { location: repository, passwordFile };
  for (const name of [dailySet, weeklySet, 'extra']) mkdirSync(join(sources, name), { recursive: true });
  writeSecretFile(passwordFile, password);
  writeFileSync(
    configFile,
    JSON.stringify(
      {
        version: 1,
        organisation: 'PT Contoh Sejahtera',
        timeZone,
        sets: [
          {
            name: dailySet,
            title: 'Accounting',
            sources: [join(sources, dailySet), join(sources, 'extra')],
            repository: at,
            schedule: { window: '21:00-23:00' },
            rpoHours: rpoHours[dailySet],
          },
          {
            name: weeklySet,
            title: 'Drawings',
            sources: [join(sources, weeklySet)],
            repository: at,
            schedule: { window: '21:00-23:00', days: ['sun'] },
            rpoHours: rpoHours[weeklySet],
          },
        ],
        instruction: { documentNumber: 'IK-IT-003', revision: '02', window: '21:00-23:00', drillIntervalDays, rtoMinutes: 240 },
        googleDrive: { account: designatedAccount },
      },
      undefined,
      2,
    ),
  );
  const house = await NightHouse.open({
    configFile,
    stateFolder,
    password,
    startMs: startMs + 8 * hourMs,
    offsetMinutes,
    random: new SeededRandom(seed),
  });
  await house.initRepository(repository, true);
  return house;
}

/** A folder whose files the test counts itself. */
class BookedFolder {
  readonly #folder: string;
  readonly #sizes = new Map<string, number>();
  #count = 0;

  constructor(folder: string, random: SeededRandom) {
    this.#folder = folder;
    for (let made = 0; made < 6; made++) this.#add(random);
  }

  get bytes(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** Something is another every night. Most nights it is a folder, which costs the backup least: no thread starts for it. */
  change(random: SeededRandom, isLight: boolean): void {
    const [oldest] = this.#sizes.keys();
    const lot = isLight ? 100 : random.below(100);
    if (lot < 6) this.#add(random);
    else if (lot < 14 && oldest !== undefined && this.#sizes.size > 3) {
      rmSync(join(this.#folder, oldest));
      this.#sizes.delete(oldest);
    } else if (lot < 17 && oldest !== undefined) {
      appendFileSync(join(this.#folder, oldest), 'one line more\n');
      this.#sizes.set(oldest, (this.#sizes.get(oldest) ?? 0) + 14);
    } else mkdirSync(join(this.#folder, `folder ${this.#count++}`));
  }

  #add(random: SeededRandom): void {
    const name = `file ${this.#count++}`;
    const size = 500 + random.below(20_000);
    writeFileSync(join(this.#folder, name), random.bytes(size));
    this.#sizes.set(name, size);
  }
}

class Year {
  readonly #options: Required<YearOptions>;
  readonly #house: NightHouse;
  readonly #random: SeededRandom;
  readonly #plan: readonly Night[];
  readonly #books: Books = { windows: [], runs: [], offsite: [], drills: [], approvals: [], closed: new Set(), lost: [], beganMs: 0 };
  readonly #folders: ReadonlyMap<string, BookedFolder>;
  readonly #extra: BookedFolder;
  /** On one day the repository is copied, on a later one the copy is put back. */
  readonly #rollback: { readonly copied: number; readonly putBack: number };

  constructor(options: Required<YearOptions>, house: NightHouse) {
    const { sources } = placesOf(options.folder);
    this.#options = options;
    this.#house = house;
    this.#random = new SeededRandom(options.seed).fork();
    this.#books.beganMs = options.startMs + 8 * hourMs;
    this.#plan = planOf(options.days, this.#random);
    this.#folders = new Map([dailySet, weeklySet].map((set) => [set, new BookedFolder(join(sources, set), this.#random)]));
    this.#extra = new BookedFolder(join(sources, 'extra'), this.#random);
    const copied = Math.floor(options.days / 2) + this.#random.below(20);
    this.#rollback = { copied, putBack: copied + 6 };
  }

  async run(): Promise<void> {
    for (let day = 0; day < this.#options.days; day++) {
      await this.#morning(day);
      await this.#noon(day);
      await this.#night(day);
    }
    await this.#morning(this.#options.days);
    this.#house.moveTo(this.#at(this.#options.days, 9));
    await this.#house.review();
  }

  result(): SimulatedYear {
    const { configFile, stateFolder } = placesOf(this.#options.folder);
    return {
      house: this.#house,
      books: this.#books,
      plan: this.#plan,
      configFile,
      stateFolder,
      options: this.#options,
      endMs: this.#at(this.#options.days, 9),
    };
  }

  /** What the night before has left to be told, what people decide, and once a week a look at everything. */
  async #morning(day: number): Promise<void> {
    const before = this.#plan[day - 1];
    if (before === 'off' || before === 'off-caught-up') {
      for (const [index, set] of this.#setsOf(day - 1).entries()) {
        const window = this.#window(day - 1);
        const record = await this.#house.missed(set, window, this.#at(day, 7, 30));
        this.#books.runs.push({
          kind: 'missed-run',
          set,
          night: this.#day(day - 1),
          trigger: 'schedule',
          result: 'missed',
          startMs: window.startMs,
          endMs: window.endMs,
          exceptions: 0,
          dataBytes: undefined,
          packBytes: 0,
          record,
        });
        if (before === 'off-caught-up')
          await this.#backup(set, { day, night: day, atMs: this.#at(day, 7, 45 + 30 * index), trigger: 'catch-up', planned: window });
      }
    }
    const date = this.#day(day);
    this.#house.moveTo(this.#at(day, 8, 30));
    if (this.#weekday(day) === 1) await this.#house.review();
    if (date.endsWith('-02') && day > 27) await this.#decide(date);
  }

  async #noon(day: number): Promise<void> {
    const { repository, old } = placesOf(this.#options.folder);
    if (day === this.#rollback.copied) cpSync(repository, old, { recursive: true });
    if (day === this.#rollback.putBack) await this.#putBack(repository, old, day);
    if (isDrillDay(day)) {
      const atMs = this.#at(day, 12);
      const record = await this.#house.drill(atMs, 4);
      assert.equal(record.result, 'success');
      this.#books.drills.push({ atMs, record });
    }
    if (this.#random.chance(0.02)) await this.#backup(dailySet, { day, night: day, atMs: this.#at(day, 15), trigger: 'manual' });
  }

  async #night(day: number): Promise<void> {
    const night = this.#plan[day] ?? 'good';
    const planned = this.#window(day);
    const sets = this.#setsOf(day);
    for (const [index, set] of sets.entries()) {
      this.#books.windows.push({ set, day: this.#day(day), ...planned });
      const atMs = planned.startMs + index * 40 * minuteMs + 4_000 + this.#random.below(50) * 1000;
      const run = { day, night: day, atMs, trigger: 'schedule', planned } as const;
      switch (night) {
        case 'off':
        case 'off-caught-up':
        case 'nobody':
          break;
        case 'retried':
          await this.#backup(set, { ...run, durationMs: minuteMs, fault: 'unreachable' });
          await this.#backup(set, { ...run, atMs: atMs + 20 * minuteMs, durationMs: 10 * minuteMs });
          break;
        case 'late':
          // The last of the night: nobody waits for it.
          await this.#backup(set, { ...run, ...(index === sets.length - 1 && { durationMs: 2 * hourMs + 15 * minuteMs }) });
          break;
        case 'unreachable':
        case 'write-fails':
        case 'stopped':
          await this.#backup(set, { ...run, fault: night });
          break;
        case 'exceptions':
        case 'good':
          await this.#backup(set, { ...run, isExtraAway: night === 'exceptions' && set === dailySet });
          break;
      }
    }
    if (this.#weekday(day) === 0) await this.#offsite(day);
  }

  async #backup(
    set: string,
    run: {
      readonly day: number;
      readonly night: number;
      readonly atMs: number;
      readonly trigger: BookedRun['trigger'];
      readonly durationMs?: number;
      readonly planned?: { startMs: number; endMs: number };
      readonly fault?: NightFault;
      readonly isExtraAway?: boolean;
    },
  ): Promise<void> {
    const { sources, shelf } = placesOf(this.#options.folder);
    const { atMs, trigger, planned, fault, isExtraAway = false, durationMs = (3 + this.#random.below(25)) * minuteMs } = run;
    const folder = this.#folders.get(set);
    assert.ok(folder);
    folder.change(this.#random, fault !== undefined);
    if (isExtraAway) renameSync(join(sources, 'extra'), shelf);
    const { record, packBytes } = await this.#house.backup({
      set,
      atMs,
      durationMs,
      trigger,
      ...(planned && { planned }),
      ...(fault && { fault }),
    });
    if (isExtraAway) renameSync(shelf, join(sources, 'extra'));
    const result = fault === undefined ? (isExtraAway ? 'success-with-exceptions' : 'success') : fault === 'stopped' ? 'stopped' : 'failed';
    const extraBytes = set === dailySet && !isExtraAway ? this.#extra.bytes : 0;
    this.#books.runs.push({
      kind: 'internal-backup',
      set,
      night: this.#day(run.night),
      trigger,
      result,
      startMs: atMs,
      endMs: atMs + durationMs,
      exceptions: isExtraAway ? 1 : 0,
      dataBytes: fault === undefined ? folder.bytes + extraBytes : undefined,
      packBytes,
      record,
    });
  }

  async #offsite(day: number): Promise<void> {
    const week = Math.floor(day / 7);
    const isGood = !(week % 13 === 5 || week % 13 === 6 || week === 30);
    const account = week === 20 ? 'someone@contoh.example' : designatedAccount;
    const atMs = this.#at(day, 23, 50);
    const record = await this.#house.offsite(
      copyLocation,
      account,
      atMs,
      isGood ? undefined : new CadanganError('drive.unavailable', { reason: 'ENOTFOUND' }),
    );
    this.#books.offsite.push({ isGood, account, atMs, record });
  }

  /** Somebody puts an old state of the repository in the place of the new one. */
  async #putBack(repository: string, old: string, day: number): Promise<void> {
    rmSync(repository, { recursive: true });
    renameSync(old, repository);
    this.#house.forget(repository);
    const sinceMs = this.#at(this.#rollback.copied, 12);
    this.#books.lost = this.#books.runs.flatMap(({ startMs, record }) =>
      startMs >= sinceMs && record.snapshotId !== undefined ? [record.snapshotId] : [],
    );
    assert.ok(this.#books.lost.length > 0);
    this.#house.moveTo(this.#at(day, 12, 30));
    const verification = await this.#house.verify();
    assert.equal(verification.isIntact, false);
    assert.deepEqual(verification.knowledge.losses.map(({ snapshotId }) => snapshotId).sort(), this.#books.lost.toSorted());
  }

  /** The month before is checked, every third approved; what is open from before this month is closed. */
  async #decide(date: string): Promise<void> {
    const { keeper } = this.#house;
    const month = new Date(Date.parse(`${date}T00:00:00Z`) - 5 * dayMs).toISOString().slice(0, 7);
    for (const { id } of await openOnes(this.#house)) {
      if (this.#random.chance(0.15)) continue;
      await closeByPerson(keeper, id, {
        cause: 'mati lampu',
        correction: 'dijalankan ulang',
        prevention: 'UPS',
        by: { name: 'Budi Santoso', position: 'IT Officer' },
      });
      this.#books.closed.add(id);
    }
    const period = { from: `${month}-01`, to: lastDayOf(month) };
    await approvePeriod(keeper, { act: 'checked', period, by: { name: 'Budi Santoso', position: 'IT Officer' } });
    this.#books.approvals.push({ act: 'checked', month });
    if (Number(month.slice(5)) % 3 !== 0) return;
    await approvePeriod(keeper, { act: 'approved', period, by: { name: 'H. Agus Prasetyo', position: 'Direktur' } });
    this.#books.approvals.push({ act: 'approved', month });
  }

  #setsOf(day: number): string[] {
    return this.#weekday(day) === 0 ? [dailySet, weeklySet] : [dailySet];
  }

  #window(day: number): { startMs: number; endMs: number } {
    return { startMs: this.#at(day, 21), endMs: this.#at(day, 23) };
  }

  /** Sunday is 0. */
  #weekday(day: number): number {
    return new Date(`${this.#day(day)}T00:00:00Z`).getUTCDay();
  }

  #day(day: number): string {
    return dayOfMs(this.#at(day, 12), this.#options);
  }

  #at(day: number, hours: number, minutes = 0): number {
    return this.#options.startMs + day * dayMs + hours * hourMs + minutes * minuteMs;
  }
}

/** The last day of a month, `2026-02`. */
export function lastDayOf(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

/** Every fourth week, but in the middle of the year it is forgotten for a while. */
function isDrillDay(day: number): boolean {
  return day % 28 === 20 && !(day > 150 && day < 230);
}

/** In a year that begins in January the last of March: what makes it good comes in another month. */
const caughtUpDay = 89;

/** The last nights are good, so that what is judged only after half a day is the same for everybody. */
function planOf(days: number, random: SeededRandom): Night[] {
  const plan: Night[] = Array.from({ length: days }, () => 'good');
  if (days > caughtUpDay) plan[caughtUpDay] = 'off-caught-up';
  plan[days - 15] = 'late'; // nobody has closed that one at the end of the year
  for (const [night, count] of Object.entries(troubles) as [Exclude<Night, 'good'>, number][]) {
    for (let left = Math.ceil((count * days) / 365); left > 0;) {
      const day = 2 + random.below(days - 6);
      if (plan[day] !== 'good') continue;
      plan[day] = night;
      left -= 1;
    }
  }
  return plan;
}

/** Nonconformities; what they are opened, closed and opened again for is compared with the books in `simulated-year.test.ts`. */
export async function openOnes({ keeper }: NightHouse): Promise<{ readonly id: string }[]> {
  return (await listNonconformities(keeper.history.records())).filter(({ isOpen }) => isOpen);
}
