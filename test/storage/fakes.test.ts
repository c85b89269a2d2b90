import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

describe('the seeded random source', () => {
  test('gives the same for one seed and something else for another', () => {
    assert.deepEqual(new SeededRandom(1).bytes(100), new SeededRandom(1).bytes(100));
    assert.notDeepEqual(new SeededRandom(1).bytes(100), new SeededRandom(2).bytes(100));
    assert.notDeepEqual(new SeededRandom(1).bytes(100), new SeededRandom(2 ** 40 + 1).bytes(100));
    assert.equal(Buffer.from(new SeededRandom(1).bytes(8)).toString('hex'), '7fda95892c2f4474');
  });

  test('uses all byte values and all numbers below the limit about equally', () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of new SeededRandom(3).bytes(256_000)) counts[byte] = (counts[byte] ?? 0) + 1;
    assert(counts.every((count) => count > 800 && count < 1200));
    const random = new SeededRandom(4);
    const thirds = [0, 0, 0];
    for (let i = 0; i < 9000; i++) thirds[random.below(3)]!++;
    assert(
      thirds.every((count) => count > 2800 && count < 3200),
      String(thirds),
    );
  });
});

describe('the virtual clock', () => {
  test('wakes sleepers in the order in which they are due, each at its own time', async () => {
    const clock = new VirtualClock();
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(`${name} at ${clock.monotonicMs()}`);
    };
    void sleeper('slow', 300);
    void sleeper('quick', 100).then(() => sleeper('quick again', 100));
    await clock.advance(250);
    assert.deepEqual(woken, ['quick at 100', 'quick again at 200']);
    assert.equal(clock.sleeping, 1);
    await clock.advance(50);
    assert.deepEqual(woken.at(-1), 'slow at 300');
  });

  test('a sleeper whose signal is aborted stops with its reason', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const sleep = clock.sleep(1000, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(sleep, /enough/);
    await assert.rejects(clock.sleep(1, controller.signal), /enough/);
    assert.equal(clock.sleeping, 0);
  });

  test('setting the wall clock does not touch durations', async () => {
    const clock = new VirtualClock({ startNs: 5_000_000_000n });
    await clock.advance(1.5);
    assert.equal(clock.nowNs(), 5_001_500_000n);
    clock.setWallClock(1n, 0);
    assert.equal(clock.monotonicMs(), 1.5);
    assert.equal(clock.offsetMinutes(clock.nowNs()), 0);
  });
});
