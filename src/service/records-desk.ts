import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  approvePeriod,
  closeByPerson,
  decideByPerson,
  enterFinding,
  personsOf,
  signerOf,
  type Asked,
  type RecordKeeper,
} from '../jobs/index.ts';
import { CadanganError, isAbort, systemCode, type Clock } from '../platform/index.ts';
import {
  dayOf,
  drillDueOf,
  kindText,
  listNonconformities,
  nextDay,
  RecordIndex,
  startOfDayMs,
  type ChainKnowledge,
  type HistoryRecord,
  type IndexedRecord,
  type ReadRecord,
  type RecordContent,
  type Signer,
} from '../records/index.ts';
import type { Configuration } from '../settings/index.ts';
import { ChainState } from './chain-state.ts';
import { nonconformityInfoOf } from './nonconformity-info.ts';
import type {
  ApproveParams,
  CloseNonconformityParams,
  DecideNonconformityParams,
  EnterFindingParams,
  NonconformityInfo,
  RecordPage,
  RecordRow,
  RecordsPage,
  RecordsParams,
  RecordsSummary,
  RecordsVerification,
} from './protocol.ts';
import { namesOf, placeFaults, recordFaultOf, type PlacedFaults } from './record-faults.ts';
import { recordPageOf, recordRowOf } from './record-page.ts';
import { lastingParts } from './review-records.ts';
import { verifyWithAnchors, type VerifyRecordsOptions } from './verify-records.ts';

export interface RecordsDeskOptions {
  readonly keeper: RecordKeeper;
  readonly clock: Clock;
  /** As it is in force at any time. */
  readonly configuration: () => Configuration;
  /** Holds the records against the work instruction. Never rejects. */
  readonly review: () => Promise<void>;
  /** Names of those who cannot be told of anything. */
  readonly alertsFailing?: (() => readonly string[]) | undefined;
  /** There are new records, or the summary says something else. */
  readonly onChange: () => void;
}

/** Other processes append too; to look costs one call of the system. */
const lookMs = 1_000;

/** Everything that a window asks of the records. Reads nothing before it is asked the first time. */
export class RecordsDesk {
  readonly chain: ChainState;
  readonly #options: RecordsDeskOptions;
  readonly #index: RecordIndex;
  readonly #closing = new AbortController();
  #watching: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #isLookWanted = false;

  constructor(options: RecordsDeskOptions) {
    this.#options = options;
    this.chain = new ChainState(options.keeper.history);
    this.#index = new RecordIndex(options.keeper.history.folder);
  }

