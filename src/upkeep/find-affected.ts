import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteString } from '../platform/index.ts';
import { walkTree, type Node, type StoredSnapshot, type TreeId } from '../repository/index.ts';
import type { CheckContext } from './check-context.ts';
import { addAffected } from './fault-log.ts';

/**
 * Says of every fault which files and folders of which snapshots it touches: a second walk, that is only made when there are faults. A tree
 * beneath which all is well is walked once, however many snapshots have it.
 */
export async function findAffected(context: CheckContext, snapshots: readonly StoredSnapshot[]): Promise<void> {
  const { damage, repository, progress } = context;
  if (damage.isEmpty) return;
  const cleanTrees = new Uint8Array(repository.index.blobCount + 1);
  for (const snapshot of snapshots) {
    await new AffectedWalk(context, snapshot, cleanTrees).run();
    progress.advance(1);
  }
}

const stepsPerTurn = 4096;

interface OpenTree {
  readonly id: TreeId;
  isClean: boolean;
}

class AffectedWalk {
  readonly #context: CheckContext;
  readonly #snapshot: StoredSnapshot;
  readonly #cleanTrees: Uint8Array;
  readonly #open: OpenTree[] = [];

  constructor(context: CheckContext, snapshot: StoredSnapshot, cleanTrees: Uint8Array) {
    this.#context = context;
    this.#snapshot = snapshot;
    this.#cleanTrees = cleanTrees;
  }

  async run(): Promise<void> {
    const { repository, signal } = this.#context;
    const root = this.#snapshot.snapshot.tree;
    if (!this.#isWorthEntering('/' as ByteString, root)) return;
    let coming = root;
    let steps = 0;
    const descend = (_path: ByteString, { subtree }: Node) => {
      if (subtree === undefined || this.#isKnownClean(subtree)) return false;
      coming = subtree;
      return this.#context.damage.faultsOf('tree', subtree).length === 0;
    };
    for await (const step of walkTree(repository, root, { signal, descend })) {
      if (step.kind === 'enter') this.#open.push({ id: coming, isClean: true });
      else if (step.kind === 'node') this.#visit(step.path, step.node);
      else if (step.kind === 'leave') this.#leave();
      else this.#spoil();
      steps += 1;
      if (steps % stepsPerTurn === 0) await nextTurn();
    }
  }

  #isWorthEntering(path: ByteString, tree: TreeId): boolean {
    const faults = this.#context.damage.faultsOf('tree', tree);
    for (const fault of faults) addAffected(fault, this.#snapshot, path);
    return faults.length === 0 && !this.#isKnownClean(tree);
  }

  #visit(path: ByteString, node: Node): void {
    const { damage } = this.#context;
    const folder = this.#open.at(-1);
    const faults = new Set(folder ? damage.entryFaultsOf(folder.id, node.name) : []);
    if (node.type === 'dir' && node.subtree !== undefined) {
      for (const fault of damage.faultsOf('tree', node.subtree)) faults.add(fault);
    } else if (node.type === 'file') {
      for (const id of node.content ?? []) for (const fault of damage.faultsOf('data', id)) faults.add(fault);
    }
    for (const fault of faults) addAffected(fault, this.#snapshot, path);
    if (faults.size > 0) this.#spoil();
  }

  #leave(): void {
    const left = this.#open.pop();
    if (!left) return;
    if (left.isClean) this.#cleanTrees[this.#context.repository.index.numberOf('tree', left.id)] = 1;
    else this.#spoil();
  }

  /** Something in the folder that is open is damaged. */
  #spoil(): void {
    const folder = this.#open.at(-1);
    if (folder) folder.isClean = false;
  }

  #isKnownClean(tree: TreeId): boolean {
    return this.#cleanTrees[this.#context.repository.index.numberOf('tree', tree)] === 1;
  }
}
