import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  nextWindow,
  parseWindowRule,
  windowAt,
  windowsEnded,
  weekdays,
  type WindowRule,
  type WindowSpan,
} from '../../src/schedule/index.ts';
import { wallTimeAt } from '../../src/platform/index.ts';
import { dayMs, hourMs, minuteMs } from '../../src/schedule/zone.ts';
import { anyRule, zones } from './any-rule.ts';

const at = (text: string): number => Date.parse(text);

/** The windows that begin in a stretch of time, as `day start .. end` with local offsets left out: instants in UTC. */
function windowsOf(text: string, timeZone: string, from: string, until: string, days?: string[]): string[] {
  const rule = parseWindowRule(text, { timeZone, ...(days && { days }) });
  const found: string[] = [];
  for (let window = nextWindow(rule, at(from) - 1); window.startMs < at(until); window = nextWindow(rule, window.startMs))
    found.push(show(window));
  return found;
}

function show({ day, startMs, endMs }: WindowSpan): string {
  const short = (ms: number): string => new Date(ms).toISOString().slice(5, 16);
  return `${day}: ${short(startMs)} .. ${short(endMs)}`;
}

test('21:00-23:00 in Jakarta is 14:00 to 16:00 UTC, every day of the year', () => {
  assert.deepEqual(windowsOf('21:00-23:00', 'Asia/Jakarta', '2026-11-23T00:00Z', '2026-11-25T00:00Z'), [
    '2026-11-23: 11-23T14:00 .. 11-23T16:00',
    '2026-11-24: 11-24T14:00 .. 11-24T16:00',
  ]);
  const rule = parseWindowRule('21:00-23:00', { timeZone: 'Asia/Jakarta' });
  assert.equal([...windowsEnded(rule, at('2026-01-01T00:00Z'), at('2027-01-01T00:00Z'))].length, 365);
});

test('a window over midnight belongs to the day on which it begins', () => {
  assert.deepEqual(windowsOf('22:00-02:00', 'Asia/Jakarta', '2026-11-20T00:00Z', '2026-11-30T00:00Z', ['fri']), [
    '2026-11-20: 11-20T15:00 .. 11-20T19:00',
    '2026-11-27: 11-27T15:00 .. 11-27T19:00',
  ]);
  const rule = parseWindowRule('22:00-02:00', { timeZone: 'Asia/Jakarta', days: ['fri'] });
  assert.equal(windowAt(rule, at('2026-11-21T01:59:59.999+07:00'))?.day, '2026-11-20');
  assert.equal(windowAt(rule, at('2026-11-21T02:00+07:00')), undefined, 'its end is not in it');
  assert.equal(windowAt(rule, at('2026-11-20T22:00+07:00'))?.day, '2026-11-20', 'its beginning is');
});

test('New York in March: a window that is skipped in part is shorter, one that is skipped as a whole is put off to the jump', () => {
  const on8March = ['2026-03-08T05:00Z', '2026-03-09T04:00Z'] as const; // at 07:00Z it is 03:00 instead of 02:00
  assert.deepEqual(windowsOf('01:30-02:30', 'America/New_York', ...on8March), ['2026-03-08: 03-08T06:30 .. 03-08T07:00']);
  assert.deepEqual(windowsOf('02:30-03:30', 'America/New_York', ...on8March), ['2026-03-08: 03-08T07:00 .. 03-08T07:30']);
  assert.deepEqual(windowsOf('02:10-02:50', 'America/New_York', ...on8March), ['2026-03-08: 03-08T07:00 .. 03-08T07:40']);
  assert.deepEqual(windowsOf('21:00-23:00', 'America/New_York', ...on8March), ['2026-03-08: 03-09T01:00 .. 03-09T03:00']);
});

test('New York in November: an hour that is shown twice is one window', () => {
  const on1November = ['2026-11-01T04:00Z', '2026-11-02T05:00Z'] as const; // at 06:00Z it is 01:00 for the second time
  assert.deepEqual(windowsOf('01:00-02:00', 'America/New_York', ...on1November), ['2026-11-01: 11-01T05:00 .. 11-01T07:00']);
  assert.deepEqual(windowsOf('01:15-01:45', 'America/New_York', ...on1November), ['2026-11-01: 11-01T05:15 .. 11-01T06:45']);
  assert.deepEqual(windowsOf('23:00-01:30', 'America/New_York', '2026-10-31T12:00Z', '2026-11-01T12:00Z'), [
    '2026-10-31: 11-01T03:00 .. 11-01T06:30',
  ]);
});

test('a window of nearly a day does not reach into the next one when its end is shown twice', () => {
  assert.deepEqual(windowsOf('01:50-01:40', 'America/New_York', '2026-10-31T00:00Z', '2026-11-02T00:00Z'), [
    '2026-10-31: 10-31T05:50 .. 11-01T05:50',
    '2026-11-01: 11-01T05:50 .. 11-02T06:40',
  ]);
});

test('Lord Howe changes its clocks by half an hour', () => {
  assert.deepEqual(windowsOf('01:30-02:00', 'Australia/Lord_Howe', '2026-04-04T13:00Z', '2026-04-05T13:00Z'), [
    '2026-04-05: 04-04T14:30 .. 04-04T15:30',
  ]); // 01:30 to 02:00 is shown twice
  assert.deepEqual(windowsOf('02:00-03:00', 'Australia/Lord_Howe', '2026-10-03T13:30Z', '2026-10-04T13:00Z'), [
    '2026-10-04: 10-03T15:30 .. 10-03T16:00',
  ]); // 02:00 to 02:30 is skipped
});

