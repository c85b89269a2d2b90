import { createHash } from 'node:crypto';
import { ConnectionFault } from '../../http/index.ts';
import { CadanganError, throwIfAborted } from '../../platform/index.ts';
import { assertFileName, assertRange } from '../file-name.ts';
import {
  fileLabel,
  type FileKind,
  type FileName,
  type ListedFile,
  type ReadRangeOptions,
  type Storage,
  type StorageAbilities,
} from '../storage.ts';
import { answerOf, listObjects } from './listing.ts';
import { downloadRange, downloadWhole, endsBefore, lengthOf } from './object-download.ts';
import { BucketLocks } from './object-lock.ts';
import { ObjectRemoval } from './object-removal.ts';
import {
  abortUpload,
  fullManner,
  listUploads,
  plainerManner,
  putInParts,
  putObject,
  sizeOfUpload,
  type Manner,
  type Upload,
} from './object-upload.ts';
import { isOfCredentials, storageError } from './s3-errors.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Answer, S3Line } from './s3-line.ts';
import { escapeXml } from './xml.ts';
import { underWayMsMax } from '../layout.ts';

/** Amazon advises parts from 100 MB on. The packs of a repository are smaller unless somebody chose otherwise. */
export const partsFromBytes = 100 * 1024 * 1024;
const partBytes = 32 * 1024 * 1024;

const config: FileName = { kind: 'config', name: '' };

/**
 * A repository in an object store that speaks Amazon's S3, in restic's layout. Objects are whole or absent, and safe when the server has
 * said so; what it said is looked at all the same, by asking for the size.
 *
 * "The storage is there" means: the bucket exists, and it holds the `config`, or this object has been told to make it. A prefix has nothing
 * else to be known by: a list of a wrong one is as empty as that of a new repository, and would be taken for one that has lost all its
 * files.
 *
 * A file's name is the hash of its bytes and goes along with them, so that the server refuses what was changed on the way. Nothing is
 * hashed here again, but the config, whose name is none.
 *
 * Errors are those of every storage. Of `storage.denied` the reason is Amazon's word (`AccessDenied`, `SignatureDoesNotMatch`),
 * `credentials-missing`, `credentials-incomplete`, `credentials-unsupported` (with the `setting`), `wrong-region` (with `region`),
 * `RequestTimeTooSkewed` (with both clocks, `ours` and `theirs`), or `object-lock` (with `until`) and `legal-hold`.
 */
export class S3Storage implements Storage {
  readonly location: string;
  readonly #line: S3Line;
  readonly #removal: ObjectRemoval;
  readonly #locks: BucketLocks;
  readonly #partsFromBytes: number;
  readonly #partBytes: number;
  #manner: Manner = fullManner;
  /** It was told to make the storage, which has no config yet. */
  #isMade = false;
  /** It was there when something was first written. */
  #isSeen = false;

  /** @param options from which size on a file goes in parts, and how large these are; for tests */
  constructor(line: S3Line, options: { readonly partsFromBytes?: number; readonly partBytes?: number } = {}) {
    this.#line = line;
    this.location = line.place.location;
    this.#removal = new ObjectRemoval(line);
    this.#locks = new BucketLocks(line);
    this.#partsFromBytes = options.partsFromBytes ?? partsFromBytes;
    this.#partBytes = options.partBytes ?? partBytes;
  }

  /** Makes the bucket, where there is none; folders do not exist. */
  async create(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#guard(undefined, async () => {
      try {
        const query = { 'list-type': '2', 'max-keys': '1', prefix: this.#line.place.folderOf('keys') };
        answerOf(await this.#line.send({ method: 'GET', query, signal }), 'ListBucketResult');
      } catch (error) {
        if (!isFault(error, 'NoSuchBucket')) throw error;
        await this.#makeBucket(signal);
      }
      this.#isMade = true;
    });
  }

