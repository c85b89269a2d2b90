import { forEachBounded, joinBytes, type ByteString } from '../../platform/index.ts';
import type { Node, Repository } from '../../repository/index.ts';
import { isTrouble, SftpFault, type NamedEntry, type ServerEntry, type ServerFiles, type SettableAttributes } from '../../storage/index.ts';
import type {
  Destination,
  ExistingOutcome,
  ExistingRequest,
  FileSink,
  FolderContent,
  NotKept,
  OpenFolder,
  SeenEntry,
} from '../destination.ts';
import { failureOf } from '../failures.ts';
import type { Metadata, MetadataProblem } from '../metadata.ts';
import { foldedName, impossibleName } from '../name-rules.ts';
import type { FilePlan, FolderPlan, LinkPlan } from '../plan.ts';
import { TemporaryNames } from '../temporary-names.ts';
import type { WorkerPool } from '../worker-pool.ts';
import { CleanUp } from './clean-up.ts';
import { FolderGuard } from './folder-guard.ts';
import { FolderSync } from './folder-sync.ts';
import { hasContent } from './server-content.ts';
import { OpenedFolders } from './opened-folders.ts';
import { OwnRepository } from './own-repository.ts';
import { ServerFileWriter } from './server-file-writer.ts';
import { ServerFolder } from './server-folder.ts';
import { hasServerMetadata, type Losses, serverMetadataOf, setServerMetadata, type ServerSetters } from './server-metadata.ts';
import { openServerPlace, type ServerPlace } from './server-place.ts';
import { ServerSymlinks } from './server-symlinks.ts';

/** Requests are sent without waiting for the answers to others. */
const callsAtOnce = 32;
const readsAtOnce = 8;
const ownerAll = 0o700;

export interface ServerOptions {
  readonly files: ServerFiles;
  /** The repository that is restored from, where it lies on the same server. */
  readonly repositoryPath: ByteString | undefined;
  readonly repository: Repository;
  readonly dryRun: boolean;
  readonly pool: WorkerPool;
  readonly signal: AbortSignal;
  readonly stop: AbortSignal;
}

interface ServerParts {
  readonly files: ServerFiles;
  readonly place: ServerPlace;
  readonly names: TemporaryNames;
  readonly guard: FolderGuard;
  readonly own: OwnRepository;
  readonly cleanUp: CleanUp;
  readonly notKept: Losses;
  readonly dryRun: boolean;
  readonly stop: AbortSignal;
}

/**
 * A folder of a server that is reached by SFTP. Its version 3 has whole seconds, no extended attributes, no devices and nothing that tells
 * one file from another: a file whose metadata alone is to be changed is written anew, since it may have other names outside the target.
 */
export class ServerDestination implements Destination {
  readonly label: string;
  readonly isThere: boolean;
  readonly foldsNames: boolean;
  readonly atOnce = callsAtOnce;
  readonly isLasting = true;
  readonly files: FileSink;
  readonly keeps = { owners: true, windows: false };
  readonly #parts: ServerParts;
  readonly #symlinks: ServerSymlinks;
  readonly #folderSync: FolderSync;
  readonly #opened: OpenedFolders;

  private constructor(parts: ServerParts, { repository, pool }: ServerOptions) {
    const { files, place, stop } = parts;
    this.label = files.location;
    this.isThere = place.isThere;
    this.foldsNames = place.foldsNames;
    this.files = new ServerFileWriter({ ...parts, repository, pool });
    this.#parts = parts;
    this.#opened = new OpenedFolders(parts);
    this.#folderSync = new FolderSync(files, stop);
    this.#symlinks = new ServerSymlinks(parts);
  }

  /** @throws as `openServerPlace` */
  static async open(options: ServerOptions): Promise<ServerDestination> {
    const { files, repository, dryRun, repositoryPath, signal, stop } = options;
    const names = new TemporaryNames(repository.random);
    const own = new OwnRepository(files, repository.keyId, stop);
    const place = await openServerPlace({ files, names, dryRun, repositoryPath, own, signal });
    const guard = new FolderGuard(files, place, stop);
    const cleanUp = new CleanUp(files, stop);
    const parts = { files, place, names, guard, own, cleanUp, notKept: { times: 0, owners: 0 }, dryRun, stop };
    return new ServerDestination(parts, options);
  }

  get notKept(): NotKept {
    return this.#parts.notKept;
  }

