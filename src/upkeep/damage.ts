import type { ByteString } from '../platform/index.ts';
import type { BlobId, BlobIndex, BlobLocation, BlobType, PackId, TreeId } from '../repository/index.ts';
import type { OpenFault } from './fault-log.ts';

/**
 * Which blobs cannot be had, and because of which fault. A blob that stands in several packs is lost only when every copy is; that is how
 * `Repository.loadBlob` reads.
 */
export class Damage {
  readonly #index: BlobIndex;
  readonly #lost = new Map<string, OpenFault>();
  readonly #packs = new Map<PackId, { readonly intactBytes: number; readonly fault: OpenFault }>();
  readonly #copies = new Map<string, OpenFault>();
  readonly #entries = new Map<TreeId, Map<ByteString, OpenFault[]>>();

  constructor(index: BlobIndex) {
    this.#index = index;
  }

  get isEmpty(): boolean {
    return this.#lost.size + this.#packs.size + this.#copies.size + this.#entries.size === 0;
  }

  /** No copy of the blob is any good. The first fault that says so counts. */
  markBlob(type: BlobType, id: BlobId, fault: OpenFault): void {
    const key = keyOf(type, id);
    if (!this.#lost.has(key)) this.#lost.set(key, fault);
  }

  /** What lies in the pack beyond its first `intactBytes` is not there. */
  markPack(id: PackId, intactBytes: number, fault: OpenFault): void {
    this.#packs.set(id, { intactBytes, fault });
  }

  /** `offset` tells copies in one pack apart: some programs packed a blob twice. */
  markCopy(type: BlobType, id: BlobId, place: Pick<BlobLocation, 'packId' | 'offset'>, fault: OpenFault): void {
    this.#copies.set(copyKeyOf(type, id, place), fault);
  }

  /** One entry of a folder is wrong in itself, whatever it points to. */
  markEntry(tree: TreeId, name: ByteString, fault: OpenFault): void {
    const byName = this.#entries.get(tree) ?? new Map<ByteString, OpenFault[]>();
    this.#entries.set(tree, byName.set(name, [...(byName.get(name) ?? []), fault]));
  }

  /** Faults because of which the blob cannot be had; none for an intact one. */
  faultsOf(type: BlobType, id: BlobId): readonly OpenFault[] {
    const lost = this.#lost.size > 0 ? this.#lost.get(keyOf(type, id)) : undefined;
    if (lost) return [lost];
    if (this.#packs.size + this.#copies.size === 0) return none;
    const faults: OpenFault[] = [];
    for (const place of this.#index.locateAll(type, id)) {
      const fault = this.faultOfCopy(type, id, place);
      if (!fault) return none;
      faults.push(fault);
    }
    return faults;
  }

  /** The fault of one copy of a blob. */
  faultOfCopy(type: BlobType, id: BlobId, place: BlobLocation): OpenFault | undefined {
    const pack = this.#packs.get(place.packId);
    if (pack && place.offset + place.length > pack.intactBytes) return pack.fault;
    return this.#copies.size > 0 ? this.#copies.get(copyKeyOf(type, id, place)) : undefined;
  }

  isLost(type: BlobType, id: BlobId): boolean {
    return this.#lost.has(keyOf(type, id));
  }

  entryFaultsOf(tree: TreeId, name: ByteString): readonly OpenFault[] {
    return this.#entries.get(tree)?.get(name) ?? none;
  }
}

const none: readonly OpenFault[] = [];

function keyOf(type: BlobType, id: BlobId): string {
  return type === 'tree' ? `t${id}` : `d${id}`;
}

function copyKeyOf(type: BlobType, id: BlobId, { packId, offset }: Pick<BlobLocation, 'packId' | 'offset'>): string {
  return `${keyOf(type, id)}${packId}${offset}`;
}
