// Two windows and a command on one state folder; one of the processes, which may be the host, is killed at some moment.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { recordsFolder, verifyHistory, type HistoryRecord } from '../../src/records/index.ts';
import { openRunOf, readHistories } from '../../src/schedule/index.ts';
import { startCli, type CliRun } from '../cli/run-cli.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { endHost, EngineStage, hostPid, isAlive, openWindow, password, runnerPids, until } from '../host/engine-stage.ts';
import { WindowProcess } from '../host/window-process.ts';
import { needs } from '../needs.ts';
import { recordsIn } from '../records/some-records.ts';
import { seedsOf } from '../rounds.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { jsonLines, startRestic } from './programs.ts';

const victims = ['host', 'runner', 'first window', 'second window', 'command'] as const;
type Victim = (typeof victims)[number];

const mib = 1024 * 1024;
/** Of the host: longer than the test. */
const lingerMs = 600_000;
/** A run takes a second or two, and makes some thirty changes to its state and some more to the repository. */
const latestMs = 2_500;
const latestChange = 40;

/** Two sets that wait for each other, since they share a repository: one that is asked for, and one whose window is open. */
class Shift {
  readonly stage: EngineStage;
  readonly #random: SeededRandom;
  readonly #windows = new Map<Victim, WindowProcess>();
  #command: { readonly pid: number | undefined; run: CliRun | undefined } | undefined;

  private constructor(stage: EngineStage, random: SeededRandom) {
    this.stage = stage;
    this.#random = random;
  }

  static async make(t: TestContext, random: SeededRandom): Promise<Shift> {
    const stage = new EngineStage(t);
    const sets = ['data', 'night'].map((name) => {
      const source = join(stage.source, name);
      for (let at = 0; at < 6; at++) stage.write(join(name, `file ${at}`), random.bytes(random.below(2 * mib)));
      return { name, sources: [source] };
    });
    await stage.initRepository();
    writeFileSync(stage.path('password'), password, { mode: 0o600 });
    mkdirSync(stage.path('state'), { mode: 0o700 });
    const repository = { location: stage.repository, passwordFile: stage.path('password') };
    const before = [process.execPath, '-e', `setTimeout(() => undefined, ${random.below(300)})`];
    stage.configure({ ...sets[0], repository, before }, { ...sets[1], repository, schedule: openWindow() });
    return new Shift(stage, random);
  }

