import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spaceChanges, type WatchedPlace } from '../../src/notices/index.ts';

const place = (location: string, freeBytes: WatchedPlace['freeBytes']): WatchedPlace => ({ location, freeBytes });

test('a disk that does not answer says nothing, and the others are looked at', async () => {
  const lates: AbortController[] = [];
  const lateness = (): AbortSignal => {
    const late = new AbortController();
    lates.push(late);
    return late.signal;
  };
  const asked: AbortSignal[] = [];
  const dead = place('/mnt/dead', (signal) => {
    asked.push(signal);
    return new Promise(() => undefined);
  });
  const places = [
    dead,
    place('/full', async () => 5),
    place('/lost', () => Promise.reject(new Error('EIO'))),
    place('/free', async () => 200),
  ];
  const looking = spaceChanges(places, 100, ['/mnt/dead', '/lost', '/free'], lateness);
  lates[0]?.abort(); // its time is over
  assert.deepEqual(await looking, [
    { location: '/full', freeBytes: 5, isLow: true },
    { location: '/free', freeBytes: 200, isLow: false },
  ]);
  assert.deepEqual(
    asked.map(({ aborted }) => aborted),
    [true],
    'nobody waits for it elsewhere either',
  );
});

test('a disk that wavers about the limit is told once', async () => {
  const changesAt = (free: number, low: readonly string[]) => spaceChanges([place('/a', async () => free)], 100, low);
  assert.equal((await changesAt(99, [])).length, 1);
  assert.deepEqual(await changesAt(99, ['/a']), []);
  assert.deepEqual(await changesAt(109, ['/a']), []);
  assert.deepEqual(await changesAt(111, ['/a']), [{ location: '/a', freeBytes: 111, isLow: false }]);
});
