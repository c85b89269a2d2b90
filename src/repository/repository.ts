import pMap from 'p-map';
import {
  CadanganError,
  isCode,
  systemClock,
  systemRandom,
  throwIfAborted,
  type Clock,
  type Password,
  type Random,
} from '../platform/index.ts';
import { inOwnTime, type FileKind, type Storage } from '../storage/index.ts';
import { BlobIndex, type BlobLocation } from './blob-index.ts';
import { openBlob } from './blob-opener.ts';
import { BlobDecompressor, type CompressionMode } from './compression.ts';
import {
  parseConfig,
  parseIndexFile,
  parseIndexId,
  parseTree,
  scanIndexFile,
  serializeConfig,
  visitIndexFile,
  type BlobId,
  type BlobType,
  type IndexId,
  type KdfParameters,
  type KeyId,
  type MasterKey,
  type RepositoryConfig,
  type Tree,
  type TreeId,
  serializeIndexFile,
  type IndexPack,
} from './format/index.ts';
import { addKey, generateMasterKey, openWithPassword, type KeyContext, type OpenedKey } from './keys.ts';
import { checkPolynomial, loadKernelModule, randomPolynomial, type KernelModule, type Polynomial } from './kernel/index.ts';
import { RepositoryLock, type LockContext, type LockOptions } from './locks.ts';
import type { PackBuilderOptions } from './pack-builder.ts';
import { readFaultOf } from './read-fault.ts';
import { PackWindows } from './pack-windows.ts';
import { SmallBoxes } from './sealed-box.ts';
import { runSelfTest } from './self-test.ts';
import { readUnpacked, saveNamedByHash, sealUnpacked } from './unpacked-files.ts';

/** The world that a repository lives in. Everything but the storage has the system's own as default. */
export interface RepositoryWorld {
  readonly storage: Storage;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface InitOptions {
  readonly signal: AbortSignal;
  /** Cost of the first key's derivation; the default is for everybody, tests use less. */
  readonly kdfCost?: KdfParameters | undefined;
  /** Where files are cut: that of another repository, so that each finds what was copied from the other. Default: a random one. */
  readonly chunkerPolynomial?: Polynomial | undefined;
}

const filesReadAtOnce = 4;
const configIdBytes = 32;
const writtenVersion = 2;

/** An opened repository: its keys are known, its index is empty until `loadIndex`. */
export class Repository {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: RepositoryConfig;
  readonly polynomial: Polynomial;
  readonly masterKey: MasterKey;
  /** The key file that the password opened. */
  readonly keyId: KeyId;
  readonly module: KernelModule;
  readonly boxes: SmallBoxes;
  readonly index = new BlobIndex();
  readonly #windows: PackWindows;
  readonly #decompressor = new BlobDecompressor();
  #lock: RepositoryLock | undefined;

  private constructor(world: Required<RepositoryWorld>, module: KernelModule, key: OpenedKey, config: RepositoryConfig) {
    this.storage = world.storage;
    this.clock = world.clock;
    this.random = world.random;
    this.module = module;
    this.masterKey = key.masterKey;
    this.keyId = key.id;
    this.config = config;
    this.polynomial = checkPolynomial(config.chunkerPolynomial);
    this.boxes = new SmallBoxes(module, key.masterKey, world.random);
    this.#windows = new PackWindows(world.storage, this.index);
  }

  /**
   * Makes a new repository of version 2. The config is written last: until then there is none, and init may simply be repeated.
   * @throws `repository.exists`; `repository.damaged` when data lies there without a config; `password.empty`
   */
  static async init(world: RepositoryWorld, password: Password, options: InitOptions): Promise<Repository> {
    const full = withDefaults(world);
    const { storage, random } = full;
    const module = readyModule();
    if (password.length === 0) throw new CadanganError('password.empty');
    await storage.create(options.signal);
    await refuseExisting(storage, options.signal);
    const leftovers = await storage.list('keys', options.signal);
    const masterKey = generateMasterKey(random);
    const id = await addKey(masterKey, password, { cost: options.kdfCost }, { ...full, module, signal: options.signal });
    const config: RepositoryConfig = {
      version: writtenVersion,
      id: Buffer.from(random.fill(new Uint8Array(configIdBytes))).toString('hex'),
      chunkerPolynomial: options.chunkerPolynomial ?? randomPolynomial(random),
    };
    const box = sealUnpacked(new SmallBoxes(module, masterKey, random), 'config', serializeConfig(config), config.version);
    try {
      await storage.write({ kind: 'config', name: '' }, box, options.signal);
    } catch (error) {
      // Somebody else's init was quicker: our key would open nothing, and confuse whoever tries it.
      if (isCode(error, 'repository.exists'))
        await inOwnTime(storage, full.clock, (own) => storage.remove({ kind: 'keys', name: id }, own));
      throw error;
    }
    // Keys of an init that was cut short: the config is sealed with our master key, so they open nothing.
    for (const { name } of leftovers) await storage.remove({ kind: 'keys', name }, options.signal);
    return new Repository(full, module, { id, masterKey }, config);
  }

