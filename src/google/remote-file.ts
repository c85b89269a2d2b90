/** The kinds of files a repository has: the folders of restic's layout, and the one file `config` beside them. */
export type RepositoryFileKind = 'config' | 'keys' | 'locks' | 'snapshots' | 'index' | 'data';

/** A file of a repository. `name` is 64 lower-case hex digits (the SHA-256 of its bytes), or empty for `config`. */
export interface RepositoryFile {
  readonly kind: RepositoryFileKind;
  readonly name: string;
}

/** A file or folder on Drive, as one answer of the service described it. */
export interface DriveItem {
  readonly id: string;
  /** Anything: Drive allows slashes, dots, newlines, and the same name twice in one folder. Never a part of a local path. */
  readonly name: string;
  readonly mimeType: string;
  readonly isFolder: boolean;
  /** One, or none where the folder above is not visible to us. */
  readonly parents: readonly string[];
  /** Absent for folders and for what has no bytes of its own (shortcuts, documents). */
  readonly sizeBytes: number | undefined;
  /** Lower-case hex, of the bytes that Drive has. A few files, mainly old ones, have none. */
  readonly sha256: string | undefined;
  readonly md5: string | undefined;
  /** Changes when somebody replaces the content. */
  readonly headRevisionId: string | undefined;
  /** In the trash, itself or with a folder above it. */
  readonly trashed: boolean;
  /** RFC 3339, UTC, to the millisecond: sorts as text. */
  readonly createdTime: string;
  /** What the program that uploaded it noted of whose it is. Programs with another client id do not see it, and many files have none. */
  readonly mark: string | undefined;
  /** Which copying put it there: of two machines, or two clones of one repository, each has its own. */
  readonly origin?: string | undefined;
}

/** Something below a repository's folder on Drive. */
export interface RemoteFile extends DriveItem {
  /** Which file of the repository it is by name and place; undefined for what does not belong there. Several may claim one name. */
  readonly file: RepositoryFile | undefined;
  /** Inside the repository's folder, for people: `data/ab/ab12…`. Names of strangers as they are. */
  readonly path: string;
}

export const folderType = 'application/vnd.google-apps.folder';

const storedName = /^[0-9a-f]{64}$/;
const namedKinds = ['keys', 'locks', 'snapshots', 'index'] as const;

/** The folders from the repository's folder down, and the name in the last of them. */
export function placeOf({ kind, name }: RepositoryFile): { readonly folders: readonly string[]; readonly name: string } {
  if (kind === 'config') return { folders: [], name: 'config' };
  return kind === 'data' ? { folders: ['data', name.slice(0, 2)], name } : { folders: [kind], name };
}

/** The file of the repository that lies under `name` in `folders`; undefined for anything else. */
export function fileAt(folders: readonly string[], name: string): RepositoryFile | undefined {
  const [first, pair] = folders;
  if (folders.length === 0) return name === 'config' ? { kind: 'config', name: '' } : undefined;
  if (!storedName.test(name)) return undefined;
  if (first === 'data') return folders.length === 2 && pair === name.slice(0, 2) ? { kind: 'data', name } : undefined;
  const kind = namedKinds.find((other) => other === first);
  return kind !== undefined && folders.length === 1 ? { kind, name } : undefined;
}

/** `config`, `data/ab12…`: the key of a file in journals and caches. */
export function labelOf({ kind, name }: RepositoryFile): string {
  return kind === 'config' ? 'config' : `${kind}/${name}`;
}

/**
 * The one to use among several of one name: that whose SHA-256 agrees with the name, and of those the oldest. Two programs that copy at the
 * same time, or an answer that was lost, leave doubles; Drive itself never refuses a name.
 */
export function bestOf<T extends DriveItem>(items: readonly T[]): T | undefined {
  return items.toSorted((a, b) => agreement(b) - agreement(a) || olderFirst(a, b))[0];
}

/** The order in which Drive made them; the id decides between equal times, so that every program chooses the same. */
export function olderFirst(a: DriveItem, b: DriveItem): number {
  return compareTexts(a.createdTime, b.createdTime) || compareTexts(a.id, b.id);
}

/** 2: proved by its checksum. 1: without a checksum. 0: other bytes than the name says. */
function agreement({ name, sha256 }: DriveItem): number {
  if (sha256 === undefined) return 1;
  return sha256 === name ? 2 : 0;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
