import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { TaskLoop, type Due, type Task, type TaskWork } from '../../src/schedule/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

/** A loop on a clock that the test moves, and what happened, each with its second since the beginning. */
class LoopStage implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly story: string[] = [];
  readonly #startMs = this.nowMs;
  readonly loop = new TaskLoop({
    clock: this.clock,
    onFailure: (task, error) => this.tell(`${task.about?.name} failed: ${String(error)}`),
    onEnd: () => this.tell('end'),
  });

  get nowMs(): number {
    return Number(this.clock.nowNs() / 1_000_000n);
  }

  tell(what: string): void {
    this.story.push(`${this.clock.monotonicMs() / 1000} ${what}`);
  }

  /** Milliseconds since 1970. */
  at(seconds: number): number {
    return this.#startMs + seconds * 1000;
  }

  /** All that can go on without the clock goes on. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) await nextTurn();
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000);
    await this.settle();
  }

  async add(...tasks: Task[]): Promise<void> {
    for (const task of tasks) this.loop.add(task);
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ending = this.loop[Symbol.asyncDispose]();
    await this.clock.advance(60_000); // works that sleep
    await ending;
  }
}

/** Tells of each look, and is due when the test says. */
function taskNamed(name: string, stage: LoopStage, due: () => Due | Promise<Due>): Task {
  return {
    about: { kind: 'copy', name },
    look: async () => {
      stage.tell(name);
      return due();
    },
  };
}

/** Done every so many seconds. */
function everySeconds(name: string, stage: LoopStage, seconds: number, work: () => Promise<void>): Task {
  let lastMs = stage.nowMs;
  const run = async (): Promise<void> => {
    lastMs = stage.nowMs;
    stage.tell(`${name} runs`);
    await work();
  };
  return { about: { kind: 'copy', name }, look: async () => ({ atMs: lastMs + seconds * 1000, work: 'sync', lastMs, run }) };
}

const never = (): Due => ({ atMs: Infinity });

test('each task is looked at when the first thing of it is due, and at every tick, which is half a minute', async () => {
  await using stage = new LoopStage();
  await stage.add(
    taskNamed('idle', stage, never),
    taskNamed('quick', stage, () => ({ atMs: stage.nowMs + 12_000 })),
  );
  await stage.pass(40);
  assert.deepEqual(stage.story, ['0 idle', '0 quick', '12 quick', '24 quick', '30 idle', '36 quick']);
});

test('a task that is woken is looked at at once, and no other; one that is woken while it looks, once more', async () => {
  await using stage = new LoopStage();
  const first = Promise.withResolvers<Due>();
  const dues = [first.promise];
  const [one, other] = [taskNamed('one', stage, () => dues.shift() ?? never()), taskNamed('other', stage, never)];
  await stage.add(one, other);
  stage.loop.wake(one);
  await stage.settle();
  assert.deepEqual(stage.story, ['0 one', '0 other']);
  first.resolve(never());
  await stage.settle();
  assert.deepEqual(stage.story, ['0 one', '0 other', '0 one']);
  stage.loop.wake(other);
  await stage.settle();
  assert.deepEqual(stage.story.slice(3), ['0 other']);
});

test('neither a look that hangs nor a work that takes hours holds up the others, and no task works twice at the same time', async () => {
  await using stage = new LoopStage();
  const [hanging, working] = [Promise.withResolvers<Due>(), Promise.withResolvers<void>()];
  await stage.add(
    taskNamed('hanging', stage, () => hanging.promise),
    everySeconds('long', stage, 10, () => working.promise),
    everySeconds('short', stage, 15, async () => undefined),
  );
  await stage.pass(50);
  assert.deepEqual(stage.story, [
    '0 hanging',
    '10 long runs',
    '15 short runs',
    '15 end',
    '30 short runs',
    '30 end',
    '45 short runs',
    '45 end',
  ]);
  assert.equal(stage.loop.isBusy, true);
  working.resolve();
  await stage.settle();
  assert.deepEqual(stage.story.slice(8), ['50 end', '50 long runs', '50 end'], 'it is asked again at the end of its work');
  assert.equal(stage.loop.isBusy, false);
  hanging.resolve(never());
});

test('what became due while the machine slept is done half a minute after it woke at the latest, also when its clock was set back', async () => {
  await using stage = new LoopStage();
  await stage.add(everySeconds('daily', stage, 86_400, async () => undefined));
  stage.clock.setWallClock(stage.clock.nowNs() + 90_000n * 1_000_000_000n);
  await stage.pass(31);
  assert.deepEqual(stage.story, ['30 daily runs', '30 end']);
  stage.clock.setWallClock(stage.clock.nowNs() - 80_000n * 1_000_000_000n);
  const waits = taskNamed('waits', stage, () => ({ atMs: stage.at(90_000) }));
  await stage.add(waits);
  await stage.pass(60);
  assert.deepEqual(stage.story.slice(2), ['31 waits', '61 waits', '91 waits']);
});

