import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTimestamp, type SnapshotId, type StoredSnapshot } from '../../src/repository/index.ts';
import { parseConfiguration } from '../../src/settings/index.ts';
import {
  changedTags,
  defaultThresholds,
  parseGroupBy,
  planRetention,
  policyOfSet,
  policyWords,
  protectionOf,
  removedBy,
  retentionHolds,
  thresholdsOfSet,
  type ChangeFigures,
  type RetentionEvidence,
  type RetentionHold,
} from '../../src/upkeep/index.ts';
import { policyOf, snapshotAt } from './policy-options.ts';

const moment = { nowNs: 2n ** 62n, today: '2026-11-29' };
const nothingKnown: RetentionEvidence = {
  nowNs: parseTimestamp('2026-11-29T21:00:00+07:00').ns,
  newest: [],
  clockForward: undefined,
  all: [],
  sets: [],
  unreadable: [],
  missing: [],
  changes: [],
  nights: [],
  open: [],
  released: new Set(),
};

function planOf(snapshots: readonly StoredSnapshot[], flags: string, grouping = 'host,paths') {
  return planRetention(snapshots, { policy: policyOf(flags), groupBy: parseGroupBy(grouping) }, moment);
}

function holdsOf(
  snapshots: readonly StoredSnapshot[],
  flags: string,
  evidence: Partial<RetentionEvidence> = {},
  thresholds = defaultThresholds,
) {
  return retentionHolds(planOf(snapshots, flags), true, { ...nothingKnown, all: snapshots, ...evidence }, thresholds);
}

const kindsOf = (holds: readonly RetentionHold[]): readonly string[] => holds.map(({ kind }) => kind);
const evenings = (tags: readonly (readonly string[])[]): StoredSnapshot[] =>
  tags.map((own, at) => snapshotAt(`s${at}`, `2026-11-${String(at + 1).padStart(2, '0')}T21:00:00+07:00`, { tags: own }));

describe('protection', () => {
  test('a tag keeps a snapshot, a hold until its last day is over, one that names no day for ever', () => {
    const protections = [
      'keep',
      'hold:2026-11-29',
      'hold:2026-11-28',
      'hold',
      'hold:',
      'hold:2026-02-30',
      'hold:soon',
      'holding',
      'keeper',
    ].map((tag) => protectionOf({ tags: ['data', tag] }, '2026-11-29'));
    const held = (until?: string) => ({ kind: 'held', until });
    assert.deepEqual(protections, [
      { kind: 'protected' },
      held('2026-11-29'),
      undefined,
      held(),
      held(),
      held(),
      held(),
      undefined,
      undefined,
    ]);
  });

  test('of several holds the longest counts', () => {
    const until = protectionOf({ tags: ['hold:2026-12-31', 'hold:2027-06-30', 'hold:2001-01-01'] }, '2026-11-29');
    assert.deepEqual(until, { kind: 'held', until: '2027-06-30' });
  });

  test('what is protected stays beside what the rule wants, and takes no count from it', () => {
    const plan = planOf(evenings([[], ['keep'], [], []]), '--keep-last 1');
    assert.deepEqual(
      plan.groups.map(({ keep, remove }) => [keep.length, remove.length]),
      [[2, 2]],
    );
  });
});

