import { listEntries } from '../browse/index.ts';
import { chainOfHistoryPath, type HistoryPlace, type KeptFile } from '../offsite/index.ts';
import { bytesOf, l10n, rawTextOf, textOf } from '../platform/index.ts';
import { anchorsOfTags, parseAnchorTag, type Anchor } from '../records/index.ts';
import { isRecordsSnapshot, listReadableSnapshots, type Repository, type StoredSnapshot, type TreeId } from '../repository/index.ts';
import { dumpFile } from '../restore/index.ts';
import { openIndex } from './snapshot-path.ts';

interface FoundFile {
  readonly tree: TreeId;
  /** In the snapshot, as `findNode` takes it. */
  readonly path: string;
  /** `records-<chain>/head.json` */
  readonly name: string;
  readonly file: KeptFile;
}

/** The histories that lie in snapshots of a repository: of each history that a machine puts there the newest state. It is only read. */
export class SnapshotHistory implements Omit<HistoryPlace, 'write' | 'remove'> {
  readonly location: string;
  readonly #repository: Repository;
  readonly #files: ReadonlyMap<string, FoundFile>;
  readonly #snapshots: readonly StoredSnapshot[];

  private constructor(
    repository: Repository,
    location: string,
    { files, snapshots }: { readonly files: ReadonlyMap<string, FoundFile>; readonly snapshots: readonly StoredSnapshot[] },
  ) {
    this.#repository = repository;
    this.location = location;
    this.#files = files;
    this.#snapshots = snapshots;
  }

  /** @throws `repository.damaged`, the storage's errors */
  static async open(repository: Repository, location: string, signal: AbortSignal): Promise<SnapshotHistory> {
    const snapshots = await listReadableSnapshots(repository, () => undefined, signal);
    const newest = newestOfEach(snapshots.filter(isRecordsSnapshot));
    await openIndex(repository, newest, signal, () => undefined);
    const files = new Map<string, FoundFile>();
    for (const { id, snapshot } of newest)
      for (const found of await filesOf(repository, id, snapshot.tree, signal)) files.set(found.file.id, found);
    return new SnapshotHistory(repository, location, { files, snapshots });
  }

  async folders(): Promise<readonly string[]> {
    return [...new Set([...this.#files.values()].map(({ name }) => name.slice(0, name.indexOf('/'))))];
  }

  async list(folder: string): Promise<readonly KeptFile[]> {
    return [...this.#files.values()].flatMap(({ name, file }) =>
      name.startsWith(`${folder}/`) ? [{ ...file, name: name.slice(folder.length + 1) }] : [],
    );
  }

  async read({ id, name }: KeptFile, signal: AbortSignal): Promise<Buffer> {
    const found = this.#files.get(id);
    if (found === undefined) throw new Error(`${name} was not listed`);
    const pieces: Uint8Array[] = [];
    for await (const piece of dumpFile(this.#repository, found.tree, found.path, signal)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** The heads that all snapshots there keep, those of backups, too. */
  get anchors(): readonly Anchor[] {
    return this.#snapshots.flatMap(({ id, snapshot: { tags, time, username, hostname } }) =>
      anchorsOfTags(tags, l10n.t('snapshot {0} of {1}', id.slice(0, 8), time.slice(0, 10)), `${username}@${hostname}`, id),
    );
  }
}

/** Oldest first. Of each history by itself: one that was begun anew on the same machine does not hide the one before it. */
function newestOfEach(snapshots: readonly StoredSnapshot[]): readonly StoredSnapshot[] {
  const newest = new Map<string, StoredSnapshot>();
  for (const stored of snapshots) {
    const { hostname, paths, tags } = stored.snapshot;
    const chains = tags.flatMap((tag) => parseAnchorTag(tag)?.chain ?? []);
    newest.set(JSON.stringify([hostname, paths, chains]), stored);
  }
  return [...newest.values()].toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
}

/** What lies in a folder with the name of a history, wherever that lies: the path before it is that of another machine. */
async function filesOf(repository: Repository, id: string, tree: TreeId, signal: AbortSignal): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  for await (const { path, node } of listEntries(repository, tree, { recursive: true, signal })) {
    if (node.type !== 'file') continue;
    const text = textOf(path);
    const at = text.lastIndexOf('/records-');
    const name = text.slice(at + 1);
    if (at < 0 || chainOfHistoryPath(name) === undefined || !name.includes('/')) continue;
    const file = { id: `${id}:${text}`, name, sizeBytes: Number(node.size ?? 0), sha256: undefined };
    files.push({ tree, path: rawTextOf(bytesOf(path)), name, file });
  }
  return files;
}
