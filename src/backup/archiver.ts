import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  CadanganError,
  fileAttributes,
  isCode,
  orFailure,
  systemCode,
  shownPathOf,
  throwIfAborted,
  type ByteString,
  type Clock,
  type WindowsFiles,
} from '../platform/index.ts';
import type { BlobSaver, JsonObject, Node, Repository, Tree, TreeId, Uint64 } from '../repository/index.ts';
import type { DataPool } from './data-pool.ts';
import { wholeFileBytesMax } from './file-archiver.ts';
import { storeLargeFile } from './large-file.ts';
import { hasSameContent, makeNode, saysTheSame, type ChangeRules, type NodeOptions } from './node-maker.ts';
import { OpenFolder } from './open-folder.ts';
import { alignParent, parentOfServer } from './parent-tree.ts';
import { readLinkTarget, type SourceEntry } from './source-entry.ts';
import type { SourceReader } from './source-reader.ts';
import { statFollowing, statOf, type SourceStat } from './source-stat.ts';
import type { SourceTree } from './source-tree.ts';
import type { RunTally } from './run-tally.ts';
import { isVolumeRoot, windowsFactsOf, type WindowsFacts } from './windows-attributes.ts';
import type { FileContent, FileOutcome, FileToRead } from './file-outcome.ts';

export interface ArchiverOptions {
  readonly reader: SourceReader;
  readonly nodes: NodeOptions;
  readonly changes: ChangeRules;
  /** Stay on the file system of each source. */
  readonly oneFileSystem: boolean;
  /** What Windows says of files; undefined where it is not Windows, or cannot be asked. */
  readonly windowsFiles: WindowsFiles | undefined;
  /** The repository's own folder, which must not be backed up into itself. */
  readonly repositoryFolder: SourceStat | undefined;
  readonly signal: AbortSignal;
}

/** Between two looks at messages and signals the walk may hold the thread for this long. */
const holdMsMax = 25;
const largeFilesAtOnce = 2;

const nothingOfWindows: WindowsFacts = { generic: undefined, fileAttributes: 0, error: undefined };

/**
 * Walks the sources in name order and builds the trees bottom-up. Unchanged files hand over the parent's content and are never opened;
 * changed ones go to the data pool, and a folder is closed when its last file and folder came back. Open at any time are the folders above
 * the walk and those that wait for files, so memory depends on depth and on the pool's queue.
 */
export class Archiver {
  readonly #repository: Repository;
  readonly #pool: DataPool;
  readonly #trees: BlobSaver;
  readonly #tally: RunTally;
  readonly #options: ArchiverOptions;
  readonly #clock: Clock;
  readonly #largeFiles = new Set<Promise<void>>();
  #heldSinceMs: number;
  /** Aborted with what stops the run. */
  readonly #failed = new AbortController();

  constructor(repository: Repository, pool: DataPool, trees: BlobSaver, tally: RunTally, options: ArchiverOptions) {
    this.#repository = repository;
    this.#pool = pool;
    this.#trees = trees;
    this.#tally = tally;
    this.#options = options;
    this.#clock = repository.clock;
    this.#heldSinceMs = this.#clock.monotonicMs();
  }