describe('what holds a removal back', () => {
  test('nothing does, where all is as usual, and where nothing would go', () => {
    assert.deepEqual(holdsOf(evenings([[], [], []]), '--keep-last 1'), []);
    assert.deepEqual(holdsOf(evenings([[]]), '--keep-last 1', { unreadable: ['snapshots/ab'], missing: ['cd'] }), []);
  });

  test('a rule that keeps nothing of a group; what is protected there does not make it one that does', () => {
    assert.deepEqual(kindsOf(holdsOf(evenings([[], []]), '--keep-tag mistyped')), ['keeps-nothing', 'empties']);
    assert.deepEqual(kindsOf(holdsOf(evenings([['keep'], []]), '--keep-tag mistyped')), ['keeps-nothing']);
  });

  test('the newest backup would go: a battery was empty, and tonight is a January', () => {
    const all = evenings([[], [], []]);
    const tonight = snapshotAt('tonight', '2026-01-01T00:03:00+07:00');
    const snapshots = [...all, tonight];
    const held = (newest: StoredSnapshot) => holdsOf(snapshots, '--keep-daily 2', { newest: [newest.id] });
    assert.deepEqual(
      held(tonight).map((hold) => hold.kind === 'newest-backup' && [hold.snapshot, hold.time]),
      [[tonight.id, '2026-01-01T00:03:00+07:00']],
    );
    assert.deepEqual(held(all[2] ?? tonight), []);
    const tagged = { ...tonight, snapshot: { ...tonight.snapshot, original: all[0]?.id ?? tonight.id } };
    const known = holdsOf([...all.slice(1), tagged], '--keep-daily 2', { newest: [all[0]?.id ?? ''] });
    assert.deepEqual(kindsOf(known), ['newest-backup'], 'tags were changed since, and it is known by the name before');
    const byHand = { groups: [{ key: {}, keep: [], remove: [tonight] }] };
    assert.deepEqual(retentionHolds(byHand, false, { ...nothingKnown, all: snapshots, newest: [tonight.id] }), [], 'a person has named it');
  });

  test('a backup has a date still to come, by more than the clocks of two machines differ', () => {
    const held = (time: string) => holdsOf([...evenings([[], []]), snapshotAt('ahead', time)], '--keep-last 1');
    assert.deepEqual(kindsOf(held('2027-11-29T21:00:00+07:00')), ['future']);
    assert.deepEqual(kindsOf(held('2026-11-30T21:00:01+07:00')), ['future']);
    assert.deepEqual(held('2026-11-30T21:00:00+07:00'), []);
    const [first] = held('2027-11-29T21:00:00+07:00');
    assert.deepEqual(
      kindsOf(
        holdsOf([...evenings([[]]), snapshotAt('ahead', '2027-11-29T21:00:00+07:00')], '--keep-last 1', {
          released: new Set([first?.subject ?? '']),
        }),
      ),
      [],
    );
  });

  test('the clock was set forward, and what would go is from before that', () => {
    const ahead = snapshotAt('ahead', '2027-11-29T21:00:00+07:00');
    const later = snapshotAt('later', '2027-11-30T21:00:00+07:00');
    const [from, to] = ['2026-11-29T21:00:00+07:00', '2027-11-29T20:00:00+07:00'];
    const clockForward = { id: '7', from, to, fromNs: parseTimestamp(from).ns };
    const evidence = { clockForward, nowNs: later.timeNs };
    const [hold, ...more] = holdsOf([...evenings([[], []]), ahead], '--keep-within 30d', evidence);
    assert.deepEqual([hold, more], [{ kind: 'clock-forward', subject: 'clock-forward:7', from, to }, []]);
    assert.deepEqual(holdsOf([ahead, later], '--keep-last 1', evidence), []);
  });

  test('a place that would be left without a snapshot, when a person names its last one', () => {
    const all = [...evenings([[], []]), snapshotAt('alone', '2026-11-01T00:00:00Z', { paths: ['/other'] })];
    const remove = all.slice(2);
    const plan = { groups: [{ key: {}, keep: [], remove }] };
    assert.deepEqual(kindsOf(retentionHolds(plan, false, { ...nothingKnown, all })), ['empties']);
    assert.deepEqual(retentionHolds({ groups: [{ key: {}, keep: [], remove: all.slice(0, 1) }] }, false, { ...nothingKnown, all }), []);
  });

  test('a set that would be left without one; a place of a set whose sources changed may be', () => {
    const old = snapshotAt('old', '2026-01-01T00:00:00Z', { tags: ['data'], paths: ['/before'] });
    const now = snapshotAt('now', '2026-11-01T00:00:00Z', { tags: ['data'], paths: ['/after'] });
    const other = snapshotAt('other', '2026-11-01T00:00:00Z', { tags: ['web'], paths: ['/after'] });
    const evidence = { ...nothingKnown, all: [old, now, other], sets: ['data', 'web'] };
    const removing = (...remove: StoredSnapshot[]) => retentionHolds({ groups: [{ key: {}, keep: [], remove }] }, false, evidence);
    assert.deepEqual(removing(old), []);
    assert.deepEqual(
      removing(old, now).map((hold) => hold.kind === 'empties' && hold.group),
      ['host: data'],
    );
    assert.deepEqual(kindsOf(removing(other)), ['empties']);
  });

  test('what cannot be read, what is missing, and what nobody has released; each is released by its subject', () => {
    const evidence = { unreadable: ['snapshots/ab'], missing: ['cd'], open: [{ id: 'NC-0001', subjects: ['sudden-change:ef'] }] };
    const snapshots = evenings([[], []]);
    const holds = holdsOf(snapshots, '--keep-last 1', evidence);
    assert.deepEqual(kindsOf(holds), ['not-readable', 'snapshots-missing', 'open']);
    const released = new Set(holds.map(({ subject }) => subject));
    assert.deepEqual(kindsOf(holdsOf(snapshots, '--keep-last 1', { ...evidence, open: [], released })), []);
    assert.deepEqual(kindsOf(holdsOf(snapshots, '--keep-last 1', { ...evidence, missing: ['cd', 'gh'], open: [], released })), [
      'snapshots-missing',
    ]);
  });

  test('an open one that is still to be seen is told as what it is', () => {
    const evidence = { missing: ['cd'] };
    const [hold] = holdsOf(evenings([[], []]), '--keep-last 1', evidence);
    assert(hold);
    const open = [{ id: 'NC-0001', subjects: [hold.subject] }];
    assert.deepEqual(kindsOf(holdsOf(evenings([[], []]), '--keep-last 1', { ...evidence, open })), ['snapshots-missing']);
  });
});

