import type { DriveFolder, RemoteFile } from '../google/index.ts';
import type { HistoryPlace, KeptFile } from './history-place.ts';

/** By the end of the name; Google's page shows what it knows how to. */
const mimeTypes: readonly (readonly [string, string])[] = [
  ['.pdf', 'application/pdf'],
  ['.csv', 'text/csv'],
  ['.json', 'application/json'],
  ['.sealed', 'application/octet-stream'],
];

/** The history beside a copy on Google Drive. What is removed lies in the trash for 30 days. */
export class DriveHistory implements HistoryPlace {
  readonly location: string;
  readonly #folder: DriveFolder;
  readonly #items = new Map<string, RemoteFile>();

  constructor(folder: DriveFolder) {
    this.#folder = folder;
    this.location = folder.location;
  }

  folders(signal: AbortSignal): Promise<readonly string[]> {
    return this.#folder.listFolders(signal);
  }

  async list(folder: string, signal: AbortSignal): Promise<readonly KeptFile[]> {
    this.#folder.forget(); // another machine may have made the folder a moment ago
    const found = folder === '' ? await this.#folder.listBeside(signal) : await this.#folder.listBelow([folder], signal);
    for (const item of found) this.#items.set(item.id, item);
    // What has no size has no bytes either: a document of Google's own, a link.
    return found.flatMap(({ id, path, sizeBytes, sha256 }) => (sizeBytes === undefined ? [] : [{ id, name: path, sizeBytes, sha256 }]));
  }

  async read({ id, name, sizeBytes }: KeptFile, signal: AbortSignal): Promise<Buffer> {
    const item = this.#items.get(id);
    if (item === undefined) throw new Error(`${name} was not listed`);
    return Buffer.from(await this.#folder.readRange(item, 0, sizeBytes, { signal }));
  }

  async write(folder: string, name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const path = [...(folder === '' ? [] : [folder]), ...name.split('/')];
    const mimeType = mimeTypes.find(([end]) => name.endsWith(end))?.[1] ?? 'text/plain';
    await this.#folder.writeBeside(path.at(-1) ?? '', bytes, signal, { folders: path.slice(0, -1), mimeType });
  }

  async remove({ id }: KeptFile, signal: AbortSignal): Promise<void> {
    await this.#folder.trash(id, signal);
  }
}
