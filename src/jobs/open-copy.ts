import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DriveFolder, openUploadJournal, type DriveClient, type UploadJournal } from '../google/index.ts';
import {
  CopyLedger,
  CopyMemoryFile,
  DriveCopy,
  StorageCopy,
  type CopyListing,
  type CopyMemory,
  type CopyTarget,
} from '../offsite/index.ts';
import { CadanganError, holdName, isOnDrive, isRemote, makeOwnFolder, systemClock, type Random, systemRandom } from '../platform/index.ts';
import { placePartsOf, type OffsiteCopy } from '../settings/index.ts';
import { parseLocation, type Storage } from '../storage/index.ts';
import { openStorageAt } from './open-storage.ts';
import type { StoragePlace } from './storage-place.ts';

/** What is open of a copy that lies on Google Drive. */
interface OpenDrive {
  readonly folder: DriveFolder;
  readonly copy: DriveCopy;
  /** Of files that Drive gives no SHA-256 for; see `CopyMemory`. */
  readonly provedByMd5: ReadonlyMap<string, string>;
}

/** Original, copy, and what is known of both, of a copy that this process alone works on. */
export interface OpenCopy extends AsyncDisposable {
  readonly source: Storage;
  readonly target: CopyTarget;
  /** Undefined of a copy that lies elsewhere. */
  readonly drive: OpenDrive | undefined;
  /** Files of the original that were found damaged. */
  readonly knownDamaged: Set<string>;
  /** What lies in the copy, as the last sync left it; undefined when it has to be asked for. */
  known: CopyListing | undefined;
}

interface CopyWorldOptions {
  readonly place: StoragePlace;
  /** Asked only for a copy that lies on Google Drive. */
  readonly client: () => Promise<DriveClient>;
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
    const journal = (): Promise<UploadJournal> => openUploadJournal(join(stateFolder, `offsite-${copy.name}-uploads.jsonl`));
    const open = await (isOnDrive(copy.to) ? openedOnDrive(copy, options, journal) : openedInStorage(copy, options, false));
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
  return isOnDrive(copy.to) ? openedOnDrive(copy, options, async () => undefined) : openedInStorage(copy, options, true);
}

async function openedOnDrive(
  { repository, to }: OffsiteCopy,
  { place, client, memory }: CopyWorldOptions,
  openJournal: () => Promise<UploadJournal | undefined>,
): Promise<OpenCopy> {
  const { folderIds, provedByMd5: proved = {}, origins: [origin] = [] } = await memory.read();
  const provedByMd5 = new Map(Object.entries(proved));
  await using unlessOpen = new AsyncDisposableStack();
  const source = unlessOpen.adopt(await openOriginal(repository, place), (opened) => opened.close());
  const journal = unlessOpen.adopt(await openJournal(), (opened) => opened?.close());
  const folder = new DriveFolder(await client(), copyPathOf(to), { journal, knownIds: folderIds, origin });
  const target = new DriveCopy(folder, { provedByMd5 });
  const opened = unlessOpen.move();
  return {
    source,
    target,
    drive: { folder, copy: target, provedByMd5 },
    knownDamaged: new Set(),
    known: undefined,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A copy in any storage but Google Drive. @param isLook another process may have it open: nothing of ours is written */
async function openedInStorage(
  { name, repository, to }: OffsiteCopy,
  { place, memory }: CopyWorldOptions,
  isLook: boolean,
): Promise<OpenCopy> {
  const { stateFolder, clock = systemClock, random = systemRandom } = place;
  if (await isOneFolder(repository, to))
    throw new CadanganError('storage.invalid-location', { location: to, reason: 'it is the repository itself, under another name' });
  const { origins: [origin] = [] } = await memory.read();
  await using unlessOpen = new AsyncDisposableStack();
  const source = unlessOpen.adopt(await openOriginal(repository, place), (opened) => opened.close());
  const about = JSON.stringify([repository, to].map(identityOf));
  const path = join(stateFolder, `offsite-${name}-ledger`);
  const storage = unlessOpen.adopt(await openStorageAt(to, place), (opened) => opened.close());
  const ledger = unlessOpen.adopt(await CopyLedger.open(path, { about, random, isReadOnly: isLook }), (opened) => opened.close());
  const opened = unlessOpen.move();
  return {
    source,
    target: new StorageCopy(storage, { ledger, clock, origin }),
    drive: undefined,
    knownDamaged: new Set(),
    known: undefined,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** However a place is spelled. A path of sftp may begin in the home of whoever signs in. */
function identityOf(location: string): readonly string[] {
  const [, user = ''] = /^sftp:(?:\/\/)?([^@/]*)@/.exec(location) ?? [];
  return [user, ...placePartsOf(location)];
}

/** Whether two locations lead to one folder of this machine, by a link or a second mount: such a copy would be in sync, and no copy. */
async function isOneFolder(repository: string, to: string): Promise<boolean> {
  const folders = [repository, to]
    .map((location) => parseLocation(location))
    .flatMap((place) => (place.scheme === 'folder' ? place.path : []));
  const [one, other] = await Promise.all(folders.map((folder) => stat(folder, { bigint: true }).catch(() => undefined)));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** The pace is that of the line that the copy goes over: an original in a folder is read as fast as it goes. @throws as `openStorageAt` */
export function openOriginal(location: string, place: StoragePlace): Promise<Storage> {
  return openStorageAt(location, isRemote(location) ? place : { ...place, pace: undefined });
}

/** Where the copy lies: to find it again when somebody renames it, or when lists are late. */
export function rememberedPlace(memory: CopyMemory, { drive }: OpenCopy): CopyMemory {
  if (drive === undefined) return memory;
  const {
    copy: { folderIds },
    provedByMd5,
  } = drive;
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
