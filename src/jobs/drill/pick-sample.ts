import {
  CadanganError,
  isCode,
  joinBytes,
  randomBelow,
  textOf,
  throwIfAborted,
  type ByteString,
  type Random,
} from '../../platform/index.ts';
import { findTree, walkTree, type Node, type Repository, type TreeId } from '../../repository/index.ts';

/** A file of a snapshot that is going to be restored. */
export interface SampleFile {
  /** In the snapshot. */
  readonly path: ByteString;
  readonly node: Node;
}

export interface PickedSample {
  readonly files: readonly SampleFile[];
  readonly bytes: number;
  /** Folders whose list of files was read for it. */
  readonly foldersRead: number;
}

export interface PickOptions {
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Told of each folder whose list cannot be read: that is damage. */
  readonly onUnreadable: (path: ByteString, error: CadanganError) => void;
}

/**
 * On Google Drive each folder is a request: enough for an unpredictable choice in a tree of a million folders, and all of an ordinary one.
 */
const foldersReadMax = 2_000;
/** Of a whole folder; each gets a line in the evidence. */
const folderFilesMax = 200_000;

/**
 * Files at random from a tree: its folders are visited in random order, and of all files that are met each has the same chance. What has no
 * content proves nothing, so it comes only where there is nothing else; links and special files never do. Where no file fits into
 * `maxBytes`, the smallest one is taken.
 * @throws the storage's errors, `aborted`
 */
export async function pickFiles(
  repository: Repository,
  tree: TreeId,
  { files, maxBytes }: { readonly files: number; readonly maxBytes: number },
  options: PickOptions,
): Promise<PickedSample> {
  const { random } = options;
  const drawn = new Draw(files, maxBytes, random);
  let foldersRead = 0;
  for await (const entries of foldersAtRandom(repository, tree, options)) {
    foldersRead += 1;
    for (const file of entries) drawn.offer(file);
  }
  return { ...summed(drawn.chosen()), foldersRead };
}

/** Every file of a folder. @throws `path.not-found`, `arguments.invalid` when there are too many, the storage's errors, `aborted` */
export async function pickFolder(
  repository: Repository,
  tree: TreeId,
  folder: ByteString,
  { signal, onUnreadable }: PickOptions,
): Promise<PickedSample> {
  const prefix = folder === '/' ? '' : folder;
  const start = await findTree(repository, tree, textOf(folder), signal);
  const files: SampleFile[] = [];
  let foldersRead = 0;
  for await (const step of walkTree(repository, start, { signal })) {
    const path = `${prefix}${step.path}` as ByteString;
    if (step.kind === 'enter') foldersRead += 1;
    else if (step.kind === 'unreadable') onUnreadable(path, step.error);
    else if (step.kind === 'node' && isPlainFile(step.node, step.problems)) files.push({ path, node: step.node });
    if (files.length > folderFilesMax)
      throw new CadanganError('arguments.invalid', {
        argument: 'folder',
        reason: 'it has too many files for a drill: choose a smaller one',
      });
  }
  return { ...summed(files), foldersRead };
}

function summed(files: readonly SampleFile[]): Pick<PickedSample, 'files' | 'bytes'> {
  return { files, bytes: files.reduce((sum, { node }) => sum + Number(node.size), 0) };
}

/** With a hostile or double name it could not be restored, whatever its content; a restore names those. */
function isPlainFile({ type, content }: Node, problems: readonly { readonly kind: string }[]): boolean {
  return type === 'file' && content !== null && problems.every(({ kind }) => kind === 'unsorted');
}

/** The files of one folder after the other, in random order. */
async function* foldersAtRandom(
  repository: Repository,
  tree: TreeId,
  { random, signal, onUnreadable }: PickOptions,
): AsyncGenerator<readonly SampleFile[], void, undefined> {
  const known: { readonly path: ByteString; readonly tree: TreeId }[] = [{ path: '/' as ByteString, tree }];
  for (let read = 0; read < foldersReadMax && known.length > 0; read++) {
    throwIfAborted(signal);
    const folder = takeOne(known, random);
    try {
      const { nodes, problems } = await repository.loadTree(folder.tree, signal);
      const problemsAt = Map.groupBy(problems, ({ position }) => position);
      const found = nodes.map((node, at) => ({ path: joinBytes(folder.path, node.name), node, problems: problemsAt.get(at) ?? [] }));
      for (const { path, node, problems: own } of found)
        if (node.type === 'dir' && node.subtree !== undefined && own.length === 0) known.push({ path, tree: node.subtree });
      yield found.filter(({ node, problems: own }) => isPlainFile(node, own));
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      onUnreadable(folder.path, error);
    }
  }
}

/** Takes any one out of a list that is not empty; its order changes. */
function takeOne<T>(list: T[], random: Random): T {
  const at = randomBelow(random, list.length);
  const [taken, last] = [list[at], list.pop()];
  if (taken === undefined || last === undefined) throw new RangeError('an empty list');
  if (at < list.length) list[at] = last;
  return taken;
}

/** A draw in which every file that fits has the same chance, whatever number of them comes. Memory holds as many as are wanted. */
class Draw {
  readonly #wanted: number;
  readonly #maxBytes: number;
  readonly #random: Random;
  readonly #drawn: SampleFile[] = [];
  #fitting = 0;
  #otherwise: SampleFile | undefined;

  constructor(wanted: number, maxBytes: number, random: Random) {
    this.#wanted = wanted;
    this.#maxBytes = maxBytes;
    this.#random = random;
  }

  offer(file: SampleFile): void {
    const size = Number(file.node.size);
    if (isBetter(size, this.#otherwise)) this.#otherwise = file;
    if (size === 0 || size > this.#maxBytes) return;
    this.#fitting += 1;
    if (this.#drawn.length < this.#wanted) {
      this.#drawn.push(file);
      return;
    }
    const at = randomBelow(this.#random, this.#fitting);
    if (at < this.#wanted) this.#drawn[at] = file;
  }

  /** As many as fit together, in the order in which they were drawn; sorted by path. */
  chosen(): readonly SampleFile[] {
    const rest = [...this.#drawn];
    const chosen: SampleFile[] = [];
    for (let bytes = 0; rest.length > 0;) {
      const file = takeOne(rest, this.#random);
      if (bytes + Number(file.node.size) > this.#maxBytes) continue;
      bytes += Number(file.node.size);
      chosen.push(file);
    }
    if (chosen.length === 0 && this.#otherwise) chosen.push(this.#otherwise);
    return chosen.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }
}

/** Of files that are drawn only when no other fits: the smallest with content, else an empty one. */
function isBetter(size: number, than: SampleFile | undefined): boolean {
  const other = Number(than?.node.size ?? 0);
  return than === undefined || (size > 0 && (other === 0 || size < other));
}
