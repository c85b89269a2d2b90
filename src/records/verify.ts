import { throwIfAborted } from '../platform/index.ts';
import type { Anchor } from './anchors.ts';
import { isEvidenceOther } from './evidence.ts';
import { chainNameOf, readHead, type ChainHead } from './head.ts';
import { fileOfRecord, type MonthFile } from './month-files.ts';
import { readLines, type HistoryLine } from './read-lines.ts';
import { noHash, type HistoryRecord } from './record.ts';
import { hasSignature, parseLine, type LineFault } from './record-line.ts';
import { msOf } from './report.ts';
import { publicKeyFrom, type PublicKey } from './signing-key.ts';
import { instantMsOf } from './timestamp.ts';

/**
 * `unfinished`: a line without an end that was once confirmed. `previous`: it does not follow from the line before. `number`: not the next
 * one. `misplaced`: it belongs into another file. `other-key`: signed with another key than the records before, or than the installation's.
 * `cut-off`: records that somebody else knows are not there any more. `other-record`: somebody else knows another record of this number.
 * `other-chain`: somebody else knows another history of this machine. `no-head`: somebody took away what every append leaves behind.
 * `evidence`: the file that proves what the record says is gone, or is another one.
 */
export type ChainFaultKind =
  | LineFault
  | 'unfinished'
  | 'previous'
  | 'number'
  | 'misplaced'
  | 'other-key'
  | 'cut-off'
  | 'other-record'
  | 'other-chain'
  | 'no-head'
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

/** What is odd and no fault: the clock went back; an append was cut short and nobody was told that it had succeeded. */
export interface ChainNote {
  readonly kind: 'clock-back' | 'unconfirmed' | 'repaired';
  readonly file: MonthFile;
  readonly line: number;
  readonly number: number | undefined;
}

export interface Verification {
  readonly isIntact: boolean;
  /** Sound records that were read. */
  readonly recordCount: number;
  readonly head: ChainHead | undefined;
  /** The key that the history began with. */
  readonly publicKey: PublicKey | undefined;
  /** In the order of the lines; the first hundred. */
  readonly faults: readonly ChainFault[];
  readonly faultCount: number;
  readonly notes: readonly ChainNote[];
  /** How many heads kept elsewhere were compared. */
  readonly anchorsCompared: number;
}

export interface VerifyOptions {
  /** Heads of the chain that are kept elsewhere. */
  readonly anchors?: readonly Anchor[];
  /** Of this installation, when it is known: the chain must begin with it. */
  readonly publicKey?: PublicKey | undefined;
  /**
   * Whose history it is, `user@machine`: anchors of others count only where they name this very chain, as those from before a machine was
   * renamed do. Default: all of them count.
   */
  readonly owner?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const keptMax = 100;

/**
 * Reads every line of the history in `folder` and proves that none was changed, taken out, put in, moved or cut off.
 * @throws the system's errors, `aborted`
 */
export async function verifyHistory(folder: string, options: VerifyOptions = {}): Promise<Verification> {
  const saved = await readHead(folder);
  const walk = new ChainWalk(options, saved);
  for await (const line of readLines(folder, options.signal)) {
    throwIfAborted(options.signal);
    const record = walk.take(line);
    if (record && (await isEvidenceOther(folder, record))) walk.evidenceIsOther(record);
  }
  return walk.finish(saved === undefined && (await readHead(folder)) === undefined);
}

/** One reading of a chain from its first line to its last. */
class ChainWalk {
  readonly #options: VerifyOptions;
  readonly #saved: ChainHead | undefined;
  readonly #faults: ChainFault[] = [];
  readonly #notes: ChainNote[] = [];
  readonly #anchors: readonly Anchor[];
  readonly #anchorsByNumber = new Map<number, Anchor[]>();
  #faultCount = 0;
  #recordCount = 0;
  #chain: string | undefined;
  #firstKey: PublicKey | undefined;
  #key: PublicKey | undefined;
  #last: { readonly number: number; readonly hash: string; readonly at: string } | undefined;
  #at: { readonly file: MonthFile; readonly line: number } | undefined;
  #newestFile: MonthFile | undefined;
  /** Behind a line that cannot be read nobody can say what should follow. */
  #isLost = false;

