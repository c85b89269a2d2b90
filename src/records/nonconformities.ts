import { nonconformityRules, type NonconformityRule } from './finding.ts';
import type { Signer } from './person.ts';
import type { HistoryRecord, RecordKind, RecordValues } from './record.ts';

/** Who said something of a nonconformity, in which record. */
export interface Saying extends Signer {
  readonly at: string;
  readonly number: number;
}

/** What the records say of one nonconformity. */
export interface Nonconformity {
  /** `NC-0001`, in the order in which they were opened. */
  readonly id: string;
  readonly rule: NonconformityRule | undefined;
  readonly subject: string;
  /** The same things one after the other, as subjects; at least `subject`. */
  readonly parts: readonly string[];
  /** `about`: the instant that it is about, RFC 3339. */
  readonly facts: RecordValues;
  /** Of the records that show it. */
  readonly records: readonly number[];
  readonly openedAt: string;
  readonly openedBy: number;
  /** Neither closed nor withdrawn. */
  readonly isOpen: boolean;
  /** Records that opened it again after it was closed. */
  readonly reopenedBy: readonly number[];
  readonly owner: Signer | undefined;
  /** The day until which it is to be mended, `2026-12-24`. */
  readonly due: string | undefined;
  /** How it was closed; undefined again when it was opened again. */
  readonly closed: (Saying & { readonly cause: string; readonly correction: string; readonly prevention: string }) | undefined;
  /** Whether the correction helped; the last word counts. */
  readonly check: (Saying & { readonly helped: boolean; readonly why: string }) | undefined;
  readonly withdrawn: (Saying & { readonly why: string }) | undefined;
  /** Every record that tells of it, in their order. */
  readonly told: readonly number[];
}

type Told = HistoryRecord & { readonly nonconformity: NonNullable<HistoryRecord['nonconformity']> };

/** Every nonconformity that was opened, oldest first, each with what became of it. */
export async function listNonconformities(records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>): Promise<Nonconformity[]> {
  const found = new Map<string, Nonconformity>();
  for await (const record of records) {
    const { nonconformity } = record;
    if (nonconformity === undefined) continue;
    const before = found.get(nonconformity.id);
    const after = afterRecord(before, { ...record, nonconformity });
    if (after) found.set(nonconformity.id, { ...after, told: [...(before?.told ?? []), record.number] });
  }
  return [...found.values()];
}

/** What a record makes of it. Pure. */
function afterRecord(before: Nonconformity | undefined, record: Told): Nonconformity | undefined {
  if (before) return changes[record.kind]?.(before, record) ?? before;
  return record.kind === 'nonconformity-opened' ? opened(record) : undefined;
}

/** How many were ever opened, with those of months that were disposed of: their numbers stand on forms. */
export async function countOpened(records: AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>): Promise<number> {
  let count = 0;
  for await (const { kind, nonconformity, disposal } of records) {
    const own = kind === 'nonconformity-opened' ? Number(nonconformity?.id.replace(/^NC-/, '')) : 0;
    count = Math.max(count, own || 0, disposal?.nonconformities ?? 0);
  }
  return count;
}

const changes: Readonly<Partial<Record<RecordKind, (before: Nonconformity, record: Told) => Nonconformity>>> = {
  'nonconformity-opened': (before, record) => openedAgain(joined(before, record), record),
  'nonconformity-extended': joined,
  'nonconformity-assigned': (before, { nonconformity: { owner = before.owner, due = before.due } }) => ({ ...before, owner, due }),
  'nonconformity-closed': (before, record) => ({ ...before, isOpen: false, closed: closingOf(record), check: undefined }),
  'nonconformity-checked': (before, record) => {
    const { helped = false, why = '' } = record.nonconformity;
    const checked = { ...before, check: { ...sayingOf(record), helped, why } };
    return helped ? checked : openedAgain(checked, record);
  },
  'nonconformity-withdrawn': (before, record) => ({
    ...before,
    isOpen: false,
    withdrawn: { ...sayingOf(record), why: record.nonconformity.why ?? '' },
  }),
};

function openedAgain(before: Nonconformity, { number }: Told): Nonconformity {
  return { ...before, isOpen: true, closed: undefined, withdrawn: undefined, reopenedBy: [...before.reopenedBy, number] };
}

function opened({ at, number, nonconformity }: Told): Nonconformity {
  const { id, subject, facts = {}, parts = [subject], records = [], rule, owner, due } = nonconformity;
  return {
    id,
    rule: nonconformityRules.find((known) => known === rule),
    subject,
    parts,
    facts,
    records,
    openedAt: at,
    openedBy: number,
    isOpen: true,
    reopenedBy: [],
    owner,
    due,
    closed: undefined,
    check: undefined,
    withdrawn: undefined,
    told: [],
  };
}

/** With what came to it. */
function joined(before: Nonconformity, { nonconformity: { parts = [], records = [] } }: Told): Nonconformity {
  return {
    ...before,
    parts: [...new Set([...before.parts, ...parts])],
    records: [...new Set([...before.records, ...records])].toSorted((a, b) => a - b),
  };
}

function closingOf(record: Told): NonNullable<Nonconformity['closed']> {
  const { cause = '', correction = '', prevention = '', closedBy } = record.nonconformity;
  return { ...sayingOf(record), ...(closedBy && { name: closedBy.name, position: closedBy.position }), cause, correction, prevention };
}

function sayingOf({ at, number, operator: { name = '', position = '' } }: HistoryRecord): Saying {
  return { at, number, name, position };
}