describe('a sudden change', () => {
  const figures = (night: number, more: Partial<ChangeFigures> = {}): ChangeFigures => ({
    snapshotId: String(night).padStart(64, '0') as SnapshotId,
    time: '2026-11-01T21:00:00Z',
    set: 'data',
    filesBefore: 1000,
    changed: 10,
    vanished: 5,
    scrambled: 0,
    renamed: 0,
    extensions: [],
    ...more,
  });
  const nights = (...more: readonly Partial<ChangeFigures>[]) => more.map((one, night) => figures(night, one));
  const snapshots = evenings([[], []]);
  const judged = (changes: readonly ChangeFigures[], thresholds = defaultThresholds) =>
    holdsOf(snapshots, '--keep-last 1', { changes: [changes] }, thresholds).map((hold) =>
      hold.kind === 'sudden-change' ? hold.what.join() : hold.kind,
    );

  test('reaches its share, and at least so many files', () => {
    assert.deepEqual(judged(nights({}, {}, { vanished: 499 })), []);
    assert.deepEqual(judged(nights({}, {}, { vanished: 500 })), ['vanished']);
    assert.deepEqual(judged(nights({}, {}, { filesBefore: 12, changed: 0, vanished: 9 })), []);
    assert.deepEqual(judged(nights({}, {}, { filesBefore: 12, changed: 0, vanished: 10 })), ['vanished']);
    assert.deepEqual(judged(nights({ scrambled: 20, renamed: 20, changed: 750 })), ['changed,scrambled,renamed']);
  });

  test('is not what happens every other night', () => {
    assert.deepEqual(judged(nights({ changed: 800 }, { changed: 900 }, { changed: 800 }, { changed: 1000 })), []);
    assert.deepEqual(judged(nights({ changed: 800 }, {}, {}, { changed: 1000 })), ['changed', 'changed']);
  });

  test('is not what the records know of nights whose snapshots are gone', () => {
    const known = (set: string, vanished: number) =>
      Array.from({ length: 4 }, (_, at) => ({ set, snapshotId: `gone ${at}`, changed: 0.02, vanished }));
    const holdsBeside = (...before: ReturnType<typeof known>) =>
      kindsOf(holdsOf(snapshots, '--keep-last 1', { changes: [nights({ vanished: 900 })], nights: before }));
    assert.deepEqual(holdsBeside(...known('data', 0.95)), []);
    assert.deepEqual(holdsBeside(...known('data', 0.02)), ['sudden-change']);
    assert.deepEqual(holdsBeside(...known('other', 0.95)), ['sudden-change']);
  });

  test('is judged of the newest seven', () => {
    const quiet = Array.from({ length: 7 }, () => ({}));
    assert.deepEqual(judged(nights({ vanished: 900 }, ...quiet)), []);
    assert.deepEqual(judged(nights({ vanished: 900 }, ...quiet.slice(1))), ['vanished']);
  });

  test('begins where the configuration says', () => {
    const { configuration } = parseConfiguration(
      JSON.stringify({
        sets: [
          {
            name: 'data',
            sources: ['/srv'],
            repository: { location: '/backup' },
            retention: {
              keepLast: 3,
              keepWithinDaily: '14d',
              keepWithin: '1m',
              keepTags: ['year-end', 'a, b'],
              holdBack: { vanishedPercent: 30, filesMin: 400 },
            },
          },
        ],
      }),
    );
    const rule = configuration.sets[0]?.retention;
    assert(rule);
    assert.equal(
      policyWords(policyOfSet(rule)),
      'keep 3 latest snapshots, daily snapshots within 14d and all snapshots with tags [[year-end] [a, b]] and all snapshots within 1m of the newest',
    );
    const thresholds = thresholdsOfSet(rule);
    assert.deepEqual(judged(nights({}, {}, { vanished: 400 }), thresholds), ['vanished']);
    assert.deepEqual(judged(nights({}, {}, { vanished: 399 }), thresholds), []);
    assert.deepEqual(judged(nights({}, {}, { vanished: 299, renamed: 400 }), thresholds), ['renamed']);
  });
});

test('tags keep their order, those that are there are not added twice, and what dates the records is not ours to set', () => {
  const anchor = `records:18ad2526c8feb98e:76:${'a'.repeat(64)}`;
  const tags = ['data', 'x', anchor];
  assert.deepEqual(changedTags(tags, { add: ['keep', 'x', 'keep'], remove: [] }), ['data', 'x', anchor, 'keep']);
  assert.deepEqual(changedTags(tags, { add: [], remove: ['data'] }), ['x', anchor]);
  assert.equal(changedTags(tags, { add: ['x'], remove: ['nobody'] }), undefined);
  assert.deepEqual(changedTags(tags, { set: ['y', 'y'] }), ['y', anchor]);
  assert.deepEqual(changedTags(tags, { set: [] }), [anchor]);
});

test('what a plan removes is what no group keeps', () => {
  assert.deepEqual(
    removedBy(planOf(evenings([[], [], []]), '--keep-last 2')).map(({ id }) => Buffer.from(id, 'hex').toString().replace(/\.+$/, '')),
    ['s0'],
  );
});
