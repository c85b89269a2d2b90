// The rule of a set is carried out by the schedule, after a good backup, in the process that works on the repository.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { uptime } from 'node:os';
import { describe, test, type TestContext } from 'node:test';
import { passwordFromText, type Clock } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { protocol } from '../../src/service/index.ts';
import { TrustedClock, type Task } from '../../src/schedule/index.ts';
import { RepositoryTurns } from '../../src/service/repository-turns.ts';
import { RetentionTurns } from '../../src/service/retention-turns.ts';
import { parseConfiguration, type BackupSet } from '../../src/settings/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { EngineStage, password, until } from '../host/engine-stage.ts';
import { recordsIn } from '../records/some-records.ts';

/** Before, no clock is settled (`settleMs`). */
const isYoung = uptime() < 600 && 'needs a machine that has run for ten minutes';

describe('after a good backup', { skip: isYoung }, () => {
  async function withTwoBackups(t: TestContext) {
    const stage = new EngineStage(t);
    await stage.initRepository();
    stage.configure();
    const window = stage.window();
    const { client } = window;
    for (const evening of ['one', 'two']) {
      for (let number = 0; number < 12; number++) stage.write(`${number}.txt`, `${evening} ${'text '.repeat(400)}`);
      assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
    }
    const known = window.configurationChanged;
    stage.configure({ retention: { keepLast: 1 } });
    await until(() => window.configurationChanged > known, 'the configuration is taken over');
    const snapshots = () => readdirSync(stage.path('repository', 'snapshots'));
    const removals = async () => (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'retention');
    return { stage, client, snapshots, removals };
  }

  test('what the rule does not keep goes, and the record says that the schedule did it', async (t) => {
    const { stage, client, snapshots, removals } = await withTwoBackups(t);
    const before = snapshots();
    stage.write('0.txt', 'three');
    assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
    await until(async () => (await removals()).length > 0, 'it is recorded');
    assert.equal(snapshots().length, 1);
    const [record] = await removals();
    assert.deepEqual([record?.set, record?.trigger, record?.operator.via, record?.result], ['data', 'schedule', 'schedule', 'success']);
    assert.deepEqual(new Set(record?.removedSnapshots), new Set(before));
    assert.deepEqual(await client.request(protocol.listNonconformities, undefined), [], 'nothing counts as lost');
    const repository = await Repository.open({ storage: new FolderStorage(stage.repository) }, passwordFromText(password), neverAborted);
    await using _lock = await repository.lock({ signal: neverAborted, exclusive: true });
  });

  test('what smells is held back, and a nonconformity says so', async (t) => {
    const { stage, client, snapshots } = await withTwoBackups(t);
    for (let number = 0; number < 12; number++) stage.write(`${number}.txt`, randomBytes(2_000));
    assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
    const open = () => client.request(protocol.listNonconformities, undefined);
    await until(async () => (await open()).length > 0, 'it is opened');
    assert.deepEqual(
      (await open()).map(({ ruleText, isOpen, lasts }) => [ruleText, isOpen, lasts]),
      [['Removal of old backups on hold', true, false]],
    );
    assert.equal(snapshots().length, 3);
  });
});

const hourMs = 3_600_000;

/** The loop of a host, as the test turns it. */
class Loop {
  readonly clock: Clock;
  readonly turns = new RepositoryTurns();
  readonly retention: RetentionTurns;
  readonly planned = new Set<Task>();
  /** What the next turns give. */
  answers: boolean[] = [];
  /** Begun, and done. */
  made = 0;
  done = 0;
  sets: readonly BackupSet[] = setsWith({ keepLast: 1 });
  work: (signal: AbortSignal) => Promise<boolean> = () => Promise.resolve(this.answers.shift() ?? true);

  constructor(clock: Clock) {
    this.clock = clock;
    this.retention = new RetentionTurns({
      clock,
      tasks: { add: (task) => void this.planned.add(task), wake: () => undefined },
      turns: this.turns,
      sets: () => this.sets,
      retain: (_, signal) => {
        this.made += 1;
        return this.work(signal);
      },
      onDone: () => Promise.resolve(void (this.done += 1)),
      signal: new AbortController().signal,
    });
  }

  async look(): Promise<void> {
    for (const task of this.planned) {
      const { atMs, run } = await task.look();
      if (atMs <= Number(this.clock.nowNs() / 1_000_000n)) await run?.();
    }
  }

  /** A good backup, and a look. */
  async backup(name = 'data'): Promise<void> {
    this.retention.afterBackup(name);
    await this.look();
  }
}

function setsWith(retention?: object): readonly BackupSet[] {
  const set = { name: 'data', sources: ['/srv'], repository: { location: '/backup' }, retention };
  return parseConfiguration(JSON.stringify({ sets: [set] })).configuration.sets;
}

test('by a clock that may be wrong no set has its turn', async () => {
  const clock = new VirtualClock();
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const machine = { uptimeMs: () => clock.monotonicMs() + 86_400_000 };
  const memory = { nowMs, uptimeMs: 0, newestMs: nowMs + 300 * 86_400_000, unlived: [], bootId: 'before' };
  const loop = new Loop(TrustedClock.begin(clock, machine, memory));
  await loop.backup();
  assert.equal(loop.made, 0);
});

test('a set has its turn once a day; what could not be done is tried again after an hour', async () => {
  const clock = new VirtualClock();
  const loop = new Loop(clock);
  loop.answers = [false];
  await loop.backup();
  await clock.advance(hourMs - 1);
  await loop.look();
  assert.deepEqual([loop.made, loop.done], [1, 0]);
  await clock.advance(1);
  await loop.look();
  assert.deepEqual([loop.made, loop.done], [2, 1]);
  await loop.backup();
  await clock.advance(21 * hourMs);
  assert.equal(loop.made, 2);
  await loop.look();
  assert.equal(loop.made, 3);
  await clock.advance(100 * hourMs);
  await loop.look();
  assert.equal(loop.made, 3, 'there was no backup since');
  loop.sets = setsWith();
  await loop.backup();
  assert.equal(loop.made, 3, 'a set without a rule has none');
});

test('it waits while the next set of the same repository is backed up, and gives way to a restore', async () => {
  const clock = new VirtualClock();
  const loop = new Loop(clock);
  const ended = Promise.withResolvers<void>();
  const next = loop.turns.use('/backup', () => ended.promise);
  await loop.backup();
  await clock.advance(2 * hourMs);
  await loop.look();
  assert.equal(loop.made, 0);
  ended.resolve();
  await next;
  const begun = Promise.withResolvers<void>();
  loop.work = async (signal) => {
    begun.resolve();
    await once(signal, 'abort');
    return false;
  };
  const looked = loop.look();
  await begun.promise;
  await loop.turns.use('/backup', () => Promise.resolve());
  await looked;
  loop.work = () => Promise.resolve(true);
  await loop.look();
  assert.equal(loop.made, 1, 'not at once: each try measures anew');
  await clock.advance(5 * 60_000);
  await loop.look();
  assert.deepEqual([loop.made, loop.done], [2, 1]);
});