test('Apia had no 30 December 2011, and no window on it', () => {
  const days = ['2011-12-29T10:00Z', '2011-12-31T10:00Z'] as const; // 29 December ends, and 31 December begins, at 10:00Z on the 30th
  assert.deepEqual(windowsOf('21:00-23:00', 'Pacific/Apia', ...days), [
    '2011-12-29: 12-30T07:00 .. 12-30T09:00',
    '2011-12-31: 12-31T07:00 .. 12-31T09:00',
  ]);
  assert.deepEqual(windowsOf('22:00-02:00', 'Pacific/Apia', ...days), [
    '2011-12-29: 12-30T08:00 .. 12-30T10:00',
    '2011-12-31: 12-31T08:00 .. 12-31T12:00',
  ]);
  assert.deepEqual(
    windowsOf('09:00-10:00', 'Pacific/Apia', '2011-12-24T00:00Z', '2012-01-10T00:00Z', ['fri']),
    ['2012-01-06: 01-05T19:00 .. 01-05T20:00'],
    'the Friday of that week was skipped',
  );
});

/** The years hold all changes of the zones used: Apia's day, Brazil's last summer time, Morocco's months of fasting. */
const anyInstant = fc.integer({ min: at('2011-01-01T00:00Z'), max: at('2030-01-01T00:00Z') });

test('windows of any rule come in order, never overlap, and each day has one at most', () => {
  fc.assert(
    fc.property(anyRule(), anyInstant, (rule, from) => {
      let last = nextWindow(rule, from);
      for (let count = 0; count < 20; count++) {
        const window = nextWindow(rule, last.startMs);
        assert.ok(last.startMs < last.endMs && last.endMs <= window.startMs, `${show(last)} before ${show(window)}`);
        assert.ok(last.day < window.day);
        last = window;
      }
    }),
  );
});

test('windowAt, nextWindow and windowsEnded tell the same of any instant', () => {
  fc.assert(
    fc.property(anyRule(), anyInstant, fc.integer({ min: 0, max: 20 * dayMs }), (rule, from, lengthMs) => {
      const expected: WindowSpan[] = [];
      for (
        let window = nextWindow(rule, from - 4 * dayMs - 16 * dayMs);
        window.endMs <= from + lengthMs;
        window = nextWindow(rule, window.startMs)
      )
        if (window.endMs > from) expected.push(window);
      assert.deepEqual([...windowsEnded(rule, from, from + lengthMs)], expected);
      const open = windowAt(rule, from);
      if (open) assert.ok(open.startMs <= from && from < open.endMs && nextWindow(rule, open.startMs - 1).startMs === open.startMs);
      assert.ok(nextWindow(rule, from).startMs > from);
    }),
  );
});

test('where clocks do not change, exactly the minutes between the two times on the wall are in a window', () => {
  fc.assert(
    fc.property(anyRule(), anyInstant, (rule, instant) => {
      const offsets = new Set(
        [-2, -1, 0, 1, 2].map((days) => wallTimeAt(rule.timeZone, instant + days * dayMs) - (instant + days * dayMs)),
      );
      if (offsets.size === 1)
        assert.equal(windowAt(rule, instant) !== undefined, isOpenOnTheWall(rule, wallTimeAt(rule.timeZone, instant)));
    }),
  );
});

test('around a change of the clocks, a minute between the two times on the wall is in a window, and windows stay in order', () => {
  const anyChange = fc.constantFrom(...zones.flatMap(changesOf));
  fc.assert(
    fc.property(anyRule(), anyChange, fc.integer({ min: -2 * dayMs, max: 2 * dayMs }), (anyRule, change, distanceMs) => {
      const rule = { ...anyRule, timeZone: change.zone };
      const instant = change.instant + distanceMs;
      const next = nextWindow(rule, instant);
      const open = windowAt(rule, instant);
      if (open) assert.ok(open.startMs <= instant && instant < open.endMs && open.endMs <= next.startMs);
      const isClipped = lengthMs(rule) > 20 * hourMs || isNearApiasLostDay(instant);
      if (!isClipped && isOpenOnTheWall(rule, wallTimeAt(rule.timeZone, instant))) assert.ok(open);
    }),
    { numRuns: 1000 },
  );
});

/** About when the clocks of a zone changed. */
function changesOf(zone: string): { readonly zone: string; readonly instant: number }[] {
  const changes: { zone: string; instant: number }[] = [];
  for (let instant = at('2011-01-01T00:00Z'), last = 0; instant < at('2030-01-01T00:00Z'); instant += dayMs) {
    const offsetMs = wallTimeAt(zone, instant) - instant;
    if (offsetMs !== last && instant > at('2011-01-01T00:00Z')) changes.push({ zone, instant });
    last = offsetMs;
  }
  return changes;
}

function isOpenOnTheWall(rule: WindowRule, wallMs: number): boolean {
  const day = Math.floor(wallMs / dayMs);
  return [day - 1, day].some((day) => {
    const isInRule = rule.days.includes(weekdays[(day + 4) % 7]!);
    const startMs = day * dayMs + rule.startMinute * minuteMs;
    return isInRule && startMs <= wallMs && wallMs < startMs + lengthMs(rule);
  });
}

function lengthMs({ startMinute, endMinute }: WindowRule): number {
  return (endMinute > startMinute ? endMinute - startMinute : endMinute + 24 * 60 - startMinute) * minuteMs;
}

function isNearApiasLostDay(instant: number): boolean {
  return Math.abs(instant - at('2011-12-30T10:00Z')) < 2 * dayMs;
}
