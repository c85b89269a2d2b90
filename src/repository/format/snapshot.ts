import { damaged } from './damaged.ts';
import type { JsonValue } from './go-json.ts';
import { formatExact } from './go-json.ts';
import type { SnapshotId, TreeId } from './ids.ts';
import { parseBlobId, parseSnapshotId } from './ids.ts';
import { JsonFields } from './json-fields.ts';
import type { UnknownFields } from './node.ts';
import type { SnapshotSummary } from './snapshot-summary.ts';
import { formatSummary, parseSummary } from './snapshot-summary.ts';

/** Fields that the JSON leaves out when zero or empty have their zero here; what may truly be missing is optional. */
export interface Snapshot {
  /** RFC 3339 with nanoseconds, the text exactly as in the JSON. */
  readonly time: string;
  readonly parent?: SnapshotId;
  readonly tree: TreeId;
  /** Absolute, as the source system writes them. */
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  /** The snapshot that this one replaces, set by the first change of tags or trees and then kept. */
  readonly original?: SnapshotId;
  readonly programVersion?: string;
  readonly summary?: SnapshotSummary;
  /** Written back after the known fields. */
  readonly unknown?: UnknownFields;
}

/** @param bytes the JSON of a snapshot file @throws `repository.damaged` */
export function parseSnapshot(bytes: Uint8Array): Snapshot {
  const fields = JsonFields.parse('snapshot', bytes);
  if (!fields.has('tree')) throw damaged('snapshot', 'it names no tree');
  const summary = parseSummary(fields.raw('summary'));
  const unknown = fields.unknown(summary ? knownFields : knownButSummary);
  return {
    time: fields.time('time'),
    ...(fields.has('parent') && { parent: parseSnapshotId(fields.raw('parent')) }),
    tree: parseBlobId(fields.raw('tree')),
    paths: fields.texts('paths'),
    hostname: fields.text('hostname'),
    username: fields.text('username'),
    uid: fields.integer('uid', 0xffff_ffff),
    gid: fields.integer('gid', 0xffff_ffff),
    excludes: fields.texts('excludes'),
    tags: fields.texts('tags'),
    ...(fields.has('original') && { original: parseSnapshotId(fields.raw('original')) }),
    ...(fields.text('program_version') !== '' && { programVersion: fields.text('program_version') }),
    ...(summary && { summary }),
    ...(unknown && { unknown }),
  };
}

/** The JSON of a snapshot file, fields in restic's order. */
export function serializeSnapshot(snapshot: Snapshot): Uint8Array {
  const known: Array<readonly [string, JsonValue | undefined]> = [
    ['time', snapshot.time],
    ['parent', snapshot.parent],
    ['tree', snapshot.tree],
    ['paths', snapshot.paths],
    ['hostname', snapshot.hostname || undefined],
    ['username', snapshot.username || undefined],
    ['uid', snapshot.uid || undefined],
    ['gid', snapshot.gid || undefined],
    ['excludes', orUndefined(snapshot.excludes)],
    ['tags', orUndefined(snapshot.tags)],
    ['original', snapshot.original],
    ['program_version', snapshot.programVersion || undefined],
    ['summary', snapshot.summary && formatSummary(snapshot.summary)],
  ];
  const present = known.filter((field): field is readonly [string, JsonValue] => field[1] !== undefined);
  return Buffer.from(formatExact(Object.fromEntries([...present, ...(snapshot.unknown ?? [])])));
}

const knownFields: ReadonlySet<string> = new Set([
  'time',
  'parent',
  'tree',
  'paths',
  'hostname',
  'username',
  'uid',
  'gid',
  'excludes',
  'tags',
  'original',
  'program_version',
  'summary',
]);
/** A summary that we cannot read must neither hide the snapshot nor get lost. */
const knownButSummary: ReadonlySet<string> = new Set([...knownFields].filter((key) => key !== 'summary'));

function orUndefined(list: readonly string[]): readonly string[] | undefined {
  return list.length > 0 ? list : undefined;
}