  constructor(options: VerifyOptions, saved: ChainHead | undefined) {
    this.#options = options;
    this.#saved = saved;
    const { owner, anchors = [] } = options;
    this.#anchors = [...(saved ? [{ ...saved, keptIn: 'head.json', owner: owner ?? '' }] : []), ...anchors];
    for (const anchor of this.#anchors)
      this.#anchorsByNumber.set(anchor.number, [...(this.#anchorsByNumber.get(anchor.number) ?? []), anchor]);
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
    const isOnlyHere = parsed.why === undefined && this.#checkLinks(stated, line) && this.#checkSignature(stated, line);
    if (isOnlyHere) this.#checkAnchors(stated);
    this.#noteOddities(stated, line);
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

  finish(isHeadMissing: boolean): Verification {
    this.#checkEnd();
    // A crash may keep the very first record from it, no other.
    if (isHeadMissing && this.#recordCount > 1) this.#fault('no-head', this.#last?.number);
    const last = this.#last;
    return {
      isIntact: this.#faultCount === 0,
      recordCount: this.#recordCount,
      head: last && { chain: this.#chain ?? '', number: last.number, hash: last.hash },
      publicKey: this.#firstKey,
      faults: this.#faults,
      faultCount: this.#faultCount,
      notes: this.#notes,
      anchorsCompared: this.#anchors.filter((anchor) => this.#isOurs(anchor) || anchor.chain === this.#chain).length,
    };
  }

  /** The next append sets it aside, unless it was confirmed: then somebody took the end of it. */
  #takeTorn({ file, line }: HistoryLine): void {
    const number = (this.#last?.number ?? 0) + 1;
    if (this.#saved !== undefined && this.#saved.number >= number) this.#fault('unfinished', number);
    else this.#notes.push({ kind: 'unconfirmed', file, line, number });
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

  /** A chain goes on with one key. Another one is told each time it begins, and then taken for what it says it is. */
  #checkSignature(record: HistoryRecord, { bytes }: HistoryLine): boolean {
    const introduced = record.publicKey === undefined ? undefined : publicKeyFrom(record.publicKey);
    const isFirst = this.#key === undefined && record.kind === 'history-start' && introduced !== undefined;
    if (isFirst) [this.#key, this.#firstKey] = [introduced, introduced];
    const { publicKey: installation } = this.#options;
    const isOther = record.key !== this.#key?.id || (isFirst && installation !== undefined && installation.id !== record.key);
    if (isOther) {
      this.#fault('other-key', record.number, { expected: isFirst ? installation?.id : this.#key?.id, found: record.key });
      this.#key = introduced ?? this.#key;
    }
    if (this.#key !== undefined && hasSignature(bytes, record.signature, this.#key)) return !isOther;
    if (!isOther) this.#fault('signature', record.number);
    return false;
  }

  #checkAnchors(record: HistoryRecord): void {
    if (record.number === 1) {
      this.#chain = chainNameOf(record.hash);
      const other = this.#anchors.find((anchor) => anchor.chain !== this.#chain && this.#isOurs(anchor));
      if (other) this.#fault('other-chain', 1, { keptIn: other.keptIn, expected: other.chain, found: this.#chain });
    }
    const other = this.#anchorsByNumber.get(record.number)?.find(({ chain, hash }) => chain === this.#chain && hash !== record.hash);
    if (other) this.#fault('other-record', record.number, { keptIn: other.keptIn, expected: other.hash, found: record.hash });
  }

  #checkEnd(): void {
    const lastNumber = this.#last?.number ?? 0;
    const beyond = this.#anchors
      .filter((anchor) => anchor.number > lastNumber && (this.#chain === undefined ? this.#isOurs(anchor) : anchor.chain === this.#chain))
      .toSorted((a, b) => b.number - a.number)[0];
    if (!beyond) return;
    this.#at = this.#at && { file: this.#at.file, line: this.#at.line + 1 };
    this.#fault('cut-off', lastNumber + 1, { keptIn: beyond.keptIn, expected: beyond.number, found: lastNumber });
  }

  #isOurs({ owner }: Anchor): boolean {
    return this.#options.owner === undefined || owner === this.#options.owner;
  }

  #noteOddities({ number, at, kind }: HistoryRecord, { file, line }: HistoryLine): void {
    if (this.#notes.length >= keptMax) return;
    if (this.#last !== undefined && instantMsOf(at) < instantMsOf(this.#last.at))
      this.#notes.push({ kind: 'clock-back', file, line, number });
    if (kind === 'repair') this.#notes.push({ kind: 'repaired', file, line, number });
  }

  #fault(
    kind: ChainFaultKind,
    number: number | undefined,
    more: Pick<ChainFault, 'keptIn' | 'expected' | 'found' | 'statedMs'> = {},
  ): void {
    this.#faultCount += 1;
    if (this.#faults.length < keptMax) this.#faults.push({ kind, file: this.#at?.file, line: this.#at?.line ?? 1, number, ...more });
  }
}
