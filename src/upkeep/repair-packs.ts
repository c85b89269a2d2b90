import { hash } from 'node:crypto';
import { CadanganError, isCode, throwIfAborted } from '../platform/index.ts';
import {
  BlobIndex,
  BlobSaver,
  decodePackFooter,
  decodePackHeader,
  openBlob,
  packFooterLengthBytes,
  PackStore,
  parseIndexFile,
  readFaultOf,
  readNamed,
  visitIndexFile,
  type CompressionMode,
  type PackedBlob,
  type PackId,
  type Repository,
} from '../repository/index.ts';
import { findLosses, noLosses, type Losses } from './find-losses.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';
import { replaceIndexFiles } from './write-index-files.ts';

export interface PackRepairOptions {
  /**
   * Keeps a copy of a damaged pack somewhere else, safely, before the pack goes; called again with the same bytes when a repair that was
   * cut off is run again. @throws what stops the repair
   */
  readonly keepAside: (pack: PackId, bytes: Uint8Array) => Promise<void>;
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  readonly signal: AbortSignal;
  readonly progress?: StepProgressSink | undefined;
}

/**
 * What became of a pack: `sound` nothing, since nothing is wrong with it; `salvaged` what could be proven was stored anew, and the pack
 * removed; `gone` it was not there any more, and the index forgot it; `unreadable` what could be read was stored anew, and the pack stays,
 * since no copy of it could be kept, and stays in the index: what cannot be read today may be another time, and a prune removes what no
 * index names.
 */
export type PackFate = 'sound' | 'salvaged' | 'gone' | 'unreadable';

export interface RepairedPack {
  readonly id: PackId;
  readonly fate: PackFate;
  readonly blobsSaved: number;
  /** Blobs that were said to be in it, and are in no pack now, or in one that cannot be read. */
  readonly blobsLost: number;
}

export interface PackRepair {
  readonly packs: readonly RepairedPack[];
  /** What snapshots need and no pack has any more. */
  readonly losses: Losses;
}

/**
 * Takes out of damaged packs what can be proven, and then the packs out of the repository. Nothing goes before all that is right in it is
 * safe in another pack that an index file names, and the whole pack lies somewhere else as it is.
 * @param repository under an exclusive lock, its index empty
 * @param ids of packs that the storage or the index has
 * @throws `repository.pack-unknown` before anything is changed; `repository.damaged` when an index file cannot be read; the storage's
 * errors
 */
export async function repairPacks(repository: Repository, ids: readonly PackId[], options: PackRepairOptions): Promise<PackRepair> {
  const { signal, progress } = options;
  await repository.loadIndex({ signal });
  const wanted = new Set(ids);
  const sizes = await sizesOf(repository, wanted, signal);
  const indexed = indexedBlobs(repository.index, wanted);
  const meter = stepMeter(progress, repository.clock);
  meter.begin('steps', wanted.size);
  const store = new PackStore(repository);
  const saver = new BlobSaver(repository, store, options);
  const packs: SalvagedPack[] = [];
  for (const [id, blobs] of indexed) {
    throwIfAborted(signal);
    packs.push(await salvage({ repository, saver, options }, id, sizes.get(id), blobs));
    meter.advance();
  }
  await saver.finish();
  await store.flush(signal);
  meter.end();
  const leaving = withFate(packs, 'salvaged', 'gone');
  if (leaving.size > 0) await forgetPacks(repository, leaving, signal);
  for (const { id, fate } of packs) {
    if (fate !== 'salvaged') continue;
    await repository.mayWrite;
    await repository.storage.remove({ kind: 'data', name: id }, signal);
  }
  const repaired = repository.withEmptyIndex();
  await repaired.loadIndex({ signal });
  const unreadable = withFate(packs, 'unreadable');
  const told = packs.map(({ said, ...pack }) => ({ ...pack, blobsLost: countLost(repaired.index, said, unreadable) }));
  return { packs: told, losses: leaving.size > 0 ? await findLosses(repaired, signal) : noLosses };
}

function withFate(packs: readonly SalvagedPack[], ...fates: readonly PackFate[]): ReadonlySet<PackId> {
  return new Set(packs.filter(({ fate }) => fates.includes(fate)).map(({ id }) => id));
}

/** Two packs that have changed places each have what the other one was said to have. */
function countLost(index: BlobIndex, said: readonly PackedBlob[], unreadable: ReadonlySet<PackId>): number {
  const isLost = ({ type, id }: PackedBlob): boolean => index.locateAll(type, id).every(({ packId }) => unreadable.has(packId));
  return new Set(said.filter(isLost).map(keyOf)).size;
}

/** @throws `repository.pack-unknown` for one that neither the storage nor the index has */
async function sizesOf(
  { storage, index }: Repository,
  ids: ReadonlySet<PackId>,
  signal: AbortSignal,
): Promise<ReadonlyMap<PackId, number>> {
  const sizes = new Map<PackId, number>();
  const known = new Set(index.packIds());
  for (const id of ids) {
    const sizeBytes = await storage.sizeOf({ kind: 'data', name: id }, signal);
    if (sizeBytes !== undefined) sizes.set(id, sizeBytes);
    else if (!known.has(id)) throw new CadanganError('repository.pack-unknown', { pack: id });
  }
  return sizes;
}

