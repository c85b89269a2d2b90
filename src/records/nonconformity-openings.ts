import type { RecordHistory } from './history.ts';
import { countOpened, listNonconformities, type Nonconformity } from './nonconformities.ts';
import type { Finding } from './finding.ts';
import type { HistoryRecord, RecordContent, RecordValues } from './record.ts';

/** What is to be written of one finding. */
export interface Opening {
  /** `again`: it was closed, and is there again or still. */
  readonly what: 'new' | 'again' | 'more';
  readonly id: string;
  readonly finding: Finding;
  /** What nobody was told of. */
  readonly parts: readonly string[];
}

/**
 * What findings make of the nonconformities that are known: one that is new is opened; what joins a row of the same joins its
 * nonconformity; one that was closed is opened again when more of the same comes, or when what it is about still lasts. One that was
 * withdrawn never was one: it is not opened again, and what comes later is told as a new one. Pure.
 */
export function planOpenings(known: readonly Nonconformity[], findings: readonly Finding[], countBefore = known.length): Opening[] {
  let count = countBefore;
  const now: Pick<Nonconformity, 'id' | 'parts' | 'isOpen' | 'withdrawn' | 'rule'>[] = [...known];
  return findings.flatMap((finding): Opening[] => {
    const parts = finding.parts ?? [finding.subject];
    const fresh = parts.filter((part) => !now.some((one) => one.parts.includes(part)));
    const at = now.findLastIndex((one) => one.parts.some((part) => parts.includes(part)));
    const row = now[at];
    if (row && !row.withdrawn) {
      const isWanted = fresh.length > 0 || (finding.lasts === true && !row.isOpen);
      if (!isWanted) return [];
      now[at] = { ...row, parts: [...row.parts, ...fresh], isOpen: true };
      return [{ what: row.isOpen ? 'more' : 'again', id: row.id, finding, parts: fresh }];
    }
    if (fresh.length === 0) return [];
    const id = nextId(count++);
    now.push({ id, rule: finding.rule, parts: fresh, isOpen: true, withdrawn: undefined });
    return [{ what: 'new', id, finding, parts: fresh }];
  });
}

/** @param count of those that were ever opened, see `countOpened` */
export function nextId(count: number): string {
  return `NC-${String(count + 1).padStart(4, '0')}`;
}

export type OpeningKind = 'nonconformity-opened' | 'nonconformity-extended';

/**
 * Writes down what findings make of the nonconformities that are known. Several processes may call it at once; each finding is told once.
 * @returns the new records
 */
export function openNonconformities(
  history: RecordHistory,
  findings: readonly Finding[],
  common: (kind: OpeningKind) => RecordContent,
): Promise<readonly HistoryRecord[]> {
  if (findings.length === 0) return Promise.resolve([]);
  return history.update(async ({ records, append }) => {
    const known = await listNonconformities(records());
    const count = await countOpened(records());
    const written: HistoryRecord[] = [];
    for (const opening of planOpenings(known, findings, count)) {
      const kind = opening.what === 'more' ? 'nonconformity-extended' : 'nonconformity-opened';
      const before = known.find(({ id }) => id === opening.id);
      written.push(await append({ ...common(kind), nonconformity: contentOf(opening, before) }));
    }
    return written;
  });
}

function contentOf({ id, finding, parts }: Opening, before: Nonconformity | undefined): NonNullable<RecordContent['nonconformity']> {
  const { rule, facts, atMs, records } = finding;
  const [first = finding.subject] = parts;
  // Of a row each part is named; what stands alone is its subject.
  const isRow = finding.parts !== undefined && parts.length > 0;
  const ownFacts: RecordValues = { ...facts, about: new Date(atMs).toISOString() };
  return {
    id,
    subject: before?.subject ?? first,
    rule,
    facts: before ? { ...ownFacts, about: before.facts['about'] ?? ownFacts['about'] ?? '' } : ownFacts,
    ...(isRow && { parts: [...parts] }),
    records: before ? records.filter((number) => !before.records.includes(number)) : [...records],
  };
}
