import { createHash } from 'node:crypto';
import { CadanganError, isCode, systemRandom, type Clock } from '../platform/index.ts';
import { WrappedStorage, type Storage, type StorageCall } from '../storage/index.ts';
import type { Claim } from './copy-claim.ts';
import type { CopyLedger, LedgerEntry } from './copy-ledger.ts';
import { keyOf, nameOf, type CopiedKind, type CopyFile, type CopyListing, type SourceFile } from './copy-listing.ts';
import type { CopyTarget, HeldFile, Uploaded, UploadOptions, UploadSource, Witnesses } from './copy-target.ts';

export interface StorageCopyOptions {
  readonly ledger: CopyLedger;
  readonly clock: Clock;
  /** What files are said to be of that we have put there; see `CopyFile`. */
  readonly origin?: string | undefined;
}

/** Of what somebody else has put there, or we before we lost the ledger. */
export const unknownOrigin = 'unknown';

const configName = { kind: 'config', name: '' } as const;
/** A config has about 150 bytes and a key 500; whoever has put something larger there is not us. */
const smallFileBytesMax = 1 << 20;
const pieceBytes = 4 * 1024 * 1024;
/** A file that is not what it should be is sent once more: what was damaged on its way is right the second time. */
const attemptsMax = 2;
const lateListMs = 86_400_000;
/** A lock must not stay because somebody has lost patience. */
const withdrawMsMax = 30_000;

type NamedKind = Exclude<CopiedKind, 'config'>;

/**
 * A copy that lies in any storage, as a repository like the original. A storage knows names and sizes, and no more of a file; so
 *
 * - whose it is, its `config` says: the hash of it is the mark of all that lies there. A copy is claimed by writing it first, where the
 *   storage lets only one through, or, where it cannot, looked at again after a while (`claimFolder`). Where the original's config is
 *   another one by now (a migration), keys that are the original's say the same.
 * - what a file's bytes are, is proven once, when it is sent: by a storage that holds them against their hash itself, else by reading them
 *   back. What was proven stands in the ledger, and counts while the listed size agrees. Reading a sample proves what it reads anew.
 *
 * There are no doubles here and no trash: what is removed is gone.
 */
export class StorageCopy implements CopyTarget {
  readonly location: string;
  readonly hasUniqueNames = true;
  readonly #storage: Storage;
  readonly #ledger: CopyLedger;
  readonly #clock: Clock;
  readonly #origin: string | undefined;
  /** SHA-256 of the config that was seen there last. */
  #mark: string | undefined;
  /** A claim of ours that another one could have written over at the same moment. */
  #unsettled: string | undefined;
  /** Nobody here knows anything of what lies there. */
  #isFirstContact: boolean;
  /** It has refused to remove anything since the last listing. */
  #holdsAll = false;
  /** Until when it has said that it holds a file, milliseconds since 1970; by id. */
  readonly #heldUntilMs = new Map<string, number>();

  constructor(storage: Storage, { ledger, clock, origin }: StorageCopyOptions) {
    this.#storage = new CopySide(storage);
    this.location = storage.location;
    this.#ledger = ledger;
    this.#isFirstContact = ledger.isEmpty;
    this.#clock = clock;
    this.#origin = origin;
  }

