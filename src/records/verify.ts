import { throwIfAborted } from '../platform/index.ts';
import type { Anchor } from './anchors.ts';
import { findBeginning, type Beginning } from './beginning.ts';
import { HeadComparison, type ComparedHead } from './compared-heads.ts';
import { isOldEnough } from './disposal.ts';
import { evidenceNames, isEvidenceOther } from './evidence.ts';
import { chainNameOf, isHeadSignedBy, readHead, type ChainHead, type SavedHead } from './head.ts';
import { declaredBreak, nextKeyOf, type KeyBreak } from './key-succession.ts';
import { MachineMoves } from './machine-moves.ts';
import { fileOfRecord, type MonthFile } from './month-files.ts';
import { readLines, type HistoryLine } from './read-lines.ts';
import { noHash, type HistoryRecord } from './record.ts';
import { hasSignature, parseLine, type LineFault } from './record-line.ts';
import { msOf } from './report.ts';
import { saidIn, type Said } from './said.ts';
import { publicKeyFrom, type PublicKey } from './signing-key.ts';
import { instantMsOf } from './timestamp.ts';

/**
 * `unfinished`: a line without an end that was once confirmed. `previous`: it does not follow from the line before. `number`: not the next
 * one. `misplaced`: it belongs into another file. `other-key`: signed with another key than the records before, or than the installation's.
 * `succession`: it says how one key follows another, and the chain shows it otherwise. `disposal`: the same of months that are not there.
 * `move`: the same of the machine.
 * `cut-off`: records that somebody else knows are not there any more. `other-record`: somebody else knows another record of this number.
 * `other-chain`: somebody else knows another history of this machine. `no-head`: somebody took away what every append leaves behind.
 * `head-signature`: what was left behind is not what was signed. `head-doubt`: the same, found by the append of this record.
 * `evidence`: the file that proves what the record says is gone, or is another one.
 */
export type ChainFaultKind =
  | LineFault
  | 'unfinished'
  | 'previous'
  | 'number'
  | 'misplaced'
  | 'other-key'
  | 'succession'
  | 'disposal'
  | 'move'
  | 'cut-off'
  | 'other-record'
  | 'other-chain'
  | 'no-head'
  | 'head-signature'
  | 'head-doubt'
  | 'evidence';

export interface ChainFault {
  readonly kind: ChainFaultKind;
  /** Undefined when there is no file at all. */
  readonly file: MonthFile | undefined;
  /** From 1; of what is cut off, the line that should be there. */
  readonly line: number;
  /** The number that the record states, or should have. */
  readonly number: number | undefined;
  /** Who knows better, for `cut-off`, `other-record`, `other-chain`. */
  readonly keptIn?: string | undefined;
  readonly expected?: string | number | undefined;
  readonly found?: string | number | undefined;
  /** Of a line that is not sound: when it happened, as the line says. Nothing of it is proven. */
  readonly statedMs?: number;
}

/**
 * What is odd and no fault. `clock-back`, `unconfirmed` (an append was cut short and nobody was told that it had succeeded), `repaired`.
 * `head-unsigned`: the version that wrote the last record did not sign its head. `head-behind`: appends whose head could not be written.
 * `key-replaced`, `key-lost`, `disposed`, `moved`: a record says so, and the chain shows it so. `other-machine`: no record says so.
 * `evidence-unknown`: a file that no record names. `other-history`: a head that is of somebody else's.
 */
