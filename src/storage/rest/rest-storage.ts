import { ConnectionFault, type AnswerHead, type BodySink } from '../../http/index.ts';
import { CadanganError, forEachBounded, isCode, orAborted, throwIfAborted, type Clock } from '../../platform/index.ts';
import { assertFileName, assertRange } from '../file-name.ts';
import { inOwnTime } from '../own-time.ts';
import type { FileKind, FileName, ListedFile, ReadRangeOptions, Storage, StorageAbilities } from '../storage.ts';
import { fileLabel } from '../storage.ts';
import { BodyTarget } from './body-target.ts';
import { assertPlain, bodyBytesOf, contentRangeOf, isDone, lineError, refusal, type Asked } from './rest-answer.ts';
import type { RestLine, RestRequest } from './rest-line.ts';
import { RestListing } from './rest-listing.ts';
import { wholeFileBytesMax } from '../layout.ts';

/** For so long a `config` that was seen shows that the repository is there, when something is to be written. */
const seenMsMax = 10_000;
/** After an upload that broke off, so long until the file is looked for: the server may just see the end of it, or put it away. */
const settleMs = 1000;
/** An upload that a server takes for open is asked for again after that time. Nine times of it outlast a dead connection in Go. */
const stillOpenMs = 20_000;
/** Servers of the protocol's first version list names alone: so many sizes are asked for at once. */
const sizesAtOnce = 8;

const config: FileName = { kind: 'config', name: '' };
const version2 = 'application/vnd.x.restic.rest.v2';

/**
 * A repository behind a server that speaks restic's REST protocol: rest-server, appliances, `rclone serve restic`. What such a server says
 * is held against a second answer where it could do harm:
 *
 * - rclone lists a folder that does not exist as an empty one, and older ones say *not found* for any trouble of the cloud behind them. So
 *   *no file* and *no files* are believed only beside a `config`, or while this object makes the repository itself.
 * - A file counts as stored when a question for its size has shown it.
 * - `rclone serve restic` over a folder shows a file under its name while it grows; rest-server does not. A write that is aborted waits
 *   until the server has put away what it had. One that broke off is not made over while a part of it shows: when the server learns that
 *   nobody is there any more, which may take minutes, it removes what lies under that name, be it a part or a whole file by then.
 *
 * A server that only appends refuses to remove anything but locks: `storage.denied`, with the reason `append-only`. Whoever may do nothing
 * there is refused with the status of the answer.
 */
export class RestStorage implements Storage {
  readonly location: string;
  readonly #line: RestLine;
  readonly #clock: Clock;
  /** When `config` was last seen, in monotonic ms. */
  #seenMs = -Infinity;
  /** This object made the layout where no `config` was, and none has been seen since. */
  #isNew = false;
  #isAppendOnly: boolean | 'unknown' = 'unknown';
  /** Paths of uploads of ours that broke off: the server may not know it yet. */
  readonly #brokenOff = new Map<string, number | undefined>();
  /** This object has stored a file: a lock at least, before anything is removed. */
  #hasStored = false;
  /** Writes that are under way, by path; they never fail here. */
  readonly #writing = new Map<string, Promise<void>>();

  /** @param line is closed with the storage. @param options `location` has no secrets in it */
  constructor(line: RestLine, options: { readonly location: string; readonly clock: Clock }) {
    this.#line = line;
    this.location = options.location;
    this.#clock = options.clock;
  }

