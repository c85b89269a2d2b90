import { CadanganError } from '../platform/index.ts';
import {
  allOf,
  dayOf,
  decide,
  instantMsOf,
  openByPerson,
  type Closing,
  type Decision,
  type HistoryRecord,
  type Period,
  type PersonsFinding,
  type RecordContent,
  type RecordKind,
  type Signer,
} from '../records/index.ts';
import { commonContent, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** How the wish came. */
export interface Asked extends Partial<Pick<RecordAbout, 'via' | 'user'>> {
  readonly signal?: AbortSignal | undefined;
}

export interface Approval {
  readonly act: NonNullable<RecordContent['approval']>['act'];
  readonly period: Period;
  readonly by: Signer;
  /** They are not accepted: why. */
  readonly rejectedFor?: string | undefined;
}

/**
 * A person says that the records of a period were prepared, checked or approved, or that they are not accepted: up to the one that is the
 * last at this moment.
 * @throws `record.not-found` when there are none; `arguments.invalid` when the period has not ended or lies before the history, or when the
 * same person has another part in it already; `storage.…`, `records.busy`
 */
export function approvePeriod(keeper: RecordKeeper, approval: Approval, asked: Asked = {}): Promise<HistoryRecord> {
  const { act, period, by, rejectedFor } = approval;
  return keeper.history.update(async ({ records, append }) => {
    const head = await keeper.history.head();
    if (!head) throw new CadanganError('record.not-found', { record: '1' });
    refuseApproval(approval, await allOf(records()), keeper);
    return append({
      ...contentBy(rejectedFor === undefined ? 'approval' : 'rejection', keeper, by, asked),
      approval: { act, ...by, ...period, throughNumber: head.number, throughHash: head.hash },
      ...(rejectedFor !== undefined && { remarks: rejectedFor }),
    });
  }, asked.signal);
}

/** @throws `arguments.invalid` */
function refuseApproval(
  { act, period: { from, to }, by, rejectedFor }: Approval,
  records: readonly HistoryRecord[],
  keeper: RecordKeeper,
): void {
  const { instruction, timeZone } = keeper.about().settings ?? {};
  const refuse = (argument: string, value: string, reason: string): never => {
    throw new CadanganError('arguments.invalid', { argument, value, reason });
  };
  if (to >= dayOf(keeper.nowMs, timeZone)) refuse('to', to, 'the period has not ended yet');
  // Not the first line: what follows it may be older, where the clock had been ahead.
  const beganMs = records.reduce((earliest, { at }) => Math.min(earliest, instantMsOf(at)), Infinity);
  if (Number.isFinite(beganMs) && to < dayOf(beganMs, timeZone)) refuse('to', to, 'the period lies before the first record');
  if (rejectedFor !== undefined || instruction?.samePersonMaySignTwice === true) return;
  const other = records.find(({ kind, approval }) => {
    if (kind !== 'approval' || !approval || approval.act === act || !isSameName(approval.name, by.name)) return false;
    return approval.from <= to && approval.to >= from;
  });
  if (other) refuse('name', by.name, 'this person has another part in the approval of that period already');
}

/** As people write it: letters and blanks may differ. */
export function isSameName(one: string, other: string): boolean {
  return plainName(one) === plainName(other);
}

function plainName(name: string): string {
  return name.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** A person decides about a nonconformity. @throws as `decide` */
export function decideByPerson(
  keeper: RecordKeeper,
  id: string,
  decision: Decision,
  by: Signer,
  asked: Asked = {},
): Promise<HistoryRecord> {
  return decide(keeper.history, id, decision, contentBy(kindOf[decision.kind], keeper, by, asked), asked.signal);
}

const kindOf: Readonly<Record<Decision['kind'], RecordKind>> = {
  close: 'nonconformity-closed',
  assign: 'nonconformity-assigned',
  check: 'nonconformity-checked',
  withdraw: 'nonconformity-withdrawn',
};

/** A person closes an open nonconformity. @throws `record.not-found`, `arguments.invalid` when it is closed already */
export function closeByPerson(keeper: RecordKeeper, id: string, closing: Closing, asked: Asked = {}): Promise<HistoryRecord> {
  return decideByPerson(keeper, id, { kind: 'close', closing }, closing.by, asked);
}

/** A person has found something that is not as it should be. @throws as `openByPerson` of the records */
export function enterFinding(keeper: RecordKeeper, finding: PersonsFinding, by: Signer, asked: Asked = {}): Promise<HistoryRecord> {
  return openByPerson(keeper.history, finding, contentBy('nonconformity-opened', keeper, by, asked), asked.signal);
}

/**
 * Who signs, as the instruction knows them: with its list of persons only those; their position stands there, too.
 * @throws `arguments.invalid` for somebody whom the list does not have, and for one without a position
 */
export function signerOf(
  instruction: NonNullable<RecordAbout['settings']>['instruction'],
  { name, position }: { readonly name: string; readonly position?: string | undefined },
): Signer {
  const known = personsOf(instruction).find((person) => isSameName(person.name, name));
  if (!known && (instruction?.persons ?? []).length > 0)
    throw new CadanganError('arguments.invalid', { argument: 'name', value: name, reason: 'the instruction does not name this person' });
  const said = position?.trim() ?? '';
  const place = said === '' ? known?.position : said;
  if (place === undefined) throw new CadanganError('arguments.invalid', { argument: 'position', value: '', reason: 'it is needed here' });
  return { name: known?.name ?? name.trim(), position: known?.position ?? place };
}

/** Whom the instruction names, each once: its list, and who prepares, checks and approves. */
export function personsOf(
  instruction: NonNullable<RecordAbout['settings']>['instruction'],
): readonly { readonly name: string; readonly position?: string | undefined }[] {
  const { persons = [], preparedBy, checkedBy, approvedBy } = instruction ?? {};
  const all = [...persons, preparedBy, checkedBy, approvedBy].filter((person) => person !== undefined);
  return all.filter((person, at) => all.findIndex(({ name }) => isSameName(name, person.name)) === at);
}

/** What a record of a decision begins with: who says it, and how the wish came. */
export function contentBy(kind: RecordKind, keeper: RecordKeeper, { name, position }: Signer, { via, user }: Asked): RecordContent {
  const about = keeper.about();
  const common = commonContent(kind, { ...about, via: via ?? about.via, user: user ?? about.user });
  return { ...common, operator: { ...common.operator, name, position } };
}
