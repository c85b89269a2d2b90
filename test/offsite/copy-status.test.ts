import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  copyLeftMs,
  copyStatusOf,
  originalNamesOf,
  type CopyFacts,
  type CopyMemory,
  type CopyStateWord,
  type CopyStatus,
  type KeeperState,
  type OriginalLook,
  type RecordedError,
} from '../../src/offsite/index.ts';

const names = { name: 'office', repository: '/mnt/backup', to: 'gdrive:Backup/office', paused: false };
const nowMs = Date.parse('2026-11-23T22:10:00+07:00');
const wholeAt = '2026-11-23T21:40:00+07:00';
const triedAt = '2026-11-23T22:00:00+07:00';
const id = (digit: string): string => digit.repeat(64);
const namesOf = (...snapshots: string[]) => originalNamesOf(snapshots.map((name) => ({ kind: 'snapshots' as const, name, sizeBytes: 1 })));
const look = (...snapshots: string[]): OriginalLook => ({ atMs: nowMs, found: namesOf(...snapshots) });
const away: OriginalLook = { atMs: nowMs, found: { error: { code: 'storage.unreachable', facts: { location: '/mnt/backup' } } } };
const none = { files: 0, bytes: 0 };

const original = { snapshots: [id('a')], sha256: namesOf(id('a')).sha256 };
const whole: CopyMemory = {
  version: 1,
  source: names.repository,
  to: names.to,
  snapshots: [id('a')],
  original,
  lastWholeAt: wholeAt,
  lastSync: { at: wholeAt, outcome: 'whole', uploaded: none, trashedFiles: 0 },
};
const empty: CopyMemory = { version: 1, source: names.repository, to: names.to, snapshots: [] };
const lastTry = (outcome: 'incomplete' | 'failed' | 'stopped', code?: string): CopyMemory => ({
  ...whole,
  lastSync: { at: triedAt, outcome, uploaded: none, trashedFiles: 0, ...(code !== undefined && { error: { code, facts: {} } }) },
});
const behind = { files: 3, bytes: 300, since: triedAt };
const far = { phase: 'copying', elapsedMs: 60_000, filesDone: 3, filesTotal: 9, bytesDone: 300, bytesTotal: 900 } as const;
const underway = (atMs: number): CopyMemory['underway'] => ({ at: new Date(atMs).toISOString(), ...far });
const keeper: KeeperState = {
  activity: 'waiting',
  watch: { mode: 'events' },
  trouble: undefined,
  progress: undefined,
  changedSinceMs: undefined,
};
const trouble = {
  kind: 'drive-unavailable',
  code: 'drive.unavailable',
  facts: {},
  sinceMs: nowMs - 1000,
  retryAtMs: nowMs + 60_000,
} as const;
const signedOut: RecordedError = { code: 'drive.signed-out', facts: { reason: 'nobody has signed in' } };
const facts: CopyFacts = { memory: whole, keeper: undefined, original: look(id('a')), signIn: undefined, nowMs };
const statusOf = (change: Partial<CopyFacts>, paused = false): CopyStatus => copyStatusOf({ ...names, paused }, { ...facts, ...change });