  /** @returns the root tree's id. @throws what stops a run; what a single file cannot do is tallied instead */
  async archive(sources: SourceTree, parentRoot: TreeId | undefined): Promise<TreeId> {
    const parent = { id: parentRoot, tree: await this.#loadParentTree(parentRoot) };
    const root = new OpenFolder(undefined, undefined, alignParent(parent, namesOf(sources)));
    if (sources.isSource) await this.#walkRoot(root, sources.path);
    else await this.#walkSources(root, sources);
    const closed = root.whenClosed();
    this.#release(root);
    await this.#pool.drain();
    while (this.#largeFiles.size > 0) await orFailure(Promise.race(this.#largeFiles), this.#failed.signal);
    await this.#pool.drain();
    return orFailure(closed, this.#failed.signal);
  }

  async #walkRoot(root: OpenFolder, path: ByteString): Promise<void> {
    const stat = statFollowing(this.#options.reader.placeToRead(path));
    this.#refuseOwnRepository(path, stat);
    await this.#walk(root, path, stat.deviceId);
  }

  async #walkSources(open: OpenFolder, tree: SourceTree): Promise<void> {
    for (const child of tree.children) {
      const position = open.reserve();
      if (child.isSource) await this.#archiveSource(open, position, child);
      else await this.#archiveAncestor(open, position, child);
    }
  }

  /** A source is backed up whatever the rules say of its own name: who names it wants it. */
  async #archiveSource(open: OpenFolder, position: number, { name, path }: SourceTree): Promise<void> {
    let stat: SourceStat;
    try {
      stat = statOf(this.#options.reader.placeToRead(path));
    } catch (error) {
      this.#tally.issue(path, 'unreadable', error);
      return this.#put(open, position, undefined);
    }
    await this.#archiveEntry(open, position, { name, path, stat }, stat.deviceId);
  }

  /** A folder above a source. It may be a link: the source was reached through it. */
  async #archiveAncestor(open: OpenFolder, position: number, tree: SourceTree): Promise<void> {
    let stat: SourceStat;
    try {
      stat = statFollowing(this.#options.reader.placeToRead(tree.path));
    } catch (error) {
      this.#tally.issue(tree.path, 'unreadable', error);
      return this.#put(open, position, undefined);
    }
    const folder = await this.#openAncestor(open, position, tree, stat);
    await this.#walkSources(folder, tree);
    this.#release(folder);
  }

  async #openAncestor(open: OpenFolder, position: number, tree: SourceTree, stat: SourceStat): Promise<OpenFolder> {
    const { name } = tree;
    const node = open.parentNodeOf(name);
    const parent = node ? { id: node.subtree, tree: await this.#loadParentTree(node.subtree) } : parentOfServer(open.parent, name);
    const genericAttributes = this.#askWindows({ name, path: tree.path, stat }).generic;
    return new OpenFolder({ folder: open, position, name, stat, genericAttributes }, node, alignParent(parent, namesOf(tree)));
  }

  async #walk(open: OpenFolder, path: ByteString, device: Uint64): Promise<void> {
    throwIfAborted(this.#options.signal);
    const { entries, failures } = this.#options.reader.list(path);
    for (const failure of failures) this.#tally.issue(failure.path, 'unreadable', failure.error);
    for (const entry of entries) {
      if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
      if (this.#clock.monotonicMs() - this.#heldSinceMs > holdMsMax) await this.#breathe();
      await this.#archiveEntry(open, open.reserve(), entry, device);
    }
  }

  async #archiveEntry(open: OpenFolder, position: number, entry: SourceEntry, device: Uint64): Promise<void> {
    const { stat } = entry;
    if (stat.type === 'file') return this.#archiveFile(open, position, entry);
    if (stat.type === 'dir') return this.#archiveFolder(open, position, entry, device);
    if (stat.type === 'socket') this.#tally.socketSkipped();
    else if (stat.type === 'irregular') this.#tally.issue(entry.path, 'unreadable', 'unknown kind of file');
    else return this.#archiveSpecial(open, position, entry);
    this.#put(open, position, undefined);
  }

  #archiveSpecial(open: OpenFolder, position: number, entry: SourceEntry): void {
    const { name, path, stat } = entry;
    try {
      const more = stat.type === 'symlink' ? { linkTarget: readLinkTarget(this.#options.reader.placeToRead(path)) } : {};
      const fresh = makeNode(name, stat, this.#options.nodes, { ...more, genericAttributes: this.#askWindows(entry).generic });
      this.#put(open, position, keepIfSame(open.parentNodeOf(name), fresh));
      this.#tally.other();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.#tally.issue(path, 'unreadable', error);
      this.#put(open, position, undefined);
    }
  }

  async #archiveFolder(open: OpenFolder, position: number, entry: SourceEntry, device: Uint64): Promise<void> {
    const { stat, path } = entry;
    this.#refuseOwnRepository(path, stat);
    const folder = await this.#openFolder(open, position, entry);
    // A mount point stays in the snapshot as an empty folder, so that a restored system can mount there.
    const isMounted = stat.deviceId !== device;
    const isLeftOut = this.#options.oneFileSystem && isMounted;
    if (isMounted && !isLeftOut && this.#options.reader.placeToRead(path) !== path)
      this.#tally.issue(path, 'shadow-copy-failed', 'another volume is mounted there');
    if (!isLeftOut) await this.#walk(folder, path, stat.deviceId);
    this.#release(folder);
  }

  #refuseOwnRepository(path: ByteString, stat: SourceStat): void {
    const own = this.#options.repositoryFolder;
    if (own && own.inode === stat.inode && own.deviceId === stat.deviceId) {
      throw new CadanganError('source.contains-repository', { path: shownPathOf(path), location: this.#repository.storage.location });
    }
  }

  async #openFolder(open: OpenFolder, position: number, entry: SourceEntry): Promise<OpenFolder> {
    const { name, stat } = entry;
    const genericAttributes = this.#askWindows(entry).generic;
    const parentNode = open.parentNodeOf(name);
    const parentTree = await this.#loadParentTree(parentNode?.subtree);
    const place = { folder: open, position, name, stat, genericAttributes };
    return new OpenFolder(place, parentNode, { id: parentNode?.subtree, tree: parentTree });
  }

  #archiveFile(open: OpenFolder, position: number, entry: SourceEntry): Promise<void> | void {
    const { name, stat } = entry;
    const parent = open.parentNodeOf(name);
    const windows = this.#askWindows(entry);
    if (!parent?.content) return this.#readFile(open, position, entry, parent, windows);
    const fresh = makeNode(name, stat, this.#options.nodes, { content: parent.content, genericAttributes: windows.generic });
    if (!hasSameContent(parent, fresh, this.#options.changes) || !this.#isStored(parent))
      return this.#readFile(open, position, entry, parent, windows);
    this.#tally.file('unmodified', Number(stat.size), entry.path);
    this.#put(open, position, keepIfSame(parent, fresh));
  }

  /** What could not be read of it is said once; the rest is stored all the same. */
  #askWindows({ path, stat }: SourceEntry): WindowsFacts {
    const { windowsFiles, reader } = this.#options;
    if (!windowsFiles) return nothingOfWindows;
    const facts = isVolumeRoot(path) ? nothingOfWindows : windowsFactsOf(windowsFiles, reader.placeToRead(path), stat.type);
    // What has vanished is noted when it is read.
    if (facts.error !== undefined && systemCode(facts.error) !== 'ENOENT') this.#tally.issue(path, 'attributes-unreadable', facts.error);
    return facts;
  }

  async #readFile(
    open: OpenFolder,
    position: number,
    entry: SourceEntry,
    parent: Node | undefined,
    { generic, fileAttributes: bits }: WindowsFacts,
  ): Promise<void> {
    if ((bits & (fileAttributes.recallOnDataAccess | fileAttributes.recallOnOpen)) !== 0) {
      this.#tally.issue(entry.path, 'online-only', '');
      return this.#put(open, position, undefined);
    }
    const file: FileToRead = {
      path: this.#options.reader.placeToRead(entry.path),
      sizeBytes: Number(entry.stat.size),
      mtimeNs: entry.stat.mtimeNs,
      ctimeNs: entry.stat.ctimeNs,
      inode: entry.stat.inode,
    };
    const settle = (outcome: FileOutcome) => this.#fileDone(open, position, entry, parent, generic, outcome);
    if (file.sizeBytes > wholeFileBytesMax) await this.#startLargeFile(file, settle);
    else {
      const isLarge = (outcome: FileOutcome) => outcome.kind === 'too-large';
      this.#pool.storeFile(file, (outcome) =>
        isLarge(outcome) ? void this.#startLargeFile(file, settle).catch((error: unknown) => this.#fail(error)) : settle(outcome),
      );
    }
    await this.#pool.room();
  }

  async #startLargeFile(file: FileToRead, settle: (outcome: FileOutcome) => void): Promise<void> {
    const work: Promise<void> = storeLargeFile(file, this.#pool, this.#options.signal)
      .then(settle)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#largeFiles.delete(work));
    this.#largeFiles.add(work);
    while (this.#largeFiles.size >= largeFilesAtOnce) await orFailure(Promise.race(this.#largeFiles), this.#failed.signal);
  }

  #fileDone(
    open: OpenFolder,
    position: number,
    entry: SourceEntry,
    parent: Node | undefined,
    genericAttributes: JsonObject | undefined,
    outcome: FileOutcome,
  ): void {
    const { name, path, stat } = entry;
    if (outcome.kind !== 'content') {
      this.#tally.issue(path, 'unreadable', outcome.kind === 'failure' ? outcome.reason : 'grows');
      return this.#put(open, position, undefined);
    }
    if (outcome.changed) this.#tally.issue(path, 'changed', 'changed while it was read');
    this.#tally.file(parent ? 'changed' : 'new', outcome.sizeBytes, path);
    const fresh = makeNode(name, stat, this.#options.nodes, { content: outcome.ids, sizeBytes: outcome.sizeBytes, genericAttributes });
    this.#put(open, position, parent && hasContent(parent, outcome) ? keepIfSame(parent, fresh) : fresh);
  }

  /** A node without all its blobs in the index would make a snapshot that cannot be restored; such a file is read again. */
  #isStored(node: Node): boolean {
    return node.content?.every((id) => this.#repository.index.has('data', id)) ?? false;
  }

  async #loadParentTree(id: TreeId | undefined): Promise<Tree | undefined> {
    if (id === undefined) return undefined;
    try {
      const tree = await this.#repository.loadTree(id, this.#options.signal);
      return tree.problems.length === 0 ? tree : undefined;
    } catch (error) {
      if (!isCode(error, 'repository.damaged', 'storage.not-found')) throw error;
      this.#tally.parentTreeDamaged(); // without it everything beneath is read again, which also mends it
      return undefined;
    }
  }

  #put(open: OpenFolder, position: number, node: Node | undefined): void {
    open.put(position, node);
    if (open.isComplete) void this.#close(open).catch((error: unknown) => this.#fail(error));
  }

  /** The walk has seen all of the folder. */
  #release(open: OpenFolder): void {
    open.endOfList();
    if (open.isComplete) void this.#close(open).catch((error: unknown) => this.#fail(error));
  }

  async #close(open: OpenFolder): Promise<void> {
    const unchanged = open.unchangedTree();
    const id = unchanged ?? (await this.#trees.saveTree(open.nodes())).id;
    open.closed(id);
    const { place, parentNode } = open;
    if (!place) return;
    this.#tally.folder(!parentNode ? 'new' : parentNode.subtree === id ? 'unmodified' : 'changed');
    const { name, stat, genericAttributes } = place;
    const fresh = makeNode(name, stat, this.#options.nodes, { subtree: id, genericAttributes });
    this.#put(place.folder, place.position, parentNode?.subtree === id ? keepIfSame(parentNode, fresh) : fresh);
  }

  #fail(error: unknown): void {
    this.#failed.abort(error); // the first one counts
  }

  /** Lets messages, finished writes and signals in. */
  async #breathe(): Promise<void> {
    await nextTurn();
    throwIfAborted(this.#options.signal);
    this.#heldSinceMs = this.#clock.monotonicMs();
  }
}

function namesOf({ children }: SourceTree): ByteString[] {
  return children.map(({ name }) => name);
}

/** The parent's node where it says the same: it also has what only other programs store, and lets a whole tree stay as it is. */
function keepIfSame(parent: Node | undefined, fresh: Node): Node {
  return parent && saysTheSame(parent, fresh) ? parent : fresh;
}

function hasContent(node: Node, outcome: FileContent): boolean {
  return node.content?.length === outcome.ids.length && node.content.every((id, at) => id === outcome.ids[at]);
}