  impossibleName(name: ByteString): string | undefined {
    return this.#parts.place.isWindows ? impossibleName(name, 'win32') : undefined;
  }

  foldedName(name: ByteString): string {
    return foldedName(name, 'win32');
  }

  metadataOf(node: Node): Metadata {
    return serverMetadataOf(node);
  }

  async list(folder: FolderPlan): Promise<FolderContent> {
    const { guard, files, own, stop } = this.#parts;
    await guard.check(folder);
    const path = guard.pathOf(folder);
    const entries = await this.#listed(folder, path);
    await own.assertNotAt(
      path,
      entries.map(({ name }) => name),
    );
    const targets = new Map<ByteString, ByteString>();
    const links = entries.filter(({ kind }) => kind === 'link');
    await forEachBounded(links, callsAtOnce, stop, async ({ name }) => {
      const target = await ignoringRefusal(files.readLink(joinBytes(path, name), stop));
      if (target !== undefined) targets.set(name, target);
    });
    return this.#contentOf(path, entries, targets);
  }

  forget(folder: FolderPlan): void {
    this.#opened.setBack(folder);
  }

  async makeFolder(folder: FolderPlan): Promise<number | undefined> {
    const { files, guard, stop, place } = this.#parts;
    const path = guard.pathOf(folder);
    if (folder.parent) await guard.check(folder.parent);
    const wasThere = folder.state === 'folder' || (await files.makeFolder(path, stop));
    if (!wasThere) return undefined;
    const entry = await files.look(path, stop);
    if (entry?.kind !== 'folder') throw new SftpFault('exists', 'ENOTDIR');
    const { mode } = entry;
    if (mode === undefined || (mode & ownerAll) === ownerAll || place.uid === 0) return folder.modeBefore;
    const made = await ignoringRefusal(files.set(path, { mode: mode | ownerAll }, stop).then(() => mode));
    if (made !== undefined) this.#opened.add(folder, made);
    return made ?? folder.modeBefore;
  }

  async setFolder(folder: FolderPlan, metadata: Metadata): Promise<MetadataProblem[]> {
    const { files, guard, stop, place, notKept } = this.#parts;
    await guard.check(folder);
    const path = guard.pathOf(folder);
    const setters = { set: files.set.bind(files), look: () => files.look(path, stop) };
    const own = { set: (some: SettableAttributes) => setters.set(path, some, stop), look: setters.look, hasMode: true };
    const problems = await setServerMetadata(metadata, own, place, notKept);
    this.#opened.isSet(folder);
    return problems;
  }

  async setFolderMode(folder: FolderPlan, mode: number): Promise<void> {
    const { files, guard, stop } = this.#parts;
    await guard.check(folder);
    await files.set(guard.pathOf(folder), { mode }, stop);
    this.#opened.isSet(folder);
  }

  async writeSymlink(link: LinkPlan): Promise<MetadataProblem[]> {
    const { guard } = this.#parts;
    await guard.check(link.folder);
    const path = joinBytes(guard.pathOf(link.folder), link.name);
    await this.#putInPlace(path, link.existing !== undefined, (at) => this.#symlinks.make(link.target, at));
    return this.#setOnLink(path, link.metadata);
  }

  async refreshSymlink(link: LinkPlan): Promise<MetadataProblem[]> {
    if (link.existing?.hasMetadata) return [];
    const { guard } = this.#parts;
    await guard.check(link.folder);
    return this.#setOnLink(joinBytes(guard.pathOf(link.folder), link.name), link.metadata);
  }

  async writeHardLink(file: FilePlan, leader: FilePlan): Promise<void> {
    const { files, guard, stop } = this.#parts;
    await guard.check(leader.folder);
    await guard.check(file.folder);
    const source = joinBytes(guard.pathOf(leader.folder), leader.name);
    const path = joinBytes(guard.pathOf(file.folder), file.name);
    await this.#putInPlace(path, file.existing !== undefined, (at) => files.hardLink(source, at, stop));
  }

