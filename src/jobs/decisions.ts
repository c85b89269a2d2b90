import { CadanganError } from '../platform/index.ts';
import { closeNonconformity, type HistoryRecord, type Period, type RecordContent } from '../records/index.ts';
import { commonContent, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** Whoever is at the keyboard, as they say. */
export interface Decider {
  readonly name: string;
  readonly position: string;
}

/** How the wish came. */
export interface Asked extends Partial<Pick<RecordAbout, 'via' | 'user'>> {
  readonly signal?: AbortSignal | undefined;
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
  asked: Asked = {},
): Promise<HistoryRecord> {
  return keeper.history.update(async ({ append }) => {
    const head = await keeper.history.head();
    if (!head) throw new CadanganError('record.not-found', { record: '1' });
    return append({
      ...contentBy('approval', keeper, by, asked),
      approval: { act, ...by, from, to, throughNumber: head.number, throughHash: head.hash },
    });
  }, asked.signal);
}

/** A person closes an open nonconformity. @throws `record.not-found`, `arguments.invalid` when it is closed already */
export function closeByPerson(
  keeper: RecordKeeper,
  id: string,
  closing: { readonly cause: string; readonly correction: string; readonly prevention?: string | undefined; readonly by: Decider },
  asked: Asked = {},
): Promise<HistoryRecord> {
  return closeNonconformity(keeper.history, id, closing, contentBy('nonconformity-closed', keeper, closing.by, asked), asked.signal);
}

function contentBy(kind: RecordContent['kind'], keeper: RecordKeeper, { name, position }: Decider, { via, user }: Asked): RecordContent {
  const about = keeper.about();
  const common = commonContent(kind, { ...about, via: via ?? about.via, user });
  return { ...common, operator: { ...common.operator, name, position } };
}
