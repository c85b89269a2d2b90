import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeServers, type BackupHistory, type Expectation, type SeenRepository } from '../../src/upkeep/index.ts';

const hourMs = 3_600_000;
const seenMs = Date.parse('2026-11-30T21:05:00Z');
const place = '/mnt/repository';

const history = (agoHours: number, more: Partial<BackupHistory> = {}): BackupHistory => ({
  host: 'srv-02',
  paths: ['/srv'],
  snapshotCount: 9,
  newest: { id: 'a', timeMs: seenMs - agoHours * hourMs, bytes: 1000 },
  ...more,
});

const seen = (histories: readonly BackupHistory[], more: Partial<SeenRepository> = {}): SeenRepository => ({
  location: place,
  seenMs,
  isCurrent: true,
  histories,
  ...more,
});

const expected = (more: Partial<Expectation> = {}): Expectation => ({
  host: 'srv-02',
  set: undefined,
  location: undefined,
  measure: { hours: 26, by: 'configuration' },
  isRetired: false,
  isWanted: true,
  ...more,
});

/** `[what, age in hours, rhythm in hours, expectation, state]` */
const cases: readonly (readonly [string, number, number | undefined, Expectation | undefined, string])[] = [
  ['within its objective', 26, 24, expected(), 'in-time'],
  ['a minute beyond it', 26 + 1 / 60, 24, expected(), 'late'],
  ['at three times its objective', 78, 24, expected(), 'late'],
  ['beyond three times its objective', 78.1, 24, expected(), 'silent'],
  ['the objective counts, and not the rhythm', 30, 168, expected(), 'late'],
  ['within half as much again as its rhythm', 36, 24, undefined, 'in-time'],
  ['beyond that', 36.1, 24, undefined, 'late'],
  ['long beyond its rhythm', 109, 24, undefined, 'silent'],
  ['nothing to hold it against', 5000, undefined, undefined, 'unknown no-measure'],
  ['a weekly server after five days', 120, 168, undefined, 'in-time'],
  ['an entry without an objective leaves the rhythm', 40, 24, expected({ measure: undefined }), 'late'],
  ['a clock that is an hour ahead', -1, 24, expected(), 'in-time'],
  ['a date more than a day ahead', -25, 24, expected(), 'unknown future'],
  ['retired', 5000, 24, expected({ isRetired: true, isWanted: false }), 'retired'],
  ['the name in other letters is the same', 30, 168, expected({ host: 'SRV-02' }), 'late'],
  ['of another server', 30, 24, expected({ host: 'srv-03', isWanted: false }), 'in-time'],
  ['of another set', 30, 24, expected({ set: 'data', isWanted: false }), 'in-time'],
  ['of another repository', 30, 24, expected({ location: '/elsewhere', isWanted: false }), 'in-time'],
];

for (const [what, ageHours, rhythmHours, expectation, wanted] of cases)
  test(`a server is judged: ${what}`, () => {
    const servers = judgeServers([seen([history(ageHours, { rhythmHours })])], expectation ? [expectation] : []);
    const [server] = servers;
    assert.equal(servers.length, 1);
    assert.equal([server?.state, server?.backups[0]?.why].filter((word) => word !== undefined).join(' '), wanted);
  });

test('of what was not looked at nothing is claimed, and the time of the last look is kept', () => {
  const [server] = judgeServers([seen([history(1, { rhythmHours: 24 })], { isCurrent: false })], [expected()]);
  const [backups] = server?.backups ?? [];
  assert.deepEqual([server?.state, backups?.why, backups?.seenMs, backups?.ageMs], ['unknown', 'not-looked', seenMs, undefined]);
});

test('a server that is wanted and nowhere is silent, but only when every place was looked at', () => {
  const state = (repositories: readonly SeenRepository[]) =>
    judgeServers(repositories, [expected()]).map(({ host, state }) => [host, state]);
  assert.deepEqual(state([seen([])]), [['srv-02', 'silent']]);
  assert.deepEqual(state([seen([]), seen([], { location: '/other', isCurrent: false })]), [['srv-02', 'unknown']]);
  assert.deepEqual(state([]), [['srv-02', 'unknown']]);
  assert.deepEqual(judgeServers([seen([])], [expected({ isWanted: false })]), []);
});

