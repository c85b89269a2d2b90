import { CadanganError } from '../platform/index.ts';
import { closeNonconformity, type HistoryRecord, type Period, type RecordContent } from '../records/index.ts';
import { commonContent } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** Whoever is at the keyboard, as they say. */
export interface Decider {
  readonly name: string;
  readonly position: string;
}

export interface Approval {
  readonly act: NonNullable<RecordContent['approval']>['act'];
  readonly period: Period;
  readonly by: Decider;
}

/**
 * A person says that the records of a period were prepared, checked or approved: up to the one that is the last at this moment.
 * @throws `record.not-found` when there are none; `storage.…`, `records.busy`
 */
export function approvePeriod(
  keeper: RecordKeeper,
  { act, period: { from, to }, by }: Approval,
  signal?: AbortSignal,
): Promise<HistoryRecord> {
  return keeper.history.update(async ({ append }) => {
    const head = await keeper.history.head();
    if (!head) throw new CadanganError('record.not-found', { record: '1' });
    return append({
      ...contentBy('approval', keeper, by),
      approval: { act, ...by, from, to, throughNumber: head.number, throughHash: head.hash },
    });
  }, signal);
}

/** A person closes an open nonconformity. @throws `record.not-found`, `arguments.invalid` when it is closed already */
export function closeByPerson(
  keeper: RecordKeeper,
  id: string,
  closing: { readonly cause: string; readonly correction: string; readonly prevention?: string | undefined; readonly by: Decider },
  signal?: AbortSignal,
): Promise<HistoryRecord> {
  return closeNonconformity(keeper.history, id, closing, contentBy('nonconformity-closed', keeper, closing.by), signal);
}

function contentBy(kind: RecordContent['kind'], keeper: RecordKeeper, { name, position }: Decider): RecordContent {
  const common = commonContent(kind, keeper.about());
  return { ...common, operator: { ...common.operator, name, position } };
}