  async open(folder: FolderPlan): Promise<OpenFolder> {
    const { guard } = this.#parts;
    await guard.check(folder);
    return new ServerFolder(guard.pathOf(folder), guard.wayTo(folder), this.#parts);
  }

  async askExisting(
    requests: readonly ExistingRequest[],
    answer: (request: ExistingRequest, outcome: ExistingOutcome | undefined) => void,
  ): Promise<void> {
    await forEachBounded(requests, readsAtOnce, this.#parts.stop, async (request) => answer(request, await this.#compare(request)));
  }

  async flush(folders: Iterable<FolderPlan>): Promise<void> {
    const changed = new Set<FolderPlan>();
    for (const folder of folders) for (const each of [folder, folder.parent]) if (each) changed.add(each);
    await this.#folderSync.sync([...changed].map((folder) => this.#parts.guard.pathOf(folder)));
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {
    await this.#opened.close();
  }

  async #compare({ file, blobs, metadata }: ExistingRequest): Promise<ExistingOutcome | undefined> {
    const { files, guard, stop } = this.#parts;
    // What is changed on a file shows under all its names, and the protocol does not tell whether it has others.
    if (metadata) return { differs: true };
    try {
      await guard.check(file.folder);
      const path = joinBytes(guard.pathOf(file.folder), file.name);
      return !blobs || (await hasContent(files, path, blobs, stop)) ? undefined : { differs: true };
    } catch (error) {
      return { failure: failureOf(error) };
    }
  }

  /** One of ours that we may not list is opened, and closed again when the restore has passed it. */
  async #listed(folder: FolderPlan, path: ByteString): Promise<NamedEntry[]> {
    const { files, stop, dryRun } = this.#parts;
    try {
      return await files.list(path, stop);
    } catch (error) {
      const mode = isTrouble(error, 'denied') && !dryRun ? (await files.look(path, stop))?.mode : undefined;
      if (mode === undefined) throw error;
      this.#opened.add(folder, mode);
      await files.set(path, { mode: mode | ownerAll }, stop);
      folder.modeBefore = mode;
      return files.list(path, stop);
    }
  }

  #contentOf(path: ByteString, entries: readonly NamedEntry[], targets: ReadonlyMap<ByteString, ByteString>): FolderContent {
    const { place } = this.#parts;
    const keyOf = (name: ByteString): string => (this.foldsNames ? this.foldedName(name) : name);
    const byKey = new Map(entries.map((entry) => [keyOf(entry.name), entry]));
    return {
      names: entries.map(({ name }) => name),
      look: (name) => {
        const entry = byKey.get(keyOf(name));
        return entry && seenOf(entry, place.repository === joinBytes(path, entry.name), place);
      },
      linkTarget: (name) => {
        const entry = byKey.get(keyOf(name));
        return entry && targets.get(entry.name);
      },
    };
  }

  /** Under its name, or, when something is to be replaced, beside it and then renamed, so that the name is never missing. */
  async #putInPlace(path: ByteString, replaces: boolean, make: (at: ByteString) => Promise<void>): Promise<void> {
    const { files, names, cleanUp, stop } = this.#parts;
    if (!replaces) return make(path);
    const temporary = `${path.slice(0, path.lastIndexOf('/') + 1)}${names.next()}` as ByteString;
    try {
      await make(temporary);
      await files.replace(temporary, path, stop);
    } finally {
      // rename(2) does nothing when both names are one file already.
      await cleanUp.remove(temporary);
    }
  }

  async #setOnLink(path: ByteString, metadata: Metadata): Promise<MetadataProblem[]> {
    const { files, stop, place, notKept } = this.#parts;
    const set: ServerSetters['set'] = (some) => files.setOnLink(path, some, stop);
    if (!this.#symlinks.keepsTimes) return []; // what it lacks was told of the first
    const problems = await setServerMetadata(metadata, { set, look: async () => undefined, hasMode: false }, place, notKept);
    if (!problems.some(({ code }) => code === 'ENOTSUP')) return problems;
    const isFirst = this.#symlinks.keepsTimes;
    this.#symlinks.keepsTimes = false;
    return isFirst ? [{ what: 'times', code: 'the server sets none of a link: of this and all others' }] : [];
  }
}

function seenOf(entry: ServerEntry, isProtected: boolean, place: ServerPlace): SeenEntry {
  const { kind, sizeBytes = -1, mtime = Infinity } = entry;
  return {
    isFolder: kind === 'folder',
    isProtected,
    existing: (metadata) => ({
      kind: kind === 'file' || kind === 'folder' ? kind : 'other',
      sizeBytes: BigInt(sizeBytes),
      mtime,
      deviceAndInode: '', // which names are of one file, the protocol does not tell
      hasMetadata: hasServerMetadata(entry, metadata, place),
    }),
  };
}

async function ignoringRefusal<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof SftpFault) return undefined;
    throw error;
  }
}