export interface ChainNote {
  readonly kind:
    | 'clock-back'
    | 'unconfirmed'
    | 'repaired'
    | 'head-unsigned'
    | 'head-behind'
    | 'key-replaced'
    | 'key-lost'
    | 'disposed'
    | 'moved'
    | 'other-machine'
    | 'evidence-unknown'
    | 'other-history';
  /** Undefined for what stands in no line. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** Of the record that it is about. */
  readonly number?: number | undefined;
  /** Of `key-lost`, the last record that the lost key signed; of `disposed`, the last that is not there any more. */
  readonly through?: number | undefined;
  /** Who says so, when, and why, in their own words. */
  readonly said?: Said | undefined;
  /** Keys and machines, before and after; who keeps a head, and whose it is. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface Verification {
  /** Something was read, and nothing is wrong with it. What that rests on, `heads` and `notes` say. */
  readonly isIntact: boolean;
  /** Sound records that were read. */
  readonly recordCount: number;
  readonly head: ChainHead | undefined;
  /** The key that the history began with, as far back as it is there. */
  readonly publicKey: PublicKey | undefined;
  /** The key that signs now. */
  readonly lastKey: PublicKey | undefined;
  /** In the order of the lines; the first hundred. */
  readonly faults: readonly ChainFault[];
  readonly faultCount: number;
  readonly notes: readonly ChainNote[];
  /** Where another key begins to sign and no record says why. */
  readonly keyBreaks: readonly KeyBreak[];
  /** The machine that the last record names. */
  readonly lastHost: string | undefined;
  /** Heads kept elsewhere, and `head.json`. */
  readonly heads: readonly ComparedHead[];
  /** How many of them were compared. */
  readonly anchorsCompared: number;
}

export interface VerifyOptions {
  /** Heads of the chain that are kept elsewhere. */
  readonly anchors?: readonly Anchor[];
  /** Of this installation, when it is known: the chain must end with it. */
  readonly publicKey?: PublicKey | undefined;
  /**
   * Whose history it is, `user@machine`: anchors of others count only where they name this very chain, as those from before a machine was
   * renamed do. Default: all of them count.
   */
  readonly owner?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const keptMax = 100;
/** What `head.json` is called among the heads that were compared. */
export const savedHeadName = 'head.json';

/**
 * Reads every line of the history in `folder` and proves that none was changed, taken out, put in, moved or cut off.
 * @throws the system's errors, `aborted`
 */
export async function verifyHistory(folder: string, options: VerifyOptions = {}): Promise<Verification> {
  // What may be appended while it is read is no fault: evidence comes before its record, and a record before its head.
  const [saved, evidence] = [await readHead(folder), await evidenceNames(folder)];
  const walk = new ChainWalk(options, saved, await findBeginning(folder, options.signal));
  for await (const line of readLines(folder, options.signal)) {
    throwIfAborted(options.signal);
    const record = walk.take(line);
    if (record && (await isEvidenceOther(folder, record))) walk.evidenceIsOther(record);
  }
  walk.takeEvidence(evidence);
  return walk.finish((await readHead(folder)) ?? saved);
}

type Last = Pick<HistoryRecord, 'number' | 'hash' | 'at'> & Partial<Pick<HistoryRecord, 'host' | 'headSigned'>>;

/** One reading of a chain from its first line to its last. */
class ChainWalk {
  readonly #options: VerifyOptions;
  readonly #saved: SavedHead | undefined;
  readonly #beginning: Beginning | undefined;
  readonly #faults: ChainFault[] = [];
  readonly #notes: ChainNote[] = [];
  readonly #heads: HeadComparison;
  readonly #named = new Set<string>();
  readonly #keys = new Map<string, PublicKey>();
  readonly #breaks: (KeyBreak & { readonly fault: ChainFault; readonly record: HistoryRecord })[] = [];
  readonly #machines = new MachineMoves();
  #faultCount = 0;
  #recordCount = 0;
  #chain: string | undefined;
  #firstKey: PublicKey | undefined;
  #key: PublicKey | undefined;
  /** From which record on the key signs that signs last. */
  #keySince: { readonly at: Place | undefined; readonly number: number } | undefined;
  #firstNumber = 1;
  #last: Last | undefined;
  #at: Place | undefined;
  #newestFile: MonthFile | undefined;
  /** Behind a line that cannot be read nobody can say what should follow. */
  #isLost = false;

