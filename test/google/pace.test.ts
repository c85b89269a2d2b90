import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimiter } from '../../src/platform/index.ts';
import { DriveStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';
import { fileOf } from '../storage/conformance.ts';
import { driveStage } from './drive-stage.ts';

test('bytes go to Google Drive and come from there no faster than they may, whole, and questions do not wait', async () => {
  const clock = new VirtualClock();
  const bytesPerSecond = 100_000;
  const limiter = (): RateLimiter => new RateLimiter(clock, () => bytesPerSecond);
  await using stage = await driveStage({ client: { pace: { upload: limiter(), download: limiter() } } });
  const storage = new DriveStorage(stage.client, 'Backup/r');
  await storage.create(neverAborted);
  const random = new SeededRandom(9);
  const files = Array.from({ length: 3 }, () => random.bytes(400_000));
  // The clock moves on whether the network does or not: slower than the rate it may be, and faster never.
  const fastest = (1_200_000 / bytesPerSecond) * 1000 * 0.95;
  const up = await msFor(clock, Promise.all(files.map((bytes) => storage.write(fileOf(bytes), bytes, neverAborted))));
  assert.ok(up >= fastest, `written in ${up} ms`);
  let read: Uint8Array[] = [];
  const reading = Promise.all(files.map((bytes) => storage.read(fileOf(bytes), neverAborted))).then((all) => (read = all));
  const down = await msFor(clock, reading);
  assert.ok(down >= fastest, `read in ${down} ms`);
  assert.deepEqual(
    read.map((bytes, at) => Buffer.from(bytes).equals(files[at] ?? new Uint8Array())),
    [true, true, true],
  );
  assert.equal((await storage.list('data', neverAborted)).length, 3, 'while the clock stands still');
});