/** What is special, the word, and what else is said. */
const table: readonly (readonly [string, Partial<CopyFacts>, CopyStateWord, Partial<CopyStatus>])[] = [
  ['whole, nothing new, nobody watches', {}, 'in-sync', { asOf: wholeAt, since: undefined, trouble: undefined }],
  ['whole, nothing new, watched', { keeper }, 'in-sync', { asOf: undefined }],
  [
    'whole, watched, and nobody looked: events get lost',
    { keeper, original: undefined },
    'unknown',
    { unknownBecause: 'original-not-compared' },
  ],
  ['another repository took its place, and the watch did not notice', { keeper, original: look(id('b')) }, 'behind', {}],
  ['whole, the watch is lost', { keeper: { ...keeper, watch: { mode: 'lost', reason: 'EIO' } } }, 'in-sync', { asOf: wholeAt }],
  [
    'whole, the watch is lost, and nobody looked',
    { keeper: { ...keeper, watch: { mode: 'lost', reason: 'EIO' } }, original: undefined },
    'unknown',
    { unknownBecause: 'original-not-compared' },
  ],
  [
    'a keeper that only begins knows nothing yet',
    { keeper: { ...keeper, activity: 'starting' }, original: undefined },
    'unknown',
    { unknownBecause: 'original-not-compared', asOf: wholeAt },
  ],
  ['nobody looked at the original', { original: undefined }, 'unknown', { unknownBecause: 'original-not-compared', asOf: wholeAt }],
  ['the original is away', { original: away }, 'unknown', { unknownBecause: 'original-unreadable', asOf: wholeAt, since: wholeAt }],
  ['the original is away, although it is watched', { original: away, keeper }, 'unknown', { unknownBecause: 'original-unreadable' }],
  ['a backup that nobody copied', { original: look(id('a'), id('b')) }, 'behind', { behind: undefined, asOf: wholeAt, since: wholeAt }],
  ['a snapshot that was removed', { original: look() }, 'behind', {}],
  ['a change that the keeper noticed', { keeper: { ...keeper, changedSinceMs: nowMs - 1 } }, 'behind', {}],
  [
    'a memory from before the original was remembered',
    { memory: { ...whole, original: undefined } },
    'unknown',
    { unknownBecause: 'original-not-compared' },
  ],
  ['what a sample found rotten', { memory: { ...whole, distrusted: ['drive-id'] } }, 'behind', {}],
  [
    'another process copies',
    { memory: { ...whole, behind, underway: underway(nowMs - 20_000) } },
    'copying',
    { behind, since: undefined, progress: { ...far, currentPath: '' } },
  ],
  ['another process copied, and was ended by force', { memory: { ...whole, behind, underway: underway(nowMs - 200_000) } }, 'behind', {}],
  ['files that are missing', { memory: { ...whole, behind } }, 'behind', { behind, since: triedAt }],
  ['the last try was incomplete', { memory: { ...lastTry('incomplete'), behind } }, 'behind', { behind }],
  ['the last try was incomplete, and the rest is forgotten', { memory: lastTry('incomplete') }, 'behind', {}],
  ['the last try was stopped', { memory: lastTry('stopped') }, 'unknown', { unknownBecause: 'last-try-stopped', asOf: wholeAt }],
  ['the last try was stopped, and files are missing', { memory: { ...lastTry('stopped'), behind } }, 'behind', { behind }],
  [
    'the network was away',
    { memory: lastTry('failed', 'drive.unavailable') },
    'stopped-by-trouble',
    { trouble: { kind: 'drive-unavailable', code: 'drive.unavailable', facts: {}, sinceMs: Date.parse(triedAt), triedAt } },
  ],
  [
    'Drive was full',
    { memory: { ...lastTry('failed', 'drive.full'), behind } },
    'stopped-by-trouble',
    { behind, since: triedAt, trouble: { kind: 'full', code: 'drive.full', facts: {}, sinceMs: Date.parse(triedAt), triedAt } },
  ],
  [
    'it failed for a reason of a newer version',
    { memory: lastTry('failed', 'drive.new') },
    'stopped-by-trouble',
    { trouble: { kind: 'other', code: 'drive.new', facts: {}, sinceMs: Date.parse(triedAt), triedAt } },
  ],
  [
    'a sample that could not be read',
    { memory: { ...whole, failed: { sample: { at: triedAt, error: { code: 'drive.denied', facts: {} } } } } },
    'in-sync',
    { trouble: { kind: 'denied', code: 'drive.denied', facts: {}, sinceMs: Date.parse(triedAt), triedAt, beside: 'sample' } },
  ],
  [
    'a sample for which nobody was signed in, and a copying since',
    { memory: { ...lastTry('incomplete'), failed: { sample: { at: wholeAt, error: { code: 'drive.signed-out', facts: {} } } } } },
    'behind',
    { trouble: undefined },
  ],
  ['it failed, and nobody knows why', { memory: lastTry('failed') }, 'stopped-by-trouble', {}],
  [
    'a keeper that begins after a failure',
    { memory: lastTry('failed', 'drive.full'), keeper: { ...keeper, activity: 'starting' } },
    'stopped-by-trouble',
    {},
  ],
  [
    'nobody is signed in',
    { signIn: signedOut },
    'stopped-by-trouble',
    { asOf: wholeAt, trouble: { kind: 'signed-out', ...signedOut, sinceMs: undefined, triedAt: undefined } },
  ],
  ['nobody is signed in, and the keeper has not noticed', { signIn: signedOut, keeper }, 'stopped-by-trouble', {}],
  [
    'nobody is signed in, and the network is away as well',
    { signIn: signedOut, keeper: { ...keeper, trouble } },
    'stopped-by-trouble',
    { trouble: { kind: 'signed-out', ...signedOut, sinceMs: undefined, triedAt: undefined } },
  ],
  [
    'a keeper in trouble',
    { keeper: { ...keeper, trouble } },
    'stopped-by-trouble',
    { trouble: { kind: 'drive-unavailable', code: 'drive.unavailable', facts: {}, sinceMs: nowMs - 1000, triedAt: undefined } },
  ],
  ['a keeper in trouble that tries again', { keeper: { ...keeper, trouble, activity: 'look' } }, 'copying', {}],
  ['a keeper that is paused, in trouble', { keeper: { ...keeper, trouble, activity: 'paused' } }, 'paused', { asOf: wholeAt }],
  [
    'a scrub that heals',
    {
      keeper: {
        ...keeper,
        activity: 'scrub',
        progress: { phase: 'copying', elapsedMs: 0, filesDone: 0, filesTotal: 1, bytesDone: 0, bytesTotal: 1, currentPath: '' },
      },
    },
    'copying',
    {},
  ],
  ['a scrub', { keeper: { ...keeper, activity: 'scrub' } }, 'scrubbing', {}],
  ['nothing is remembered', { memory: empty }, 'unknown', { unknownBecause: 'never-looked', asOf: undefined }],
  ['nothing is remembered, watched', { memory: empty, keeper }, 'unknown', { unknownBecause: 'never-looked' }],
  [
    'what is remembered cannot be read',
    { memory: empty, memoryError: { code: 'storage.denied', facts: {} } },
    'unknown',
    { unknownBecause: 'memory-unreadable' },
  ],
  ['a time that is still to come', { nowMs: Date.parse(wholeAt) - 1 }, 'unknown', { unknownBecause: 'clock' }],
  ['no time at all', { memory: { ...whole, lastWholeAt: 'yesterday' } }, 'unknown', { unknownBecause: 'clock' }],
];

