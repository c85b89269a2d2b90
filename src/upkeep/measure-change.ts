import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted, type ByteString } from '../platform/index.ts';
import {
  sealOverheadBytes,
  type BlobId,
  type Node,
  type Repository,
  type SnapshotId,
  type StoredSnapshot,
  type TreeId,
} from '../repository/index.ts';

/** How a snapshot differs from the one before it, in files that have content. */
export interface ChangeFigures {
  /** The later of the two; as it was made, before anybody changed its tags. */
  readonly snapshotId: SnapshotId;
  /** RFC 3339. */
  readonly time: string;
  /** The first tag, which names its set. */
  readonly set: string;
  /** Of the snapshot before. */
  readonly filesBefore: number;
  /**
   * Under the same name, with content that does not look like the old one: a text that was edited is still a text, and can be compressed as
   * far as before. What could not be compressed before looks like nothing.
   */
  readonly changed: number;
  /** Neither their name nor their content is there any more. */
  readonly vanished: number;
  /** Could be compressed before, and what stands in their place far less: as if it had been encrypted, whole or in parts. */
  readonly scrambled: number;
  /** Came into the place of one that vanished, with an extension that no file of the snapshot before has. */
  readonly renamed: number;
  /** Those extensions, the most frequent first, at most ten. */
  readonly extensions: readonly string[];
}

/** Below this a file says nothing of how far it can be compressed. */
const judgedBytesMin = 512;
/** Stored, of what it was. Text has 0.2 to 0.5, what is compressed or encrypted already 1.0. */
const compressedShareMax = 0.9;
const noiseShareMin = 0.97;
const similarShares = 0.15;
/** A file of which half was encrypted has lost half of what compression took off. */
const lostCompressionMin = 0.4;
const extensionsToldMax = 10;
const treesPerTurn = 32;

/**
 * Compares two snapshots as a watchman would. Folders with one id are not gone through, and extensions of all files are only looked at
 * where some came that their folder did not have. The repository's index must be loaded.
 * @throws `repository.damaged` for a tree that cannot be read
 */
export async function measureChange(
  repository: Repository,
  before: StoredSnapshot,
  after: StoredSnapshot,
  { signal, counts = new FileCounts(repository) }: { readonly signal: AbortSignal; readonly counts?: FileCounts },
): Promise<ChangeFigures> {
  const walk = new Walk(repository, signal);
  await walk.compare(before.snapshot.tree, after.snapshot.tree);
  const filesBefore = before.snapshot.summary?.totalFilesProcessed ?? (await counts.of(before.snapshot.tree, signal));
  const known = walk.hasStrangers ? await walk.extensionsOf(before.snapshot.tree) : undefined;
  return {
    snapshotId: after.snapshot.original ?? after.id,
    time: after.snapshot.time,
    set: after.snapshot.tags[0] ?? '',
    filesBefore,
    ...walk.figures(known),
  };
}

/** What became of one folder. */
interface FolderChange {
  readonly gone: Node[];
  readonly come: Node[];
}

/** How many files trees have; what was counted once, in whichever snapshot, is known. A snapshot of older restic does not say it itself. */
export class FileCounts {
  readonly #repository: Repository;
  readonly #known = new Map<TreeId, number>();

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** @throws `repository.damaged`, `aborted` */
  async of(tree: TreeId, signal: AbortSignal): Promise<number> {
    const known = this.#known.get(tree);
    if (known !== undefined) return known;
    throwIfAborted(signal);
    let count = 0;
    for (const { type, subtree } of (await this.#repository.loadTree(tree, signal)).nodes) {
      if (type === 'file') count += 1;
      if (subtree !== undefined) count += await this.of(subtree, signal);
    }
    this.#known.set(tree, count);
    return count;
  }
}

class Walk {
  readonly #repository: Repository;
  readonly #signal: AbortSignal;
  readonly #folders: FolderChange[] = [];
  /** The first blob of what came anywhere: what has only moved has it. */
  readonly #comeBlobs = new Set<BlobId>();
  #changed = 0;
  #scrambled = 0;
  #treesLoaded = 0;

  constructor(repository: Repository, signal: AbortSignal) {
    this.#repository = repository;
    this.#signal = signal;
  }

