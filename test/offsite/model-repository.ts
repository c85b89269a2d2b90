import { createHash } from 'node:crypto';
import type { SeededRandom } from '../fakes/seeded-random.ts';

/** Names of files alone: what needs what, without a byte of content. Packs hold blobs, indexes name packs, snapshots need blobs. */
export interface Names {
  readonly keys: ReadonlySet<string>;
  readonly data: ReadonlyMap<string, readonly number[]>;
  readonly index: ReadonlyMap<string, readonly string[]>;
  readonly snapshots: ReadonlyMap<string, readonly number[]>;
}

/** What is wrong with a repository, or nothing: an index without one of its packs, a snapshot without one of its blobs. */
export function faultsOf({ data, index, snapshots }: Names): string[] {
  const faults: string[] = [];
  const known = new Set<number>();
  for (const [name, packs] of index) {
    for (const pack of packs) {
      const blobs = data.get(pack);
      if (blobs) for (const blob of blobs) known.add(blob);
      else faults.push(`index ${short(name)} names pack ${short(pack)}, which is not there`);
    }
  }
  for (const [name, blobs] of snapshots)
    for (const blob of blobs) if (!known.has(blob)) faults.push(`snapshot ${short(name)} needs blob ${blob}, which no index knows`);
  return faults;
}

/** A repository that is written to the way restic does it, one file at a time. */
export class ModelRepository implements Names {
  readonly keys = new Set<string>();
  readonly data = new Map<string, readonly number[]>();
  readonly index = new Map<string, readonly string[]>();
  readonly snapshots = new Map<string, readonly number[]>();
  /** All names that ever were, with what they stand for: a name is the hash of its content. */
  readonly ever = {
    data: new Map<string, readonly number[]>(),
    index: new Map<string, readonly string[]>(),
    snapshots: new Map<string, readonly number[]>(),
  };
  readonly #random: SeededRandom;
  #counter = 0;
  #blobs = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.keys.add(this.#name());
  }

  /** New packs, an index, a snapshot; each yield is an instant at which it may be looked at, or end. */
  *backup(): Generator<void> {
    const packs: string[] = [];
    const blobs: number[] = [];
    for (let i = this.#random.below(3); i >= 0; i--) {
      const content = Array.from({ length: 1 + this.#random.below(3) }, () => this.#blobs++);
      blobs.push(...content);
      packs.push(this.#putPack(content));
      yield;
    }
    this.#putIndex(packs);
    yield;
    const parents = [...this.snapshots.values()];
    const parent = parents.length > 0 && this.#random.chance(0.7) ? (parents[this.#random.below(parents.length)] ?? []) : [];
    const name = this.#name();
    this.snapshots.set(name, [...blobs, ...parent.filter(() => this.#random.chance(0.6))]);
    this.ever.snapshots.set(name, this.snapshots.get(name) ?? []);
    yield;
  }

  *forget(): Generator<void> {
    const names = [...this.snapshots.keys()];
    for (const name of names.slice(0, -1)) {
      if (!this.#random.chance(0.5)) continue;
      this.snapshots.delete(name);
      yield;
    }
  }

  /** As restic: unknown packs first, then new packs for what is kept of others, then new indexes, then the old ones go, then old packs. */
  *prune(): Generator<void> {
    const used = new Set([...this.snapshots.values()].flat());
    const indexed = new Set([...this.index.values()].flat());
    for (const pack of this.data.keys()) {
      if (indexed.has(pack)) continue;
      this.data.delete(pack);
      yield;
    }
    const wholes = [...this.data].filter(([, blobs]) => blobs.some((blob) => used.has(blob)));
    const keep = wholes.filter(([, blobs]) => blobs.every((blob) => used.has(blob)) || this.#random.chance(0.5)).map(([name]) => name);
    const goes = [...this.data.keys()].filter((name) => !keep.includes(name));
    if (goes.length === 0) return;
    const kept = new Set(keep.flatMap((name) => this.data.get(name) ?? []));
    for (const [name, blobs] of wholes) {
      if (keep.includes(name)) continue;
      const rest = blobs.filter((blob) => used.has(blob) && !kept.has(blob));
      if (rest.length > 0) keep.push(this.#putPack(rest));
      yield;
    }
    const old = [...this.index.keys()];
    for (let at = 0; at < keep.length; at += 4) {
      this.#putIndex(keep.slice(at, at + 4));
      yield;
    }
    for (const name of old) {
      this.index.delete(name);
      yield;
    }
    for (const name of goes) {
      this.data.delete(name);
      yield;
    }
  }

  /** Something happens to the folder: packs are gone that indexes name. */
  losePack(): string | undefined {
    const indexed = [...this.index.values()].flat();
    const lost = indexed[this.#random.below(Math.max(1, indexed.length))];
    if (lost !== undefined) this.data.delete(lost);
    return lost;
  }

  #putPack(blobs: readonly number[]): string {
    const name = this.#name();
    this.data.set(name, blobs);
    this.ever.data.set(name, blobs);
    return name;
  }

  #putIndex(packs: readonly string[]): void {
    const name = this.#name();
    this.index.set(name, packs);
    this.ever.index.set(name, packs);
  }

  #name(): string {
    return createHash('sha256')
      .update(`${this.#counter++}`)
      .digest('hex');
  }
}

function short(name: string): string {
  return name.slice(0, 6);
}
