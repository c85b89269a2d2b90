import { createHash } from 'node:crypto';
import { stat, type FileHandle } from 'node:fs/promises';
import { open, readFile, rename, replaceFile, stateError, systemCode, type Random } from '../platform/index.ts';
import { dirname } from 'node:path';

/** What is known of one file of a copy. */
export interface LedgerEntry {
  readonly sizeBytes: number;
  /** When it came there, milliseconds since 1970 by our clock; 0 where it was there before. */
  readonly createdMs: number;
  /**
   * `begun`: we began to send it, and nothing is proven. `server`: the storage held the bytes against their hash before it took them.
   * `read`: they were read back, and are right.
   */
  readonly proof: 'begun' | 'server' | 'read';
  /** Who sent it is us. */
  readonly isOurs: boolean;
}

export interface LedgerOptions {
  /** What it is about: a ledger of another place says nothing. One line. */
  readonly about: string;
  readonly random: Random;
  /** Changes stay in memory: somebody else writes the file. */
  readonly isReadOnly?: boolean | undefined;
}

const fileBytesMax = 512 * 1024 * 1024;
/** So many lines that say nothing any more are not worth a new file. */
const deadLinesMax = 2_000;
const headBegin = 'cadangan-ledger 1 ';
const lineForm = /^(begun|server|read)(\+?) ((?:keys|data|index|snapshots)\/[0-9a-f]{64}) (\d{1,15}) (\d{1,15})$/;
const goneForm = /^gone ((?:keys|data|index|snapshots)\/[0-9a-f]{64})$/;

/**
 * What was proven of the files of one copy: a storage other than Google Drive tells of a file its name and size, and no hash of its bytes.
 * A text file of this user in the state folder, a line a change, appended; one process has it at a time. It may be deleted at any time:
 * then nothing is proven until it is read again. A line that is cut short says nothing.
 */
export class CopyLedger {
  readonly #path: string;
  readonly #options: LedgerOptions;
  #entries: Map<string, LedgerEntry>;
  #lines: number;
  #file: FileHandle | undefined;
  /** The last line may be half a one: the disk was full in the middle of it. The next one would be lost with it. */
  #isTorn = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, options: LedgerOptions, entries: Map<string, LedgerEntry>, lines: number) {
    this.#path = path;
    this.#options = options;
    this.#entries = entries;
    this.#lines = lines;
  }

  /** @throws `state.unusable` */
  static async open(path: string, options: LedgerOptions): Promise<CopyLedger> {
    try {
      const text = options.isReadOnly === true ? await textOf(path) : await ownTextOf(path, options);
      const isAbout = text?.startsWith(`${headOf(options)}\n`) === true && text.endsWith('\n');
      const isWhole = text?.endsWith('\n') === true;
      const lines = text?.startsWith(`${headOf(options)}\n`) === true ? text.split('\n').slice(1) : [];
      const entries = entriesOf(isWhole ? lines : lines.slice(0, -1));
      const ledger = new CopyLedger(path, options, entries, lines.length);
      // An append behind half a line would be lost with it.
      if (!isAbout && options.isReadOnly !== true) await ledger.#rewrite();
      return ledger;
    } catch (error) {
      throw stateError(error, dirname(path), path);
    }
  }

  /** Nothing is known of any file. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** @param key as `keyOf` makes it */
  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key);
  }

  /** Resolves when it is written; whether it survives a power failure, nobody waits for. @throws `state.unusable` */
  async set(key: string, entry: LedgerEntry): Promise<void> {
    this.#entries.set(key, entry);
    await this.#append(lineOf(key, entry));
  }

  /** @throws `state.unusable` */
  async forget(key: string): Promise<void> {
    if (this.#entries.delete(key)) await this.#append(`gone ${key}`);
  }

  /**
   * Leaves out what is not there any more and was not sent lately, and writes the file anew where most of it says nothing.
   * @param sinceMs lists may be late: what came since then stays, whether it was listed or not
   * @throws `state.unusable`
   */
  async tidy(listed: ReadonlySet<string>, sinceMs: number): Promise<void> {
    for (const [key, { createdMs }] of this.#entries) if (!listed.has(key) && createdMs < sinceMs) this.#entries.delete(key);
    if (this.#lines - this.#entries.size <= this.#entries.size + deadLinesMax || this.#options.isReadOnly === true) return;
    await this.#inTurn(() => this.#rewrite());
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }

  async #append(line: string): Promise<void> {
    if (this.#options.isReadOnly === true) return;
    await this.#inTurn(async () => {
      this.#file ??= await open(this.#path, 'a', 0o600);
      const bytes = `${this.#isTorn ? '\n' : ''}${line}\n`;
      this.#isTorn = true;
      await this.#file.appendFile(bytes);
      this.#isTorn = false;
      this.#lines += 1;
    });
  }

  async #rewrite(): Promise<void> {
    await this.#file?.close(); // Windows replaces no file that is open
    this.#file = undefined;
    const lines = [headOf(this.#options), ...[...this.#entries].map(([key, entry]) => lineOf(key, entry))];
    await replaceFile(this.#path, `${lines.join('\n')}\n`, this.#options.random);
    this.#lines = lines.length;
    this.#isTorn = false;
  }

  /** Whoever asked hears of a failure; the next one does not. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(work);
    this.#writing = turn.catch(() => undefined);
    try {
      await turn;
    } catch (error) {
      throw stateError(error, dirname(this.#path), this.#path);
    }
  }
}

/** That of another place is set aside, and comes back with its place: a setting may be changed for a day, or by mistake. */
async function ownTextOf(path: string, options: LedgerOptions): Promise<string | undefined> {
  const text = await textOf(path);
  const [head = ''] = text?.split('\n', 1) ?? [];
  if (head === headOf(options)) return text;
  if (head.startsWith(headBegin)) await rename(path, asideOf(path, head));
  try {
    await rename(asideOf(path, headOf(options)), path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return textOf(path);
}

function asideOf(path: string, head: string): string {
  return `${path}-${createHash('sha256').update(head).digest('hex').slice(0, 16)}`;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).size > fileBytesMax ? undefined : await readFile(path, 'latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function headOf({ about }: LedgerOptions): string {
  // Text of a person in a file that is read byte by byte.
  return `${headBegin}${encodeURIComponent(about)}`;
}

function entriesOf(lines: readonly string[]): Map<string, LedgerEntry> {
  const entries = new Map<string, LedgerEntry>();
  for (const line of lines) {
    const [, gone] = goneForm.exec(line) ?? [];
    if (gone !== undefined) entries.delete(gone);
    const [, proof, ours, key = '', size, created] = lineForm.exec(line) ?? [];
    if (proof === 'begun' || proof === 'server' || proof === 'read')
      entries.set(key, { proof, isOurs: ours === '+', sizeBytes: Number(size), createdMs: Number(created) });
  }
  return entries;
}

function lineOf(key: string, { proof, isOurs, sizeBytes, createdMs }: LedgerEntry): string {
  return `${proof}${isOurs ? '+' : ''} ${key} ${sizeBytes} ${createdMs}`;
}