  async compare(before: TreeId | undefined, after: TreeId | undefined): Promise<void> {
    if (before === after) return;
    const [old, fresh] = [await this.#nodesOf(before), await this.#nodesOf(after)];
    const folder: FolderChange = { gone: [], come: [] };
    for (const name of new Set([...old.keys(), ...fresh.keys()])) {
      const [a, b] = [old.get(name), fresh.get(name)];
      if (isFile(a) && isFile(b)) this.#compareFiles(a, b);
      else if (isFile(a)) folder.gone.push(a);
      else if (isFile(b)) folder.come.push(b);
      if (a?.subtree !== undefined || b?.subtree !== undefined) await this.compare(a?.subtree, b?.subtree);
    }
    for (const { content } of folder.come) if (content?.[0] !== undefined) this.#comeBlobs.add(content[0]);
    if (folder.gone.length > 0) this.#folders.push(folder);
  }

  /** Something came into the place of something else, under an extension that was not in its folder. */
  get hasStrangers(): boolean {
    return this.#folders.some(({ gone, come }) => {
      const own = new Set(gone.map(({ name }) => extensionOf(name)));
      return come.some(({ name }) => !own.has(extensionOf(name)));
    });
  }

  /** @param known extensions of the snapshot before */
  figures(known: ReadonlySet<string> | undefined): Pick<ChangeFigures, 'changed' | 'vanished' | 'scrambled' | 'renamed' | 'extensions'> {
    let [vanished, scrambled, renamed] = [0, this.#scrambled, 0];
    const strange = new Map<string, number>();
    for (const { gone, come } of this.#folders) {
      const lost = gone.filter(({ content }) => content?.[0] !== undefined && !this.#comeBlobs.has(content[0]));
      const strangers = come.map(({ name }) => extensionOf(name)).filter((extension) => known?.has(extension) === false);
      vanished += lost.length;
      renamed += Math.min(lost.length, strangers.length);
      scrambled += Math.min(this.#count(lost, isCompressed), this.#count(come, isNoise));
      if (lost.length > 0) for (const extension of strangers) strange.set(extension, (strange.get(extension) ?? 0) + 1);
    }
    const extensions = [...strange].toSorted((a, b) => b[1] - a[1]).map(([extension]) => extension);
    return { changed: this.#changed, vanished, scrambled, renamed, extensions: extensions.slice(0, extensionsToldMax) };
  }

  /** Those of all files of a tree. */
  async extensionsOf(tree: TreeId, known = new Set<string>(), seen = new Set<TreeId>()): Promise<ReadonlySet<string>> {
    if (seen.has(tree)) return known;
    seen.add(tree);
    for (const node of (await this.#nodesOf(tree)).values()) {
      if (isFile(node)) known.add(extensionOf(node.name));
      if (node.subtree !== undefined) await this.extensionsOf(node.subtree, known, seen);
    }
    return known;
  }

  #compareFiles(a: Node, b: Node): void {
    if (sameBlobs(a, b)) return;
    const [old, fresh] = [this.#storedShare(a), this.#storedShare(b)];
    if (old === undefined || fresh === undefined) return;
    if (!isCompressed(old) || Math.abs(fresh - old) > similarShares) this.#changed += 1;
    if (isCompressed(old) && (fresh - old) / (1 - old) >= lostCompressionMin) this.#scrambled += 1;
  }

  #count(files: readonly Node[], fits: (share: number | undefined) => boolean): number {
    return files.filter((file) => fits(this.#storedShare(file))).length;
  }

  /** What a file takes in the repository, of what it is; undefined for one that is too small or that the index does not know whole. */
  #storedShare({ content }: Node): number | undefined {
    let [stored, plain] = [0, 0];
    for (const id of content ?? []) {
      const place = this.#repository.index.locate('data', id);
      if (place === undefined) return undefined;
      stored += place.length - sealOverheadBytes;
      plain += place.uncompressedLength || place.length - sealOverheadBytes;
    }
    return plain < judgedBytesMin ? undefined : stored / plain;
  }

  async #nodesOf(tree: TreeId | undefined): Promise<Map<ByteString, Node>> {
    if (tree === undefined) return new Map();
    throwIfAborted(this.#signal);
    if (++this.#treesLoaded % treesPerTurn === 0) await nextTurn();
    const { nodes } = await this.#repository.loadTree(tree, this.#signal);
    return new Map(nodes.map((node) => [node.name, node]));
  }
}

/** What is empty can neither be lost nor be encrypted. */
function isFile(node: Node | undefined): node is Node {
  return node?.type === 'file' && node.content !== null && node.content.length > 0;
}

function sameBlobs({ content: a }: Node, { content: b }: Node): boolean {
  return a?.length === b?.length && (a ?? []).every((id, at) => id === b?.[at]);
}

function isCompressed(share: number | undefined): boolean {
  return share !== undefined && share <= compressedShareMax;
}

function isNoise(share: number | undefined): boolean {
  return share !== undefined && share >= noiseShareMin;
}

/** Behind the last dot, in small letters; the name of a hidden file has none. What is longer is a part of the name. */
function extensionOf(name: ByteString): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
  return extension.length <= extensionLengthMax ? extension : '';
}

const extensionLengthMax = 20;
