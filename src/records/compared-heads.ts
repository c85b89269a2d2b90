import type { Anchor } from './anchors.ts';
import type { ChainHead } from './head.ts';

/**
 * What a head that somebody else kept says of the chain. `agrees`: the chain has this very record. `missing`: it ends before it.
 * `other-record`: it has another one of this number. `other-chain`: our history was another one. `other-history`: it is of somebody else's,
 * which says nothing of ours. `disposed`: it is of a month that was disposed of. `unproven`: at its place stands nothing that can be read.
 */
export type HeadResult = 'agrees' | 'missing' | 'other-record' | 'other-chain' | 'other-history' | 'disposed' | 'unproven';

export interface ComparedHead {
  readonly anchor: Anchor;
  readonly result: HeadResult;
}

/** Holds a chain, as it is read, against the heads of it that were kept elsewhere. */
export class HeadComparison {
  readonly anchors: readonly Anchor[];
  readonly #owner: string | undefined;
  readonly #byNumber: ReadonlyMap<number, readonly Anchor[]>;
  readonly #met = new Map<Anchor, 'agrees' | 'other-record'>();

  /** @param owner whose history it is; undefined: every head is taken for one of it */
  constructor(anchors: readonly Anchor[], owner: string | undefined) {
    this.anchors = anchors;
    this.#owner = owner;
    this.#byNumber = Map.groupBy(anchors, ({ number }) => number);
  }

  /** @returns a head of this chain that knows another record of this number */
  meet({ number, hash }: Pick<ChainHead, 'number' | 'hash'>, chain: string | undefined): Anchor | undefined {
    const ofHere = this.#byNumber.get(number)?.filter((anchor) => anchor.chain === chain) ?? [];
    for (const anchor of ofHere) this.#met.set(anchor, anchor.hash === hash ? 'agrees' : 'other-record');
    return ofHere.find((anchor) => anchor.hash !== hash);
  }

  /** A head of our own history that is of another chain. */
  ofOtherChain(chain: string | undefined): Anchor | undefined {
    return this.anchors.find((anchor) => anchor.chain !== chain && this.#isOurs(anchor));
  }

  /** The head that is furthest beyond the last record. @param chain undefined where there is no record at all */
  beyond(lastNumber: number, chain: string | undefined): Anchor | undefined {
    const ofHere = (anchor: Anchor): boolean => (chain === undefined ? this.#isOurs(anchor) : anchor.chain === chain);
    return this.anchors.filter((anchor) => anchor.number > lastNumber && ofHere(anchor)).toSorted((a, b) => b.number - a.number)[0];
  }

  /** What each of them says, once the chain was read. */
  results(chain: string | undefined, first: number, last: number): ComparedHead[] {
    return this.anchors.map((anchor) => ({ anchor, result: this.#resultOf(anchor, chain, first, last) }));
  }

  #resultOf(anchor: Anchor, chain: string | undefined, first: number, last: number): HeadResult {
    if (chain === undefined) return this.#isOurs(anchor) ? 'missing' : 'other-history';
    if (anchor.chain !== chain) return this.#isOurs(anchor) ? 'other-chain' : 'other-history';
    if (anchor.number > last) return 'missing';
    return anchor.number < first ? 'disposed' : (this.#met.get(anchor) ?? 'unproven');
  }

  #isOurs({ owner }: Anchor): boolean {
    return this.#owner === undefined || owner === this.#owner;
  }
}