  /** What one server of the protocol does another does not (rest-server checks hashes, rclone writes over files): none is relied on. */
  get abilities(): StorageAbilities {
    return { conditionalWrite: false, serverChecksum: false, rename: false, appendOnly: this.#isAppendOnly };
  }

  async create(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#guard(undefined, async () => {
      const made = await this.#ask({ method: 'POST', path: '?create=true', body: new Uint8Array(), signal });
      if (!isDone(made)) throw refusal(made, { location: this.location });
      this.#isNew = (await this.#sizeAt(config, signal)) === undefined;
    });
  }

  async list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    throwIfAborted(signal);
    return this.#guard(undefined, async () => {
      const listing = await this.#listingOf(kind, signal);
      if (listing) await this.#settle(listing, kind, signal);
      const files = listing?.files() ?? [];
      if (files.length === 0) await this.#assertThere(0, signal);
      return files;
    });
  }

  async sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      const sizeBytes = await this.#sizeAt(file, signal);
      if (sizeBytes === undefined && file.kind !== 'config') await this.#assertThere(0, signal);
      return sizeBytes;
    });
  }

  async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      const target = await this.#fetch(file, {}, signal, (head) => wholeTarget(file, head));
      return target.whole();
    });
  }

  async readRange(file: FileName, offset: number, lengthBytes: number, { target, signal }: ReadRangeOptions): Promise<Uint8Array> {
    assertFileName(file);
    assertRange(offset, lengthBytes, target);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      if (lengthBytes === 0) return this.#nothingAt(file, offset, target ?? new Uint8Array(), signal);
      const range = { Range: `bytes=${offset}-${offset + lengthBytes - 1}` };
      const part = await this.#fetch(file, range, signal, (head) => partTarget(file, head, { offset, lengthBytes, target }));
      return part.whole();
    });
  }

  async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    const path = pathOf(file);
    // Where a file shows while it grows, a second write of it would tear the first one.
    for (let other = this.#writing.get(path); other; other = this.#writing.get(path)) await orAborted(other, signal);
    const writing = this.#writeAlone(file, bytes, signal);
    this.#writing.set(
      path,
      writing.catch(() => undefined),
    );
    try {
      await writing;
    } finally {
      this.#writing.delete(path);
    }
  }

  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    await this.#guard(file, async () => {
      const head = await this.#ask({ method: 'DELETE', path: pathOf(file), signal });
      if (head.status === 404 && !isRclone(head)) return this.#assertThere(0, signal);
      if (head.status === 404 || head.status >= 500) return this.#assertGone(file, head.status, signal);
      if (file.kind !== 'locks') await this.#noteRemoval(head, file, signal);
      if (!isDone(head)) throw refusal(head, { location: this.location, file });
    });
  }

  /**
   * A server that only appends says the same as one that this account may not write to, or not any more: what was stored just now, and can
   * be read still, tells them apart. @throws `storage.denied`, with the reason `append-only` for the first
   */
  async #noteRemoval(head: AnswerHead, file: FileName, signal: AbortSignal): Promise<void> {
    if (isDone(head)) this.#isAppendOnly = false;
    if (head.status !== 403 || !this.#hasStored) return;
    await this.#sizeAt(config, signal);
    this.#isAppendOnly = true;
    throw new CadanganError('storage.denied', { location: this.location, file: fileLabel(file), reason: 'append-only' });
  }

  /**
   * Of two who remove a file at once rclone fails one, and older ones say *not found* for any trouble of the cloud: then the list tells.
   * @throws `storage.unreachable` when it is there still
   */
  async #assertGone(file: FileName, status: number, signal: AbortSignal): Promise<void> {
    const { kind, name } = file;
    const isThere =
      kind === 'config'
        ? (await this.#sizeAt(file, signal)) !== undefined
        : (await this.list(kind, signal)).some((listed) => listed.name === name);
    if (!isThere) return kind === 'config' ? this.#assertThere(0, signal) : undefined;
    throw new CadanganError('storage.unreachable', { location: this.location, file: fileLabel(file), reason: `HTTP ${status}` });
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  async #writeAlone(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#guard(file, async () => {
      await this.#assertThere(seenMsMax, signal);
      const existingBytes = this.#mayGoOn(pathOf(file))
        ? await this.#settledSize(file, bytes.length, signal)
        : await this.#sizeAt(file, signal);
      if (existingBytes !== undefined && (await this.#keepsExisting(file, existingBytes, bytes, signal))) return;
      await this.#upload(file, bytes, existingBytes, signal);
    });
  }

  /** @returns undefined when there is no such folder, from servers of which that can be believed */
  async #listingOf(kind: FileKind, signal: AbortSignal): Promise<RestListing | undefined> {
    const listing = new RestListing();
    const head = await this.#line.exchange({ method: 'GET', path: `${kind}/`, headers: { Accept: version2 }, signal }, ({ status }) =>
      status === 200 ? (chunk) => listing.push(chunk) : unread,
    );
    if (head.status === 404 && !isRclone(head)) return undefined;
    if (head.status !== 200) throw refusal(head, { location: this.location });
    listing.finish();
    return listing;
  }

  /**
   * Asks for the sizes that a list does not tell. A name that it has, and of which the server says then that it is not there, has gone
   * or met with trouble that looks so: another list tells. @throws `storage.unreachable` for the second, since no list may be short
   */
  async #settle(listing: RestListing, kind: FileKind, signal: AbortSignal): Promise<void> {
    const gone: string[] = [];
    await forEachBounded(listing.unsure, sizesAtOnce, signal, async (name, own) => {
      const sizeBytes = await this.#sizeAt({ kind, name }, own);
      listing.settle(name, sizeBytes);
      if (sizeBytes === undefined) gone.push(name);
    });
    if (gone.length === 0) return;
    const again = await this.#listingOf(kind, signal);
    if (gone.some((name) => again?.has(name))) throw new ConnectionFault('the server lists a file and says that it is not there');
  }

  /** Whatever is not there is undefined, also where there is no repository. */
  async #sizeAt(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    const head = await this.#ask({ method: 'HEAD', path: pathOf(file), signal });
    if (head.status === 404) {
      // What rclone cannot reach it says not to be there; a list of its it refuses then.
      if (file.kind === 'config' && isRclone(head)) await this.#listingOf('keys', signal);
      return undefined;
    }
    if (head.status !== 200) throw refusal(head, { location: this.location, file });
    const sizeBytes = bodyBytesOf(head);
    if (file.kind === 'config') this.#noteConfig();
    return sizeBytes;
  }

  /** @throws `storage.no-repository` unless the repository is there, in the sense of the class comment */
  async #assertThere(seenMsAgoMax: number, signal: AbortSignal): Promise<void> {
    if (this.#clock.monotonicMs() - this.#seenMs < seenMsAgoMax) return;
    if ((await this.#sizeAt(config, signal)) !== undefined || this.#isNew) return;
    throw new CadanganError('storage.no-repository', { location: this.location, missing: 'config' });
  }

  #noteConfig(): void {
    this.#seenMs = this.#clock.monotonicMs();
    this.#isNew = false;
  }

  /** Reads from a file. @param choose the part of the answer's body that is wanted */
  async #fetch(
    file: FileName,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    choose: (head: AnswerHead) => BodyTarget,
  ): Promise<BodyTarget> {
    let target: BodyTarget | undefined;
    const head = await this.#line.exchange({ method: 'GET', path: pathOf(file), headers, signal }, (answer): BodySink => {
      if (answer.status !== 200 && answer.status !== 206 && answer.status !== 416) return unread;
      target = choose(answer);
      return target.sink;
    });
    if (target) return target;
    if (head.status !== 404) throw refusal(head, { location: this.location, file });
    await this.#assertThere(0, signal);
    throw new CadanganError('storage.not-found', { location: this.location, file: fileLabel(file) });
  }

  /** HTTP has no empty ranges. */
  async #nothingAt(file: FileName, offset: number, target: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const sizeBytes = await this.#sizeAt(file, signal);
    if (sizeBytes !== undefined && offset <= sizeBytes) return target.subarray(0, 0);
    if (sizeBytes !== undefined) throw endsBefore(file, sizeBytes, offset);
    await this.#assertThere(0, signal);
    throw new CadanganError('storage.not-found', { location: this.location, file: fileLabel(file) });
  }

  /** A name is the hash of its bytes, so the same size is the same file; another size was torn, and is replaced. Not so the config. */
  async #keepsExisting(file: FileName, existingBytes: number, bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (file.kind === 'config') await this.#assertOurConfig(bytes, signal);
    return existingBytes === bytes.length;
  }

  async #assertOurConfig(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const target = await this.#fetch(config, {}, signal, (head) => wholeTarget(config, head));
    if (!Buffer.from(target.whole()).equals(bytes)) throw new CadanganError('repository.exists', { location: this.location });
  }

  async #upload(file: FileName, bytes: Uint8Array, tornBytes: number | undefined, signal: AbortSignal): Promise<void> {
    const asked = { location: this.location, file, neededBytes: bytes.length };
    let head = await this.#post(file, bytes, signal);
    if (head.status === 403 && tornBytes !== undefined) {
      await this.#removeTorn(file, tornBytes, signal);
      head = await this.#post(file, bytes, signal);
    }
    // A server that never writes over a file says 403 also when somebody else has just stored it.
    if (!isDone(head) && head.status !== 403) throw refusal(head, asked);
    // The file has its name now, and no abort can be heeded any more.
    await inOwnTime(this, this.#clock, (own) => this.#assertStored(head, asked, bytes, own));
  }

  async #assertStored(head: AnswerHead, asked: Asked & { readonly file: FileName }, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { file } = asked;
    const storedBytes = await this.#sizeAt(file, signal);
    if (storedBytes !== bytes.length) {
      if (!isDone(head)) throw refusal(head, asked);
      // What is known to be torn is not left for others to find.
      if (storedBytes !== undefined && file.kind !== 'config') await this.remove(file, signal).catch(() => undefined);
      throw new ConnectionFault(`the server said that it stored the file, and has ${storedBytes ?? 'none'} of its ${bytes.length} bytes`);
    }
    if (isDone(head)) this.#hasStored = true;
    if (file.kind === 'config') await this.#assertOurConfig(bytes, signal); // another may have begun here at the same moment
  }

  async #post(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<AnswerHead> {
    const headers = { Accept: version2, 'Content-Type': 'application/octet-stream' };
    const path = pathOf(file);
    this.#brokenOff.set(path, this.#line.peersGone);
    const head = await this.#ask({ method: 'POST', path, headers, body: bytes, signal });
    this.#brokenOff.delete(path);
    return head;
  }

  /** Whether somebody at the other end may still hold on to an upload of ours that broke off. */
  #mayGoOn(path: string): boolean {
    return this.#brokenOff.has(path) && (this.#line.peersGone === undefined || this.#line.peersGone === this.#brokenOff.get(path));
  }

  /**
   * What there is of a file whose upload broke off. A list tells it: asked for one file, rclone remembers for ever how much of it there was
   * the first time. @throws `storage.unreachable` while it is a part
   */
  async #settledSize(file: FileName, wholeBytes: number, signal: AbortSignal): Promise<number | undefined> {
    await this.#clock.sleep(settleMs, signal).catch(() => throwIfAborted(signal));
    if (file.kind === 'config') return this.#sizeAt(file, signal);
    const existingBytes = (await this.list(file.kind, signal)).find(({ name }) => name === file.name)?.sizeBytes;
    if (existingBytes === undefined || existingBytes === wholeBytes) return existingBytes;
    const facts = { location: this.location, file: fileLabel(file), reason: 'upload-still-open', retryAfterMs: stillOpenMs };
    throw new CadanganError('storage.unreachable', facts);
  }

  /** @throws `storage.denied` with how much is there, where it may not be removed: somebody has to do it on the server */
  async #removeTorn(file: FileName, tornBytes: number, signal: AbortSignal): Promise<void> {
    try {
      await this.remove(file, signal);
    } catch (error) {
      if (!isCode(error, 'storage.denied')) throw error;
      throw new CadanganError('storage.denied', { ...error.facts, tornBytes }, { cause: error });
    }
  }

  /** A request whose answer is its head. */
  #ask(request: RestRequest): Promise<AnswerHead> {
    return this.#line.exchange(request, () => unread);
  }

  /** Turns faults of the line into errors of a storage, with what was attempted. */
  async #guard<T>(file: FileName | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw lineError(error, { location: this.location, file });
    }
  }
}