  async list({ offset, limit, ...filter }: RecordsParams, signal: AbortSignal): Promise<RecordsPage> {
    await this.#refresh(signal);
    this.#lookSoon();
    const read = async () => {
      const found = this.#index.entries.filter(this.#filterOf(filter)).toReversed();
      const wanted = found.slice(offset, offset + limit);
      return { total: found.length, wanted, records: await this.#index.read(wanted, signal) };
    };
    let page = await read();
    if (page.records.length < page.wanted.length) {
      await this.#index.refresh(signal); // the files have changed under the index
      page = await read();
    }
    const context = this.#options.configuration();
    const { ofRecords, others } = this.#placedFaults();
    const isOfDays = this.#isOfDays(filter);
    return {
      rows: page.records.map(({ record }) => recordRowOf(record, context, ofRecords.get(record.number))),
      total: page.total,
      today: this.#today(),
      faults: others.filter(({ ms }) => isOfDays(ms)).map((one) => recordFaultOf(one, context.timeZone)),
    };
  }

  /** @throws `record.not-found` */
  async read(number: number, signal: AbortSignal): Promise<RecordPage> {
    await this.#refresh(signal);
    const found = (await this.#find(number, signal)) ?? (await this.#findAnew(number, signal));
    return recordPageOf(
      found,
      await listNonconformities(this.#index.whole),
      this.#options.configuration(),
      this.#placedFaults().ofRecords.get(number),
    );
  }

  async summary(signal: AbortSignal): Promise<RecordsSummary> {
    await this.#refresh(signal);
    const { entries, whole } = this.#index;
    const { instruction } = this.#options.configuration();
    const open = (await listNonconformities(whole)).filter(({ isOpen }) => isOpen);
    const drillDue = drillDueOf(whole, instruction, this.#nowMs());
    return {
      count: entries.length,
      openNonconformities: open.length,
      alertsFailing: this.#options.alertsFailing?.() ?? [],
      chain: this.#chainOf(entries.length),
      today: this.#today(),
      ...(drillDue && { drillDue: { at: new Date(drillDue.atMs).toISOString(), isOverdue: drillDue.isOverdue } }),
      kinds: [...new Set(entries.map(({ kind }) => kind))].map((kind) => ({ kind, text: kindText(kind) })),
      sets: [...new Set(entries.flatMap(({ set }) => set ?? []))],
      persons: personsOf(instruction).map(({ name, position }) => ({ name, ...(position !== undefined && { position }) })),
      isListOfPersons: (instruction?.persons ?? []).length > 0,
    };
  }

  async nonconformities(signal: AbortSignal): Promise<readonly NonconformityInfo[]> {
    await this.#refresh(signal);
    const { keeper, configuration } = this.#options;
    const all = (await listNonconformities(this.#index.whole)).toReversed();
    // Reads every record: not where there is nothing that could last.
    const lasting = all.some(({ isOpen }) => isOpen)
      ? await lastingParts(keeper, configuration(), this.#nowMs(), signal)
      : new Set<string>();
    const context = { timeZone: configuration().timeZone, today: this.#today(), lasting };
    return [...all.filter(({ isOpen }) => isOpen), ...all.filter(({ isOpen }) => !isOpen)].map((one) => nonconformityInfoOf(one, context));
  }

  async verify(options: VerifyRecordsOptions): Promise<RecordsVerification> {
    const { timeZone } = this.#options.configuration();
    const { knowledge, ...verified } = await verifyWithAnchors(this.#options.keeper, { ...options, timeZone });
    this.noteCompared(knowledge);
    return verified;
  }

  /** What was found by whoever asked those that keep heads of the chain. */
  noteCompared(knowledge: ChainKnowledge): void {
    this.chain.noteCompared(knowledge);
    this.#options.onChange();
  }

  /** For a command that worked alone. */
  async append(content: RecordContent, { user, signal }: Asked): Promise<HistoryRecord> {
    const operator = { ...content.operator, ...(user !== undefined && { user }) };
    const record = await this.#options.keeper.history.append({ ...content, operator }, signal);
    this.#options.onChange();
    return record;
  }

  async approve({ act, from, to, rejectedFor, ...person }: ApproveParams, asked: Asked): Promise<RecordRow> {
    if (from > to) throw new CadanganError('arguments.invalid', { argument: 'to', value: to, reason: 'the period ends before it begins' });
    const approval = { act, period: { from, to }, by: this.#signer(person), rejectedFor };
    return this.#written(await approvePeriod(this.#options.keeper, approval, asked));
  }

  async close({ id, cause, correction, prevention, ...person }: CloseNonconformityParams, asked: Asked): Promise<RecordRow> {
    const closing = { cause, correction, prevention, by: this.#signer(person) };
    return this.#written(await closeByPerson(this.#options.keeper, id, closing, asked));
  }

  async decide({ id, decision, ...person }: DecideNonconformityParams, asked: Asked): Promise<RecordRow> {
    const known = decision.kind === 'assign' ? { ...decision, owner: this.#signer(decision.owner), due: decision.due } : decision;
    return this.#written(await decideByPerson(this.#options.keeper, id, known, this.#signer(person), asked));
  }

  async enterFinding({ text, records, owner, due, ...person }: EnterFindingParams, asked: Asked): Promise<RecordRow> {
    const finding = { text, records, owner: owner && this.#signer(owner), due };
    return this.#written(await enterFinding(this.#options.keeper, finding, this.#signer(person), asked));
  }

  /** As the instruction knows them. @throws `arguments.invalid` */
  #signer({ name, position }: Signer): Signer {
    return signerOf(this.#options.configuration().instruction, { name, position });
  }

  /** Ends the look-out for what others write. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#watching;
    await this.#looking;
  }

  #written(record: ReadRecord['record']): RecordRow {
    this.#options.onChange();
    return recordRowOf(record, this.#options.configuration());
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    this.#watching ??= Promise.all([this.#watch(), this.#options.review()]).then(() => undefined);
    await this.#index.refresh(signal);
  }

  /** Reads the chain behind whatever is shown: it may be long. Tells when there is something else to show. */
  #lookSoon(): void {
    this.#isLookWanted = true;
    this.#looking ??= this.#look();
  }

  async #look(): Promise<void> {
    while (this.#isLookWanted && !this.#closing.signal.aborted) {
      this.#isLookWanted = false;
      const before = namesOf(this.chain.faults);
      // Who asks for a verification is told why the files cannot be read.
      await this.chain.verify(this.#closing.signal).catch(() => undefined);
      if (namesOf(this.chain.faults) !== before) this.#options.onChange();
    }
    this.#looking = undefined;
  }

  #placedFaults(): PlacedFaults {
    return placeFaults(this.chain.faults, this.#index.entries, this.#nowMs());
  }

  /** Every append leaves a new head behind. Looks itself: state folders may lie on network homes, whose events are lost. */
  async #watch(): Promise<void> {
    const head = join(this.#options.keeper.history.folder, 'head.json');
    let known = await stampOf(head);
    while (!this.#closing.signal.aborted) {
      try {
        await this.#options.clock.sleep(lookMs, this.#closing.signal);
      } catch (error) {
        if (!isAbort(error) && !this.#closing.signal.aborted) throw error;
        return;
      }
      const stamp = await stampOf(head);
      if (stamp !== known) this.#options.onChange();
      known = stamp;
    }
  }

  async #find(number: number, signal: AbortSignal): Promise<ReadRecord | undefined> {
    const entry = this.#index.entries.find((candidate) => candidate.number === number);
    return entry && (await this.#index.read([entry], signal))[0];
  }

  /** The files may have changed under the index. */
  async #findAnew(number: number, signal: AbortSignal): Promise<ReadRecord> {
    await this.#index.refresh(signal);
    const found = await this.#find(number, signal);
    if (!found) throw new CadanganError('record.not-found', { record: String(number) });
    return found;
  }

  #isOfDays({ from, to }: Pick<RecordsParams, 'from' | 'to'>): (ms: number) => boolean {
    const { timeZone } = this.#options.configuration();
    const startMs = from === undefined ? -Infinity : startOfDayMs(from, timeZone);
    const endMs = to === undefined ? Infinity : startOfDayMs(nextDay(to), timeZone);
    return (ms) => ms >= startMs && ms < endMs;
  }

  #filterOf({ kinds, results, set, snapshots, ...days }: Omit<RecordsParams, 'offset' | 'limit'>): (entry: IndexedRecord) => boolean {
    const isOfDays = this.#isOfDays(days);
    const made = snapshots && new Set(snapshots);
    return (entry) =>
      isOfDays(entry.ms) &&
      (kinds?.includes(entry.kind) ?? true) &&
      (results === undefined || (entry.result !== undefined && results.includes(entry.result))) &&
      (set === undefined || entry.set === set) &&
      (made === undefined || (entry.snapshotId !== undefined && made.has(entry.snapshotId)));
  }

  /** As this process knows it; `unknown` before somebody has verified it. */
  #chainOf(count: number): RecordsSummary['chain'] {
    const { faults, compared } = this.chain;
    if (faults.length > 0 || compared?.isBroken === true) return 'broken';
    return compared === undefined || count === 0 ? 'unknown' : 'intact';
  }

  #today(): string {
    return dayOf(this.#nowMs(), this.#options.configuration().timeZone);
  }

  #nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }
}

/** Changes whenever the file is another one. Empty where there is none, or none that can be reached. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeMs } = await stat(path);
    return `${ino} ${mtimeMs}`;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return '';
  }
}
