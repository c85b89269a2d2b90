/** What the emulator remembers. All times are milliseconds since 1970, all of it can be written as JSON. */

export const folderType = 'application/vnd.google-apps.folder';
export const shortcutType = 'application/vnd.google-apps.shortcut';

export interface Revision {
  readonly id: string;
  /** Names the bytes in `Contents`. */
  readonly contentKey: string;
  readonly sizeBytes: number;
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly mimeType: string;
  readonly madeMs: number;
  readonly keepForever: boolean;
}

/** Where a file stood from `atMs` on, for lists that come late. */
export interface Placement {
  readonly atMs: number;
  readonly name: string;
  readonly parent: string | undefined;
  readonly explicitlyTrashed: boolean;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly mimeType: string;
  /** Absent for the root of a drive. */
  readonly parent: string | undefined;
  /** E-mail of the owner; files of a shared drive belong to nobody. */
  readonly owner: string | undefined;
  readonly driveId: string | undefined;
  /** The program that made it. Undefined: made on the web page. */
  readonly client: string | undefined;
  readonly project: string | undefined;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly explicitlyTrashed: boolean;
  readonly trashedMs: number | undefined;
  /** By program, then by key. */
  readonly appProperties: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly properties: Readonly<Record<string, string>>;
  readonly description: string | undefined;
  readonly starred: boolean;
  readonly shared: boolean;
  /** Whom the owner gave it to, as editors, with all that lies below. */
  readonly sharedWith?: readonly string[];
  readonly shortcutTarget: string | undefined;
  readonly version: number;
  /** Oldest first; the last is the head. Empty for folders and shortcuts. */
  readonly revisions: readonly Revision[];
  /** Fields that answers leave out, until a time (or for ever). */
  readonly lacks: readonly { readonly field: string; readonly untilMs: number | null }[];
  /** Downloads are refused as abusive unless the caller says that he knows. */
  readonly isFlagged: boolean;
  /** Newest last; the first tells when it was made. */
  readonly placements: readonly Placement[];
}

/** An upload under way. Its key, the upload id, is all the right one needs to go on. */
export interface UploadSession {
  readonly openedMs: number;
  readonly client: string;
  readonly project: string;
  readonly account: string;
  readonly scopes: readonly string[];
  /** Undefined until known: then no announcement and no final piece came yet. */
  readonly totalBytes: number | undefined;
  readonly contentKey: string;
  readonly keptBytes: number;
  /** Set for new content of an existing file. */
  readonly targetId: string | undefined;
  readonly metadata: FileMetadata;
  readonly contentType: string | undefined;
  readonly fields: string | undefined;
  readonly isSharedDriveAware: boolean;
  /** The file that came of it. */
  readonly finishedId: string | undefined;
}

/** What a caller may write, checked. */
export interface FileMetadata {
  readonly id?: string;
  readonly name?: string;
  readonly mimeType?: string;
  readonly parents?: readonly string[];
  readonly createdTime?: string;
  readonly modifiedTime?: string;
  readonly trashed?: boolean;
  readonly starred?: boolean;
  readonly description?: string;
  readonly appProperties?: Readonly<Record<string, string | null>>;
  readonly properties?: Readonly<Record<string, string | null>>;
  readonly shortcutDetails?: { readonly targetId?: string };
}

export interface Change {
  readonly sequence: number;
  readonly atMs: number;
  readonly removed: boolean;
  readonly owner: string | undefined;
  readonly driveId: string | undefined;
  readonly client: string | undefined;
  readonly project: string | undefined;
}

/** A refresh token. */
export interface Grant {
  readonly account: string;
  readonly client: string;
  readonly project: string;
  readonly scopes: readonly string[];
  readonly madeMs: number;
  readonly usedMs: number;
  /** Null: no end in sight. */
  readonly expiresMs: number | null;
}

/** An access token. */
export interface Pass {
  readonly account: string;
  readonly client: string;
  readonly project: string;
  readonly scopes: readonly string[];
  readonly expiresMs: number;
  /** The refresh token it came of; ends with it. */
  readonly grant: string | undefined;
}