  /**
   * @param secret the password; or the key that it once opened, of which the caller knows that it is still there
   * @throws `repository.missing`, `repository.wrong-password`, `repository.damaged`, `repository.unsupported`, and the storage's errors
   */
  static async open(world: RepositoryWorld, secret: Password | OpenedKey, signal: AbortSignal): Promise<Repository> {
    const full = withDefaults(world);
    const { storage } = full;
    await requireRepository(storage, signal);
    const module = readyModule();
    const context: KeyContext = { ...full, module, signal };
    const key = secret instanceof Uint8Array ? await openWithPassword(secret, context) : secret;
    const boxes = new SmallBoxes(module, key.masterKey, full.random);
    const config = parseConfig(await readUnpacked(storage, boxes, { kind: 'config', name: '' }, signal));
    return new Repository(full, module, key, config);
  }

  /** Takes a lock; see `RepositoryLock`. While it is being confirmed in the background, writes wait. @throws `repository.locked` */
  async lock(options: LockOptions): Promise<RepositoryLock> {
    return (this.#lock = await RepositoryLock.acquire(this.lockContext, options));
  }

  /**
   * The same repository under the same lock, its index empty again: for whoever replaced index files and goes on with what they say now.
   */
  withEmptyIndex(): Repository {
    const { storage, clock, random, module, keyId, masterKey, config } = this;
    const again = new Repository({ storage, clock, random }, module, { id: keyId, masterKey }, config);
    again.#lock = this.#lock;
    return again;
  }

  /**
   * To be awaited before anything is written.
   * @throws `repository.locked`, `repository.lock-lost` when the lock is not, or no more, ours
   */
  get mayWrite(): Promise<void> {
    return this.#lock?.held() ?? Promise.resolve();
  }

  get lockContext(): LockContext {
    return { storage: this.storage, boxes: this.boxes, version: this.config.version, clock: this.clock };
  }

  keyContext(signal: AbortSignal): KeyContext {
    return { storage: this.storage, module: this.module, clock: this.clock, random: this.random, signal };
  }

  /**
   * Reads every index file into `index`. List snapshots first, then call this: then every blob of a listed snapshot is known.
   * @throws `repository.damaged`, naming the index file
   */
  async loadIndex(options: { readonly signal: AbortSignal }): Promise<IndexId[]> {
    const files = await this.storage.list('index', options.signal);
    return pMap(
      files,
      async ({ name }) => {
        throwIfAborted(options.signal);
        this.addToIndex(await this.loadUnpacked('index', name, options.signal));
        return parseIndexId(name);
      },
      { concurrency: filesReadAtOnce },
    );
  }

  /** Enters what an index file tells. @throws `repository.damaged` */
  addToIndex(json: Uint8Array): void {
    this.index.addAll((visitor) => {
      if (!scanIndexFile(json, visitor)) visitIndexFile(parseIndexFile(json), visitor);
    });
  }

  /** The JSON of an index, snapshot or lock file, proven. */
  loadUnpacked(kind: Exclude<FileKind, 'data' | 'keys'>, name: string, signal: AbortSignal): Promise<Uint8Array> {
    return readUnpacked(this.storage, this.boxes, { kind, name }, signal);
  }

  /** Seals and stores JSON. @returns the file's name */
  async saveUnpacked(kind: 'index' | 'snapshots', json: Uint8Array, signal: AbortSignal): Promise<string> {
    await this.mayWrite;
    return saveNamedByHash(this.storage, kind, sealUnpacked(this.boxes, kind, json, this.config.version), signal);
  }

  /** Removes a file that nobody needs; the lock is ours. @throws as `mayWrite`, and the storage's errors */
  async remove(kind: 'index' | 'snapshots' | 'data', name: string, signal: AbortSignal): Promise<void> {
    await this.mayWrite;
    await this.storage.remove({ kind, name }, signal);
  }

  /** An index file of these packs, sealed and not stored. */
  sealIndex(packs: readonly IndexPack[]): Uint8Array {
    return sealUnpacked(this.boxes, 'index', serializeIndexFile(packs), this.config.version);
  }

  /**
   * A blob's plaintext, proven. If a blob stands in several packs and one is damaged, the others are tried.
   * @throws `repository.damaged` with the blob and the reason, `missing` when no index knows it
   */
  loadBlob(type: BlobType, id: BlobId, signal: AbortSignal): Promise<Uint8Array> {
    return this.#useBlob(type, id, (plaintext) => plaintext.slice(), signal);
  }

  /** @throws `repository.damaged` with the tree's id */
  loadTree(id: TreeId, signal: AbortSignal): Promise<Tree> {
    return this.#useBlob('tree', id, parseTree, signal);
  }

  /** @param use gets memory that is valid until it returns */
  async #useBlob<T>(type: BlobType, id: BlobId, use: (plaintext: Uint8Array) => T, signal: AbortSignal): Promise<T> {
    let lastError: unknown = new CadanganError('repository.damaged', { blob: id, type, reason: 'missing' });
    for (const place of this.index.locateAll(type, id)) {
      throwIfAborted(signal);
      try {
        return await this.#usePlace(id, place, use, signal);
      } catch (error) {
        // One pack that cannot be read says nothing of the others, as long as the storage answers.
        const fault = await readFaultOf(error, this.storage, signal);
        const reason = fault.kind === 'missing' ? 'pack missing' : fault.reason;
        const isUnreadable = fault.kind === 'unreadable' || undefined;
        lastError = new CadanganError('repository.damaged', { blob: id, type, pack: place.packId, reason, isUnreadable }, { cause: error });
      }
    }
    throw lastError;
  }