/** What a server writes beside a status is of no use, and may be anything. */
const unread: BodySink = () => undefined;

/** As the protocol writes it: packs lie flat in it, wherever the server puts them. */
function pathOf(file: FileName): string {
  return file.kind === 'config' ? 'config' : `${file.kind}/${file.name}`;
}

function isRclone(head: AnswerHead): boolean {
  return head.header('server')?.startsWith('rclone/') === true;
}

function wholeTarget(file: FileName, head: AnswerHead): BodyTarget {
  if (head.status !== 200) throw new ConnectionFault(`HTTP ${head.status}`);
  const sizeBytes = bodyBytesOf(head);
  return new BodyTarget(roomFor(file, sizeBytes), sizeBytes);
}

interface Part {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly target: Uint8Array | undefined;
}

/** A server may answer a range with all of the file (RFC 9110 14.2); whoever reads from the middle of a pack gets it from that, too. */
function partTarget(file: FileName, head: AnswerHead, { offset, lengthBytes, target }: Part): BodyTarget {
  assertPlain(head);
  const isAll = head.status === 200;
  const { start, totalBytes } = isAll ? { start: 0, totalBytes: bodyBytesOf(head) } : contentRangeOf(head);
  const wantedBytes = offset + lengthBytes;
  if (totalBytes !== undefined && totalBytes < wantedBytes) throw endsBefore(file, totalBytes, wantedBytes);
  if (head.status === 416) throw damaged(file, `the server has no bytes from ${offset} on`);
  if (!isAll && (start !== offset || bodyBytesOf(head) !== lengthBytes)) throw new ConnectionFault('another range came than was asked for');
  const bytes = target ?? roomFor(file, lengthBytes);
  return new BodyTarget(bytes, lengthBytes, { skippedBytes: isAll ? offset : 0, goesOn: isAll });
}

/** A length that comes from a damaged index, or from a server, does not decide how much memory is taken. */
function roomFor(file: FileName, sizeBytes: number): Uint8Array {
  if (sizeBytes > wholeFileBytesMax) throw damaged(file, `${sizeBytes} bytes are more than any repository file has`);
  return Buffer.allocUnsafeSlow(sizeBytes);
}

function endsBefore(file: FileName, endBytes: number, wantedBytes: number): CadanganError {
  return damaged(file, `the file ends at or before byte ${endBytes}, byte ${wantedBytes} was expected`);
}

function damaged(file: FileName, reason: string): CadanganError {
  return new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason });
}
