import pMap from 'p-map';
import { throwIfAborted } from '../platform/index.ts';
import { BlobIndex, parseIndexFile, parsePackId, readFaultOf, readPackHeader, visitIndexFile } from '../repository/index.ts';
import type { PackContents, PackedBlob, PackId, ReadFault, Repository } from '../repository/index.ts';
import type { ListedFile } from '../storage/index.ts';
import { impliedSizeBytes } from './check-packs.ts';
import { enterIndexFile, type EnteredIndexFile } from './enter-index-file.ts';
import type { StepMeter } from './progress-meter.ts';

export interface IndexRepairOptions {
  /** Ask every pack what it holds, also those of which the index gives no reason to. */
  readonly readAllPacks?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** A pack whose header cannot be read. */
export interface UnreadPack {
  readonly id: PackId;
  readonly reason: string;
  /** Blobs that an index file names in it, and that lie within the file: they stay where they are. */
  readonly blobsKept: number;
}

/** What is wrong with the index, and what is to be written instead. */
export interface IndexRepairPlan {
  /** Index files that cannot be read, with what is wrong. */
  readonly damaged: readonly { readonly name: string; readonly reason: string }[];
  /** Packs that no index file named. */
  readonly packsAdded: readonly PackId[];
  /** Packs in which something else lies than was said. */
  readonly packsCorrected: readonly PackId[];
  /** Packs that are named, and not there. */
  readonly packsMissing: readonly PackId[];
  readonly packsUnread: readonly UnreadPack[];
  /** Index files that go: the damaged ones, and those that say something wrong. */
  readonly obsolete: readonly string[];
  /** What is written before they go: all that is right in them, and what packs say for themselves. */
  readonly entries: BlobIndex;
}

/** Headers are small; on a slow road it is the way that takes time. */
const readAtOnce = 8;

/**
 * Holds the index against the packs, and changes nothing. What cannot be told for certain stays as it is: a pack that is damaged keeps
 * those entries that lie within its file, since each blob is proven by itself when it is read.
 * @param repository its index is empty, and afterwards has what the index files say now
 * @throws the storage's errors when it is away, `aborted`
 */
export async function planIndexRepair(repository: Repository, options: IndexRepairOptions, meter: StepMeter): Promise<IndexRepairPlan> {
  const { signal } = options;
  const { files, damaged } = await readIndexFiles(repository, signal);
  // After the index: a pack is stored before an index names it.
  const listed = await repository.storage.list('data', signal);
  const contents = repository.index.packContents();
  const sizes = new Map(listed.map(({ name, sizeBytes }) => [name, sizeBytes]));
  const doubtful = new Set([...files.values()].flatMap(({ impossible }) => [...impossible.keys()]));
  const isToRead = ({ name, sizeBytes }: ListedFile): boolean => {
    const id = parsePackId(name);
    const known = contents.get(id);
    return known === undefined || options.readAllPacks === true || doubtful.has(id) || differs(known, sizeBytes);
  };
  const entries = new BlobIndex();
  const asked = await askPacks({ repository, contents, doubtful, entries, meter, signal }, listed.filter(isToRead));
  const packsMissing = await notThere(
    repository,
    [...contents.keys()].filter((id) => !sizes.has(id)),
    signal,
  );
  const wrong = new Set([...packsMissing, ...asked.entered]);
  const obsolete = [...files].filter(([, { packs, impossible }]) => impossible.size > 0 || [...packs].some((id) => wrong.has(id)));
  for (const [name] of obsolete) await carryOver(repository, name, wrong, entries, signal);
  return {
    damaged,
    packsAdded: [...asked.entered].filter((id) => !contents.has(id)),
    packsCorrected: [...asked.entered].filter((id) => contents.has(id)),
    packsMissing,
    packsUnread: asked.unread,
    obsolete: [...damaged.map(({ name }) => name), ...obsolete.map(([name]) => name)],
    entries,
  };
}

/** A list may be late: a pack counts as gone when the storage, asked for it by name, does not have it. */
async function notThere({ storage }: Repository, unlisted: readonly PackId[], signal: AbortSignal): Promise<readonly PackId[]> {
  const sizes = await pMap(unlisted, (name) => storage.sizeOf({ kind: 'data', name }, signal), { concurrency: readAtOnce });
  return unlisted.filter((_, at) => sizes[at] === undefined);
}

async function readIndexFiles(
  repository: Repository,
  signal: AbortSignal,
): Promise<{ readonly files: ReadonlyMap<string, EnteredIndexFile>; readonly damaged: { name: string; reason: string }[] }> {
  const { storage, index } = repository;
  const files = new Map<string, EnteredIndexFile>();
  const damaged: { name: string; reason: string }[] = [];
  const readOne = async ({ name }: ListedFile): Promise<void> => {
    throwIfAborted(signal);
    try {
      files.set(name, enterIndexFile(index, await repository.loadUnpacked('index', name, signal)));
    } catch (error) {
      const { kind, reason } = await readFaultOf(error, storage, signal);
      if (kind !== 'missing') damaged.push({ name, reason });
    }
  };
  await pMap(await storage.list('index', signal), readOne, { concurrency: readAtOnce });
  return { files, damaged };
}

function differs(known: PackContents, sizeBytes: number): boolean {
  return known.endBytes !== known.blobBytes || impliedSizeBytes(known) !== sizeBytes;
}

interface Asking {
  readonly repository: Repository;
  /** What the index knows of each pack. */
  readonly contents: ReadonlyMap<PackId, PackContents>;
  /** Packs in which it has blobs that cannot be. */
  readonly doubtful: ReadonlySet<PackId>;
  /** Gets what the index has to say of packs of which it says something else. */
  readonly entries: BlobIndex;
  readonly meter: StepMeter;
  readonly signal: AbortSignal;
}

/** @returns `entered`: packs of which `entries` has now all that is to be said */
async function askPacks(
  asking: Asking,
  packs: readonly ListedFile[],
): Promise<{ readonly entered: ReadonlySet<PackId>; readonly unread: readonly UnreadPack[] }> {
  const { repository, contents, doubtful, entries, meter, signal } = asking;
  const entered = new Set<PackId>();
  const withoutHeader = new Map<PackId, { readonly sizeBytes: number; readonly fault: ReadFault; readonly indexed: PackedBlob[] }>();
  const enter = (packId: PackId, blobs: readonly PackedBlob[]): void => {
    entered.add(packId);
    for (const { type, id, ...place } of blobs) entries.add(type, id, { packId, ...place });
  };
  meter.begin('steps', packs.length);
  const ask = async ({ name, sizeBytes }: ListedFile): Promise<void> => {
    throwIfAborted(signal);
    const id = parsePackId(name);
    try {
      const header = await readPackHeader(repository, id, sizeBytes, signal);
      if (doubtful.has(id) || !saysTheSame(repository.index, id, header, contents.get(id))) enter(id, header);
    } catch (error) {
      withoutHeader.set(id, { sizeBytes, fault: await readFaultOf(error, repository.storage, signal), indexed: [] });
    }
    meter.advance();
  };
  await pMap(packs, ask, { concurrency: readAtOnce });
  meter.end();
  if (withoutHeader.size === 0) return { entered, unread: [] };
  // One pass over the index for all of them.
  repository.index.forEach((type, id, { packId, ...place }) => withoutHeader.get(packId)?.indexed.push({ type, id, ...place }));
  const unread: UnreadPack[] = [];
  for (const [id, { sizeBytes, fault, indexed }] of withoutHeader) {
    const kept = indexed.filter(({ offset, length }) => offset + length <= sizeBytes);
    if (kept.length < indexed.length || doubtful.has(id)) enter(id, kept);
    unread.push({ id, reason: fault.reason, blobsKept: kept.length });
  }
  return { entered, unread };
}

function saysTheSame(index: BlobIndex, packId: PackId, header: readonly PackedBlob[], known: PackContents | undefined): boolean {
  if (known === undefined || known.dataBlobs + known.treeBlobs !== header.length) return false;
  return header.every(({ type, id, offset, length, uncompressedLength }) =>
    index
      .locateAll(type, id)
      .some((at) => at.packId === packId && at.offset === offset && at.length === length && at.uncompressedLength === uncompressedLength),
  );
}

/** Takes over what an index file that goes says of other packs. */
async function carryOver(
  repository: Repository,
  name: string,
  wrong: ReadonlySet<PackId>,
  entries: BlobIndex,
  signal: AbortSignal,
): Promise<void> {
  const { packs } = parseIndexFile(await repository.loadUnpacked('index', name, signal));
  const right = packs.filter(({ id }) => !wrong.has(id));
  entries.addAll((visitor) => visitIndexFile({ packs: right }, visitor));
}
