import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import type { RunResult } from '../../src/service/index.ts';
import { AskedWorks } from '../../src/service/asked-works.ts';

const told = (run: string, outcome: RunResult['outcome']): RunResult => ({
  run,
  job: 'offsite-sync',
  outcome,
  startedAt: '',
  endedAt: '',
  exceptions: [],
  exceptionCount: 0,
  files: 0,
  bytes: 0,
  bytesAdded: 0,
});
/** Whoever waits for something that is settled has it by then. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Works that go on until they are ended, or stopped. */
class Stage {
  readonly ending = new AbortController();
  readonly works = new AskedWorks(this.ending.signal);
  /** What happened, in order. */
  readonly log: string[] = [];
  readonly #running = new Map<string, () => void>();

  ask(run: string, { sameAs = 'sync', copy = 'office', signal = new AbortController().signal } = {}): Promise<string> {
    const asked = this.works.ask(
      {
        copy,
        sameAs,
        run,
        make: (stop, begun) => this.#make(run, stop, begun),
        withdrawn: () => told(run, 'stopped'),
        onWait: (joined) => this.log.push(`${run} waits${joined === undefined ? '' : ` for ${joined}`}`),
      },
      signal,
    );
    return asked.then(
      (result) => `${result.run} ${result.outcome}`,
      (error: unknown) => (isCode(error, 'aborted') ? 'let go' : String(error)),
    );
  }

  end(run: string): void {
    this.#running.get(run)?.();
  }

  #make(run: string, stop: AbortSignal, begun: () => void): Promise<RunResult> {
    begun();
    this.log.push(`${run} begins`);
    return new Promise((resolve) => {
      this.#running.set(run, () => resolve(told(run, 'success')));
      stop.addEventListener('abort', () => resolve(told(run, 'stopped')));
    });
  }
}

test('works on a copy come one after the other; who asks for the same before it has begun is told of the same run', async () => {
  const stage = new Stage();
  const first = stage.ask('1');
  await settled();
  const all = [first, stage.ask('2'), stage.ask('3'), stage.ask('4', { sameAs: 'scrub' }), stage.ask('5', { copy: 'home' })];
  await settled();
  assert.deepEqual(stage.log, ['1 begins', '2 waits', '3 waits for 2', '4 waits', '5 begins']);
  for (const run of ['1', '2', '4', '5']) {
    stage.end(run);
    await settled();
  }
  assert.deepEqual(await Promise.all(all), ['1 success', '2 success', '2 success', '4 success', '5 success']);
  assert.deepEqual(stage.log.slice(5), ['2 begins', '4 begins']);
  assert.equal(stage.works.stop('office'), false, 'nothing is left');
});

test('who lets go stops the run that he began, also before its turn, and never that of another', async () => {
  const stage = new Stage();
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
  const first = stage.ask('1', { signal: one.signal });
  await settled();
  const second = stage.ask('2', { signal: two.signal });
  const joined = stage.ask('3', { signal: three.signal });
  three.abort();
  assert.equal(await joined, 'let go');
  const staying = stage.ask('4');
  two.abort();
  assert.deepEqual([await second, await staying], ['2 stopped', '2 stopped'], 'while the first one goes on');
  one.abort();
  assert.equal(await first, '1 stopped');
  assert.deepEqual(
    stage.log.filter((line) => line.endsWith('begins')),
    ['1 begins'],
  );
});

test('all that was asked for at a copy is stopped at once; at the end, at every copy', async () => {
  const stage = new Stage();
  const office = [stage.ask('1'), stage.ask('2', { sameAs: 'scrub' })];
  const home = stage.ask('3', { copy: 'home' });
  await settled();
  assert.equal(stage.works.stop('office'), true);
  assert.deepEqual(await Promise.all(office), ['1 stopped', '2 stopped']);
  stage.ending.abort();
  assert.equal(await home, '3 stopped');
});
