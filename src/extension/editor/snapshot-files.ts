import * as vscode from 'vscode';
import { HostError } from '../../host/index.ts';
import { protocol, type EntryInfo, type EntryParams } from '../../service/index.ts';
import { bytesOf, l10n } from '../../platform/index.ts';
import type { Engine } from '../engine.ts';
import { snapshotScheme } from '../manifest/contributions.ts';
import { textOfBytes } from '../presentation/byte-paths.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { entryOfUri } from '../presentation/snapshot-uri.ts';
import { instantOf } from '../presentation/instants.ts';
import type { Repositories } from '../models/repositories.ts';

/** The editor takes a file whole and refuses to share larger ones with extensions. */
export const fileBytesMax = 50 * 1024 * 1024;
const pageSize = 5_000;
const statsMax = 20_000;

/** Snapshots as a read-only file system: `cadangan://<snapshot>.<repository>/<path>`. What it shows never changes. */
export class SnapshotFiles implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #engine: Engine;
  readonly #repositories: Repositories;
  readonly #registration: vscode.Disposable;
  readonly #stats = new Map<string, vscode.FileStat>();
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  constructor(engine: Engine, repositories: Repositories) {
    this.#engine = engine;
    this.#repositories = repositories;
    const reason = new vscode.MarkdownString(l10n.t('This file is in a backup and cannot be changed. Restore it to work with it.'));
    this.#registration = vscode.workspace.registerFileSystemProvider(snapshotScheme, this, { isCaseSensitive: true, isReadonly: reason });
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const known = this.#stats.get(keyOf(uri));
    if (known !== undefined) return known;
    const params = await this.#params(uri);
    // The root of a snapshot has no entry of its own.
    const stat =
      params.path === '/'
        ? { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 }
        : statOf(await this.#ask(uri, () => this.#engine.request(protocol.statEntry, params)));
    this.#remember(keyOf(uri), stat);
    return stat;
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const params = await this.#params(uri);
    const entries: [string, vscode.FileType][] = [];
    for (let total = 1; entries.length < total;) {
      const page = await this.#ask(uri, () =>
        this.#engine.request(protocol.listFolder, { ...params, offset: entries.length, limit: pageSize }),
      );
      for (const entry of page.entries) {
        const name = textOfBytes(entry.name);
        entries.push([name, typeOf(entry)]);
        this.#remember(keyOf(uri.with({ path: `${uri.path.replace(/\/$/, '')}/${name}` })), statOf(entry));
      }
      total = page.entries.length === 0 ? 0 : page.total;
    }
    return entries;
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const params = await this.#params(uri);
    const stat = await this.stat(uri);
    if (stat.type === vscode.FileType.Directory) throw vscode.FileSystemError.FileIsADirectory(uri);
    if (stat.type === vscode.FileType.SymbolicLink) return this.#linkTarget(uri, params);
    return this.#ask(uri, () => this.#engine.request(protocol.readFile, { ...params, maxBytes: fileBytesMax }));
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  /** Links are not followed: a snapshot may lead anywhere. Opened, one shows where it points to. */
  async #linkTarget(uri: vscode.Uri, params: EntryParams): Promise<Uint8Array> {
    const { linkTarget = '', linkTargetBytes } = await this.#ask(uri, () => this.#engine.request(protocol.statEntry, params));
    return linkTargetBytes === undefined ? new TextEncoder().encode(linkTarget) : bytesOf(linkTargetBytes);
  }

  async #params(uri: vscode.Uri): Promise<EntryParams> {
    const entry = entryOfUri(uri);
    const location = entry === undefined ? undefined : await this.#repositories.locationOf(entry.repositoryId, entry.place);
    if (entry === undefined || location === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return { location, snapshot: entry.snapshotId, path: entry.path };
  }

  async #ask<Result>(uri: vscode.Uri, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      if (error.code === 'path.not-found' || error.code === 'snapshot.not-found') throw vscode.FileSystemError.FileNotFound(uri);
      throw vscode.FileSystemError.Unavailable(errorMessage(error.data));
    }
  }

  #remember(key: string, stat: vscode.FileStat): void {
    if (this.#stats.size >= statsMax) this.#stats.clear();
    this.#stats.set(key, stat);
  }
}

/** The query is for people, and the same file has another one in another language. */
function keyOf({ authority, path }: vscode.Uri): string {
  return `${authority}${path}`;
}

function typeOf({ type }: EntryInfo): vscode.FileType {
  switch (type) {
    case 'dir':
      return vscode.FileType.Directory;
    case 'file':
      return vscode.FileType.File;
    case 'symlink':
      return vscode.FileType.SymbolicLink;
    default:
      return vscode.FileType.Unknown;
  }
}

function statOf(entry: EntryInfo): vscode.FileStat {
  const ms = (time: string) => Number(instantOf(time) / 1_000_000n);
  return { type: typeOf(entry), ctime: ms(entry.ctime), mtime: ms(entry.mtime), size: entry.size };
}
