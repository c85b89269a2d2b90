import type { Clock } from '../../src/platform/index.ts';
import type { Contents } from './contents.ts';
import type { Ids } from './ids.ts';
import type { Ledger, Table } from './ledger.ts';
import { folderType, type Change, type Placement, type Revision, type StoredFile } from './model.ts';

const dayMs = 86_400_000;
/** The trash empties itself, and revisions nobody pinned go. */
const graceMs = 30 * dayMs;
const revisionsMax = 100;
const placementsMax = 8;

/** What a new file needs; the rest has its usual start. */
export type NewFile = Pick<StoredFile, 'id' | 'name' | 'mimeType' | 'parent' | 'owner' | 'driveId' | 'client' | 'project'> &
  Partial<StoredFile>;

/** All files, with what follows from them: children, space used, changes. The only place that alters them. */
export class Store {
  readonly contents: Contents;
  readonly ids: Ids;
  readonly #clock: Clock;
  readonly #files: Table<StoredFile>;
  readonly #changes: Table<Change>;
  readonly #children = new Map<string, Set<string>>();
  readonly #usedBytes = new Map<string, number>();
  readonly #driveItems = new Map<string, number>();
  /** Files that are gone, for lists that do not know yet. */
  readonly #ghosts = new Map<string, { readonly file: StoredFile; readonly goneMs: number }>();
  /** When the trash of an account is really emptied, after the order for it. */
  readonly #emptying: { readonly owner: string; readonly orderedMs: number; readonly dueMs: number }[] = [];
  #sequence = 1;
  #nextSweepMs = 0;

