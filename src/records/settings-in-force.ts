import type { HistoryRecord } from './record.ts';

/**
 * What a key of the configuration held when a record was written, by the records of its changes: what was right under one instruction must
 * not be wrong under the next. Before the first change that is recorded, what stood there before it; where nothing is recorded, what stands
 * there now. Pure.
 * @param current of the configuration as it is now
 */
export function settingInForce(records: readonly HistoryRecord[], key: string, current: unknown): (recordNumber: number) => unknown {
  const steps = records.flatMap(({ number, change }): Step[] => {
    if (change?.what === key) return [{ number, before: parsed(change.before), after: parsed(change.after) }];
    if (change?.what !== 'configuration') return [];
    const whole = parsed(change.after);
    const value = whole === unknown ? unknown : fieldOf(whole, key);
    return [{ number, before: value, after: value }];
  });
  return (recordNumber) => {
    const step = steps.findLast(({ number }) => number <= recordNumber);
    const value = step ? step.after : steps[0]?.before;
    return steps.length === 0 || value === unknown ? current : value;
  };
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}

interface Step {
  readonly number: number;
  readonly before: unknown;
  readonly after: unknown;
}

/** A long value is cut short in its record. */
const unknown = Symbol('unknown');

function parsed(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return unknown;
  }
}