for (const [what, change, word, more] of table) {
  test(`the state of a copy: ${what}: ${word}`, () => {
    const status = statusOf(change);
    const said = Object.fromEntries(Object.keys(more).map((key) => [key, status[key as keyof CopyStatus]]));
    assert.deepEqual([status.state, said], [word, more]);
  });
}

test('how long it takes yet follows from the rate so far, as soon as there is one', () => {
  assert.equal(copyLeftMs({ ...far, currentPath: '' }), 120_000);
  assert.equal(copyLeftMs({ ...far, bytesDone: 0, currentPath: '' }), undefined);
  assert.equal(copyLeftMs({ ...far, elapsedMs: 10, currentPath: '' }), undefined);
});

test('a copy that is paused says so where nobody keeps it up, and of when it was whole', () => {
  assert.deepEqual([statusOf({}, true).state, statusOf({}, true).asOf], ['paused', wholeAt]);
  assert.equal(statusOf({ original: look(id('a'), id('b')) }, true).original?.state, 'changed');
});

test('what came since the copy was whole is named, also when Drive could not prove a snapshot by its checksum', () => {
  const status = statusOf({ memory: { ...whole, snapshots: [] }, original: look(id('a'), id('b'), id('c')) });
  assert.deepEqual(status.original?.newSnapshots, [id('b'), id('c')]);
  assert.equal(statusOf({ memory: { ...whole, snapshots: [] } }).state, 'in-sync');
});

const rarely = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const anyError = fc
  .constantFrom('drive.unavailable', 'drive.full', 'drive.denied', 'drive.signed-out', 'storage.unreachable', 'other')
  .map((code) => ({ code, facts: {} }));
const anySnapshots = fc.subarray([id('a'), id('b')]);
const anyTime = fc.constantFrom(wholeAt, triedAt, undefined, '2026-11-23T23:00:00+07:00', 'nonsense');
const anyTry = fc.option(
  fc.record({
    at: fc.constantFrom(wholeAt, triedAt),
    outcome: fc.constantFrom('whole', 'whole', 'whole', 'whole', 'incomplete', 'failed', 'stopped'),
    error: anyError,
  }),
  { nil: undefined, freq: 8 },
);
const anyMemory: fc.Arbitrary<CopyMemory> = fc
  .record({
    lastWholeAt: anyTime,
    lastSync: anyTry.map((last) => last && { ...last, uploaded: none, trashedFiles: 0 }),
    behind: rarely(fc.constant(behind)),
    distrusted: rarely(fc.constantFrom<string[]>([], ['drive-id'])),
    snapshots: anySnapshots,
    original: fc.option(
      anySnapshots.map((snapshots) => ({ snapshots, sha256: namesOf(...snapshots).sha256 })),
      { nil: undefined, freq: 5 },
    ),
  })
  .map((memory) => ({ ...empty, ...memory }));
