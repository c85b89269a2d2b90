import { join } from 'node:path';
import { DriveFolder, openUploadJournal, type DriveClient, type UploadJournal } from '../google/index.ts';
import { CopyMemoryFile, DriveCopy, type CopyListing, type CopyMemory } from '../offsite/index.ts';
import { CadanganError, holdName, isRemote, makeOwnFolder, type Random, systemRandom } from '../platform/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { parseLocation, type Storage } from '../storage/index.ts';
import { openStorageAt } from './open-storage.ts';
import type { StoragePlace } from './storage-place.ts';

/** Original, folder on Drive, journal of uploads and what is known of all of them, of a copy that this process alone works on. */
export interface OpenCopy extends AsyncDisposable {
  readonly source: Storage;
  readonly folder: DriveFolder;
  readonly target: DriveCopy;
  /** Of files that Drive gives no SHA-256 for; see `CopyMemory`. */
  readonly provedByMd5: ReadonlyMap<string, string>;
  /** Files of the original that were found damaged. */
  readonly knownDamaged: Set<string>;
  /** What lies on Drive, as the last sync left it; undefined when it has to be asked for. */
  known: CopyListing | undefined;
}

interface CopyWorldOptions {
  readonly place: StoragePlace;
  readonly client: DriveClient;
  readonly memory: CopyMemoryFile;
}

/**
 * One process of a machine has a copy open at a time, until it is disposed of. The client is not closed with it.
 * @throws `offsite.busy` when another process has it; `state.unusable`; `storage.invalid-location`
 */
export async function openCopy(copy: OffsiteCopy, options: CopyWorldOptions): Promise<OpenCopy> {
  const { stateFolder, random = systemRandom } = options.place;
  await makeOwnFolder(stateFolder);
  const held = await holdName(stateFolder, `offsite ${copy.name}`, random);
  if (held === undefined) throw new CadanganError('offsite.busy', { copy: copy.name });
  try {
    await options.memory.update((memory) => withOrigin(memory, random));
    const open = await opened(copy, options, () => openUploadJournal(join(stateFolder, `offsite-${copy.name}-uploads.jsonl`)));
    const close = async (): Promise<void> => {
      await open[Symbol.asyncDispose]();
      await held[Symbol.asyncDispose]();
    };
    return { ...open, [Symbol.asyncDispose]: close };
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

/** Ours is made once, and known as long as the memory is. */
function withOrigin(memory: CopyMemory, random: Random): CopyMemory {
  return memory.origins === undefined ? { ...memory, origins: [Buffer.from(random.fill(new Uint8Array(32))).toString('hex')] } : memory;
}

/**
 * To see what there would be to do, also while another process has the copy open: who uploads nothing needs neither claim nor journal.
 * @throws `storage.invalid-location`
 */
export function lookAtCopy(copy: OffsiteCopy, options: CopyWorldOptions): Promise<OpenCopy> {
  return opened(copy, options, async () => undefined);
}

async function opened(
  { repository, to }: OffsiteCopy,
  { place, client, memory }: CopyWorldOptions,
  openJournal: () => Promise<UploadJournal | undefined>,
): Promise<OpenCopy> {
  const { folderIds, provedByMd5: proved = {}, origins: [origin] = [] } = await memory.read();
  const provedByMd5 = new Map(Object.entries(proved));
  const source = await openOriginal(repository, place);
  const journal = await openJournal();
  const folder = new DriveFolder(client, copyPathOf(to), { journal, knownIds: folderIds, origin });
  const target = new DriveCopy(folder, { provedByMd5 });
  return {
    source,
    folder,
    target,
    provedByMd5,
    knownDamaged: new Set(),
    known: undefined,
    [Symbol.asyncDispose]: async () => {
      await journal?.close();
      await source.close();
    },
  };
}

/** The pace is that of the line that the copy goes over: an original in a folder is read as fast as it goes. @throws as `openStorageAt` */
export function openOriginal(location: string, place: StoragePlace): Promise<Storage> {
  return openStorageAt(location, isRemote(location) ? place : { ...place, pace: undefined });
}

/** Where the copy lies: to find it again when somebody renames it, or when lists are late. */
export function rememberedPlace(memory: CopyMemory, { target: { folderIds }, provedByMd5 }: OpenCopy): CopyMemory {
  return {
    ...memory,
    folderIds: folderIds.length > 0 ? [...folderIds] : memory.folderIds,
    provedByMd5: provedByMd5.size > 0 ? Object.fromEntries(provedByMd5) : undefined,
  };
}

/** The memory of a copy, to be looked at without opening it. */
export function copyMemoryOf({ name, repository, to }: OffsiteCopy, { stateFolder, random }: StoragePlace): CopyMemoryFile {
  return new CopyMemoryFile(stateFolder, name, { source: repository, to }, random ?? systemRandom);
}

/** The folder of a copy on Drive. @throws `storage.invalid-location` */
export function copyPathOf(location: string): string {
  const parsed = parseLocation(location);
  if (parsed.scheme !== 'gdrive')
    throw new CadanganError('storage.invalid-location', { location, reason: 'it is not a folder on Google Drive' });
  return parsed.path;
}
