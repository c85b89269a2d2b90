import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { parseTimestamp } from '../../src/repository/index.ts';
import { applyPolicy, calendarDurationText, isEmptyPolicy, parseCalendarDuration, reasonWords } from '../../src/upkeep/index.ts';
import { policyOf, snapshotAt } from './policy-options.ts';

const labels = z.array(z.string());
const vectors = z
  .object({
    snapshots: z.array(z.object({ label: z.string(), time: z.string(), tags: labels })),
    cases: z.array(z.object({ flags: z.string(), keep014: labels, keep016: labels.optional() })),
  })
  .parse(JSON.parse(readFileSync(new URL('../fixtures/restic/forget.json', import.meta.url), 'utf8')));

const nowNs = parseTimestamp('2026-11-29T12:00:00+07:00').ns;

function kept(flags: string, snapshots: readonly ReturnType<typeof snapshotAt>[], labelOf: (id: string) => string): string[] {
  return applyPolicy(snapshots, policyOf(flags), nowNs)
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ snapshot }) => labelOf(snapshot.id));
}

const labelOf = (id: string): string => Buffer.from(id, 'hex').toString().replace(/\.+$/, '');

describe('what restic keeps', () => {
  const snapshots = vectors.snapshots.map(({ label, time, tags }) => snapshotAt(label, time, { tags }));

  for (const { flags, keep014, keep016 = keep014 } of vectors.cases) {
    test(flags, () => {
      assert.deepEqual(kept(flags, snapshots, labelOf).toSorted(), keep016.toSorted());
    });
  }
});

describe('reasons', () => {
  const night = (label: string, time: string) => snapshotAt(label, time);
  const year = [
    night('old', '2024-03-01T21:00:00+07:00'),
    night('mid', '2024-12-31T21:00:00+07:00'),
    night('new', '2025-01-01T21:00:00+07:00'),
  ];
  const words = (flags: string): string[][] => applyPolicy(year, policyOf(flags), nowNs).map(({ reasons }) => reasons.map(reasonWords));

  test('stand in the words and the order of restic', () => {
    assert.deepEqual(words('--keep-last 1 --keep-yearly 5 --keep-within 1d --keep-within-monthly 1y'), [
      ['within 1d', 'last snapshot', 'yearly snapshot', 'monthly within 1y'],
      ['yearly snapshot', 'monthly within 1y'],
      ['oldest yearly snapshot', 'monthly within 1y'],
    ]);
  });

  test('a count that is used up keeps no oldest one', () => {
    assert.deepEqual(words('--keep-yearly 2'), [['yearly snapshot'], ['yearly snapshot'], []]);
  });

  test('an unlimited count keeps one of each', () => {
    assert.deepEqual(words('--keep-monthly unlimited'), [['monthly snapshot'], ['monthly snapshot'], ['monthly snapshot']]);
  });

  test('what is left of a count is told after each snapshot', () => {
    const counters = applyPolicy(year, policyOf('--keep-last 1 --keep-yearly 5'), nowNs).map((decision) => decision.counters);
    assert.deepEqual(counters, [
      { last: 0, yearly: 4 },
      { last: 0, yearly: 3 },
      { last: 0, yearly: 2 },
    ]);
  });
});

test('a snapshot of the future is no reference of a time', () => {
  const snapshots = [
    snapshotAt('past', '2026-11-20T00:00:00Z'),
    snapshotAt('now', '2026-11-28T00:00:00Z'),
    snapshotAt('future', '2031-01-01T00:00:00Z'),
  ];
  assert.deepEqual(kept('--keep-within 3d', snapshots, labelOf), ['future', 'now']);
});

test('where every snapshot lies in the future, a time keeps all of them', () => {
  const snapshots = [snapshotAt('one', '2031-01-01T00:00:00Z'), snapshotAt('two', '2041-01-01T00:00:00Z')];
  assert.deepEqual(kept('--keep-within 1h', snapshots, labelOf), ['two', 'one']);
});

test('a time that goes back before any calendar keeps all', () => {
  assert.deepEqual(
    kept('--keep-within 999999y', [snapshotAt('one', '0001-01-01T00:00:00Z'), snapshotAt('two', '2026-01-01T00:00:00Z')], labelOf),
    ['two', 'one'],
  );
});

test('a month back from a day that the month before lacks is one of the next days, as in Go', () => {
  const snapshots = [
    snapshotAt('a', '2025-03-02T23:59:59Z'),
    snapshotAt('b', '2025-03-03T00:00:01Z'),
    snapshotAt('c', '2025-03-31T00:00:00Z'),
  ];
  assert.deepEqual(kept('--keep-within 1m', snapshots, labelOf), ['c', 'b']);
});

test('a policy of zeros is none', () => {
  assert.equal(isEmptyPolicy(policyOf('--keep-last 0 --keep-within 0d')), true);
  assert.equal(isEmptyPolicy(policyOf('--keep-tag a')), false);
});

test('durations are read and written as restic does', () => {
  assert.equal(calendarDurationText(parseCalendarDuration('1y5m7d2h', '--keep-within')), '1y5m7d2h');
  assert.equal(calendarDurationText(parseCalendarDuration('0y3d', '--keep-within')), '3d');
  assert.equal(calendarDurationText(parseCalendarDuration('2h1d3h', '--keep-within')), '1d3h');
  for (const wrong of ['', '3', 'd', '-1d', '1w', '1d 2h'])
    assert.throws(() => parseCalendarDuration(wrong, '--keep-within'), { code: 'arguments.invalid' }, wrong);
});