const anyKeeper: fc.Arbitrary<KeeperState> = fc.record({
  activity: fc.constantFrom('starting', 'waiting', 'waiting', 'paused', 'look', 'sync', 'scrub', 'sample', 'readable'),
  watch: fc.constantFrom<KeeperState['watch']>(
    { mode: 'starting' },
    { mode: 'events' },
    { mode: 'polling' },
    { mode: 'lost', reason: 'EIO' },
  ),
  trouble: rarely(fc.constant(trouble)),
  progress: fc.constant(undefined),
  changedSinceMs: rarely(fc.constant(nowMs - 1)),
});
const anyFacts: fc.Arbitrary<CopyFacts> = fc.record({
  memory: anyMemory,
  memoryError: rarely(anyError),
  keeper: fc.option(anyKeeper, { nil: undefined, freq: 2 }),
  original: fc.option(
    fc.oneof({ weight: 4, arbitrary: anySnapshots.map((snapshots) => look(...snapshots)) }, { weight: 1, arbitrary: fc.constant(away) }),
    { nil: undefined, freq: 4 },
  ),
  signIn: rarely(fc.constant(signedOut)),
  nowMs: fc.constant(nowMs),
});

test('in sync is said only when the last look at everything was whole, nothing has failed since, and the original is what it was then', () => {
  const said = { inSync: 0, other: 0 };
  fc.assert(
    fc.property(anyFacts, fc.boolean(), (any, paused) => {
      const status = copyStatusOf({ ...names, paused }, any);
      if (status.state !== 'in-sync') return void (said.other += 1);
      said.inSync += 1;
      const { memory, keeper: kept, original: seen } = any;
      assert.deepEqual([memory.lastSync?.outcome, memory.behind, memory.distrusted?.length ?? 0], ['whole', undefined, 0]);
      assert.deepEqual([any.signIn, any.memoryError, kept?.trouble, kept?.changedSinceMs], [undefined, undefined, undefined, undefined]);
      assert.ok(memory.lastWholeAt !== undefined && Date.parse(memory.lastWholeAt) <= any.nowMs);
      const isWatched = kept?.activity === 'waiting' && ['events', 'polling'].includes(kept.watch.mode);
      assert.ok(seen !== undefined && 'sha256' in seen.found && seen.found.sha256 === memory.original?.sha256);
      assert.equal(status.asOf, isWatched ? undefined : memory.lastWholeAt);
      assert.ok(!paused || kept !== undefined);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(said.inSync > 30 && said.other > 1000, `the chance is of use: ${JSON.stringify(said)}`);
});

test('whatever comes to keys, indexes or snapshots, or goes from them, shows; packs, locks and files that are cut short do not', () => {
  const files = [
    { kind: 'keys', name: id('1'), sizeBytes: 9 },
    { kind: 'index', name: id('2'), sizeBytes: 9 },
    { kind: 'snapshots', name: id('3'), sizeBytes: 9 },
  ] as const;
  const { sha256, snapshots } = originalNamesOf(files);
  assert.deepEqual(snapshots, [id('3')]);
  assert.equal(originalNamesOf(files.toReversed()).sha256, sha256);
  assert.equal(
    originalNamesOf([
      ...files,
      { kind: 'data', name: id('4'), sizeBytes: 9 },
      { kind: 'config', name: '', sizeBytes: 9 },
      { kind: 'index', name: id('5'), sizeBytes: 0 },
    ]).sha256,
    sha256,
  );
  const others = [
    ...files.map((gone) => files.filter((file) => file !== gone)),
    ...(['keys', 'index', 'snapshots'] as const).map((kind) => [...files, { kind, name: id('6'), sizeBytes: 9 }]),
  ];
  assert.equal(new Set([sha256, ...others.map((other) => originalNamesOf(other).sha256)]).size, 7);
});
