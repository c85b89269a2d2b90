import * as z from 'zod';
import { isByteString, type ByteString } from '../../platform/index.ts';
import { change, read } from '../procedure.ts';
import { bytePath, bytes as fileBytes, line, offset, ofRepository, pageEntriesMax, protection, snapshotId, text } from './bounds.ts';

export type SnapshotInfo = z.infer<typeof snapshotInfo>;
export type EntryInfo = z.infer<typeof entryInfo>;
export type SnapshotLock = z.infer<typeof snapshotLock.result>;
export type EntryParams = z.infer<typeof statEntry.params>;
export type FolderPage = z.infer<typeof listFolder.result>;
export type VersionInfo = z.infer<typeof fileVersions.result>[number];
export type CompareParams = z.infer<typeof compareSnapshots.params>;
export type CompareResult = z.infer<typeof compareSnapshots.result>;
export type FoundEntry = z.infer<typeof findEntries.result>[number];

/** Two of them at a time must fit into memory. */
const fileBytesMax = 512 * 1024 * 1024;

/** More would only hold up what else goes over the channel. */
const partBytesMax = 16 * 1024 * 1024;

const bytes = z.custom<ByteString>((value) => typeof value === 'string' && isByteString(value), 'a byte string is wanted');

/** Looks into these snapshots only, and counts no other. Default: into all. */
const among = z.array(snapshotId).readonly().exactOptional();

const snapshotInfo = z.object({
  id: z.string(),
  time: z.string(),
  host: z.string(),
  user: z.string(),
  paths: z.array(z.string()).readonly(),
  tags: z.array(z.string()).readonly(),
  bytesAdded: z.number().exactOptional(),
  files: z.number().exactOptional(),
  bytes: z.number().exactOptional(),
  /** It is no backup: the records lie in it, on their way to a copy. */
  isRecords: z.literal(true).exactOptional(),
  /** What keeps it from being removed, if something does today. */
  protection: protection.exactOptional(),
});

const entryInfo = z.object({
  name: bytes,
  /** The name for people. */
  label: z.string(),
  type: z.string(),
  size: z.number(),
  mtime: z.string(),
  ctime: z.string(),
  mode: z.number(),
  user: z.string(),
  /** Of a symbolic link, for people. */
  linkTarget: z.string().exactOptional(),
  /** As it is: it need not be text. An older service does not tell it. */
  linkTargetBytes: bytes.exactOptional(),
});

/**
 * Of a page only the names are looked at: all fields of 10,000 entries cost 55 ms the first time and 14 later, as much as it takes to send
 * them; the names 8 and less.
 */
const entryOfPage = z.custom<EntryInfo>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    isByteString(value.name) &&
    'label' in value &&
    typeof value.label === 'string',
  'an entry of a folder is wanted',
);

const entryParams = ofRepository.extend({ snapshot: snapshotId, path: bytePath });

export const listSnapshots = read('snapshots/list', {
  members: 'read-snapshots',
  params: ofRepository,
  result: z.array(snapshotInfo).readonly(),
});
/**
 * Whether the storage itself keeps the snapshot from being removed (object lock): `until` then (RFC 3339), or while somebody holds it
 * without an end. A question to the storage for each snapshot, so nobody asks it for a whole list.
 */
export const snapshotLock = read('snapshots/lock', {
  members: 'read-snapshots',
  params: ofRepository.extend({ snapshot: snapshotId }),
  result: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('free') }),
    z.object({ kind: z.literal('locked'), until: z.string() }),
    z.object({ kind: z.literal('legal-hold') }),
  ]),
});
/** One folder of a snapshot, a page at a time. */
export const listFolder = read('snapshots/folder', {
  members: 'read-snapshots',
  params: entryParams.extend({ offset, limit: z.int().min(1).max(pageEntriesMax) }),
  result: z.object({ entries: z.array(entryOfPage).readonly(), total: z.number() }),
});
export const statEntry = read('snapshots/stat', { members: 'read-snapshots', params: entryParams, result: entryInfo });
/** A file's bytes, proven. @throws `file.too-large` beyond `maxBytes` */
export const readFile = read('snapshots/read', {
  members: 'read-snapshots',
  params: entryParams.extend({ maxBytes: z.int().min(0).max(fileBytesMax) }),
  result: fileBytes,
});
/** A piece of a file, from this byte on: for whoever writes it down piece by piece. `size`: of the whole. */
export const readFilePart = read('snapshots/read-part', {
  members: 'read-snapshots',
  params: entryParams.extend({ from: z.int().min(0), maxBytes: z.int().min(1).max(partBytesMax) }),
  result: z.object({ bytes: fileBytes, size: z.number() }),
});
/**
 * What a command has written down of a snapshot, or given to its standard output: for the record, which the service keeps. Who did it, the
 * service knows; what became of it, the command says.
 */
export const noteTaken = change('snapshots/taken', {
  members: 'read-snapshots',
  params: ofRepository.extend({
    set: text,
    snapshot: snapshotId,
    job: z.enum(['restore', 'dump']),
    /** In the snapshot; `/` is all of it. */
    folder: bytePath,
    /** Paths in it; empty for everything. */
    chosen: z.array(text).max(1000).readonly(),
    /** An absolute folder; missing for standard output. */
    target: text.exactOptional(),
    request: line.exactOptional(),
    started: z.iso.datetime({ offset: true }),
    outcome: z.enum(['success', 'success-with-exceptions', 'failed', 'stopped']),
    files: z.int().min(0),
    bytes: z.int().min(0),
    /** The first ones; `exceptionCount` counts all. */
    exceptions: z
      .array(z.object({ item: text, kind: text, reason: line }))
      .max(1000)
      .readonly(),
    exceptionCount: z.int().min(0),
  }),
});
export const fileVersions = read('snapshots/versions', {
  members: 'read-snapshots',
  params: ofRepository.extend({ path: bytePath, among }),
  /** `alsoIn`: other snapshots with the same content. */
  result: z.array(z.object({ snapshot: snapshotInfo, entry: entryInfo, alsoIn: z.array(z.string()).readonly() })).readonly(),
});
export const compareSnapshots = read('snapshots/compare', {
  members: 'read-snapshots',
  params: ofRepository.extend({ older: snapshotId, newer: snapshotId, maxChanges: z.int().min(1).max(100_000) }),
  result: z.object({
    /** `label`: the path for people. */
    changes: z.array(z.object({ path: bytes, label: z.string(), modifier: z.string() })).readonly(),
    isComplete: z.boolean(),
  }),
});
export const findEntries = read('snapshots/find', {
  members: 'read-snapshots',
  params: ofRepository.extend({ pattern: text, limit: z.int().min(1).max(pageEntriesMax), among }),
  result: z.array(z.object({ snapshot: snapshotInfo, path: bytes, entry: entryInfo })).readonly(),
});