test('an own set without a backup in its repository stands beside the sets that have one', () => {
  const own = [expected({ set: 'data', location: place }), expected({ set: 'mail', location: place })];
  const [server, ...others] = judgeServers([seen([history(1, { set: 'data' })])], own);
  assert.deepEqual(others, []);
  assert.equal(server?.state, 'late', 'a part of it comes');
  assert.deepEqual(
    server.backups.map(({ set, state }) => [set, state]),
    [
      ['mail', 'silent'],
      ['data', 'in-time'],
    ],
  );
});

/** `[states of what it backs up, as ages in hours or words, its own]`; the objective is 26 hours. */
const wholes: readonly (readonly [readonly (number | 'no-measure' | 'retired')[], string])[] = [
  [[1, 2], 'in-time'],
  [[1, 30], 'late'],
  [[1, 100], 'late'],
  [[100, 100], 'silent'],
  [[1, 'no-measure'], 'in-time'],
  [[100, 'no-measure'], 'late'],
  [['no-measure'], 'unknown'],
  [[100, 'retired'], 'silent'],
  [[1, 'retired'], 'in-time'],
  [['retired', 'retired'], 'retired'],
  [[1, -48], 'unknown'],
];

for (const [parts, wanted] of wholes)
  test(`a server of which a part is each of ${parts.join(', ')} is ${wanted}`, () => {
    const histories = parts.map((part, at) => history(typeof part === 'number' ? part : 1, { set: `set${at}` }));
    const expectations = parts.map((part, at) =>
      expected({ set: `set${at}`, isRetired: part === 'retired', ...(part === 'no-measure' && { measure: undefined }) }),
    );
    assert.equal(judgeServers([seen(histories)], expectations)[0]?.state, wanted);
  });

test('a backup by hand of long ago does not make a silent server one that is heard of', () => {
  const [old, recent] = [400, 3].map((age) => history(age, { set: 'by-hand' }));
  const state = (byHand: BackupHistory | undefined) =>
    judgeServers([seen([history(100, { set: 'data' }), ...(byHand ? [byHand] : [])])], [expected({ set: 'data' })])[0]?.state;
  assert.deepEqual([state(old), state(recent)], ['silent', 'late']);
});

test('sizes are added up as long as all are known; what is retired does not count', () => {
  const size = (...bytes: (number | undefined)[]) =>
    judgeServers([seen(bytes.map((some, at) => history(1, { set: `s${at}`, newest: { id: 'a', timeMs: seenMs, bytes: some } })))], [])[0]
      ?.bytes;
  assert.equal(size(1, 2), 3);
  assert.equal(size(1, undefined), undefined);
  assert.equal(size(0), 0);
});

test('what the configuration names twice, in whatever letters, is told of once, as the first entry has it', () => {
  const twice = [expected(), expected({ host: 'SRV-02', measure: { hours: 2, by: 'configuration' } }), expected({ set: 'data' })];
  const [server, ...others] = judgeServers([seen([])], twice);
  assert.deepEqual(others, []);
  assert.equal(server?.host, 'srv-02');
  assert.deepEqual(
    server?.backups.map(({ set, measure }) => [set, measure?.hours]),
    [
      [undefined, 26],
      ['data', 26],
    ],
  );
  const retired = expected({ isRetired: true, isWanted: false });
  assert.deepEqual(judgeServers([seen([])], [retired, expected()]), [], 'an entry that says that nothing comes is not undone by another');
});

test('trouble stands first, then names', () => {
  const some = [history(1, { host: 'b' }), history(1, { host: 'a' }), history(999, { host: 'z' }), history(30, { host: 'y' })];
  const all = some.map((one) => ({ ...one, rhythmHours: 18 }));
  assert.deepEqual(
    judgeServers([seen(all)], []).map(({ host, state }) => `${host} ${state}`),
    ['z silent', 'y late', 'a in-time', 'b in-time'],
  );
});

test('one server in two repositories is one, with what it has in each', () => {
  const other = seen([history(500, { rhythmHours: 24 })], { location: '/other' });
  const [server, ...others] = judgeServers([seen([history(1, { rhythmHours: 24 })]), other], []);
  assert.equal(others.length, 0);
  assert.deepEqual(
    server?.backups.map(({ location, state }) => [location, state]),
    [
      ['/other', 'silent'],
      [place, 'in-time'],
    ],
  );
  assert.equal(server.state, 'late');
});
