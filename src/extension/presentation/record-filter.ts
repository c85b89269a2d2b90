import type { RecordsParams, RecordsSummary, SetInfo } from '../../service/index.ts';
import { iconOfResult, type RecordResult } from './record-rows.ts';
import { joined } from './set-row.ts';
import { rangeText } from './snapshot-filter.ts';
import { outcomeText } from './run-text.ts';
import type { Icon } from './icons.ts';

/** Which records the view shows. What is absent does not restrict. */
export interface RecordFilter {
  readonly kind?: string | undefined;
  readonly result?: RecordResult | undefined;
  /** The name of a set. */
  readonly set?: string | undefined;
  /** Days, `2026-11-22`, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export const recordResults = [
  'success',
  'success-with-exceptions',
  'failed',
  'stopped',
  'missed',
] as const satisfies readonly RecordResult[];

export function isEmptyRecordFilter({ kind, result, set, from, to }: RecordFilter): boolean {
  return [kind, result, set, from, to].every((value) => value === undefined);
}

/** As the engine takes it. */
export function filterParams({ kind, result, set, from, to }: RecordFilter): Omit<RecordsParams, 'offset' | 'limit'> {
  return {
    ...(kind !== undefined && { kinds: [kind] }),
    ...(result !== undefined && { results: [result] }),
    ...(set !== undefined && { set }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

/** The filter in words, for the header of the view. */
export function recordFilterText(
  { kind, result, set, from, to }: RecordFilter,
  summary: RecordsSummary | undefined,
  sets: readonly Pick<SetInfo, 'name' | 'title'>[],
): string {
  return joined([
    kind === undefined ? undefined : (summary?.kinds.find((known) => known.kind === kind)?.text ?? kind),
    result === undefined ? undefined : outcomeText(result),
    set === undefined ? undefined : (sets.find(({ name }) => name === set)?.title ?? set),
    rangeText(from, to),
  ]);
}

/** A result to choose from. */
export function resultChoice(result: RecordResult): { readonly icon: Icon; readonly label: string; readonly value: RecordResult } {
  return { icon: iconOfResult(result), label: outcomeText(result), value: result };
}
