import { CadanganError } from '../platform/index.ts';
import type { RecordHistory } from './history.ts';
import type { Finding, NonconformityRule } from './nonconformity-rules.ts';
import { nonconformityRules } from './nonconformity-rules.ts';
import type { HistoryRecord, RecordContent, RecordValues } from './record.ts';

/** What the records say of one nonconformity. */
export interface Nonconformity {
  /** `NC-0001`, in the order in which they were opened. */
  readonly id: string;
  readonly rule: NonconformityRule | undefined;
  readonly subject: string;
  /** `about`: the instant that it is about, RFC 3339. */
  readonly facts: RecordValues;
  /** Of the records that show it. */
  readonly records: readonly number[];
  readonly openedAt: string;
  readonly openedBy: number;
  readonly closed:
    | {
        readonly at: string;
        readonly number: number;
        readonly cause: string;
        readonly correction: string;
        readonly prevention: string;
        readonly name: string;
        readonly position: string;
      }
    | undefined;
}

/** Every nonconformity that was opened, oldest first, each with how it was closed. */
export async function listNonconformities(records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>): Promise<Nonconformity[]> {
  const found = new Map<string, Nonconformity>();
  for await (const record of records) {
    const about = record.nonconformity;
    if (about === undefined) continue;
    if (record.kind === 'nonconformity-opened') {
      const { id, subject, facts = {}, records: numbers = [] } = about;
      found.set(id, {
        id,
        rule: nonconformityRules.find((rule) => rule === about.rule),
        subject,
        facts,
        records: numbers,
        openedAt: record.at,
        openedBy: record.number,
        closed: undefined,
      });
    }
    const open = found.get(about.id);
    if (record.kind === 'nonconformity-closed' && open) {
      const { cause = '', correction = '', prevention = '', closedBy } = about;
      found.set(about.id, {
        ...open,
        closed: {
          at: record.at,
          number: record.number,
          cause,
          correction,
          prevention,
          name: closedBy?.name ?? '',
          position: closedBy?.position ?? '',
        },
      });
    }
  }
  return [...found.values()];
}

/**
 * Opens what was found and is not open or closed already. Several processes may call it at once; each finding is opened once.
 * @returns the new records
 */
export function openNonconformities(
  history: RecordHistory,
  findings: readonly Finding[],
  common: (kind: 'nonconformity-opened') => RecordContent,
): Promise<readonly HistoryRecord[]> {
  if (findings.length === 0) return Promise.resolve([]);
  return history.update(async ({ records, append }) => {
    const known = await listNonconformities(records());
    const subjects = new Set(known.map(({ subject }) => subject));
    const opened: HistoryRecord[] = [];
    for (const { rule, subject, facts, atMs, records: numbers } of findings.filter((finding) => !subjects.has(finding.subject))) {
      const content = common('nonconformity-opened');
      const id = `NC-${String(known.length + opened.length + 1).padStart(4, '0')}`;
      opened.push(
        await append({
          ...content,
          nonconformity: { id, subject, rule, facts: { ...facts, about: new Date(atMs).toISOString() }, records: [...numbers] },
        }),
      );
    }
    return opened;
  });
}

/** Closes an open one. @throws `record.not-found` when there is none of that id; `arguments.invalid` when it is closed already */
export function closeNonconformity(
  history: RecordHistory,
  id: string,
  closing: {
    readonly cause: string;
    readonly correction: string;
    readonly prevention?: string | undefined;
    readonly by: { readonly name: string; readonly position: string };
  },
  common: RecordContent,
  signal?: AbortSignal,
): Promise<HistoryRecord> {
  return history.update(async ({ records, append }) => {
    const open = (await listNonconformities(records())).find((one) => one.id === id);
    if (!open) throw new CadanganError('record.not-found', { record: id });
    if (open.closed) throw new CadanganError('arguments.invalid', { argument: id, reason: 'this nonconformity is closed already' });
    const { cause, correction, prevention, by } = closing;
    return append({
      ...common,
      nonconformity: {
        id,
        subject: open.subject,
        rule: open.rule ?? '',
        cause,
        correction,
        ...(prevention !== undefined && { prevention }),
        closedBy: { ...by },
      },
    });
  }, signal);
}
