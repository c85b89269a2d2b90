import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../../src/platform/index.ts';
import { PeriodicTask, TaskTimes, type Due } from '../../src/schedule/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const hour = 3_600_000;

/** A task that is to be done once a day, of one process after the other. */
class DailyStage {
  readonly clock = new VirtualClock();
  readonly folder: string;
  runs = 0;
  error: Error | undefined;
  canBeDone = true;
  waitsFirst = false;
  task: PeriodicTask;

  constructor(folder: string) {
    this.folder = folder;
    this.task = this.newHost();
  }

  newHost(): PeriodicTask {
    return (this.task = new PeriodicTask({
      clock: this.clock,
      about: { kind: 'records' },
      work: 'verify',
      everyMs: 24 * hour,
      waitsFirst: this.waitsFirst,
      times: new TaskTimes(this.folder, systemRandom),
      run: async () => {
        if (this.error) throw this.error;
        this.runs += 1;
        return this.canBeDone;
      },
    }));
  }

  get nowMs(): number {
    return Number(this.clock.nowNs() / 1_000_000n);
  }

  /** In how many hours it is due. */
  async dueInHours(): Promise<number> {
    return ((await this.task.look()).atMs - this.nowMs) / hour;
  }

  async run(): Promise<void> {
    const due: Due = await this.task.look();
    await due.run?.();
  }
}

test('what was never done is due at once, then every day, also when another process has done it', async () => {
  await using folder = await temporaryFolder();
  const stage = new DailyStage(folder.path);
  assert.equal(await stage.dueInHours(), 0);
  await stage.run();
  assert.equal(await stage.dueInHours(), 24);
  await stage.clock.advance(10 * hour);
  stage.newHost();
  assert.equal(await stage.dueInHours(), 14);
  assert.equal((await stage.task.look()).lastMs, stage.nowMs - 10 * hour);
  await stage.clock.advance(20 * hour);
  assert.equal(await stage.dueInHours(), 0, 'it may be late, and is never due in the past');
});

test('what fails is not done, and is tried again after an hour', async () => {
  await using folder = await temporaryFolder();
  const stage = new DailyStage(folder.path);
  stage.error = new Error('no');
  await assert.rejects(stage.run(), /no/);
  assert.equal(await stage.dueInHours(), 1);
  await stage.clock.advance(hour);
  assert.equal(await stage.dueInHours(), 0);
  stage.error = undefined;
  await stage.run();
  assert.deepEqual([await stage.dueInHours(), stage.runs], [24, 1]);
});

test('what could not be done now is tried again after an hour', async () => {
  await using folder = await temporaryFolder();
  const stage = new DailyStage(folder.path);
  stage.canBeDone = false;
  await stage.run();
  assert.deepEqual([await stage.dueInHours(), (await stage.task.look()).lastMs], [1, undefined]);
});

test('what waits first is due when its time has passed since it was first planned, by whichever process', async () => {
  await using folder = await temporaryFolder();
  const stage = new DailyStage(folder.path);
  stage.waitsFirst = true;
  stage.newHost();
  assert.equal(await stage.dueInHours(), 24);
  await stage.clock.advance(10 * hour);
  stage.newHost();
  assert.deepEqual([await stage.dueInHours(), (await stage.task.look()).lastMs], [14, undefined]);
  await stage.clock.advance(14 * hour);
  await stage.run();
  assert.deepEqual([await stage.dueInHours(), stage.runs], [24, 1]);
});

test('a clock that is put back, and a file that nobody understands, make it due once more', async () => {
  await using folder = await temporaryFolder();
  const stage = new DailyStage(folder.path);
  await stage.run();
  stage.clock.setWallClock(stage.clock.nowNs() - 1_000_000_000n);
  assert.equal(await stage.dueInHours(), 0);
  await stage.run();
  assert.equal(await stage.dueInHours(), 24);
  for (const text of ['', '{"done":{"records":"yesterday"}}', '[]']) {
    writeFileSync(join(folder.path, 'tasks.json'), text);
    assert.equal(await stage.dueInHours(), 0, text);
  }
});

test('the times of several tasks stand beside each other', async () => {
  await using folder = await temporaryFolder();
  const times = new TaskTimes(folder.path, systemRandom);
  await times.note('records', 1);
  await times.note('copy office', 2);
  await times.note('records', 3);
  assert.deepEqual([await times.lastMs('records'), await times.lastMs('copy office'), await times.lastMs('other')], [3, 2, undefined]);
});

test('what several tasks note at the same moment is all kept, also after one that could not be', async () => {
  await using folder = await temporaryFolder();
  const tasks = ['records', 'copy office', 'repository /backup planned', 'repository /other planned'];
  await Promise.all(tasks.map((task, at) => new TaskTimes(folder.path, systemRandom).note(task, at)));
  const times = new TaskTimes(folder.path, systemRandom);
  assert.deepEqual(await Promise.all(tasks.map((task) => times.lastMs(task))), [0, 1, 2, 3]);
  const file = join(folder.path, 'tasks.json');
  await rm(file);
  await mkdir(file); // in the way
  const [failed, alsoFailed] = await Promise.allSettled([times.note('records', 4), times.note('records', 5)]);
  assert.deepEqual([failed?.status, alsoFailed?.status], ['rejected', 'rejected']);
  await rm(file, { recursive: true });
  await times.note('records', 6);
  assert.equal(await times.lastMs('records'), 6);
});
