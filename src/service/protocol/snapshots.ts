import * as z from 'zod';
import { isByteString, type ByteString } from '../../platform/index.ts';
import { read } from '../procedure.ts';
import { bytePath, bytes as fileBytes, offset, ofRepository, pageEntriesMax, snapshotId, text } from './bounds.ts';

export type SnapshotInfo = z.infer<typeof snapshotInfo>;
export type EntryInfo = z.infer<typeof entryInfo>;
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
  linkTarget: z.string().exactOptional(),
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
export const fileVersions = read('snapshots/versions', {
  members: 'read-snapshots',
  params: ofRepository.extend({ path: bytePath }),
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
  params: ofRepository.extend({ pattern: text, limit: z.int().min(1).max(pageEntriesMax) }),
  result: z.array(z.object({ snapshot: snapshotInfo, path: bytes, entry: entryInfo })).readonly(),
});
