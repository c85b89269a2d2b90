import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import {
  byteStringFromBytes,
  discardHeld,
  fsPath,
  nativeWindowsFiles,
  rmdirNow,
  system,
  systemCode,
  unlinkNow,
  type ByteString,
} from '../platform/index.ts';
import type { Node, Repository } from '../repository/index.ts';
import type { Destination, ExistingOutcome, ExistingRequest, FileSink, FolderContent, OpenFolder } from './destination.ts';
import { DiskSync } from './disk-sync.ts';
import { listFolder, typeOf } from './existing.ts';
import { askWorkers } from './existing-requests.ts';
import { FolderHandles } from './folder-handles.ts';
import { refreshSymlink, writeHardLink, writeSymlink } from './link-writer.ts';
import { LocalFiles } from './local-files.ts';
import { metadataOf, type Metadata, type MetadataProblem } from './metadata.ts';
import { foldedName, impossibleName } from './name-rules.ts';
import type { FilePlan, FolderPlan, LinkPlan } from './plan.ts';
import { identityOf, isSameFolder, type FolderIdentity } from './protected-folder.ts';
import type { RestoreOptions } from './restore-options.ts';
import { missingFolder, type TargetFolder } from './target-folder.ts';
import { openTarget, type TargetRoot } from './target-root.ts';
import { TemporaryNames } from './temporary-names.ts';
import type { WorkerPool } from './worker-pool.ts';

/** While it is being filled; its own mode comes at the end, so that a read-only folder can have content. */
const modeWhileFilled = 0o700;

interface LocalParts {
  readonly root: TargetRoot;
  readonly handles: FolderHandles;
  readonly disk: DiskSync;
  readonly names: TemporaryNames;
  readonly pool: WorkerPool;
  readonly protectedFolder: FolderIdentity | undefined;
  readonly files: FileSink;
  readonly stop: AbortSignal;
}

export interface LocalOptions {
  readonly repository: Repository;
  readonly options: RestoreOptions;
  readonly stop: AbortSignal;
  readonly makePool: (syncsEachFile: boolean) => WorkerPool;
}

/** A folder of this machine. Its files are written by the workers that open their blobs. */
export class LocalDestination implements Destination {
  readonly label: string;
  readonly isThere: boolean;
  readonly foldsNames: boolean;
  readonly atOnce = 1;
  readonly isLasting: boolean;
  readonly notKept = { times: 0, owners: 0 };
  readonly files: FileSink;
  readonly keeps = { owners: system.hasModes, windows: nativeWindowsFiles() !== undefined };
  readonly #parts: LocalParts;

  private constructor(parts: LocalParts) {
    const { root, files } = parts;
    this.label = root.path;
    this.isThere = root.folder !== undefined;
    this.foldsNames = root.foldsNames;
    this.isLasting = parts.disk.syncsEachFile;
    this.files = files;
    this.#parts = parts;
  }

  /** @throws as `openTarget` */
  static async open({ repository, options, stop, makePool }: LocalOptions): Promise<{ destination: LocalDestination; pool: WorkerPool }> {
    const { dryRun = false, sparse = false, repositoryFolder } = options;
    const names = new TemporaryNames(repository.random);
    const root = openTarget(options.target, { repositoryFolder, dryRun, mayBeClosed: options.keepsFoldersAbove ?? false, names });
    const handles = new FolderHandles(root.folder ?? missingFolder);
    const disk = await DiskSync.make({ handles, target: root.path, dryRun, signal: stop }, options.syncProgram);
    const pool = makePool(disk.syncsEachFile);
    const files = new LocalFiles({ repository, handles, names, pool, disk, sparse, stop });
    const protectedFolder = identityOf(repositoryFolder);
    return { destination: new LocalDestination({ root, handles, disk, names, pool, protectedFolder, files, stop }), pool };
  }

  impossibleName(name: ByteString): string | undefined {
    return impossibleName(name);
  }

  foldedName(name: ByteString): string {
    return foldedName(name);
  }

  metadataOf(node: Node): Metadata {
    return metadataOf(node);
  }

