import type { HistoryLine, HistorySummary, MissedWindow, Run, SetHistory } from './history.ts';
import type { Absence } from './presence.ts';
import type { WindowSpan } from './windows.ts';

/** The line as JSON, without a line break. */
export function formatHistoryLine(line: HistoryLine | HistorySummary): string {
  return JSON.stringify(line);
}

/** Reads a line from a file that anybody may have edited. Undefined for what is not a line of a history. */
export function parseHistoryLine(text: string): HistoryLine | HistorySummary | undefined {
  const value = parseRecord(text);
  const set = value?.['set'];
  if (!value || typeof set !== 'string' || set === '' || set.length > setIdLengthMax) return undefined;
  const untilMs = instantOf(value['untilMs']);
  if (value['kind'] === 'judged') return untilMs === undefined ? undefined : { kind: 'judged', set, untilMs };
  if (value['kind'] === 'summary') {
    const history = parseHistory(value['history']);
    return history && { kind: 'summary', set, history };
  }
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
      const rule = parseRule(value);
      return rule && { kind: 'adopted', set, atMs, ...rule };
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

/** A summary is whole or nothing: half of one would plan as if the other half had never been. */
function parseHistory(value: unknown): SetHistory | undefined {
  const {
    adopted: rule,
    judgedUntilMs: judged,
    runs: all,
    lastSuccess: success,
    missed: gaps,
    later: dated,
  }: Fields = { ...fieldsOf(value) };
  const adopted = parseAdopted(rule);
  const judgedUntilMs = instantOf(judged);
  const [runs, missed] = [parseEach(all, parseRun), parseEach(gaps, parseMissed)];
  const lastSuccess = parseRun(success);
  const later = parseEach(dated, parseRun);
  if (judgedUntilMs === undefined || !runs || !missed) return undefined;
  if ((rule !== undefined && !adopted) || (success !== undefined && !lastSuccess) || (dated !== undefined && !later)) return undefined;
  return { adopted, judgedUntilMs, runs, lastSuccess, missed, ...(later && { later }) };
}

function parseRule({ rule, inDoubt }: Fields): { readonly rule: string | undefined; readonly inDoubt?: true } | undefined {
  return rule === undefined || typeof rule === 'string' ? { rule, ...(inDoubt === true && { inDoubt }) } : undefined;
}

function parseAdopted(value: unknown): SetHistory['adopted'] {
  const fields = fieldsOf(value);
  const sinceMs = instantOf(fields?.['sinceMs']);
  const rule = fields && parseRule(fields);
  return rule && sinceMs !== undefined ? { ...rule, sinceMs } : undefined;
}

function parseRun(value: unknown): Run | undefined {
  const fields = fieldsOf(value);
  const startedMs = instantOf(fields?.['startedMs']);
  const trigger = oneOf(triggers, fields?.['trigger']);
  const window = parseWindowSpan(fields?.['window']);
  const [endedMs, outcome] = [instantOf(fields?.['endedMs']), oneOf(outcomes, fields?.['outcome'])];
  if (!fields || startedMs === undefined || !trigger || (endedMs === undefined) !== (outcome === undefined)) return undefined;
  if (window === undefined && fields['window'] !== undefined) return undefined;
  return { trigger, window, ...runOf(fields), startedMs, endedMs, outcome };
}

function parseMissed(value: unknown): MissedWindow | undefined {
  const fields = fieldsOf(value);
  const window = parseWindowSpan(value);
  const reason = oneOf(reasons, fields?.['reason']);
  const why = parseAbsence(fields?.['why']);
  return window && { ...window, ...(reason && { reason }), ...(why && { why }) };
}

function parseEach<Item>(value: unknown, parse: (value: unknown) => Item | undefined): Item[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map(parse).filter((item) => item !== undefined);
  return items.length === value.length ? items : undefined;
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
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function parseWindowSpan(value: unknown): WindowSpan | undefined {
  const { day, startMs: start, endMs: end }: Fields = { ...fieldsOf(value) };
  const [startMs, endMs] = [instantOf(start), instantOf(end)];
  if (typeof day !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(day)) return undefined;
  return startMs === undefined || endMs === undefined || startMs >= endMs ? undefined : { day, startMs, endMs };
}

function parseAbsence(value: unknown): Absence | undefined {
  const { cause: word, sinceMs: since, untilMs: until, startedMs: started }: Fields = { ...fieldsOf(value) };
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
