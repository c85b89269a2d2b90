import type { HistoryLine } from './history.ts';
import type { Absence } from './presence.ts';
import type { WindowSpan } from './windows.ts';

/** The line as JSON, without a line break. */
export function formatHistoryLine(line: HistoryLine): string {
  return JSON.stringify(line);
}

/** Reads a line from a file that anybody may have edited. Undefined for what is not a line of a history. */
export function parseHistoryLine(text: string): HistoryLine | undefined {
  const value = parseRecord(text);
  const set = value?.['set'];
  if (!value || typeof set !== 'string' || set === '' || set.length > setIdLengthMax) return undefined;
  const untilMs = instantOf(value['untilMs']);
  if (value['kind'] === 'judged') return untilMs === undefined ? undefined : { kind: 'judged', set, untilMs };
  const atMs = instantOf(value['atMs']);
  return atMs === undefined ? undefined : parseDated(value, set, atMs);
}

/** Longer ids are refused by whoever writes the configuration. */
const setIdLengthMax = 1000;

type Fields = Readonly<Record<string, unknown>>;

function parseDated(value: Fields, set: string, atMs: number): HistoryLine | undefined {
  const window = parseWindowSpan(value['window']);
  switch (value['kind']) {
    case 'adopted': {
      const rule = value['rule'];
      const inDoubt = value['inDoubt'] === true && { inDoubt: true };
      return rule === undefined || typeof rule === 'string' ? { kind: 'adopted', set, atMs, rule, ...inDoubt } : undefined;
    }
    case 'started': {
      const trigger = oneOf(triggers, value['trigger']);
      return trigger && (window !== undefined || value['window'] === undefined)
        ? { kind: 'started', set, atMs, trigger, window, ...runOf(value) }
        : undefined;
    }
    case 'ended': {
      const outcome = oneOf(outcomes, value['outcome']);
      return outcome && { kind: 'ended', set, atMs, outcome };
    }
    case 'missed': {
      const reason = oneOf(reasons, value['reason']);
      const why = parseAbsence(value['why']);
      return reason && window && { kind: 'missed', set, atMs, window, reason, ...(why && { why }) };
    }
    case 'dismissed':
      return { kind: 'dismissed', set, atMs };
    case 'rewound': {
      const judgedMs = instantOf(value['judgedMs']);
      return { kind: 'rewound', set, atMs, ...(judgedMs !== undefined && { judgedMs }) };
    }
    default:
      return undefined;
  }
}

/** As long as a request lets it be. */
function runOf({ run }: Fields): { readonly run?: string } {
  return typeof run === 'string' && run.length <= 200 ? { run } : {};
}

const triggers = ['window', 'change', 'reconcile', 'manual', 'catch-up'] as const;
const outcomes = ['success', 'success-with-exceptions', 'failed', 'stopped', 'interrupted'] as const;
const causes = ['asleep', 'off', 'no-host'] as const;
const reasons = ['not-running', 'repository-busy'] as const;

function parseRecord(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function parseWindowSpan(value: unknown): WindowSpan | undefined {
  if (typeof value !== 'object' || value === null || !('day' in value) || !('startMs' in value) || !('endMs' in value)) return undefined;
  const startMs = instantOf(value.startMs);
  const endMs = instantOf(value.endMs);
  if (typeof value.day !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value.day)) return undefined;
  return startMs === undefined || endMs === undefined || startMs >= endMs ? undefined : { day: value.day, startMs, endMs };
}

function parseAbsence(value: unknown): Absence | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cause: word, sinceMs: since, untilMs: until, startedMs: started }: Fields = { ...value };
  const [cause, untilMs] = [oneOf(causes, word), instantOf(until)];
  const [sinceMs, startedMs] = [instantOf(since), instantOf(started)];
  if (cause === undefined || untilMs === undefined) return undefined;
  return { cause, untilMs, ...(sinceMs !== undefined && { sinceMs }), ...(startedMs !== undefined && { startedMs }) };
}

/** Up to the year 9999: what Intl is to compute with must be in its range. */
function instantOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < 253_402_300_800_000 ? value : undefined;
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value);
}