  /** In any order, at once or one after the other, or when the one before has a host; the windows may want a backup, or only look. */
  async begin(): Promise<string> {
    const order = shuffled(['first window', 'second window', 'command'] as const, this.#random);
    const story: string[] = [];
    for (const who of order) {
      const pauseMs = this.#random.chance(0.5) ? this.#random.below(1_500) : 0;
      const [runs, waits] = [this.#random.chance(0.5), this.#random.chance(0.5)];
      if (who === 'command') {
        story.push(`${who}, ${pauseMs} ms`);
        this.#startCommand();
      } else {
        story.push(`${who}${runs ? ' (runs)' : ''}, ${waits ? 'connected, ' : ''}${pauseMs} ms`);
        const window = WindowProcess.start(this.stage, { lingerMs, runs });
        this.#windows.set(who, window);
        if (waits) await window.untilConnected();
      }
      await delay(pauseMs);
    }
    return story.join(', ');
  }

  /** Some moment after something began to run; at the latest when nothing runs any more. */
  async someMoment(): Promise<string> {
    const kind = (['time', 'state', 'repository'] as const)[this.#random.below(3)] ?? 'time';
    const [ms, change] = [this.#random.below(latestMs), 1 + this.#random.below(latestChange)];
    await until(() => this.#schedule().includes('"started"'), 'something runs');
    if (kind === 'time') {
      await delay(ms);
      return `after ${ms} ms`;
    }
    const [changes, ended] = [Promise.withResolvers<undefined>(), new AbortController()];
    let seen = 0;
    const folder = kind === 'state' ? this.stage.path('state') : this.stage.repository;
    using _watcher = closing(watch(folder, { recursive: true }, () => ++seen >= change && changes.resolve(undefined)));
    await Promise.race([changes.promise, this.#untilRan(ended.signal)]);
    ended.abort();
    return `at change ${seen} of the ${kind}`;
  }

  /** @returns who it was; somebody else where that one has not begun, or has ended already */
  async kill(wanted: Victim): Promise<string> {
    const host = this.#pidOf('host');
    const isCommandHost = host !== undefined && host === this.#pidOf('command');
    for (const victim of [wanted, ...victims]) {
      const pid = this.#pidOf(victim);
      if (pid === undefined || !sendKill(pid)) continue;
      await until(() => !isAlive(pid), 'it is gone');
      return isCommandHost && pid === host ? 'command, which is the host' : victim;
    }
    throw new Error('nobody is there');
  }

  /** @returns how long it took until all windows that are left had an answer */
  async answered(): Promise<number> {
    const startMs = performance.now();
    for (const window of this.#survivors) await until(async () => !('error' in (await window.states())), 'the window has its answer');
    return Math.round(performance.now() - startMs);
  }

  /** Whoever was not killed has what it asked for, and nothing runs any more. @returns what came of it */
  async survivorsAreDone(): Promise<string> {
    const survivors = this.#survivors;
    assert.ok(survivors.length > 0);
    await until(() => this.#command?.run !== undefined, 'the command has ended');
    for (const window of survivors) {
      await until(() => !window.runs || window.ran !== undefined, 'the window is told what came of its backup');
      await until(async () => isAtRest(await window.states()), 'the window of the night has had its run, and nothing runs any more');
    }
    return survivors.map(({ ran }) => ran ?? 'looked').join(', ');
  }

  get #survivors(): readonly WindowProcess[] {
    return [...this.#windows.values()].filter(({ isGone }) => !isGone);
  }

  get commandRun(): CliRun | undefined {
    return this.#command?.run;
  }

  /** Windows first: one that loses its host starts another. */
  async end(): Promise<void> {
    for (const { process: child } of this.#windows.values()) child.kill('SIGKILL');
    await until(() => [...this.#windows.values()].every(({ isGone }) => isGone), 'the windows are gone');
    await endHost(this.stage.path('state'));
  }

  /** The ids of runs of a set that were begun, as far as they have one, in their order. */
  begun(set: string): readonly string[] {
    const started = jsonLines(this.#schedule()).filter((line) => line['kind'] === 'started' && line['set'] === set);
    return started.map(({ run }) => (typeof run === 'string' ? run : ''));
  }

  command(): Promise<CliRun> {
    return this.#startCommand().ended;
  }

  #startCommand(): ReturnType<typeof startCli> {
    const { stage } = this;
    const environment = { CADANGAN_CONFIG: stage.configFile, CADANGAN_STATE: stage.path('state') };
    const started = startCli(['backup', 'data'], { cwd: stage.folder, environment });
    const command = { pid: started.child.pid, run: undefined as CliRun | undefined };
    this.#command = command;
    stage.atEnd(() => started.child.kill('SIGKILL'));
    void started.ended.then((run) => (command.run = run));
    return started;
  }

  #pidOf(victim: Victim): number | undefined {
    if (victim === 'host') return hostPid(this.stage.path('state'));
    if (victim === 'runner') return runnerPids(this.stage.path('state'))[0];
    if (victim === 'command') return this.#command?.run === undefined ? this.#command?.pid : undefined;
    return this.#windows.get(victim)?.process.pid;
  }

  #schedule(): string {
    try {
      return readFileSync(join(this.stage.path('state'), 'schedule.jsonl'), 'utf8');
    } catch {
      return '';
    }
  }

  async #untilRan(signal: AbortSignal): Promise<void> {
    await until(async () => signal.aborted || (await this.#hasRun()), 'both sets have run');
  }

  async #hasRun(): Promise<boolean> {
    const histories = [...(await readHistories(this.stage.path('state')).catch(() => new Map())).values()];
    return histories.filter((history) => history.lastSuccess !== undefined && !openRunOf(history)).length === 2;
  }
}

for (const seed of seedsOf({ sample: 4, long: 50 })) {
  test(
    `one of two windows, a command and their host is killed: no run is lost, none is made twice, none is without its record (seed ${seed})`,
    needs('restic'),
    async (t) => {
      const random = new SeededRandom(seed);
      const shift = await Shift.make(t, random);
      const order = await shift.begin();
      const victim = victims[random.below(victims.length)] ?? 'host';
      const moment = await shift.someMoment();
      const killed = await shift.kill(victim);
      const answeredMs = await shift.answered();
      const told = await shift.survivorsAreDone();
      const story = `${order}; killed: ${killed}, ${moment}, all answered ${answeredMs} ms after; windows: ${told}; command: ${shift.commandRun?.code}`;
      t.diagnostic(story);
      if (!killed.startsWith('command'))
        assert.deepEqual([shift.commandRun?.code, shift.commandRun?.stderr.match(/error/)], [0, null], story);
      const again = await shift.command();
      assert.equal(again.code, 0, again.stderr);
      await shift.end();
      await assertHistory(shift, story);
      await assertRepository(t, shift, story);
    },
  );
}

/** Each run that was begun has one record, and no other record is there. */
async function assertHistory(shift: Shift, story: string): Promise<void> {
  const state = shift.stage.path('state');
  assert.equal((await verifyHistory(recordsFolder(state))).isIntact, true, story);
  const records = (await recordsIn(state)).filter(({ kind }) => kind === 'internal-backup');
  for (const set of ['data', 'night']) {
    const ofSet = records.filter((record) => record.set === set);
    const told = `${set}: ${ofSet.map(outcomeOf).join(', ')}; ${story}`;
    assert.deepEqual(ofSet.map(({ run = '' }) => run).toSorted(), shift.begun(set).toSorted(), told);
    for (const record of ofSet) assert.ok(['success', 'stopped host.lost'].includes(outcomeOf(record)), told);
    const completed = ofSet.filter(({ result }) => result === 'success').map(({ run }) => run);
    assert.equal(new Set(completed).size, completed.length, `${told}: no run is made twice`);
    if (set === 'night') assert.equal(completed.length, 1, told);
  }
  for (const history of (await readHistories(state)).values()) assert.equal(openRunOf(history), undefined, story);
}

function outcomeOf({ result, reason }: HistoryRecord): string {
  return [result, reason?.code].filter((word) => word !== undefined).join(' ');
}

/** It is sound, each snapshot is the whole of its source, and each good run has one. */
async function assertRepository(t: TestContext, { stage }: Shift, story: string): Promise<void> {
  const restic = async (...args: string[]): Promise<string> => {
    const env = { RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password };
    const { code, stdout, stderr } = await startRestic(args, { env }).ended;
    assert.equal(code, 0, `restic ${args.join(' ')}: ${stderr}; ${story}`);
    return stdout.toString();
  };
  await restic('unlock'); // of whoever was killed
  assert.match(await restic('check', '--read-data'), /no errors were found/);
  // A kill may leave a file under its first name, which nobody heeds.
  const ids = readdirSync(join(stage.repository, 'snapshots')).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const snapshots = JSON.parse(await restic('snapshots', '--json')) as readonly { readonly id: string; readonly paths: string[] }[];
  assert.equal(snapshots.length, ids.length);
  for (const { id, paths } of snapshots) {
    const [source = ''] = paths;
    const target = stage.path(id);
    await restic('restore', id, '--target', target);
    assert.deepEqual(describeDifferences(compareTrees(source, join(target, source))), [], story);
  }
  const records = await recordsIn(stage.path('state'));
  const stored = records.flatMap(({ kind, snapshotId }) => (kind === 'internal-backup' && snapshotId !== undefined ? [snapshotId] : []));
  for (const id of stored) assert.ok(ids.includes(id), story);
  t.diagnostic(`${ids.length} snapshots, ${stored.length} of them in the records`);
}

/** @returns false when it had ended by itself just now */
function sendKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function isAtRest(states: Readonly<Record<string, string>>): boolean {
  const { data = '', night } = states;
  return night === 'success' && ['success', 'stopped', 'never-run'].includes(data);
}

function shuffled<T>(items: readonly T[], random: SeededRandom): readonly T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}

function closing(watcher: { close(): void }): Disposable {
  return { [Symbol.dispose]: () => watcher.close() };
}