  /** Twice, if need be: bytes that were damaged on their way, not on the disk, are right the second time. */
  async #usePlace<T>(id: BlobId, place: BlobLocation, use: (plaintext: Uint8Array) => T, signal: AbortSignal): Promise<T> {
    const open = (sealed: Uint8Array) =>
      openBlob(id, sealed.length, place.uncompressedLength, () => this.boxes.open(sealed), this.#decompressor);
    let plaintext: Uint8Array;
    try {
      plaintext = open(await this.#windows.read(place, signal));
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      plaintext = open(await this.#windows.readAgain(place, signal));
    }
    return use(plaintext);
  }

  /** What a pack builder of this repository needs. Version 1 knows no compression. */
  packBuilderOptions(options: { compression: CompressionMode; extraVerify: boolean }): PackBuilderOptions {
    const compression = this.config.version < 2 ? 'off' : options.compression;
    return { module: this.module, masterKey: this.masterKey, random: this.random, compression, extraVerify: options.extraVerify };
  }
}

function withDefaults(world: RepositoryWorld): Required<RepositoryWorld> {
  return { storage: world.storage, clock: world.clock ?? systemClock, random: world.random ?? systemRandom };
}

let testedModule: KernelModule | undefined;

/** The kernel, after the known answers came out right once in this process: the editor's runtime has another crypto library than Node. */
function readyModule(): KernelModule {
  if (testedModule) return testedModule;
  const module = loadKernelModule();
  runSelfTest(module);
  return (testedModule = module);
}

/**
 * For whoever wants to know before a password is asked for. A bucket that is missing is no repository that is: somebody has to make it, or
 * to name another one. @throws `repository.missing`, `storage.no-repository`; the storage's errors when it cannot tell
 */
export async function requireRepository(storage: Storage, signal: AbortSignal): Promise<void> {
  if (await isRepository(storage, signal)) return;
  try {
    await storage.list('keys', signal);
  } catch (error) {
    if (!isCode(error, 'storage.no-repository') || error.facts['missing'] === 'bucket') throw error;
  }
  throw new CadanganError('repository.missing', { location: storage.location });
}

/** Whether there is one, as far as its config tells. @throws the storage's errors when it cannot tell */
export async function isRepository(storage: Storage, signal: AbortSignal): Promise<boolean> {
  return (await storage.sizeOf({ kind: 'config', name: '' }, signal)) !== undefined;
}

/**
 * An init that was cut short leaves at most a key file of its own. Data without a config is another matter: somebody lost the config, and a
 * new one would make that data unreadable for good.
 */
async function refuseExisting(storage: Storage, signal: AbortSignal): Promise<void> {
  if (await isRepository(storage, signal)) throw new CadanganError('repository.exists', { location: storage.location });
  for (const kind of ['snapshots', 'index', 'data'] as const) {
    if ((await storage.list(kind, signal)).length > 0) {
      throw new CadanganError('repository.damaged', { location: storage.location, kind: 'config', reason: 'missing beside data' });
    }
  }
}