  async refuseOriginal(source: Storage, signal: AbortSignal): Promise<void> {
    if (!this.#isFirstContact) return;
    if ((await this.#storage.sizeOf(configName, signal)) !== undefined && (await this.#isSeenIn(source, signal)))
      throw new CadanganError('storage.invalid-location', {
        location: this.location,
        reason: 'it is the repository itself, under another name',
      });
    this.#isFirstContact = false;
  }

  /** Whether what is put there is in another storage, too: a lock, since that can be taken away again anywhere. */
  async #isSeenIn(source: Storage, signal: AbortSignal): Promise<boolean> {
    const bytes = systemRandom.fill(new Uint8Array(64));
    const probe = { kind: 'locks', name: sha256Of(bytes) } as const;
    try {
      await this.#storage.write(probe, bytes, signal);
    } catch (error) {
      if (isCode(error, 'storage.denied')) return false; // whoever may not write there copies nothing
      throw error;
    }
    try {
      return (await source.sizeOf(probe, signal)) !== undefined;
    } finally {
      await this.#storage.remove(probe, signal.aborted ? AbortSignal.timeout(withdrawMsMax) : signal);
    }
  }

  async list(signal: AbortSignal): Promise<CopyListing> {
    this.#holdsAll = false;
    const config = await this.#readConfig(signal);
    this.#mark = config?.sha256;
    const files: CopyFile[] = [];
    // As whoever reads a repository does: what a listed file needs was there before it.
    for (const kind of ['snapshots', 'index', 'data', 'keys'] as const)
      for (const { name, sizeBytes } of await this.#listKind(kind, config !== undefined, signal))
        files.push(await this.#seen({ kind, name, sizeBytes }, signal));
    await this.#ledger.tidy(new Set(files.map(({ id }) => id)), this.#nowMs() - lateListMs);
    return { files: config === undefined ? files : [this.#configFile(config), ...files], foreign: [], claims: claimsOf(config) };
  }

  async isNoted(file: SourceFile, signal: AbortSignal): Promise<boolean> {
    return (await this.#storage.sizeOf(nameOf(file), signal)) === file.sizeBytes;
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }

  async look(signal: AbortSignal): Promise<Witnesses> {
    const config = await this.#readConfig(signal);
    this.#mark = config?.sha256;
    const keys: CopyFile[] = [];
    for (const { name, sizeBytes } of await this.#listKind('keys', config !== undefined, signal))
      keys.push(await this.#seen({ kind: 'keys', name, sizeBytes }, signal));
    const isUnsettled = this.#unsettled !== undefined && this.#unsettled === config?.sha256;
    this.#unsettled = undefined;
    const ids = keys.map(({ id }) => id);
    const files = config === undefined ? keys : [this.#configFile(config), ...keys];
    return { files, claims: claimsOf(config), listedIds: new Set(config === undefined || isUnsettled ? ids : ['config', ...ids]) };
  }

  async claim(mark: string, readConfig: (signal: AbortSignal) => Promise<Uint8Array>, signal: AbortSignal): Promise<Claim> {
    const bytes = await readConfig(signal);
    // Somebody migrates the original at this moment.
    if (sha256Of(bytes) !== mark)
      throw new CadanganError('offsite.source-doubtful', { location: this.location, reason: 'its config has changed' });
    await this.#storage.create(signal);
    try {
      await this.#storage.write(configName, bytes, signal);
    } catch (error) {
      if (!isCode(error, 'repository.exists')) throw error;
      throw new CadanganError('offsite.other-repository', { location: this.location, file: 'config' }, { cause: error });
    }
    this.#mark = mark;
    this.#unsettled = this.#storage.abilities.conditionalWrite ? undefined : mark;
    return { id: 'config', mark, createdMs: this.#nowMs() };
  }

  /** Only as long as it is ours: of two that wrote it at once, the other one's stays. */
  async withdraw({ mark }: Claim, signal: AbortSignal): Promise<void> {
    if ((await this.#readConfig(signal))?.sha256 === mark) await this.#storage.remove(configName, signal);
  }

  async isThere(file: CopyFile, signal: AbortSignal): Promise<boolean> {
    return (await this.#storage.sizeOf(nameOf(file), signal)) !== undefined;
  }

  async upload(
    file: SourceFile,
    source: UploadSource,
    { signal, onProgress, sha256 = file.name, isDistrusted = false }: UploadOptions,
  ): Promise<Uploaded> {
    const bytes = await bytesOf(file, source, sha256, signal);
    if (file.kind === 'config') return this.#uploadConfig(bytes, sha256, signal);
    const named = { ...file, kind: file.kind };
    const { sizeBytes } = file;
    const key = keyOf(file);
    const known = this.#ledger.get(key);
    const there = await this.#storage.sizeOf(nameOf(file), signal);
    const createdMs = known?.isOurs === true && known.createdMs > 0 ? known.createdMs : this.#nowMs();
    // Of a list that is late, what was proven counts, as in a list that is not.
    const isProven = !isDistrusted && known !== undefined && known.proof !== 'begun' && known.sizeBytes === sizeBytes;
    const isRightThere = there === sizeBytes && (isProven || (await this.#isRight(file, signal)));
    if (isRightThere) {
      await this.#noteRight(key, sizeBytes);
      return { file: this.#copyFile(named), wasThere: true };
    }
    await this.#ledger.set(key, { sizeBytes, createdMs, proof: 'begun', isOurs: true });
    // A name that exists is not written over.
    if (there === sizeBytes) await this.#removeWrong(file, signal);
    const proof = await this.#send(file, bytes, there === undefined, signal);
    await this.#ledger.set(key, { sizeBytes, createdMs, proof, isOurs: true });
    onProgress?.(sizeBytes);
    return { file: this.#copyFile(named), wasThere: false };
  }

  async remove(file: CopyFile, signal: AbortSignal): Promise<HeldFile | undefined> {
    const known = this.heldFor(file);
    if (known !== undefined) return known;
    try {
      await this.#storage.remove(nameOf(file), signal);
    } catch (error) {
      if (!isCode(error, 'storage.denied')) throw error;
      // It holds this one, perhaps until a day; or whatever it has.
      this.#holdsAll = this.#storage.abilities.appendOnly === true;
      const untilMs = untilMsOf(error.facts['until']);
      if (untilMs !== undefined) this.#heldUntilMs.set(file.id, untilMs);
      return { untilMs };
    }
    this.#heldUntilMs.delete(file.id);
    await this.#ledger.forget(file.id);
    return undefined;
  }

  heldFor({ id }: CopyFile): HeldFile | undefined {
    if (this.#holdsAll) return { untilMs: undefined };
    const untilMs = this.#heldUntilMs.get(id);
    return untilMs !== undefined && untilMs > this.#nowMs() ? { untilMs } : undefined;
  }

  async read(
    file: CopyFile,
    offset: number,
    lengthBytes: number,
    options: { readonly target: Uint8Array; readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    try {
      return await this.#storage.readRange(nameOf(file), offset, lengthBytes, options);
    } catch (error) {
      if (!isCode(error, 'storage.not-found')) throw error;
      // A list had it.
      throw new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason: 'missing' }, { cause: error });
    }
  }

  async noteRead(file: CopyFile, isRight: boolean): Promise<void> {
    const { id, sizeBytes = 0, createdMs } = file;
    if (isRight) return this.#noteRight(id, sizeBytes);
    // As what was begun and never proven: whoever lists it next reads it, also where this process ends before anybody was told.
    const known = this.#ledger.get(id) ?? { sizeBytes, createdMs, isOurs: false };
    await this.#ledger.set(id, { ...known, proof: 'begun' });
  }

  async #noteRight(key: string, sizeBytes: number): Promise<void> {
    const known = this.#ledger.get(key);
    if (known !== undefined && known.proof !== 'begun' && known.sizeBytes === sizeBytes) return;
    await this.#ledger.set(key, { sizeBytes, createdMs: known?.createdMs ?? 0, proof: 'read', isOurs: known?.isOurs ?? false });
  }

  /** What was begun and never proven is read, and keys that nothing is known of: both are few, and keys say whose all of it is. */
  async #seen(file: SourceFile & { readonly kind: NamedKind }, signal: AbortSignal): Promise<CopyFile> {
    const known = this.#ledger.get(keyOf(file));
    const isUnknownKey = file.kind === 'keys' && known === undefined && file.sizeBytes <= smallFileBytesMax;
    if (known?.proof === 'begun' || isUnknownKey) {
      if (await this.#isRight(file, signal)) await this.#noteRight(keyOf(file), file.sizeBytes);
    }
    return this.#copyFile(file);
  }

  /** What is proven of it has its hash; what was begun and is not right, no size, which makes it a damaged file. */
  #copyFile({ kind, name, sizeBytes }: SourceFile & { readonly kind: NamedKind }): CopyFile {
    const id = keyOf({ kind, name });
    const known = this.#ledger.get(id);
    const isProven = known !== undefined && known.proof !== 'begun' && known.sizeBytes === sizeBytes;
    return {
      kind,
      name,
      id,
      sizeBytes: known?.proof === 'begun' ? undefined : sizeBytes,
      sha256: isProven ? name : undefined,
      md5: undefined,
      isTrashed: false,
      createdMs: known?.createdMs ?? this.#createdMsOf(kind),
      mark: this.#mark,
      origin: known?.isOurs === true ? this.#origin : unknownOrigin,
    };
  }

  /** An index that nothing is known of may name any pack. */
  #createdMsOf(kind: NamedKind): number {
    return kind === 'index' ? this.#nowMs() : 0;
  }

  #configFile({ sizeBytes, sha256 }: FoundConfig): CopyFile {
    return {
      ...configName,
      id: 'config',
      sizeBytes,
      sha256,
      md5: undefined,
      isTrashed: false,
      createdMs: 0,
      mark: sha256,
      origin: this.#origin,
    };
  }

  /** Undefined when there is none. */
  async #readConfig(signal: AbortSignal): Promise<FoundConfig | undefined> {
    const sizeBytes = await this.#storage.sizeOf(configName, signal);
    if (sizeBytes === undefined) return undefined;
    if (sizeBytes > smallFileBytesMax) throw new CadanganError('offsite.other-repository', { location: this.location, file: 'config' });
    try {
      const bytes = await this.#storage.read(configName, signal);
      return { sizeBytes: bytes.length, sha256: sha256Of(bytes) };
    } catch (error) {
      if (isCode(error, 'storage.not-found')) return undefined;
      throw error;
    }
  }

  /** Without a config there is no repository, for a storage: whether there was one it has just told. */
  async #listKind(kind: NamedKind, hasConfig: boolean, signal: AbortSignal): ReturnType<Storage['list']> {
    try {
      return await this.#storage.list(kind, signal);
    } catch (error) {
      if (hasConfig || !isCode(error, 'storage.no-repository')) throw error;
      return [];
    }
  }

  /** Where another one of ours stands: the original was migrated. */
  async #uploadConfig(bytes: Uint8Array, sha256: string, signal: AbortSignal): Promise<Uploaded> {
    const there = await this.#readConfig(signal);
    const done = (wasThere: boolean): Uploaded => ({ file: this.#configFile({ sizeBytes: bytes.length, sha256 }), wasThere });
    if (there?.sha256 === sha256) return done(true);
    if (there !== undefined && there.sha256 !== this.#mark)
      throw new CadanganError('offsite.other-repository', { location: this.location, file: 'config' });
    if (there !== undefined) await this.#removeOldConfig(signal);
    await this.#storage.write(configName, bytes, signal);
    const now = await this.#readConfig(signal);
    if (now?.sha256 !== sha256) throw this.#notKept('config', now === undefined ? 'missing' : 'hash');
    this.#mark = sha256;
    return done(false);
  }

  /** @throws `offsite.not-kept` where it cannot be removed: with it what comes from now on would be no repository */
  async #removeOldConfig(signal: AbortSignal): Promise<void> {
    try {
      await this.#storage.remove(configName, signal);
    } catch (error) {
      throw isCode(error, 'storage.denied') ? this.#notKept('config', 'config-held', error) : error;
    }
  }

  async #send(file: SourceFile, bytes: Uint8Array, isNew: boolean, signal: AbortSignal): Promise<LedgerEntry['proof']> {
    for (let attempt = 1; ; attempt++) {
      await this.#write(file, bytes, isNew, signal);
      // What stood there before was held against nothing.
      if (isNew && attempt === 1 && this.#storage.abilities.serverChecksum) return 'server';
      if (await this.#isRight(file, signal)) return 'read';
      const isThere = (await this.#storage.sizeOf(nameOf(file), signal)) !== undefined;
      if (attempt === attemptsMax) throw this.#notKept(keyOf(file), isThere ? 'hash' : 'missing');
      if (isThere) await this.#removeWrong(file, signal);
    }
  }

  async #write(file: SourceFile, bytes: Uint8Array, isNew: boolean, signal: AbortSignal): Promise<void> {
    try {
      await this.#storage.write(nameOf(file), bytes, signal);
    } catch (error) {
      throw !isNew && isCode(error, 'storage.denied') ? this.#notKept(keyOf(file), 'append-only', error) : error;
    }
  }

  /** @throws `offsite.not-kept` where it cannot be removed: then nothing can take its place */
  async #removeWrong(file: SourceFile, signal: AbortSignal): Promise<void> {
    try {
      await this.#storage.remove(nameOf(file), signal);
    } catch (error) {
      throw isCode(error, 'storage.denied') ? this.#notKept(keyOf(file), 'append-only', error) : error;
    }
  }

  /** Reads all of it. */
  async #isRight(file: SourceFile, signal: AbortSignal): Promise<boolean> {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, file.sizeBytes));
    try {
      for (let at = 0; at < file.sizeBytes; at += pieceBytes) {
        const lengthBytes = Math.min(pieceBytes, file.sizeBytes - at);
        const target = buffer.subarray(0, lengthBytes);
        hash.update(await this.#storage.readRange(nameOf(file), at, lengthBytes, { target, signal }));
      }
    } catch (error) {
      if (isCode(error, 'storage.not-found', 'repository.damaged')) return false;
      throw error;
    }
    return hash.digest('hex') === file.name;
  }

  #notKept(file: string, reason: 'missing' | 'hash' | 'append-only' | 'config-held', cause?: unknown): CadanganError {
    return new CadanganError('offsite.not-kept', { location: this.location, file, reason }, cause === undefined ? {} : { cause });
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }
}

interface FoundConfig {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Errors of the copy's storage say so: the original may lie in one, too, and whoever is told of trouble has to know of which it is. */
class CopySide extends WrappedStorage {
  protected override async around<T>(_call: StorageCall, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CadanganError) || !error.code.startsWith('storage.')) throw error;
      throw new CadanganError(error.code, { ...error.facts, of: 'copy' }, { cause: error });
    }
  }
}

function claimsOf(config: FoundConfig | undefined): readonly Claim[] {
  return config === undefined ? [] : [{ id: 'config', mark: config.sha256, createdMs: 0 }];
}

/** All of it, for a storage takes a file whole. @throws `repository.damaged` when it is not what its name says */
async function bytesOf(file: SourceFile, source: UploadSource, sha256: string, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = await source.read(0, source.sizeBytes, { target: Buffer.allocUnsafeSlow(source.sizeBytes), signal });
  if (sha256Of(bytes) !== sha256) throw new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason: 'hash' });
  return bytes;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** ISO 8601, as a lock's end is told. */
function untilMsOf(until: unknown): number | undefined {
  const ms = typeof until === 'string' ? Date.parse(until) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