  async list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    throwIfAborted(signal);
    return this.#guard(undefined, async () => {
      const { place } = this.#line;
      const files = new Map<string, number>();
      for await (const { key, sizeBytes } of listObjects(this.#line, place.folderOf(kind), signal)) {
        const name = place.nameOf(kind, key);
        if (name !== undefined) files.set(name, sizeBytes);
      }
      if (files.size === 0) await this.#assertThere(signal);
      return Array.from(files, ([name, sizeBytes]) => ({ name, sizeBytes }));
    });
  }

  async sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      const head = await this.#headOf(file, signal);
      if (head !== undefined) return this.#sizeIn(head, file);
      if (file.kind === 'config') await this.#assertNoConfig(signal);
      else await this.#assertThere(signal);
      return undefined;
    });
  }

  async writtenMs(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      const head = await this.#headOf(file, signal);
      if (head === undefined) return this.#assertThere(signal);
      const writtenMs = Date.parse(head.header('last-modified') ?? '');
      return Number.isFinite(writtenMs) ? writtenMs : undefined;
    });
  }

  async lockedUntilMs(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      try {
        return await this.#locks.lockOf(this.#line.place.keyOf(file), signal);
      } catch (error) {
        if (!isMissing(error)) throw error;
        return this.#assertThere(signal);
      }
    });
  }

  async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, () => this.#found(file, signal, () => downloadWhole(this.#line, file, signal)));
  }

  async readRange(file: FileName, offset: number, lengthBytes: number, { target, signal }: ReadRangeOptions): Promise<Uint8Array> {
    assertFileName(file);
    assertRange(offset, lengthBytes, target);
    throwIfAborted(signal);
    return this.#guard(file, () =>
      this.#found(file, signal, () =>
        lengthBytes === 0
          ? this.#readNothing(file, offset, target, signal)
          : downloadRange(this.#line, file, { offset, lengthBytes, target }, signal),
      ),
    );
  }

  async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    const work = async (): Promise<void> => {
      if (file.kind === 'config') {
        if (await this.#isSameConfig(bytes, signal)) return;
      } else await this.#assertWritable(file, signal);
      const sha256 = file.kind === 'config' ? sha256Of(bytes) : file.name;
      await this.#store(file, { key: this.#line.place.keyOf(file), bytes, sha256, signal });
      if (file.kind === 'config') this.#isMade = false; // now it is known by that
    };
    await this.#guard(file, work, bytes.length);
  }

  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    await this.#guard(file, () => this.#removal.remove(file, signal));
  }

  /**
   * Uploads in parts that nobody finished: they are no objects and are in no list, but are paid for. To list them is a right of its own,
   * and not every server has them: who cannot leaves them to the rules of the bucket.
   */
  async removeLeftovers(
    signal: AbortSignal,
    { besideOthers = false }: { readonly besideOthers?: boolean } = {},
  ): Promise<{ readonly files: number; readonly bytes: number }> {
    throwIfAborted(signal);
    return this.#guard(undefined, async () => {
      const nowMs = besideOthers ? await this.#serverMs(signal) : Infinity;
      const removed = { files: 0, bytes: 0 };
      try {
        await this.#removeUploads(nowMs, removed, signal);
      } catch (error) {
        if (!(error instanceof S3Fault && [403, 405, 501].includes(error.status)) || isOfCredentials(error)) throw error;
      }
      return removed;
    });
  }

  async #removeUploads(nowMs: number, removed: { files: number; bytes: number }, signal: AbortSignal): Promise<void> {
    for await (const upload of listUploads(this.#line, this.#line.place.folderOf('data'), signal)) {
      if (this.#line.place.nameOf('data', upload.key) === undefined || upload.begunMs > nowMs - underWayMsMax) continue;
      removed.bytes += await sizeOfUpload(this.#line, upload, signal);
      await abortUpload(this.#line, upload, signal);
      removed.files += 1;
    }
  }

  /** Whether conditions are heeded shows when they are refused. Locked objects look like any other until somebody removes one. */
  get abilities(): StorageAbilities {
    return { conditionalWrite: this.#manner.isConditional, serverChecksum: true, rename: false, appendOnly: 'unknown' };
  }

  async close(): Promise<void> {
    this.#line.close();
  }

  /** Somebody else may make it at the same time; of whom it is shows when it is used. */
  async #makeBucket(signal: AbortSignal): Promise<void> {
    const region = await this.#line.region();
    const xml = `<CreateBucketConfiguration><LocationConstraint>${escapeXml(region)}</LocationConstraint></CreateBucketConfiguration>`;
    const body = Buffer.from(region === 'us-east-1' ? '' : xml); // the one region that is not to be named
    try {
      await this.#line.send({ method: 'PUT', body, signal });
    } catch (error) {
      if (!isFault(error, 'BucketAlreadyOwnedByYou')) throw error;
    }
  }

  /** Until it is stored, and seen to be. */
  async #store(file: FileName, upload: Upload): Promise<void> {
    const { bytes, signal } = upload;
    const inParts = bytes.length >= this.#partsFromBytes;
    if (inParts && (await this.#isThere(file, bytes, signal))) return;
    if (inParts) await putInParts(this.#line, upload, this.#partBytes);
    else if (!(await this.#put(file, upload))) return;
    // Not under the caller's signal: an abort must not leave it open whether there is a file.
    const head = await this.#headOf(file, undefined);
    if (head !== undefined && this.#sizeIn(head, file) === bytes.length) return;
    // What is known to be torn is not left for others to find.
    if (head !== undefined && file.kind !== 'config') await this.#removal.remove(file, signal).catch(() => undefined);
    throw new CadanganError('storage.unreachable', {
      location: this.location,
      file: fileLabel(file),
      reason: head === undefined ? 'stored-nothing' : 'stored-another-size',
    });
  }

  /** @returns whether it was sent; false when it is there already */
  async #put(file: FileName, upload: Upload): Promise<boolean> {
    for (let manner = this.#manner; ;) {
      if (!manner.isConditional && (await this.#isThere(file, upload.bytes, upload.signal))) return false;
      try {
        await putObject(this.#line, upload, manner);
        this.#manner = manner;
        return true;
      } catch (error) {
        if (!(error instanceof S3Fault)) throw error;
        if (isTaken(error)) return this.#replace(file, upload, { ...manner, isConditional: false }, error);
        assertUnchanged(error, upload);
        const plainer = plainerManner(manner, error);
        if (plainer === undefined) throw error;
        manner = plainer;
      }
    }
  }

  /** The name is taken: by the same bytes, by a part of them that another program left, or by somebody who writes the same just now. */
  async #replace(file: FileName, upload: Upload, manner: Manner, taken: S3Fault): Promise<boolean> {
    if (await this.#isThere(file, upload.bytes, upload.signal)) return false;
    if (file.kind === 'config') throw taken;
    await putObject(this.#line, upload, manner);
    return true;
  }

  /** @throws `repository.exists` for a config of other bytes */
  async #isThere(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (file.kind === 'config') return this.#isSameConfig(bytes, signal);
    const head = await this.#headOf(file, signal);
    return head !== undefined && this.#sizeIn(head, file) === bytes.length;
  }

  async #isSameConfig(bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const head = await this.#headOf(config, signal);
    if (head === undefined) return false;
    if (this.#sizeIn(head, config) === bytes.length && Buffer.from(await downloadWhole(this.#line, config, signal)).equals(bytes))
      return true;
    throw new CadanganError('repository.exists', { location: this.location });
  }

  async #readNothing(file: FileName, offset: number, target: Uint8Array | undefined, signal: AbortSignal): Promise<Uint8Array> {
    const head = await this.#line.send({ method: 'HEAD', key: this.#line.place.keyOf(file), signal });
    const sizeBytes = this.#sizeIn(head, file);
    if (offset > sizeBytes) throw endsBefore(file, sizeBytes, offset);
    return target?.subarray(0, 0) ?? new Uint8Array(0);
  }

  /** Undefined when there is no such object, or no bucket: to HEAD both is said alike. */
  async #headOf(file: FileName, signal: AbortSignal | undefined): Promise<S3Answer | undefined> {
    try {
      return await this.#line.send({ method: 'HEAD', key: this.#line.place.keyOf(file), signal });
    } catch (error) {
      if (!isMissing(error)) throw error;
      return undefined;
    }
  }

  #sizeIn(head: S3Answer, file: FileName): number {
    const sizeBytes = lengthOf(head);
    if (sizeBytes === undefined)
      throw new CadanganError('storage.unreachable', { location: this.location, file: fileLabel(file), reason: 'no-size' });
    return sizeBytes;
  }

  /** In an existing bucket, or without one. @throws ConnectionFault when it is there after all; S3Fault when nobody says so */
  async #assertNoConfig(signal: AbortSignal): Promise<void> {
    try {
      if ((await this.#whyMissing(config, signal)) === undefined) throw new ConnectionFault('there, and not there');
    } catch (error) {
      if (!isFault(error, 'NoSuchBucket')) throw error;
    }
  }

  async #found<T>(file: FileName, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.#assertThere(signal);
      throw new CadanganError('storage.not-found', { location: this.location, file: fileLabel(file) }, { cause: error });
    }
  }

  /**
   * Under a wrong prefix anything can be written, and nobody would find it: the first write looks whether the storage is there, and so does
   * each of a snapshot, which claims that everything is. Before the config is written the storage is only told to be made.
   */
  async #assertWritable({ kind }: FileName, signal: AbortSignal): Promise<void> {
    if (this.#isSeen && kind !== 'snapshots') return;
    await this.#assertThere(signal);
    this.#isSeen = true;
  }

  /** @throws `storage.no-repository` unless the storage is there, in the sense of the class comment; S3Fault */
  async #assertThere(signal: AbortSignal): Promise<undefined> {
    const why = await this.#whyMissing(config, signal);
    if (why === undefined) this.#isMade = false; // known by its config from now on: when that goes, the storage is away
    else if (!this.#isMade)
      throw new CadanganError('storage.no-repository', { location: this.location, missing: 'config' }, { cause: why });
  }

  /**
   * What a question without a body in its answer cannot tell: that there is no such object.
   * @returns undefined when it is there. @throws S3Fault of anything else: no bucket, or somebody who is no object store
   */
  async #whyMissing(file: FileName, signal: AbortSignal): Promise<S3Fault | undefined> {
    try {
      await this.#line.send({ method: 'GET', key: this.#line.place.keyOf(file), headers: { Range: 'bytes=0-0' }, signal });
    } catch (error) {
      if (error instanceof S3Fault && error.status === 416) return undefined;
      if (!isFault(error, 'NoSuchKey')) throw error;
      return error;
    }
    return undefined;
  }

  async #serverMs(signal: AbortSignal): Promise<number> {
    const query = { 'list-type': '2', 'max-keys': '1', prefix: this.#line.place.folderOf('locks') };
    const serverMs = Date.parse((await this.#line.send({ method: 'GET', query, signal })).header('date') ?? '');
    return Number.isFinite(serverMs) ? serverMs : -Infinity; // then nothing is known to be old
  }

  async #guard<T>(file: FileName | undefined, work: () => Promise<T>, neededBytes?: number): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageError(error, { location: this.location, file, neededBytes });
    }
  }
}

function isFault(error: unknown, code: string): error is S3Fault {
  return error instanceof S3Fault && error.code === code;
}

/** No such object, or no such bucket; which of them, an answer with a body says. */
function isMissing(error: unknown): boolean {
  return error instanceof S3Fault && error.status === 404 && (error.isMute || error.code === 'NoSuchKey');
}

function isTaken({ status, code }: S3Fault): boolean {
  return status === 412 || code === 'ConditionalRequestConflict';
}

const mismatchCodes: ReadonlySet<string> = new Set(['XAmzContentSHA256Mismatch', 'ContentSHA256Mismatch', 'BadDigest', 'InvalidDigest']);

/** The server got other bytes than the name says. If these are already wrong here, no line is to blame. */
function assertUnchanged({ code }: S3Fault, { bytes, sha256 }: Upload): void {
  if (mismatchCodes.has(code) && sha256Of(bytes) !== sha256)
    throw new CadanganError('repository.verification', { sizeBytes: bytes.length });
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
