import type { JsonObject, JsonValue } from './go-json.ts';
import { isJsonObject } from './go-json.ts';
import type { UnknownFields } from './node.ts';
import { isTimestamp } from './timestamp.ts';

/** What a run did (restic 0.17 and later write it). Sizes in bytes. */
export interface SnapshotSummary {
  /** RFC 3339 with nanoseconds. */
  readonly backupStart: string;
  readonly backupEnd: string;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Before compression. */
  readonly dataAdded: number;
  /** As stored in packs. */
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
  /** Written back after the known fields. */
  readonly unknown?: UnknownFields;
}

/** Undefined when there is none, or one that we cannot read: the caller keeps that as an unknown field. */
export function parseSummary(json: JsonValue | undefined): SnapshotSummary | undefined {
  if (!isJsonObject(json)) return undefined;
  const { backup_start: backupStart, backup_end: backupEnd, ...rest } = json;
  if (!isTime(backupStart) || !isTime(backupEnd)) return undefined;
  const counts = countFields.map(([name, key]) => [name, rest[key] ?? 0] as const);
  if (!counts.every(([, value]) => isCount(value))) return undefined;
  const unknown = Object.entries(rest).filter(([key]) => !countKeys.has(key));
  return { backupStart, backupEnd, ...(Object.fromEntries(counts) as Counts), ...(unknown.length > 0 && { unknown }) };
}

/** In restic's order. */
export function formatSummary(summary: SnapshotSummary): JsonObject {
  const counts = Object.fromEntries(countFields.map(([name, key]) => [key, summary[name]]));
  return { backup_start: summary.backupStart, backup_end: summary.backupEnd, ...counts, ...Object.fromEntries(summary.unknown ?? []) };
}

type Counts = Omit<SnapshotSummary, 'backupStart' | 'backupEnd' | 'unknown'>;

const countFields: ReadonlyArray<readonly [name: keyof Counts, key: string]> = [
  ['filesNew', 'files_new'],
  ['filesChanged', 'files_changed'],
  ['filesUnmodified', 'files_unmodified'],
  ['dirsNew', 'dirs_new'],
  ['dirsChanged', 'dirs_changed'],
  ['dirsUnmodified', 'dirs_unmodified'],
  ['dataBlobs', 'data_blobs'],
  ['treeBlobs', 'tree_blobs'],
  ['dataAdded', 'data_added'],
  ['dataAddedPacked', 'data_added_packed'],
  ['totalFilesProcessed', 'total_files_processed'],
  ['totalBytesProcessed', 'total_bytes_processed'],
];

const countKeys: ReadonlySet<string> = new Set(countFields.map(([, key]) => key));

function isCount(value: JsonValue): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTime(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && isTimestamp(value);
}
