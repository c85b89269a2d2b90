import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OriginalLooks } from '../../src/offsite/index.ts';
import { systemClock, type Clock } from '../../src/platform/index.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const id = (digit: string): string => digit.repeat(64);

/** A clock that stands until it is moved; who sleeps on it sleeps until then. */
function standingClock(): Clock & { moveMs(ms: number): void } {
  let nowMs = 0;
  const sleepers = new Set<() => void>();
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: (ms) =>
      new Promise((resolve) => {
        const untilMs = nowMs + ms;
        const look = (): void => {
          if (nowMs >= untilMs) resolve();
          else sleepers.add(look);
        };
        look();
      }),
    moveMs: (ms) => {
      nowMs += ms;
      const waiting = [...sleepers];
      sleepers.clear();
      for (const look of waiting) look();
    },
  };
}

test('a look sees what came, at most a second later, and tells a repository that is away from one that is empty', async () => {
  await using folder = await temporaryFolder();
  const repository = join(folder.path, 'repository');
  const put = (...path: string[]): void => writeFileSync(join(repository, ...path), 'x');
  for (const kind of ['keys', 'index', 'snapshots']) mkdirSync(join(repository, kind), { recursive: true });
  put('config');
  put('keys', id('1'));
  put('snapshots', id('a'));
  const clock = standingClock();
  const looks = new OriginalLooks(clock);
  const snapshots = async (): Promise<unknown> => {
    const { found } = await looks.look(repository);
    return 'error' in found ? found.error.code : found.snapshots;
  };
  assert.deepEqual(await snapshots(), [id('a')]);
  put('snapshots', id('b'));
  put('snapshots', `${id('c')}-tmp-1`);
  assert.deepEqual(await snapshots(), [id('a')], 'the same look');
  clock.moveMs(1_000);
  assert.deepEqual(await snapshots(), [id('a'), id('b')]);
  rmSync(repository, { recursive: true });
  clock.moveMs(1_000);
  assert.equal(await snapshots(), 'storage.no-repository');
  mkdirSync(repository);
  clock.moveMs(1_000);
  assert.equal(await snapshots(), 'storage.no-repository', 'the mount point of a disk that is away');
});

test('an original that does not answer is unreachable after five seconds, and nobody waits for it again', async () => {
  const clock = standingClock();
  const begun = Promise.withResolvers<void>();
  let looked = 0;
  const looks = new OriginalLooks(clock, () => {
    looked += 1;
    begun.resolve();
    return new Promise(() => undefined);
  });
  const first = looks.look('/mnt/dead');
  await begun.promise;
  clock.moveMs(5_000);
  const { found } = await first;
  assert.deepEqual('error' in found && [found.error.code, found.error.facts], [
    'storage.unreachable',
    { location: '/mnt/dead', reason: 'ETIMEDOUT' },
  ]);
  clock.moveMs(60_000);
  assert.ok('error' in (await looks.look('/mnt/dead')).found);
  assert.equal(looked, 1);
});
