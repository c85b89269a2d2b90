import { missingScope, noPermission, notFound } from './errors.ts';
import type { Pass, StoredFile } from './model.ts';
import type { DriveRole, SharedDriveOptions } from './options.ts';
import type { Store } from './store.ts';

const prefix = 'https://www.googleapis.com/auth/';
export const scopes = {
  file: `${prefix}drive.file`,
  all: `${prefix}drive`,
  readOnly: `${prefix}drive.readonly`,
  metadata: `${prefix}drive.metadata.readonly`,
  appData: `${prefix}drive.appdata`,
} as const;

const readers: readonly string[] = Object.values(scopes);
const writers: readonly string[] = [scopes.file, scopes.all];

/** Who asks, with which program. */
export type Caller = Pick<Pass, 'account' | 'client' | 'project' | 'scopes'>;

/** What a caller may see and do. Whatever he may not see does not exist: 404, not 403. */
export class Access {
  readonly #store: Store;
  readonly #drives: readonly SharedDriveOptions[];
  readonly #projectShares: boolean;

  constructor(store: Store, drives: readonly SharedDriveOptions[], projectShares: boolean) {
    this.#store = store;
    this.#drives = drives;
    this.#projectShares = projectShares;
  }

  requireScope(caller: Caller, use: 'read' | 'write'): void {
    const needed = use === 'read' ? readers : writers;
    if (!caller.scopes.some((scope) => needed.includes(scope))) throw missingScope();
  }

  rolesOf(drive: SharedDriveOptions, account: string): DriveRole | undefined {
    return drive.members[account];
  }

  drivesOf(account: string): readonly SharedDriveOptions[] {
    return this.#drives.filter((drive) => drive.members[account] !== undefined);
  }

  canSee(
    caller: Caller,
    file: Pick<StoredFile, 'owner' | 'driveId' | 'client' | 'project' | 'parent' | 'sharedWith'>,
    isSharedDriveAware: boolean,
  ): boolean {
    if (!this.#canAccountSee(caller.account, file, isSharedDriveAware)) return false;
    if (caller.scopes.some((scope) => scope === scopes.all || scope === scopes.readOnly || scope === scopes.metadata)) return true;
    if (file.parent === undefined) return file.driveId !== undefined; // under drive.file the root of My Drive has no face, as rclone found
    return this.isOwn(caller, file);
  }

  /** Made by this program: what `drive.file` is about. */
  isOwn(caller: Caller, file: Pick<StoredFile, 'client' | 'project'>): boolean {
    return file.client === caller.client || (this.#projectShares && file.project !== undefined && file.project === caller.project);
  }

  /** @throws 404, also for what exists but not for this caller. */
  file(caller: Caller, id: string, isSharedDriveAware: boolean): StoredFile {
    const file = this.#store.get(id === 'root' ? this.rootOf(caller.account) : id);
    if (file === undefined || !this.canSee(caller, file, isSharedDriveAware)) throw notFound(id);
    return file;
  }

  /** The folder that a new or moved file goes into. The root takes files of every program. */
  parent(caller: Caller, id: string, isSharedDriveAware: boolean): StoredFile {
    const root = this.rootOf(caller.account);
    const file = id === 'root' || id === root ? this.#store.require(root) : this.file(caller, id, isSharedDriveAware);
    this.requireRole(caller, file, ['organizer', 'fileOrganizer', 'writer']);
    return file;
  }

  /** @throws 403 for a member of a shared drive whose role is none of `roles`. */
  requireRole(caller: Caller, file: StoredFile, roles: readonly DriveRole[]): void {
    if (file.driveId === undefined) return;
    const role = this.#drives.find(({ id }) => id === file.driveId)?.members[caller.account];
    if (role === undefined || !roles.includes(role)) throw noPermission();
  }

  /** Made when first needed. */
  rootOf(account: string): string {
    for (const file of this.#roots()) if (file.owner === account) return file.id;
    const { id } = this.#store.add({
      id: this.#store.ids.root(),
      name: 'My Drive',
      mimeType: 'application/vnd.google-apps.folder',
      parent: undefined,
      owner: account,
      driveId: undefined,
      client: undefined,
      project: undefined,
    });
    this.#rootIds.add(id);
    return id;
  }

  readonly #rootIds = new Set<string>();
  #wasSearched = false;

  #roots(): readonly StoredFile[] {
    if (!this.#wasSearched) for (const file of this.#store.all()) if (file.parent === undefined) this.#rootIds.add(file.id);
    this.#wasSearched = true;
    return [...this.#rootIds].map((id) => this.#store.require(id));
  }

  #canAccountSee(
    account: string,
    file: Pick<StoredFile, 'owner' | 'driveId' | 'parent' | 'sharedWith'>,
    isSharedDriveAware: boolean,
  ): boolean {
    if (file.driveId === undefined) return this.#isReached(account, file);
    return isSharedDriveAware && this.drivesOf(account).some(({ id }) => id === file.driveId);
  }

  /** It, or a folder above it, is the account's, or was shared with it. */
  #isReached(account: string, start: Pick<StoredFile, 'owner' | 'parent' | 'sharedWith'>): boolean {
    for (let file: typeof start | undefined = start; file !== undefined;) {
      if (file.owner === account || file.sharedWith?.includes(account) === true) return true;
      file = file.parent === undefined ? undefined : this.#store.get(file.parent);
    }
    return false;
  }
}
