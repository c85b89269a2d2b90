import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimiter, isAbort } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';

const kb = 1000;

test('in any order and size, and however many ask at once, bytes go at the rate', async () => {
  for (const seed of [1, 2, 3]) {
    const random = new SeededRandom(seed);
    const clock = new VirtualClock();
    const limiter = new RateLimiter(clock, () => 250 * kb);
    const sizes = Array.from({ length: 60 }, () => (1 + random.below(400)) * kb);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const streams = [0, 1, 2, 3].map(async (stream) => {
      for (let at = stream; at < sizes.length; at += 4) await limiter.take(sizes[at] ?? 0);
    });
    const rate = (total / (await msFor(clock, Promise.all(streams)))) * 1000;
    assert.ok(Math.abs(rate / (250 * kb) - 1) < 0.02, `seed ${seed}: ${rate}`);
  }
});

test('whoever rests saves up a quarter of a second, and no more', async () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, () => 100 * kb);
  await msFor(clock, limiter.take(1));
  await clock.advance(3_600_000);
  assert.ok((await msFor(clock, limiter.take(25 * kb))) <= 10);
  const ms = await msFor(clock, limiter.take(100 * kb));
  assert.ok(ms >= 990 && ms <= 1010, String(ms));
});

test('another rate counts within a second, also for who waits already; without one all go', async () => {
  const clock = new VirtualClock();
  const untilMs = Number(clock.nowNs() / 1_000_000n) + 10_000;
  const limiter = new RateLimiter(clock, (nowMs) => (nowMs < untilMs ? 10 * kb : undefined));
  // At the rate of the first ten seconds it would take a quarter of an hour.
  const ms = await msFor(clock, Promise.all([limiter.take(9_000 * kb), limiter.take(9_000 * kb)]));
  assert.ok(ms >= 10_000 && ms <= 11_010, String(ms));
  let rate: number | undefined = 1_000 * kb;
  const changing = new RateLimiter(clock, () => rate);
  const waiting = msFor(clock, changing.take(20_000 * kb));
  rate = 100 * kb;
  assert.ok((await waiting) > 100_000);
});

test('what went while there was no limit is no debt when one begins', async () => {
  const clock = new VirtualClock();
  const untilMs = Number(clock.nowNs() / 1_000_000n) + 10_000;
  const limiter = new RateLimiter(clock, (nowMs) => (nowMs < untilMs ? undefined : 10 * kb));
  await clock.advance(9_900);
  await msFor(clock, limiter.take(100_000 * kb));
  await clock.advance(1_000);
  assert.ok((await msFor(clock, limiter.take(10 * kb))) <= 1_010);
});

test('who gives up leaves the turn to the next, and takes nothing along; what could not wait counts for others', async () => {
  const clock = new VirtualClock();
  const limiter = new RateLimiter(clock, () => 100 * kb);
  const giving = new AbortController();
  const first = assert.rejects(limiter.take(100_000 * kb, giving.signal), (error) => isAbort(error));
  const second = limiter.take(100 * kb);
  await clock.advance(500);
  giving.abort();
  await first;
  assert.ok((await msFor(clock, second)) <= 1_010);
  limiter.note(200 * kb);
  const ms = await msFor(clock, limiter.take(100 * kb));
  assert.ok(ms >= 2_990 && ms <= 3_010, String(ms));
});
