import assert from 'node:assert/strict';
import type { ByteString } from '../platform/index.ts';
import type { JsonObject, Node, TreeId } from '../repository/index.ts';
import type { ParentTree } from './parent-tree.ts';
import type { SourceStat } from './source-stat.ts';

/** Where a folder's own node goes when its tree is known. */
export interface FolderPlace {
  readonly folder: OpenFolder;
  readonly position: number;
  readonly name: ByteString;
  readonly stat: SourceStat;
  readonly genericAttributes: JsonObject | undefined;
}

/** A folder of the source whose tree is not stored yet: nodes come back in any order and take the place that was reserved for them. */
export class OpenFolder {
  readonly place: FolderPlace | undefined;
  readonly parentNode: Node | undefined;
  readonly parent: ParentTree;
  readonly #nodes: (Node | undefined)[] = [];
  #awaited = 0;
  #isListed = false;
  #parentCursor = 0;
  readonly #closed = Promise.withResolvers<TreeId>();

  constructor(place: FolderPlace | undefined, parentNode: Node | undefined, parent: ParentTree) {
    this.place = place;
    this.parentNode = parentNode;
    this.parent = parent;
  }

  /** The parent snapshot's node of that name. Names are asked for in byte order, so both lists are gone through once. */
  parentNodeOf(name: ByteString): Node | undefined {
    const nodes = this.parent.tree?.nodes;
    if (!nodes) return undefined;
    let node = nodes[this.#parentCursor];
    while (node && node.name < name) node = nodes[++this.#parentCursor];
    return node?.name === name ? node : undefined;
  }

  /** The next place in byte order; exactly one `put` must follow. */
  reserve(): number {
    this.#awaited += 1;
    return this.#nodes.push(undefined) - 1;
  }

  /** @param node undefined when nothing of this name goes into the tree */
  put(position: number, node: Node | undefined): void {
    assert(this.#awaited > 0, 'a place is filled once');
    this.#nodes[position] = node;
    this.#awaited -= 1;
  }

  endOfList(): void {
    this.#isListed = true;
  }

  get isComplete(): boolean {
    return this.#isListed && this.#awaited === 0;
  }

  /** What the tree holds, in byte order. */
  nodes(): Node[] {
    return this.#nodes.filter((node) => node !== undefined);
  }

  /** The parent's tree, if every node was taken over from it and none is missing: then it need not even be serialised. */
  unchangedTree(): TreeId | undefined {
    const before = this.parent.tree?.nodes;
    if (!before || this.parent.tree?.unknown) return undefined;
    const now = this.nodes();
    return now.length === before.length && now.every((node, at) => node === before[at]) ? this.parent.id : undefined;
  }

  closed(id: TreeId): void {
    this.#nodes.length = 0;
    this.#closed.resolve(id);
  }

  whenClosed(): Promise<TreeId> {
    return this.#closed.promise;
  }
}