  constructor(options: { readonly ledger: Ledger; readonly contents: Contents; readonly ids: Ids; readonly clock: Clock }) {
    this.contents = options.contents;
    this.ids = options.ids;
    this.#clock = options.clock;
    this.#files = options.ledger.table('files');
    this.#changes = options.ledger.table('changes');
    for (const file of this.#files.values()) this.#count(file, 1);
    for (const change of this.#changes.values()) this.#sequence = Math.max(this.#sequence, change.sequence + 1);
  }

  nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }

  get(id: string): StoredFile | undefined {
    return this.#files.get(id);
  }

  all(): IterableIterator<StoredFile> {
    return this.#files.values();
  }

  childrenOf(id: string): readonly StoredFile[] {
    return [...(this.#children.get(id) ?? [])].map((child) => this.require(child));
  }

  childCount(id: string): number {
    return this.#children.get(id)?.size ?? 0;
  }

  ghosts(): readonly { readonly file: StoredFile; readonly goneMs: number }[] {
    return [...this.#ghosts.values()];
  }

  usedBytes(owner: string): number {
    return this.#usedBytes.get(owner) ?? 0;
  }

  itemsOfDrive(driveId: string): number {
    return this.#driveItems.get(driveId) ?? 0;
  }

  require(id: string): StoredFile {
    const file = this.#files.get(id);
    if (file === undefined) throw new Error(`the emulator lost file ${id}`);
    return file;
  }

  add(file: NewFile): StoredFile {
    const nowMs = this.nowMs();
    const whole: StoredFile = {
      createdMs: nowMs,
      modifiedMs: nowMs,
      explicitlyTrashed: false,
      trashedMs: undefined,
      appProperties: {},
      properties: {},
      description: undefined,
      starred: false,
      shared: false,
      shortcutTarget: undefined,
      version: 1,
      revisions: [],
      lacks: [],
      isFlagged: false,
      placements: [],
      ...file,
    };
    return this.#put({ ...whole, placements: [placementOf(whole, nowMs)] });
  }

  /** Every change gives a new version and an entry among the changes. */
  change(id: string, changes: Partial<StoredFile>): StoredFile {
    const before = this.require(id);
    const after = { ...before, ...changes, version: before.version + 1 };
    const moved = after.name !== before.name || after.parent !== before.parent || after.explicitlyTrashed !== before.explicitlyTrashed;
    const placements = moved ? [...before.placements, placementOf(after, this.nowMs())].slice(-placementsMax) : before.placements;
    return this.#put({ ...after, placements });
  }

  async addRevision(id: string, revision: Revision): Promise<StoredFile> {
    const before = this.require(id);
    const all = [...before.revisions, revision];
    const kept = all.filter((other, index) => other.keepForever || index >= all.length - revisionsMax);
    await this.#drop(all.filter((other) => !kept.includes(other)));
    return this.change(id, { revisions: kept, mimeType: revision.mimeType, modifiedMs: revision.madeMs });
  }

  /** For good, with everything below. */
  async remove(id: string): Promise<void> {
    for (const child of this.childrenOf(id)) await this.remove(child.id);
    const file = this.#files.get(id);
    if (file === undefined) return;
    this.#files.delete(id);
    this.#count(file, -1);
    this.#ghosts.set(id, { file, goneMs: this.nowMs() });
    this.#note(file, true);
    await this.#drop(file.revisions);
  }

  /** In the trash itself or below something that is. */
  isTrashed(file: StoredFile): boolean {
    for (let at: StoredFile | undefined = file; at !== undefined; at = at.parent === undefined ? undefined : this.get(at.parent)) {
      if (at.explicitlyTrashed) return true;
    }
    return false;
  }

  /** How many folders lie above, the root of the drive not counted. */
  depthOf(file: StoredFile): number {
    let depth = 0;
    for (let at = file; at.parent !== undefined; at = this.require(at.parent)) depth++;
    return depth;
  }

  isBelow(file: StoredFile, ancestor: string): boolean {
    for (let at: StoredFile | undefined = file; at !== undefined; at = at.parent === undefined ? undefined : this.get(at.parent))
      if (at.id === ancestor) return true;
    return false;
  }

  /** Oldest first, each file once, at its last change. */
  changesFrom(sequence: number): [fileId: string, change: Change][] {
    return [...this.#changes.entries()].filter(([, change]) => change.sequence >= sequence).sort(([, a], [, b]) => a.sequence - b.sequence);
  }

  get nextSequence(): number {
    return this.#sequence;
  }

  /** Google empties the trash when it likes. */
  emptyTrashLater(owner: string, delayMs: number): void {
    const nowMs = this.nowMs();
    this.#emptying.push({ owner, orderedMs: nowMs, dueMs: nowMs + delayMs });
    this.#nextSweepMs = Math.min(this.#nextSweepMs, nowMs + delayMs);
  }

  /** What Google does by itself. Called before each request. */
  async sweep(): Promise<void> {
    const nowMs = this.nowMs();
    if (nowMs < this.#nextSweepMs) return;
    const due = this.#emptying.filter((order) => order.dueMs <= nowMs);
    const isDue = (file: StoredFile): boolean =>
      file.explicitlyTrashed &&
      ((file.trashedMs ?? 0) + graceMs <= nowMs ||
        due.some((order) => order.owner === file.owner && (file.trashedMs ?? 0) <= order.orderedMs));
    for (const file of [...this.#files.values()].filter(isDue)) await this.remove(file.id);
    for (const file of [...this.#files.values()].filter(({ revisions }) => revisions.length > 1)) await this.#forgetRevisions(file, nowMs);
    this.#emptying.splice(0, this.#emptying.length, ...this.#emptying.filter((order) => !due.includes(order)));
    this.#nextSweepMs = Math.min(nowMs + dayMs / 24, ...this.#emptying.map((order) => order.dueMs));
  }

  async #forgetRevisions(file: StoredFile, nowMs: number): Promise<void> {
    const kept = file.revisions.filter(
      (revision, index) => revision.keepForever || index === file.revisions.length - 1 || revision.madeMs + graceMs > nowMs,
    );
    if (kept.length === file.revisions.length) return;
    const gone = file.revisions.filter((revision) => !kept.includes(revision));
    this.#put({ ...file, revisions: kept });
    await this.#drop(gone);
  }

  async #drop(revisions: readonly Revision[]): Promise<void> {
    for (const { contentKey } of revisions) await this.contents.remove(contentKey);
  }

  #put(file: StoredFile): StoredFile {
    const before = this.#files.get(file.id);
    if (before !== undefined) this.#count(before, -1);
    this.#files.set(file.id, file);
    this.#count(file, 1);
    this.#note(file, false);
    return file;
  }

  #count(file: StoredFile, sign: 1 | -1): void {
    if (file.parent !== undefined) {
      const children = this.#children.get(file.parent) ?? new Set();
      if (sign === 1) this.#children.set(file.parent, children.add(file.id));
      else children.delete(file.id);
    }
    const sizeBytes = quotaBytesOf(file) * sign;
    if (file.owner !== undefined) this.#usedBytes.set(file.owner, this.usedBytes(file.owner) + sizeBytes);
    if (file.driveId !== undefined) this.#driveItems.set(file.driveId, this.itemsOfDrive(file.driveId) + sign);
  }

  #note({ id, owner, driveId, client, project }: StoredFile, removed: boolean): void {
    this.#changes.set(id, { sequence: this.#sequence++, atMs: this.nowMs(), removed, owner, driveId, client, project });
  }
}

/** The head and what is pinned count against the quota. */
export function quotaBytesOf({ revisions }: StoredFile): number {
  return revisions.reduce(
    (sum, revision, index) => sum + (revision.keepForever || index === revisions.length - 1 ? revision.sizeBytes : 0),
    0,
  );
}

export function headOf({ revisions }: StoredFile): Revision | undefined {
  return revisions.at(-1);
}

export function isFolder({ mimeType }: StoredFile): boolean {
  return mimeType === folderType;
}

function placementOf({ name, parent, explicitlyTrashed }: StoredFile, atMs: number): Placement {
  return { atMs, name, parent, explicitlyTrashed };
}
