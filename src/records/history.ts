import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  CadanganError,
  open,
  type Clock,
  makeOwnFolder,
  type Random,
  refuseMovedState,
  replaceFile,
  stateError,
  syncFolder,
} from '../platform/index.ts';
import { anchorTag } from './anchors.ts';
import { withAppendLock, type AppendLock } from './append-lock.ts';
import { findChainEnd, type ChainEnd, type Leftover } from './chain-end.ts';
import { chainNameOf, isHeadSignedBy, readHead, writeHead, type ChainHead, type HeadDoubt } from './head.ts';
import { keyBehind, successionBytes } from './key-succession.ts';
import { fileOfRecord, type MonthFile } from './month-files.ts';
import { readLines } from './read-lines.ts';
import { noHash, type HistoryRecord, type RecordContent } from './record.ts';
import { makeLine, parseLine, sha256 } from './record-line.ts';
import { makeNextKey, openSigningKey, publicKeyFrom, readPublicKey, useNextKey, type PublicKey, type SigningKey } from './signing-key.ts';
import { timestampText } from './timestamp.ts';

export interface RecordWorld {
  readonly clock: Clock;
  readonly random: Random;
  /** How records name the program. */
  readonly software: string;
  /** How records that the history writes itself name the machine. Default: as the system does. */
  readonly machine?: string | undefined;
  /** Lends the rights that the folder is written with, where this process has others. */
  readonly writing?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
}

/** Under the lock: what is read here is still true when it is written. */
export interface RecordWriter {
  readonly append: (content: RecordContent) => Promise<HistoryRecord>;
  /** The last record; undefined before the first. */
  readonly head: () => ChainHead | undefined;
  /** Has a new key follow the one in use, from the record on that is made of `content` and introduces it. */
  readonly replaceKey: (content: RecordContent) => Promise<HistoryRecord>;
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
   * @throws `state.unusable`, `state.moved`, `records.busy`, `records.key`, `aborted`
   */
  append(content: RecordContent, signal?: AbortSignal): Promise<HistoryRecord> {
    return this.update(({ append }) => append(content), signal);
  }

