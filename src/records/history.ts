import { mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileError, refuseMovedState, replaceFile, syncFolder, type Clock, type Random } from '../platform/index.ts';
import { anchorTag } from './anchors.ts';
import { withAppendLock, type AppendLock } from './append-lock.ts';
import { findChainEnd, type Leftover } from './chain-end.ts';
import { chainNameOf, readHead, writeHead, type ChainHead } from './head.ts';
import { fileOfRecord, type MonthFile } from './month-files.ts';
import { readLines } from './read-lines.ts';
import { noHash, type HistoryRecord, type RecordContent } from './record.ts';
import { makeLine, parseLine, sha256 } from './record-line.ts';
import { openSigningKey, readPublicKey, type PublicKey, type SigningKey } from './signing-key.ts';
import { timestampText } from './timestamp.ts';

export interface RecordWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** How records name the program. */
  readonly software: string;
}

/** Under the lock: what is read here is still true when it is written. */
export interface RecordWriter {
  readonly append: (content: RecordContent) => Promise<HistoryRecord>;
  readonly records: () => AsyncGenerator<HistoryRecord, void, undefined>;
}

/** The folder of the month files. */
export function recordsFolder(stateFolder: string): string {
  return join(stateFolder, 'records');
}

/**
 * The history of this machine: append-only files of JSON lines, one a month, each line carrying the hash of the one before and a signature.
 * Any number of processes may append. A record is on the disk when `append` returns; a crash meanwhile loses that record at most.
 */
export class RecordHistory {
  readonly folder: string;
  readonly #stateFolder: string;
  readonly #world: RecordWorld;

  constructor(stateFolder: string, world: RecordWorld) {
    this.#stateFolder = stateFolder;
    this.folder = recordsFolder(stateFolder);
    this.#world = world;
  }

  /**
   * Writes one record at the end. The first one of all is preceded by a record that begins the history.
   * @param signal ends the wait for others who append; what has begun to be written is written
   * @throws `storage.full`, `storage.denied`, `storage.unreachable`, `state.moved`, `records.busy`, `records.key`, `aborted`
   */
  append(content: RecordContent, signal?: AbortSignal): Promise<HistoryRecord> {
    return this.update(({ append }) => append(content), signal);
  }