  constructor(options: VerifyOptions, saved: SavedHead | undefined, beginning: Beginning | undefined) {
    this.#options = options;
    this.#saved = saved;
    this.#beginning = beginning;
    const { owner, anchors = [] } = options;
    this.#heads = new HeadComparison([...(saved ? [{ ...saved, keptIn: savedHeadName, owner: owner ?? '' }] : []), ...anchors], owner);
    if (!beginning) return;
    [this.#chain, this.#last, this.#firstNumber] = [beginning.chain, beginning.last, beginning.last.number + 1];
    this.#begin(publicKeyFrom(beginning.publicKey));
  }

  /** @returns the record, when it is sound in itself */
  take(line: HistoryLine): HistoryRecord | undefined {
    this.#at = line;
    const parsed = parseLine(line.bytes);
    const stated = parsed.record ?? parsed.stated;
    if (!line.isWhole) {
      this.#takeTorn(line);
      return undefined;
    }
    if (parsed.why !== undefined) this.#fault(parsed.why, stated?.number, stated && { statedMs: msOf(stated) });
    if (stated === undefined) {
      this.#isLost = true;
      return undefined;
    }
    const isLinked = parsed.why === undefined && this.#checkLinks(stated, line);
    const isOnlyHere = isLinked && this.#checkSignature(stated, line);
    if (isOnlyHere) {
      this.#checkHeads(stated);
      this.#takeWords(stated);
    }
    this.#noteOddities(stated);
    this.#recordCount += parsed.record ? 1 : 0;
    this.#last = stated;
    this.#isLost = false;
    this.#newestFile = line.file;
    return parsed.record;
  }

  /** Of the record that was taken last. */
  evidenceIsOther({ number, evidence }: HistoryRecord): void {
    this.#fault('evidence', number, { expected: String(evidence?.['file']) });
  }

  /** Files that no record names: their records are gone, or were never written. */
  takeEvidence(files: readonly string[]): void {
    for (const file of files.filter((name) => !this.#named.has(name))) this.#note('evidence-unknown', { ...nowhere, file });
  }

  /** @param newest the head that is saved now */
  finish(newest: SavedHead | undefined): Verification {
    this.#checkEnd();
    // A crash may keep the very first record from it, no other.
    if (newest === undefined && this.#recordCount > 1) this.#fault('no-head', this.#last?.number);
    this.#checkSavedHead(newest);
    this.#checkInstallation();
    for (const { from, record, said } of this.#machines.all)
      this.#note(said ? 'moved' : 'other-machine', { ...nowhere, number: record.number, before: from, after: record.host, said });
    const last = this.#last;
    const heads = this.#heads.results(this.#recordCount === 0 ? undefined : this.#chain, this.#firstNumber, last?.number ?? 0);
    for (const { anchor, result } of heads)
      if (result === 'other-history')
        this.#note('other-history', { ...nowhere, number: anchor.number, before: anchor.keptIn, after: anchor.owner });
    return {
      isIntact: this.#faultCount === 0 && this.#recordCount > 0,
      recordCount: this.#recordCount,
      head: last && this.#recordCount > 0 ? { chain: this.#chain ?? '', number: last.number, hash: last.hash } : undefined,
      publicKey: this.#firstKey,
      lastKey: this.#key,
      faults: this.#faults.toSorted(byPlace),
      faultCount: this.#faultCount,
      notes: this.#notes,
      keyBreaks: this.#breaks
        .filter(({ isDeclared }) => !isDeclared)
        .map(({ from, to, last, isDeclared }) => ({ from, to, last, isDeclared })),
      lastHost: last?.host,
      heads,
      anchorsCompared: heads.filter(({ result }) => result !== 'other-history' && result !== 'disposed').length,
    };
  }

  /** The next append sets it aside, unless it was confirmed: then somebody took the end of it. */
  #takeTorn(place: HistoryLine): void {
    const number = (this.#last?.number ?? 0) + 1;
    if (this.#saved !== undefined && this.#saved.number >= number) this.#fault('unfinished', number);
    else this.#note('unconfirmed', { file: place.file, line: place.line, number });
  }

  /** @returns whether the record is in its place */
  #checkLinks(record: HistoryRecord, { file }: HistoryLine): boolean {
    const before = this.#faultCount;
    const expected = (this.#last?.number ?? 0) + 1;
    if (this.#isLost ? record.number <= (this.#last?.number ?? 0) : record.number !== expected)
      this.#fault('number', record.number, { expected, found: record.number });
    else if (!this.#isLost && record.previous !== (this.#last?.hash ?? noHash))
      this.#fault('previous', record.number, { expected: this.#last?.hash ?? noHash, found: record.previous });
    const ownFile = fileOfRecord(record.at, this.#newestFile);
    if (file !== ownFile) this.#fault('misplaced', record.number, { expected: ownFile, found: file });
    return this.#faultCount === before;
  }

  /** A chain goes on with one key until a record, signed by it, introduces the next. Another one is told each time it begins. */
  #checkSignature(record: HistoryRecord, { bytes }: HistoryLine): boolean {
    const introduced = record.publicKey === undefined ? undefined : publicKeyFrom(record.publicKey);
    if (this.#key === undefined && record.kind === 'history-start' && introduced !== undefined) this.#begin(introduced);
    const isOther = record.key !== this.#key?.id;
    if (isOther) {
      const from = this.#key?.id;
      const fault = this.#fault('other-key', record.number, { expected: from, found: record.key });
      const key = introduced?.id === record.key ? introduced : undefined;
      if (key !== undefined && hasSignature(bytes, record.signature, key))
        this.#breaks.push({ from, to: key.id, last: this.#last, isDeclared: false, fault, record });
      this.#useKey(introduced ?? this.#key, record.number);
    }
    if (this.#key !== undefined && hasSignature(bytes, record.signature, this.#key)) return !isOther;
    if (!isOther) this.#fault('signature', record.number);
    return false;
  }

  #begin(key: PublicKey | undefined): void {
    this.#firstKey = key;
    this.#useKey(key, this.#firstNumber);
  }

  #useKey(key: PublicKey | undefined, number: number): void {
    if (key !== undefined && key.id !== this.#key?.id) this.#keySince = { at: this.#at, number };
    this.#key = key;
    if (key !== undefined) this.#keys.set(key.id, key);
  }

  #checkHeads(record: HistoryRecord): void {
    if (record.number === 1) this.#chain = chainNameOf(record.hash);
    if (record.number === this.#firstNumber) {
      const other = this.#heads.ofOtherChain(this.#chain);
      if (other) this.#fault('other-chain', record.number, { keptIn: other.keptIn, expected: other.chain, found: this.#chain });
    }
    const other = this.#heads.meet(record, this.#chain);
    if (other) this.#fault('other-record', record.number, { keptIn: other.keptIn, expected: other.hash, found: record.hash });
  }

  /** What the history says of itself, held against what the chain shows. */
  #takeWords(record: HistoryRecord): void {
    if (record.succession?.proof !== undefined) this.#takeReplacedKey(record);
    else if (record.kind === 'key-lost') this.#takeLostKey(record);
    if (record.kind === 'disposal') this.#takeDisposal(record);
    if (!this.#machines.take(record, this.#last?.host)) this.#fault('move', record.number);
    if (record.kind === 'repair' && record.evidence?.['head'] !== undefined)
      this.#fault('head-doubt', record.number, { found: String(record.evidence['head']) });
  }

  #takeReplacedKey(record: HistoryRecord): void {
    const next = nextKeyOf(record, this.#key);
    if (next === undefined) return void this.#fault('succession', record.number);
    this.#note('key-replaced', { number: record.number, before: this.#key?.id, after: next.id, said: saidIn(record) });
    this.#useKey(next, record.number + 1);
  }

  /** With it, what another key began is explained, and the fault becomes a note that names who says so. */
  #takeLostKey(record: HistoryRecord): void {
    const found = declaredBreak(record, this.#breaks);
    const one = this.#breaks.find((candidate) => candidate === found);
    if (one === undefined) return void this.#fault('succession', record.number);
    one.isDeclared = true;
    this.#withdraw(one.fault);
    const { file, line, number } = one.fault;
    this.#note('key-lost', { file, line, number, through: one.last?.number, before: one.from, after: one.to, said: saidIn(record) });
    this.#checkHeads(one.record);
  }

  /** Months are disposed of when they are old enough, as the record itself says. */
  #takeDisposal(record: HistoryRecord): void {
    const { disposal } = record;
    if (disposal === undefined || disposal.chain !== this.#chain || !isOldEnough(disposal, record.at))
      return void this.#fault('disposal', record.number);
    if (this.#beginning?.disposedBy === record.number)
      this.#note('disposed', { number: record.number, through: this.#beginning.last.number, said: saidIn(record) });
  }

  #checkEnd(): void {
    const lastNumber = this.#last?.number ?? 0;
    const beyond = this.#heads.beyond(lastNumber, this.#recordCount === 0 ? undefined : this.#chain);
    if (!beyond) return;
    this.#at = this.#at && { file: this.#at.file, line: this.#at.line + 1 };
    this.#fault('cut-off', lastNumber + 1, { keptIn: beyond.keptIn, expected: beyond.number, found: lastNumber });
  }

  /** Whoever cuts records off has to change it, or take its signature away; versions before did not sign it. */
  #checkSavedHead(newest: SavedHead | undefined): void {
    const [saved, last] = [this.#saved, this.#last];
    if (saved === undefined || last === undefined || this.#recordCount === 0) return;
    if (saved.signature === undefined && last.headSigned !== true) this.#note('head-unsigned', { ...nowhere, file: savedHeadName });
    else if (![...this.#keys.values()].some((key) => isHeadSignedBy(key, saved)))
      this.#fault('head-signature', last.number, { found: saved.signature === undefined ? 'unsigned' : 'signature' });
    const { number } = newest ?? saved;
    if (number < last.number - 1) this.#note('head-behind', { ...nowhere, file: savedHeadName, number });
  }

  /** The key that lies beside the records has to be the one that signs: else all from there on may be somebody else's. */
  #checkInstallation(): void {
    const { publicKey } = this.#options;
    if (publicKey === undefined || this.#key === undefined || this.#key.id === publicKey.id) return;
    this.#at = this.#keySince?.at ?? this.#at;
    const number = this.#keySince?.number;
    if (!this.#faults.some((fault) => fault.kind === 'other-key' && fault.number === number))
      this.#fault('other-key', number, { expected: publicKey.id, found: this.#key.id });
  }

  #noteOddities(record: HistoryRecord): void {
    const { number, at, kind, evidence } = record;
    if (this.#last !== undefined && instantMsOf(at) < instantMsOf(this.#last.at)) this.#note('clock-back', { number });
    if (kind === 'repair' && evidence?.['head'] === undefined) this.#note('repaired', { number });
    if (typeof evidence?.['file'] === 'string') this.#named.add(evidence['file']);
  }

  /** Where nothing else is said, of the line that was taken last. */
  #note(kind: ChainNote['kind'], more: Omit<ChainNote, 'kind'>): void {
    if (this.#notes.length < keptMax) this.#notes.push({ kind, file: this.#at?.file, line: this.#at?.line, ...more });
  }

  #fault(
    kind: ChainFaultKind,
    number: number | undefined,
    more: Pick<ChainFault, 'keptIn' | 'expected' | 'found' | 'statedMs'> = {},
  ): ChainFault {
    const fault = { kind, file: this.#at?.file, line: this.#at?.line ?? 1, number, ...more };
    this.#faultCount += 1;
    if (this.#faults.length < keptMax) this.#faults.push(fault);
    return fault;
  }

  #withdraw(fault: ChainFault): void {
    this.#faultCount -= 1;
    const at = this.#faults.indexOf(fault);
    if (at >= 0) this.#faults.splice(at, 1);
  }
}

/** Faults are found in the order of the lines, but for the key of the installation. */
function byPlace(a: ChainFault, b: ChainFault): number {
  const [fileA, fileB] = [a.file ?? '', b.file ?? ''];
  return fileA === fileB ? a.line - b.line : fileA < fileB ? -1 : 1;
}

/** Of a note that is of no line. */
const nowhere = { file: undefined, line: undefined } as const;

interface Place {
  readonly file: MonthFile;
  readonly line: number;
}