  list(folder: FolderPlan): FolderContent {
    const { handles, protectedFolder } = this.#parts;
    return listFolder(handles, folder, { foldsNames: this.foldsNames, protectedFolder });
  }

  forget(folder: FolderPlan): void {
    this.#parts.handles.forget(folder);
  }

  makeFolder(folder: FolderPlan): number | undefined {
    const { handles } = this.#parts;
    const { parent } = folder;
    if (parent && folder.state !== 'folder') handles.with(parent, ({ prefix }) => putFolder((prefix + folder.name) as ByteString));
    return handles.with(folder, (open) => (folder.isKept ? makeWritableIfOurs(open) : open.makeWritable()));
  }

  setFolder(folder: FolderPlan, metadata: Metadata): MetadataProblem[] {
    return this.#parts.handles.with(folder, (open) => open.setMetadata(metadata));
  }

  setFolderMode(folder: FolderPlan, mode: number): void {
    this.#parts.handles.with(folder, (open) => open.setMode(mode));
  }

  writeSymlink(link: LinkPlan): MetadataProblem[] {
    return writeSymlink(link, this.#parts.handles, this.#parts.names);
  }

  refreshSymlink(link: LinkPlan): MetadataProblem[] {
    return refreshSymlink(link, this.#parts.handles);
  }

  writeHardLink(file: FilePlan, leader: FilePlan): void {
    writeHardLink(file, leader, this.#parts.handles, this.#parts.names);
  }

  open(folder: FolderPlan): OpenFolder {
    const { handles, protectedFolder } = this.#parts;
    return new LocalFolder(handles.acquire(folder), protectedFolder, () => handles.release(folder));
  }

  askExisting(
    requests: readonly ExistingRequest[],
    answer: (request: ExistingRequest, outcome: ExistingOutcome | undefined) => void,
  ): Promise<void> {
    return askWorkers(requests, this.#parts, answer);
  }

  flush(folders: Iterable<FolderPlan>): Promise<void> {
    return this.#parts.disk.flush(folders);
  }

  settle(): Promise<void> {
    return discardHeld();
  }

  async close(): Promise<void> {
    this.#parts.handles.close();
  }
}

class LocalFolder implements OpenFolder {
  readonly #open: TargetFolder;
  readonly #protectedFolder: FolderIdentity | undefined;
  readonly #release: () => void;

  constructor(open: TargetFolder, protectedFolder: FolderIdentity | undefined, release: () => void) {
    this.#open = open;
    this.#protectedFolder = protectedFolder;
    this.#release = release;
  }

  look(name: ByteString): ReturnType<OpenFolder['look']> {
    const stats = lstatSync(this.#path(name), { bigint: true });
    return { type: typeOf(stats), isProtected: isSameFolder(stats, this.#protectedFolder) };
  }

  names(): readonly ByteString[] {
    return readdirSync(fsPath(this.#open.prefix), { encoding: 'buffer' }).map(byteStringFromBytes);
  }

  openChild(name: ByteString): OpenFolder {
    const child = this.#open.openChild(name);
    return new LocalFolder(child, this.#protectedFolder, () => child.close());
  }

  makeWritable(): void {
    this.#open.makeWritable();
  }

  removeFile(name: ByteString): void {
    unlinkNow(this.#path(name));
  }

  removeFolder(name: ByteString): void {
    rmdirNow(this.#path(name));
  }

  close(): void {
    this.#release();
  }

  #path(name: ByteString): string | Buffer {
    return fsPath((this.#open.prefix + name) as ByteString);
  }
}

/** A folder of somebody else may well hold one of ours. */
function makeWritableIfOurs(open: TargetFolder): number | undefined {
  try {
    return open.makeWritable();
  } catch (error) {
    if (systemCode(error) === 'EPERM') return undefined;
    throw error;
  }
}

/** What has appeared there since the planner looked is not replaced; whether it is a folder shows when it is opened. */
function putFolder(path: ByteString): void {
  try {
    mkdirSync(fsPath(path), { mode: modeWhileFilled });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
