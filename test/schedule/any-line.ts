import fc from 'fast-check';
import type { HistoryLine, WindowSpan } from '../../src/schedule/index.ts';

const set = fc.constantFrom('files', 'mail "daily"', 'é\n✓');
/** 2026, so that lines meet each other. */
const instant = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 2, 1) });
const window: fc.Arbitrary<WindowSpan> = instant.map((startMs) => ({
  day: new Date(startMs).toISOString().slice(0, 10),
  startMs,
  endMs: startMs + 7_200_000,
}));

/** Any line that the scheduler could write, in any order: also one that makes no sense. */
export function anyLine(): fc.Arbitrary<HistoryLine> {
  const dated = { set, atMs: instant };
  const record = <T>(shape: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
    fc.record(shape, { noNullPrototype: true }) as fc.Arbitrary<T>;
  return fc.oneof(
    record({
      kind: fc.constant('adopted' as const),
      ...dated,
      rule: fc.option(fc.constant('21:00-23:00 mon Asia/Jakarta'), { nil: undefined }),
    }),
    record({
      kind: fc.constant('adopted' as const),
      ...dated,
      rule: fc.constant('21:00-23:00 mon Asia/Jakarta'),
      inDoubt: fc.constant(true),
    }),
    record({ kind: fc.constant('judged' as const), set, untilMs: instant }),
    record({
      kind: fc.constant('started' as const),
      ...dated,
      trigger: fc.constantFrom('window' as const, 'change' as const, 'manual' as const, 'catch-up' as const),
      window: fc.option(window, { nil: undefined }),
    }),
    record({
      kind: fc.constant('ended' as const),
      ...dated,
      outcome: fc.constantFrom('success' as const, 'failed' as const, 'stopped' as const, 'interrupted' as const),
    }),
    record({
      kind: fc.constant('missed' as const),
      ...dated,
      window,
      reason: fc.constantFrom('not-running' as const, 'repository-busy' as const),
    }),
    record({
      kind: fc.constant('missed' as const),
      ...dated,
      window,
      reason: fc.constant('not-running' as const),
      why: record({ cause: fc.constantFrom('asleep' as const, 'off' as const, 'no-host' as const), sinceMs: instant, untilMs: instant }),
    }),
    record({ kind: fc.constant('dismissed' as const), ...dated }),
    record({ kind: fc.constant('rewound' as const), ...dated }),
    record({ kind: fc.constant('rewound' as const), ...dated, judgedMs: instant }),
  );
}
