import { isCode, type ByteString } from '../platform/index.ts';
import {
  walkTree,
  windowsAttributesOf,
  type Node,
  type Repository,
  type Tree,
  type TreeId,
  type TreeProblem,
  type WalkStep,
} from '../repository/index.ts';
import { decideFile, decideLink } from './decide.ts';
import { noContent, type Destination, type FolderContent, type Soon } from './destination.ts';
import type { ExceptionLog, ExceptionReason } from './exceptions.ts';
import { failureOf, stopsEverything } from './failures.ts';
import { HardLinkGroups } from './hard-link-groups.ts';
import { emptyBatch, type Batch, type FolderPlan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { OverwritePolicy } from './restore-options.ts';
import type { Selection } from './selection.ts';

export interface PlanContext {
  readonly repository: Repository;
  readonly tree: TreeId;
  readonly selection: Selection;
  readonly overwrite: OverwritePolicy;
  /** Leave folders alone that are not selected themselves, if they are there. */
  readonly keepsFoldersAbove: boolean;
  /** Plan the removal of what the snapshot does not have. */
  readonly deletes: boolean;
  /** The target itself. */
  readonly root: FolderPlan;
  readonly destination: Destination;
  readonly exceptions: ExceptionLog;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Told each tree that is read. */
  readonly onTree?: ((id: TreeId) => void) | undefined;
}

/**
 * Files and blobs in a batch. Larger ones would let one read of a pack serve more files; but what lives through two collections stays on
 * the heap until a full one: with 16,384 in a batch 200,000 files took 50 MiB more.
 */
const batchWeightFirst = 1024;
const batchWeightMax = 4 * 1024;

/**
 * Walks the snapshot, looks at what the target has, and decides what is to be done. Changes nothing. What cannot be restored at all is
 * reported here already.
 */
export async function* planRestore(context: PlanContext): AsyncGenerator<Batch, void, undefined> {
  const planner = new Planner(context);
  context.onTree?.(context.tree);
  const steps = walkTree(context.repository, context.tree, { signal: context.signal, descend: () => planner.wantsToDescend });
  let weightMax = batchWeightFirst;
  for await (const step of steps) {
    const looking = planner.take(step);
    if (looking) await looking; // nothing is waited for where nothing has to be: this is done for every entry
    if (planner.weight < weightMax) continue;
    yield planner.takeBatch();
    weightMax = Math.min(batchWeightMax, weightMax * 2);
  }
  context.progress.totalsAreFinal();
  yield planner.takeBatch();
}

/** Why nothing can have a name here. */
interface NameTrouble {
  readonly reason: Extract<ExceptionReason, 'hostile-name' | 'impossible-name' | 'duplicate-name' | 'name-collision'>;
  readonly detail?: string;
}

/** A folder on the way from the start to where the walk is. */
interface Frame {
  readonly plan: FolderPlan;
  readonly parent: Frame | undefined;
  /** Something in it, or it itself, is restored. */
  isNeeded: boolean;
  content: FolderContent;
  /** Names met, where the order of the tree does not already tell that each comes once. */
  namesMet: Set<string> | undefined;
}

class Planner {
  readonly #context: PlanContext;
  readonly #groups = new HardLinkGroups();
  #batch: Batch = emptyBatch();
  #weight = 0;
  #frame: Frame | undefined;
  /** The folder whose node came last, when the walk should go into it. */
  #next: Frame | undefined;

  constructor(context: PlanContext) {
    this.#context = context;
    this.#next = frameOf(context.root, undefined);
  }

  get weight(): number {
    return this.#weight;
  }

  get wantsToDescend(): boolean {
    return this.#next !== undefined;
  }

  takeBatch(): Batch {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    this.#weight = 0;
    return batch;
  }

  /** To be waited for before the next step. */
  take(step: WalkStep): Soon<void> {
    switch (step.kind) {
      case 'enter':
        return this.#enter(step.tree);
      case 'node':
        return this.#node(step.path, step.node, step.problems);
      case 'leave':
        return this.#leave();
      case 'unreadable':
        this.#context.exceptions.add(step.path, 'damaged', detailOf(step.error));
        this.#frame = this.#next;
        return this.#leave();
    }
  }

  #enter(tree: Tree): Soon<void> {
    const { destination } = this.#context;
    const frame = this.#next;
    this.#next = undefined;
    this.#frame = frame;
    if (!frame) return;
    if (destination.foldsNames || tree.problems.length > 0) frame.namesMet = new Set();
    if (frame.plan.state !== 'folder') return;
    const content = destination.list(frame.plan);
    return content instanceof Promise ? this.#heardContent(frame, tree, content) : this.#takeContent(frame, tree, content);
  }

  /** Where a folder's content cannot be had, nothing can be decided about what is in it: it is not written into. */
  async #heardContent(frame: Frame, tree: Tree, content: Promise<FolderContent>): Promise<void> {
    try {
      this.#takeContent(frame, tree, await content);
    } catch (error) {
      const failure = failureOf(error);
      if (stopsEverything(failure)) throw error;
      frame.plan.failure = failure.detail;
      this.#context.exceptions.add(frame.plan.path, failure.reason, failure.detail);
    }
  }

  #takeContent(frame: Frame, tree: Tree, content: FolderContent): void {
    frame.content = content;
    if (this.#context.deletes) this.#planDeletions(frame, tree);
  }

  #leave(): void {
    const frame = this.#frame;
    this.#next = undefined;
    if (!frame) return;
    this.#frame = frame.parent;
    if (frame.isNeeded) this.#batch.closed.push(frame.plan);
    else this.#context.destination.forget(frame.plan);
  }

  #planDeletions(frame: Frame, tree: Tree): void {
    const { destination, selection, exceptions } = this.#context;
    const key = (name: ByteString): string => (destination.foldsNames ? destination.foldedName(name) : name);
    const kept = new Set(tree.nodes.map(({ name }) => key(name)));
    if (!frame.content.names) exceptions.add(frame.plan.path, 'not-deleted', 'the folder cannot be listed');
    for (const name of frame.content.names ?? []) {
      const path = pathIn(frame, name);
      if (kept.has(key(name)) || !selection(path).itself) continue;
      this.#need(frame);
      this.#batch.deletions.push({ folder: frame.plan, name, path });
      this.#weight += 1;
    }
  }

  #node(path: ByteString, node: Node, problems: readonly TreeProblem[]): void {
    this.#next = undefined;
    const frame = this.#frame;
    const { itself, beneath } = this.#context.selection(path);
    if (!frame || !(itself || (beneath && node.type === 'dir'))) return;
    const trouble = this.#nameTrouble(frame, node, problems);
    if (trouble) return this.#refuseName(frame, path, node, trouble);
    if (node.type === 'dir') return this.#folder(frame, path, node, itself);
    this.#need(frame);
    this.#weight += 1;
    if (frame.plan.failure !== undefined) return this.#context.exceptions.add(path, 'folder-failed', frame.plan.failure);
    switch (node.type) {
      case 'file':
        return this.#file(frame, path, node);
      case 'symlink':
        return this.#link(frame, path, node);
      case 'dev':
      case 'chardev':
      case 'fifo':
      case 'socket':
        return this.#context.exceptions.add(path, 'special-file', node.type);
      default:
        return this.#context.exceptions.add(path, 'unknown-type', node.type);
    }
  }

  #nameTrouble(frame: Frame, { name }: Node, problems: readonly TreeProblem[]): NameTrouble | undefined {
    const { destination } = this.#context;
    const { foldsNames } = destination;
    if (problems.some(({ kind }) => kind === 'name')) return { reason: 'hostile-name' };
    const impossible = destination.impossibleName(name);
    if (impossible !== undefined) return { reason: 'impossible-name', detail: impossible };
    if (frame.namesMet?.has(name) || problems.some(({ kind }) => kind === 'duplicate')) return { reason: 'duplicate-name' };
    const folded = foldsNames ? foldKey(destination.foldedName(name)) : undefined;
    if (folded !== undefined && frame.namesMet?.has(folded)) return { reason: 'name-collision' };
    frame.namesMet?.add(name);
    if (folded !== undefined) frame.namesMet?.add(folded);
    return undefined;
  }

  /** What lies in such a folder is lost with it, and named; the walk does not go into one with a hostile name. */
  #refuseName(frame: Frame, path: ByteString, { name, type }: Node, { reason, detail }: NameTrouble): void {
    this.#context.exceptions.add(path, reason, detail);
    if (type !== 'dir' || reason === 'hostile-name') return;
    const failure = detail ?? reason;
    const plan = folderPlan({ parent: frame.plan, name, path, metadata: undefined, state: 'absent', isKept: true, failure });
    this.#next = frameOf(plan, frame);
  }

  #folder(frame: Frame, path: ByteString, node: Node, itself: boolean): void {
    const seen = frame.content.look(node.name);
    if (seen?.isProtected) return this.#context.exceptions.add(path, 'repository');
    const state = seen === undefined ? 'absent' : seen.isFolder ? 'folder' : 'other';
    const { overwrite, keepsFoldersAbove, destination } = this.#context;
    const isKept = keepsFoldersAbove && !itself;
    const metadata = state === 'folder' && (overwrite === 'never' || isKept) ? undefined : destination.metadataOf(node);
    const plan = folderPlan({ parent: frame.plan, name: node.name, path, metadata, state, isKept, failure: undefined });
    this.#next = frameOf(plan, frame);
    if (node.subtree !== undefined) this.#context.onTree?.(node.subtree);
    if (!itself) return;
    this.#need(this.#next);
    this.#weight += 1;
    if (plan.failure !== undefined) return;
    this.#batch.folders.push(plan);
    if (metadata) this.#noteAttributes(path, node);
  }

  #file(frame: Frame, path: ByteString, node: Node): void {
    const { overwrite, exceptions, progress, destination } = this.#context;
    if (node.content === null) return exceptions.add(path, 'damaged', 'a file without a list of blobs');
    const metadata = destination.metadataOf(node);
    const existing = frame.content.look(node.name)?.existing(metadata);
    const action = decideFile(overwrite, existing, { sizeBytes: BigInt(node.size), mtime: metadata.mtime });
    if (action === 'blocked') return exceptions.add(path, 'in-the-way', 'a folder');
    const group = action === 'skip' ? undefined : this.#groups.groupOf(node);
    const sizeBytes = Number(node.size);
    this.#batch.files.push({
      folder: frame.plan,
      name: node.name,
      path,
      metadata,
      content: node.content,
      sizeBytes,
      existing,
      group,
      action,
      isDone: false,
    });
    this.#weight += node.content.length;
    progress.plan(sizeBytes);
    if (action !== 'skip') this.#noteAttributes(path, node);
  }

  #link(frame: Frame, path: ByteString, node: Node): void {
    const { overwrite, exceptions, destination } = this.#context;
    const { name, linkTarget: target } = node;
    if (target === undefined) return exceptions.add(path, 'damaged', 'a link without a target');
    if (target.includes('\0')) return exceptions.add(path, 'hostile-target');
    const metadata = destination.metadataOf(node);
    const existing = frame.content.look(name)?.existing(metadata);
    const isSame = existing?.kind === 'other' && frame.content.linkTarget(name) === target;
    const action = decideLink(overwrite, existing, metadata.mtime, isSame);
    if (action === 'blocked') return exceptions.add(path, 'in-the-way', 'a folder');
    this.#batch.links.push({ folder: frame.plan, name, path, target, metadata, existing, action, isDone: false });
    if (action === 'skip') return;
    this.#noteAttributes(path, node);
    if (node.linkTargetLossy !== undefined) exceptions.add(path, 'link-target', 'bytes that are not UTF-8 were lost when it was backed up');
  }

  #noteAttributes(path: ByteString, { uid, gid, extendedAttributes = [], genericAttributes = {} }: Node): void {
    const { exceptions, destination } = this.#context;
    if (!destination.keeps.owners && (uid !== 0 || gid !== 0) && !exceptions.counts.owner) {
      exceptions.add(path, 'owner', 'Windows does not know the owners of Unix: of this and all others');
    }
    if (extendedAttributes.length > 0) exceptions.add(path, 'extended-attributes', extendedAttributes.map(({ name }) => name).join(', '));
    const canSet = destination.keeps.windows;
    const generic = canSet ? windowsAttributesOf(genericAttributes).unknown : Object.keys(genericAttributes);
    if (generic.length === 0) return;
    if (canSet) exceptions.add(path, 'generic-attributes', generic.join(', '));
    else if (!exceptions.counts['generic-attributes'])
      exceptions.add(path, 'generic-attributes', `${generic.join(', ')}: of this and all others`); // every file of Windows has them
  }

  /** The folder will be made, and so will those above it. */
  #need(frame: Frame): void {
    if (frame.isNeeded) return;
    frame.isNeeded = true;
    const { plan, parent } = frame;
    if (!parent) return;
    this.#need(parent);
    if (parent.plan.failure !== undefined) {
      plan.failure = parent.plan.failure;
      this.#context.exceptions.add(plan.path, 'folder-failed', plan.failure);
    } else if (plan.state === 'other' && (plan.isKept || this.#context.overwrite !== 'always')) {
      plan.failure = 'not a folder';
      this.#context.exceptions.add(plan.path, 'in-the-way', plan.failure);
    }
  }
}

function folderPlan(plan: Omit<FolderPlan, 'isReady' | 'modeBefore'>): FolderPlan {
  return { ...plan, isReady: false, modeBefore: undefined };
}

function frameOf(plan: FolderPlan, parent: Frame | undefined): Frame {
  return { plan, parent, isNeeded: false, content: noContent, namesMet: undefined };
}

function pathIn({ plan }: Frame, name: ByteString): ByteString {
  return `${plan.path === '/' ? '' : plan.path}/${name}` as ByteString;
}

/** Not to be mixed up with a name itself, which has no NUL. */
function foldKey(foldedName: string): string {
  return `\0${foldedName}`;
}

function detailOf(error: unknown): string {
  if (!isCode(error, 'repository.damaged')) return 'unknown';
  return [error.facts.type, error.facts.blob, error.facts.reason].filter((fact) => fact !== undefined).join(' ');
}