  /** Reads and appends while nobody else appends. @throws as `append`, and what `work` throws */
  async update<T>(work: (writer: RecordWriter) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const updating = async (lock: AppendLock): Promise<T> => {
      await refuseMovedState(this.#stateFolder); // under the lock that whoever moves it holds
      const appender = await Appender.open(this.#stateFolder, lock, this.#world);
      return work({
        append: (content) => appender.append(content),
        head: () => appender.head,
        replaceKey: (content) => appender.replaceKey(content),
        records: () => this.records(),
      });
    };
    try {
      await refuseMovedState(this.#stateFolder);
      return await this.writing(async () => {
        await makeOwnFolder(this.folder);
        return withAppendLock(join(this.folder, 'lock'), this.#world, updating, signal);
      });
    } catch (error) {
      throw stateError(error, this.folder);
    }
  }

  /** Does something while nobody appends, and itself writes nothing here. @throws as `update` */
  async atRest(work: () => Promise<void>): Promise<void> {
    await withAppendLock(join(this.folder, 'lock'), this.#world, work);
  }

  /** Writes something else beside the records, with the rights that they are written with. */
  writing<T>(work: () => Promise<T>): Promise<T> {
    return this.#world.writing ? this.#world.writing(work) : work();
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
   * @throws `state.unusable`
   */
  async head(): Promise<ChainHead | undefined> {
    try {
      const head = (await readHead(this.folder)) ?? (await findChainEnd(this.folder)).head;
      return head && { chain: head.chain, number: head.number, hash: head.hash };
    } catch (error) {
      throw stateError(error, this.folder);
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
    const opening = (): Promise<SigningKey> => openSigningKey(this.#stateFolder, this.#world.random);
    return this.writing(() => withAppendLock(join(this.folder, 'lock'), this.#world, opening, signal));
  }
}

/** Appends while the lock is held. */
class Appender {
  readonly #stateFolder: string;
  readonly #folder: string;
  readonly #lock: AppendLock;
  readonly #world: RecordWorld;
  #key: SigningKey;
  #newestFile: MonthFile | undefined;
  #head: ChainHead | undefined;

  private constructor(stateFolder: string, key: SigningKey, lock: AppendLock, world: RecordWorld, end: ChainEnd) {
    this.#stateFolder = stateFolder;
    this.#folder = recordsFolder(stateFolder);
    this.#key = key;
    this.#lock = lock;
    this.#world = world;
    this.#newestFile = end.newestFile;
    this.#head = end.head;
  }

  static async open(stateFolder: string, lock: AppendLock, world: RecordWorld): Promise<Appender> {
    const folder = recordsFolder(stateFolder);
    let end = await findChainEnd(folder);
    await lock.confirm();
    const repairs: RecordContent[] = [];
    // Of one that is longer than any record only the end is seen at a time.
    while (end.leftovers.length > 0) {
      for (const leftover of end.leftovers) repairs.push(...(await clear(folder, leftover, world)));
      end = await findChainEnd(folder);
    }
    await useNextKey(stateFolder, end.last);
    const key = await openSigningKey(stateFolder, world.random);
    const doubt = await doubtOfHead(folder, end, key.publicKey);
    const appender = new Appender(stateFolder, key, lock, world, end);
    const publicKey = key.publicKey.base64;
    if (end.head === undefined) await appender.append({ ...ownContent(world), kind: 'history-start', publicKey });
    else if (keyBehind(end.last) !== key.publicKey.id) await appender.append({ ...ownContent(world), kind: 'signing-key', publicKey });
    // What nobody can prove afterwards stays in the chain: without it, the next head would cover it up.
    if (doubt !== undefined) repairs.unshift({ ...ownContent(world), kind: 'repair', evidence: { head: doubt } });
    for (const repair of repairs) await appender.append(repair);
    return appender;
  }

  get head(): ChainHead | undefined {
    return this.#head;
  }

  async replaceKey(content: RecordContent): Promise<HistoryRecord> {
    const before = this.#head;
    if (before === undefined) throw new CadanganError('record.not-found', { record: '1' });
    const from = this.#key.publicKey.id;
    await this.#lock.confirm(); // whoever has the lock now may have made the next key, and not yet introduced it
    const next = await makeNextKey(this.#stateFolder, this.#world.random);
    const statement = { from, throughNumber: before.number, throughHash: before.hash };
    const proof = next.sign(successionBytes(statement, next.publicKey.id));
    const record = await this.append({ ...content, publicKey: next.publicKey.base64, succession: { ...statement, proof } });
    await useNextKey(this.#stateFolder, record);
    this.#key = next;
    return record;
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
    await writeHead(this.#folder, this.#head, this.#key, random);
    return record;
  }
}

/**
 * Why `head.json` does not vouch for the end of the chain, where it should: whoever cuts records off has to take it away, or to change it.
 * The versions before left an unsigned one. A crash may keep the very first record from it.
 */
async function doubtOfHead(folder: string, { last, saved }: ChainEnd, key: PublicKey): Promise<HeadDoubt | undefined> {
  if (last?.headSigned !== true) return undefined;
  if (saved === undefined) return last.number === 1 ? undefined : 'missing';
  if (saved.signature === undefined) return 'unsigned';
  const signer = saved.key === key.id ? key : await introducedKey(folder, saved.key);
  return signer !== undefined && isHeadSignedBy(signer, saved) ? undefined : 'signature';
}

/** Only asked for behind a change of keys, so it may read the whole history. */
async function introducedKey(folder: string, id: string | undefined): Promise<PublicKey | undefined> {
  for await (const { bytes } of readLines(folder)) {
    const text = parseLine(bytes).record?.publicKey;
    const key = text === undefined ? undefined : publicKeyFrom(text);
    if (key?.id === id) return key;
  }
  return undefined;
}

function ownContent({ software, machine = hostname() }: RecordWorld): Pick<RecordContent, 'host' | 'operator' | 'software'> {
  return { host: machine, operator: { user: '', via: 'schedule' }, software };
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
