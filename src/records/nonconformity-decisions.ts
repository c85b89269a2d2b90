import { CadanganError } from '../platform/index.ts';
import type { RecordHistory } from './history.ts';
import { countOpened, listNonconformities, type Nonconformity } from './nonconformities.ts';
import { nextId } from './nonconformity-openings.ts';
import type { Signer } from './person.ts';
import { allOf, type HistoryRecord, type RecordContent } from './record.ts';

/** Why it happened, what was done, what keeps it from happening again. */
export interface Closing {
  readonly cause: string;
  readonly correction: string;
  readonly prevention?: string | undefined;
  readonly by: Signer;
}

/** What a person says of a nonconformity that is known. */
export type Decision =
  | { readonly kind: 'close'; readonly closing: Closing }
  | { readonly kind: 'assign'; readonly owner: Signer; readonly due: string | undefined }
  | { readonly kind: 'check'; readonly helped: boolean; readonly why: string }
  | { readonly kind: 'withdraw'; readonly why: string };

/** What an auditor, or anybody, has found. */
export interface PersonsFinding {
  readonly text: string;
  readonly records: readonly number[];
  readonly owner?: Signer | undefined;
  readonly due?: string | undefined;
}

/**
 * Writes down what a person decides: one may be closed, assigned while it is open, checked when it is closed, and withdrawn once.
 * @param common of the record, with the person as operator
 * @throws `record.not-found` when there is none of that id; `arguments.invalid` when it is in no state for it
 */
export function decide(
  history: RecordHistory,
  id: string,
  decision: Decision,
  common: RecordContent,
  signal?: AbortSignal,
): Promise<HistoryRecord> {
  return history.update(async ({ records, append }) => {
    const one = (await listNonconformities(records())).find((candidate) => candidate.id === id);
    if (!one) throw new CadanganError('record.not-found', { record: id });
    const reason = hindranceOf(one, decision);
    if (reason !== undefined) throw new CadanganError('arguments.invalid', { argument: id, reason });
    return append({ ...common, nonconformity: { id, subject: one.subject, rule: one.rule ?? '', ...contentOf(decision) } });
  }, signal);
}

/** Closes an open one. @throws as `decide` */
export function closeNonconformity(
  history: RecordHistory,
  id: string,
  closing: Closing,
  common: RecordContent,
  signal?: AbortSignal,
): Promise<HistoryRecord> {
  return decide(history, id, { kind: 'close', closing }, common, signal);
}

/** Opens one by hand. @throws `record.not-found` when a record that it names does not exist */
export function openByPerson(
  history: RecordHistory,
  { text, records: numbers, owner, due }: PersonsFinding,
  common: RecordContent,
  signal?: AbortSignal,
): Promise<HistoryRecord> {
  return history.update(async ({ records, append }) => {
    const all = await allOf(records());
    const missing = numbers.find((number) => !all.some((record) => record.number === number));
    if (missing !== undefined) throw new CadanganError('record.not-found', { record: String(missing) });
    const id = nextId(await countOpened(all));
    return append({
      ...common,
      nonconformity: {
        id,
        subject: `finding:${id}`,
        rule: 'finding',
        facts: { text },
        records: [...numbers],
        ...(owner && { owner: { ...owner } }),
        ...(due !== undefined && { due }),
      },
    });
  }, signal);
}

/** Why it cannot be decided so. */
function hindranceOf({ isOpen, closed, withdrawn }: Nonconformity, { kind }: Decision): string | undefined {
  if (withdrawn) return 'this nonconformity was withdrawn';
  if (kind === 'check') return closed ? undefined : 'this nonconformity is not closed yet';
  return kind === 'withdraw' || isOpen ? undefined : 'this nonconformity is closed already';
}

function contentOf(decision: Decision): Partial<NonNullable<RecordContent['nonconformity']>> {
  switch (decision.kind) {
    case 'close': {
      const { cause, correction, prevention, by } = decision.closing;
      return { cause, correction, ...(prevention !== undefined && { prevention }), closedBy: { ...by } };
    }
    case 'assign':
      return { owner: { ...decision.owner }, ...(decision.due !== undefined && { due: decision.due }) };
    case 'check':
      return { helped: decision.helped, why: decision.why };
    case 'withdraw':
      return { why: decision.why };
  }
}
