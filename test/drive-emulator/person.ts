import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { folderType, shortcutType, type Revision, type StoredFile } from './model.ts';
import type { Services } from './services.ts';
import { headOf, isFolder } from './store.ts';

export interface Planted {
  readonly name: string;
  /** Default: the root of My Drive. */
  readonly parent?: string;
  readonly bytes?: Uint8Array;
  readonly mimeType?: string;
  /** The program that made it; default: none, a person did on the web page. */
  readonly client?: string;
  readonly shortcutTo?: string;
}

/** What people do with an account in the browser, and what disks do by themselves. No request is counted for it. */
export class Person {
  readonly #services: Services;
  readonly email: string;

  constructor(services: Services, email: string) {
    this.#services = services;
    this.email = email;
  }

  /** All files and folders of the account, trash included, the root not. */
  files(): readonly StoredFile[] {
    return [...this.#services.store.all()].filter((file) => file.owner === this.email && file.parent !== undefined);
  }

  /** Everything of this path, below the root: names may be there twice. The trash counts not. */
  find(path: string): readonly StoredFile[] {
    const { store, access } = this.#services;
    const names = path.split('/').filter((name) => name !== '');
    return names.reduce<readonly StoredFile[]>(
      (found, name) => found.flatMap(({ id }) => store.childrenOf(id).filter((child) => child.name === name && !store.isTrashed(child))),
      [store.require(access.rootOf(this.email))],
    );
  }

  pathOf(id: string): string {
    const { store } = this.#services;
    const names: string[] = [];
    for (let at = store.require(id); at.parent !== undefined; at = store.require(at.parent)) names.unshift(at.name);
    return names.join('/');
  }

  async content(id: string): Promise<Buffer> {
    const head = this.#headOf(id);
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#services.contents.read(head.contentKey, 0, head.sizeBytes)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** A file or folder of somebody else's making. */
  async plant({
    name,
    parent,
    bytes = new Uint8Array(),
    mimeType = 'application/octet-stream',
    client,
    shortcutTo,
  }: Planted): Promise<StoredFile> {
    const { store, access, ids } = this.#services;
    const hasBytes = mimeType !== folderType && shortcutTo === undefined;
    const folder = store.require(parent ?? access.rootOf(this.email));
    return store.add({
      id: ids.file(),
      name,
      mimeType: shortcutTo === undefined ? mimeType : shortcutType,
      parent: folder.id,
      owner: folder.driveId === undefined ? this.email : undefined,
      driveId: folder.driveId,
      client,
      project: client,
      shortcutTarget: shortcutTo,
      revisions: hasBytes ? [await this.#revision(bytes, mimeType)] : [],
    });
  }

  /** A second file of the same name in the same folder. */
  async double(id: string, bytes?: Uint8Array): Promise<StoredFile> {
    const { store, ids } = this.#services;
    const file = store.require(id);
    const revisions = isFolder(file) ? [] : [await this.#revision(bytes ?? (await this.content(id)), file.mimeType)];
    return store.add({ ...file, id: ids.file(), revisions, createdMs: store.nowMs(), version: 1 });
  }

  trash(id: string): void {
    this.#services.store.change(id, { explicitlyTrashed: true, trashedMs: this.#services.store.nowMs() });
  }

  untrash(id: string): void {
    this.#services.store.change(id, { explicitlyTrashed: false, trashedMs: undefined });
  }

  async remove(id: string): Promise<void> {
    await this.#services.store.remove(id);
  }

  rename(id: string, name: string): void {
    this.#services.store.change(id, { name });
  }

  move(id: string, parent: string): void {
    this.#services.store.change(id, { parent });
  }

  /** @param emails whom with, as editors; they see it, and what lies below */
  share(id: string, ...emails: readonly string[]): void {
    this.#services.store.change(id, { shared: true, sharedWith: emails });
  }

  /** "Manage versions" on the web page: a new head revision under the same id. */
  async replaceContent(id: string, bytes: Uint8Array): Promise<void> {
    await this.#services.store.addRevision(id, await this.#revision(bytes, this.#services.store.require(id).mimeType));
  }

  /** A bit of what is stored turns; the checksums are as before, and nobody is told. */
  async rot(id: string, offset?: number): Promise<void> {
    const { contentKey, sizeBytes } = this.#headOf(id);
    await this.#services.contents.rot(contentKey, offset ?? this.#services.random.below(sizeBytes));
  }

  /** Google takes it for malware. */
  flag(id: string): void {
    this.#services.store.change(id, { isFlagged: true });
  }

  /** The file has no such fields any more, as old files lack SHA-256. */
  forget(id: string, ...fields: readonly string[]): void {
    this.#services.store.change(id, { lacks: fields.map((field) => ({ field, untilMs: null })) });
  }

  /** In the settings of the account: the program may no longer. */
  withdrawConsent(): void {
    this.#services.grants.revokeAll(this.email);
  }

  setLimit(limitBytes: number | null): void {
    const account = this.#services.accounts.get(this.email);
    this.#services.accounts.set(this.email, { ...account, email: this.email, limitBytes });
  }

  get usedBytes(): number {
    return this.#services.store.usedBytes(this.email);
  }

  /**
   * Writes what lies under a folder, as it is at this moment, to a folder of the machine, as an independent client would: of several
   * files of one name the newest wins, the trash stays out. Returns how many files. Names are taken as they are, so only for trees of ours.
   */
  async mirror(path: string, target: string): Promise<number> {
    const { contents } = this.#services;
    const files = this.find(path).flatMap((folder) => this.#below(folder, ''));
    const newest = new Map(files.sort(([, a], [, b]) => a.createdMs - b.createdMs));
    await mkdir(target, { recursive: true });
    for (const [relative, file] of newest) {
      const to = join(target, relative);
      await mkdir(isFolder(file) ? to : dirname(to), { recursive: true });
      const head = headOf(file);
      if (head !== undefined) await contents.export(head.contentKey, to);
    }
    return [...newest.values()].filter((file) => !isFolder(file)).length;
  }

  #below(folder: StoredFile, prefix: string): [path: string, file: StoredFile][] {
    const children = this.#services.store.childrenOf(folder.id).filter((child) => !child.explicitlyTrashed);
    return children.flatMap((child) => [
      [`${prefix}${child.name}`, child],
      ...(isFolder(child) ? this.#below(child, `${prefix}${child.name}/`) : []),
    ]);
  }

  #headOf(id: string): Revision {
    const head = headOf(this.#services.store.require(id));
    if (head === undefined) throw new Error(`${id} has no bytes`);
    return head;
  }

  async #revision(bytes: Uint8Array, mimeType: string): Promise<Revision> {
    const { ids, contents, store } = this.#services;
    const contentKey = ids.text(18);
    await contents.append(contentKey, bytes);
    const sum = (name: string): string => createHash(name).update(bytes).digest('hex');
    return {
      id: ids.revision(),
      contentKey,
      sizeBytes: bytes.length,
      mimeType,
      md5: sum('md5'),
      sha1: sum('sha1'),
      sha256: sum('sha256'),
      madeMs: store.nowMs(),
      keepForever: false,
    };
  }
}