  /** Reads and appends while nobody else appends. @throws as `append`, and what `work` throws */
  async update<T>(work: (writer: RecordWriter) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const updating = async (lock: AppendLock): Promise<T> => {
      await refuseMovedState(this.#stateFolder); // under the lock that whoever moves it holds
      const key = await openSigningKey(this.#stateFolder, this.#world.random);
      const appender = await Appender.open(this.folder, key, lock, this.#world);
      return work({ append: (content) => appender.append(content), records: () => this.records() });
    };
    try {
      await refuseMovedState(this.#stateFolder);
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      return await withAppendLock(join(this.folder, 'lock'), this.#world, updating, signal);
    } catch (error) {
      throw fileError(error, this.folder);
    }
  }

  /** Every record that is sound in itself, oldest first, one at a time in memory. Whether the chain holds is for `verifyHistory`. */
  async *records(signal?: AbortSignal): AsyncGenerator<HistoryRecord, void, undefined> {
    for await (const { bytes } of readLines(this.folder, signal)) {
      const { record } = parseLine(bytes);
      if (record) yield record;
    }
  }

  /**
   * The end of the chain as the last append left it. Undefined when there is no history yet.
   * @throws `storage.denied`, `storage.unreachable`
   */
  async head(): Promise<ChainHead | undefined> {
    try {
      return (await readHead(this.folder)) ?? (await findChainEnd(this.folder)).head;
    } catch (error) {
      throw fileError(error, this.folder);
    }
  }

  /** Whether this very record is in the history. */
  async has({ number, hash }: Pick<ChainHead, 'number' | 'hash'>): Promise<boolean> {
    const beginning = Buffer.from(`{"number":${number},`);
    for await (const { bytes } of readLines(this.folder)) {
      if (bytes.subarray(0, beginning.length).equals(beginning) && parseLine(bytes).record?.hash === hash) return true;
    }
    return false;
  }

  /** The tag by which a snapshot dates this history. Undefined when there is no history yet. */
  async anchorTag(): Promise<string | undefined> {
    const head = await this.head();
    return head && anchorTag(head);
  }

  /** To print. Undefined before the first record. */
  publicKey(): Promise<PublicKey | undefined> {
    return readPublicKey(this.#stateFolder);
  }

  /** The key itself, for what else is signed in the name of this installation. */
  signingKey(signal?: AbortSignal): Promise<SigningKey> {
    return withAppendLock(join(this.folder, 'lock'), this.#world, () => openSigningKey(this.#stateFolder, this.#world.random), signal);
  }
}

/** Appends while the lock is held. */
class Appender {
  readonly #folder: string;
  readonly #key: SigningKey;
  readonly #lock: AppendLock;
  readonly #world: RecordWorld;
  #newestFile: MonthFile | undefined;
  #head: ChainHead | undefined;

  private constructor(
    folder: string,
    key: SigningKey,
    lock: AppendLock,
    world: RecordWorld,
    end: { readonly newestFile: MonthFile | undefined; readonly head: ChainHead | undefined },
  ) {
    this.#folder = folder;
    this.#key = key;
    this.#lock = lock;
    this.#world = world;
    this.#newestFile = end.newestFile;
    this.#head = end.head;
  }

  static async open(folder: string, key: SigningKey, lock: AppendLock, world: RecordWorld): Promise<Appender> {
    let end = await findChainEnd(folder);
    await lock.confirm();
    const repairs: RecordContent[] = [];
    // Of one that is longer than any record only the end is seen at a time.
    while (end.leftovers.length > 0) {
      for (const leftover of end.leftovers) repairs.push(...(await clear(folder, leftover, world)));
      end = await findChainEnd(folder);
    }
    const appender = new Appender(folder, key, lock, world, end);
    if (end.head === undefined) await appender.append({ ...ownContent(world), kind: 'history-start', publicKey: key.publicKey.base64 });
    else if (end.key !== key.publicKey.id)
      await appender.append({ ...ownContent(world), kind: 'signing-key', publicKey: key.publicKey.base64 });
    for (const repair of repairs) await appender.append(repair);
    return appender;
  }

  async append(content: RecordContent): Promise<HistoryRecord> {
    const { clock, random } = this.#world;
    const nowNs = clock.nowNs();
    const at = timestampText(nowNs, clock.offsetMinutes(nowNs));
    const place = { number: (this.#head?.number ?? 0) + 1, previous: this.#head?.hash ?? noHash, at };
    const { bytes, record } = makeLine(place, content, this.#key);
    const file = fileOfRecord(at, this.#newestFile);
    await this.#lock.confirm();
    await appendDurably(join(this.#folder, file), bytes);
    if (file !== this.#newestFile) await syncFolder(this.#folder);
    this.#newestFile = file;
    this.#head = { chain: this.#head?.chain ?? chainNameOf(record.hash), number: record.number, hash: record.hash };
    await writeHead(this.#folder, this.#head, random);
    return record;
  }
}

function ownContent({ software }: RecordWorld): Pick<RecordContent, 'host' | 'operator' | 'software'> {
  return { host: hostname(), operator: { user: '', via: 'schedule' }, software };
}

/**
 * Takes an append that did not come to its end out of the way. Nothing is thrown away: the bytes are kept aside, and a record tells of
 * them.
 */
async function clear(folder: string, { file, offsetBytes, bytes, isRecord }: Leftover, world: RecordWorld): Promise<RecordContent[]> {
  const path = join(folder, file);
  if (isRecord) {
    await appendDurably(path, Buffer.from('\n'));
    return [];
  }
  const aside = join(folder, 'set-aside');
  const keptAs = `${file}-${offsetBytes}-${sha256(bytes).slice(0, 8)}`;
  await replaceFile(join(aside, keptAs), bytes, world.random);
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(offsetBytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return [
    {
      ...ownContent(world),
      kind: 'repair',
      evidence: { file, offsetBytes, bytes: bytes.length, sha256: sha256(bytes), keptAs: `set-aside/${keptAs}` },
    },
  ];
}

/** What did not get onto the disk as a whole is taken back, as far as that goes; otherwise the next append sets it aside. */
async function appendDurably(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'a', 0o600);
  try {
    const { size } = await handle.stat();
    try {
      await handle.appendFile(bytes);
      await handle.datasync();
    } catch (error) {
      await handle.truncate(size).catch(() => undefined);
      throw error;
    }
  } finally {
    await handle.close();
  }
}
