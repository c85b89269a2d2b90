import {
  BlobSaver,
  listReadableSnapshots,
  PackStore,
  saveSnapshot,
  type CompressionMode,
  type Repository,
  type Snapshot,
  type SnapshotId,
  type StoredSnapshot,
} from '../repository/index.ts';
import { namesOfRemoved } from './change-snapshots.ts';

export interface ReplaceOptions {
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  /** Write nothing: say what would be done. */
  readonly dryRun?: boolean | undefined;
  /** Remove a snapshot when the one that replaces it is there; otherwise the new one gets a tag and both stay. */
  readonly forget?: boolean | undefined;
  /** Those that are not to be removed, whoever asks: what replaces one stands beside it, as without `forget`. */
  readonly stays?: ((snapshot: StoredSnapshot) => boolean) | undefined;
  /** What has been made and removed so far, told before a snapshot goes: whoever dies then has said so. */
  readonly onChange?: ((changes: SnapshotChanges) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
}

export interface SnapshotChanges {
  readonly repositoryId: string;
  readonly made: readonly SnapshotId[];
  /** As `namesOfRemoved` names them. */
  readonly removed: readonly string[];
}

/** What stands in the place of a snapshot, or beside it. */
export interface Replacement {
  /** Undefined in a dry run. */
  readonly newId: SnapshotId | undefined;
  /** The old one is gone, or would be. */
  readonly isRemoved: boolean;
}

/** Saves snapshots that are made of others, each when everything that it refers to is stored. */
export class SnapshotReplacer {
  readonly saver: BlobSaver;
  readonly #repository: Repository;
  readonly #store: PackStore;
  readonly #options: ReplaceOptions;
  /** That there were before. */
  readonly #all: readonly StoredSnapshot[];
  /** Of a snapshot that exists: what replaced it before. */
  readonly #replacements: ReadonlyMap<SnapshotId | undefined, readonly StoredSnapshot[]>;
  readonly #made: SnapshotId[] = [];
  readonly #removed: StoredSnapshot[] = [];
  readonly #removedUnread: SnapshotId[] = [];

  private constructor(repository: Repository, options: ReplaceOptions, all: readonly StoredSnapshot[]) {
    this.#repository = repository;
    this.#options = options;
    this.#all = all;
    this.#replacements = Map.groupBy(all, ({ snapshot: { original } }) => original);
    this.#store = new PackStore(repository, { dryRun: options.dryRun ?? false });
    this.saver = new BlobSaver(repository, this.#store, options);
  }

  static async make(repository: Repository, options: ReplaceOptions): Promise<SnapshotReplacer> {
    return new SnapshotReplacer(repository, options, await listReadableSnapshots(repository, () => undefined, options.signal));
  }

  /**
   * Puts a snapshot in the place of `old`, or beside it with a tag. One that was made by a run before, which was cut off or kept the old
   * one, is not made again.
   * @param made what is other than in the old one
   */
  async replace(old: StoredSnapshot, made: Partial<Snapshot>, tag: string): Promise<Replacement> {
    const { signal, dryRun } = this.#options;
    const isRemoved = this.mayRemove(old);
    await this.store();
    if (dryRun) return { newId: undefined, isRemoved };
    const { tags } = old.snapshot;
    const wanted: Snapshot = {
      ...old.snapshot,
      ...made,
      original: old.id,
      ...(!isRemoved && !tags.includes(tag) && { tags: [...tags, tag] }),
    };
    const known = this.#replacements.get(old.id)?.find(({ snapshot }) => saysTheSame(snapshot, wanted));
    const newId = known?.id ?? (await saveSnapshot(this.#repository, wanted, signal));
    this.#made.push(newId);
    if (isRemoved) await this.remove(old);
    else await this.#tell();
    return { newId, isRemoved };
  }

  /** Stores what was saved, whether a snapshot refers to it or not. */
  async store(): Promise<void> {
    await this.saver.finish();
    await this.#store.flush(this.#options.signal);
  }

  /** Whether a snapshot goes when another one is in its place. */
  mayRemove(snapshot: StoredSnapshot): boolean {
    return this.#options.forget === true && this.#options.stays?.(snapshot) !== true;
  }

  /** @param old its id, where its file cannot be read */
  async remove(old: StoredSnapshot | SnapshotId): Promise<void> {
    if (typeof old === 'string') this.#removedUnread.push(old);
    else this.#removed.push(old);
    await this.#tell();
    await this.#repository.remove('snapshots', typeof old === 'string' ? old : old.id, this.#options.signal);
  }

  async #tell(): Promise<void> {
    const removed = [...this.#removedUnread, ...namesOfRemoved(this.#removed, this.#all)];
    await this.#options.onChange?.({ repositoryId: this.#repository.config.id, made: [...this.#made], removed });
  }
}

function saysTheSame(one: Snapshot, other: Snapshot): boolean {
  return one.tree === other.tree && one.time === other.time && one.hostname === other.hostname;
}