/** In one pass over the index. */
function indexedBlobs(index: BlobIndex, ids: ReadonlySet<PackId>): ReadonlyMap<PackId, PackedBlob[]> {
  const indexed = new Map([...ids].map((id): [PackId, PackedBlob[]] => [id, []]));
  index.forEach((type, id, { packId, ...place }) => indexed.get(packId)?.push({ type, id, ...place }));
  return indexed;
}

interface Salvaging {
  readonly repository: Repository;
  readonly saver: BlobSaver;
  readonly options: PackRepairOptions;
}

interface SalvagedPack extends Omit<RepairedPack, 'blobsLost'> {
  /** All that header and index say to be in it. */
  readonly said: readonly PackedBlob[];
}

async function salvage(
  salvaging: Salvaging,
  id: PackId,
  sizeBytes: number | undefined,
  indexed: readonly PackedBlob[],
): Promise<SalvagedPack> {
  if (sizeBytes === undefined) return { id, fate: 'gone', blobsSaved: 0, said: indexed };
  const { repository, saver, options } = salvaging;
  const pack = await OpenPack.read(repository, id, options.signal);
  const header = pack.header();
  // What an index file says of it may be wrong, and the header, too: a blob proves itself, wherever it was said to lie.
  const said = [...(header ?? []), ...indexed];
  const proven = new Map<string, PackedBlob>();
  for (const blob of said) if (!proven.has(keyOf(blob)) && (await pack.open(blob))) proven.set(keyOf(blob), blob);
  const isSound = pack.hasItsHash && header?.every((blob) => proven.has(keyOf(blob))) === true;
  if (isSound) return { id, fate: 'sound', blobsSaved: 0, said };
  if (pack.bytes) await options.keepAside(id, pack.bytes);
  for (const blob of proven.values()) {
    const plaintext = await pack.open(blob);
    if (plaintext) await saver.saveAgain(blob.type, blob.id, plaintext);
  }
  return { id, fate: pack.bytes ? 'salvaged' : 'unreadable', blobsSaved: proven.size, said };
}

/** A damaged pack, in memory where the storage gives it whole. */
class OpenPack {
  readonly bytes: Uint8Array | undefined;
  readonly #repository: Repository;
  readonly #id: PackId;
  readonly #signal: AbortSignal;

  private constructor(repository: Repository, id: PackId, bytes: Uint8Array | undefined, signal: AbortSignal) {
    this.#repository = repository;
    this.#id = id;
    this.bytes = bytes;
    this.#signal = signal;
  }

  /** @throws the storage's errors when it is away */
  static async read(repository: Repository, id: PackId, signal: AbortSignal): Promise<OpenPack> {
    const { storage } = repository;
    try {
      return new OpenPack(repository, id, await readNamed(storage, { kind: 'data', name: id }, signal), signal);
    } catch (error) {
      await readFaultOf(error, storage, signal);
      return new OpenPack(repository, id, undefined, signal);
    }
  }

  get hasItsHash(): boolean {
    return this.bytes !== undefined && hash('sha256', this.bytes, 'hex') === this.#id;
  }

  /** What it says that it holds; undefined where that cannot be read. */
  header(): readonly PackedBlob[] | undefined {
    const { bytes } = this;
    if (bytes === undefined) return undefined;
    try {
      const end = bytes.length - packFooterLengthBytes;
      const sealed = bytes.subarray(end - decodePackFooter(bytes, bytes.length), end);
      return decodePackHeader(this.#repository.boxes.open(sealed), bytes.length);
    } catch (error) {
      if (isCode(error, 'repository.damaged')) return undefined;
      throw error;
    }
  }

  /** The blob's plaintext, proven; undefined where it is damaged. */
  async open({ id, offset, length, uncompressedLength }: PackedBlob): Promise<Uint8Array | undefined> {
    const { boxes, storage } = this.#repository;
    try {
      const sealed = this.bytes
        ? this.bytes.subarray(offset, offset + length)
        : await storage.readRange({ kind: 'data', name: this.#id }, offset, length, { signal: this.#signal });
      return openBlob(id, sealed.length, uncompressedLength, () => boxes.open(sealed));
    } catch (error) {
      await readFaultOf(error, storage, this.#signal);
      return undefined;
    }
  }
}

function keyOf({ type, id }: PackedBlob): string {
  return `${type}/${id}`;
}

/** Writes the index files that name such packs anew without them. */
async function forgetPacks(repository: Repository, packs: ReadonlySet<PackId>, signal: AbortSignal): Promise<void> {
  const { storage } = repository;
  const entries = new BlobIndex();
  const obsolete: string[] = [];
  for (const { name } of await storage.list('index', signal)) {
    throwIfAborted(signal);
    const file = parseIndexFile(await repository.loadUnpacked('index', name, signal));
    const staying = file.packs.filter(({ id }) => !packs.has(id));
    if (staying.length === file.packs.length) continue;
    obsolete.push(name);
    entries.addAll((visitor) => visitIndexFile({ packs: staying }, visitor));
  }
  await replaceIndexFiles(repository, entries, obsolete, signal);
}