test('a failure is told, and the task is asked again at the next tick, not in a circle', async () => {
  await using stage = new LoopStage();
  let isLookingBad = true;
  const run = async (): Promise<void> => {
    throw new Error('no work');
  };
  await stage.add(
    taskNamed('bad', stage, () => {
      if (isLookingBad) throw new Error('no look');
      return { atMs: stage.nowMs, work: 'sync', run };
    }),
  );
  isLookingBad = false;
  await stage.pass(59);
  assert.deepEqual(stage.story, ['0 bad', '0 bad failed: Error: no look', '30 bad', '30 bad failed: Error: no work', '30 end']);
});

test('a task that was taken out while it looked does not begin, and whoever takes it out waits for what goes on', async () => {
  await using stage = new LoopStage();
  const [looking, working] = [Promise.withResolvers<Due>(), Promise.withResolvers<void>()];
  const out = taskNamed('out', stage, () => looking.promise);
  const busy = everySeconds('busy', stage, 0, () => working.promise);
  await stage.add(out, busy);
  let gone = '';
  const going = [out, busy].map(async (task) => {
    await stage.loop.remove(task);
    gone += `${task.about?.name} `;
  });
  await stage.settle();
  assert.equal(gone, '');
  looking.resolve({ atMs: stage.nowMs, run: async () => stage.tell('out runs') });
  await stage.settle();
  assert.equal(gone, 'out ');
  working.resolve();
  await Promise.all(going);
  await stage.pass(100);
  assert.deepEqual(stage.story, ['0 out', '0 busy runs', '0 end']);
});

test('the loop ends when its tasks have ended', async () => {
  const stage = new LoopStage();
  const working = Promise.withResolvers<void>();
  await stage.add(everySeconds('busy', stage, 0, () => working.promise));
  let hasEnded = false;
  const ending = stage.loop[Symbol.asyncDispose]().then(() => (hasEnded = true));
  await stage.settle();
  assert.equal(hasEnded, false);
  working.resolve();
  await ending;
  assert.equal(stage.clock.sleeping, 0);
});

test('what is planned is told: what runs, what comes next, when it was last done; of what is told elsewhere nothing', async () => {
  await using stage = new LoopStage();
  const working = Promise.withResolvers<void>();
  const due = (work: TaskWork, atMs: number, lastMs?: number): Due => ({ work, atMs, lastMs });
  await stage.add(
    { look: async () => due('sync', stage.at(5)) },
    { about: { kind: 'records' }, look: async () => due('verify', stage.at(60), stage.at(-60)) },
    { about: { kind: 'copy', name: 'paused' }, look: async () => never() },
    { about: { kind: 'copy', name: 'busy' }, look: async () => ({ ...due('scrub', stage.at(0)), run: () => working.promise }) },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(stage.loop.statuses())), [
    { kind: 'records', lastMs: stage.at(-60), next: { work: 'verify', atMs: stage.at(60) } },
    { kind: 'copy', name: 'paused' },
    { kind: 'copy', name: 'busy', running: 'scrub' },
  ]);
  const closing = stage.loop[Symbol.asyncDispose]();
  working.resolve();
  await closing;
});

test('whatever tasks there are and however long they work: each begins in the moment in which it is due, and never beside itself', async (t) => {
  const first = freshSeed();
  for (let seed = first; seed < first + rounds({ sample: 20, long: 1000 }); seed++) {
    t.diagnostic(`seed ${seed}`);
    await using stage = new LoopStage();
    const random = new SeededRandom(seed);
    const wrong: string[] = [];
    const tasks = Array.from({ length: 1 + random.below(8) }, (_, number) => randomTask(number, stage, random.fork(), wrong));
    await stage.add(...tasks.map(({ task }) => task));
    for (let steps = 0; steps < 200; steps++) {
      await stage.pass(random.below(20));
      const woken = tasks[random.below(2 * tasks.length)];
      if (woken) stage.loop.wake(woken.task);
      await stage.settle(); // what is woken has not begun to sleep again
    }
    assert.deepEqual(wrong, [], `seed ${seed}`);
    for (const { count } of tasks) assert.ok(count() > 10, `seed ${seed}: ${count()}`);
  }
});

function randomTask(
  number: number,
  stage: LoopStage,
  random: SeededRandom,
  wrong: string[],
): { readonly task: Task; readonly count: () => number } {
  const { clock } = stage;
  let [dueMs, isAtIt, count] = [stage.nowMs, false, 0];
  const run = async (): Promise<void> => {
    if (isAtIt) wrong.push(`${number} works twice`);
    if (stage.nowMs !== dueMs) wrong.push(`${number} is ${stage.nowMs - dueMs} ms late`);
    [isAtIt, count] = [true, count + 1];
    await clock.sleep(random.below(50_000));
    [isAtIt, dueMs] = [false, stage.nowMs + random.below(100_000)];
  };
  const look = async (): Promise<Due> => {
    if (isAtIt) wrong.push(`${number} looks while it works`);
    return { atMs: dueMs, work: 'sync', run };
  };
  return { task: { look }, count: () => count };
}
