import assert from 'node:assert/strict';
import { damaged, shown } from './damaged.ts';
import type { JsonValue } from './go-json.ts';
import { isArray, isJsonObject, parseFast, textOfJson } from './go-json.ts';
import type { IndexId, PackId } from './ids.ts';
import { parseBlobId, parseIndexId, parsePackId } from './ids.ts';
import type { IndexVisitor } from './index-scanner.ts';
import type { PackedBlob } from './pack-header.ts';

/** The blobs of one pack. Their order says nothing: restic writes them as its hash table gives them. */
export interface IndexPack {
  readonly id: PackId;
  readonly blobs: readonly PackedBlob[];
}

/** A pack that no snapshot needed when a prune looked; it is removed when a day has passed, unless it is needed again. */
export interface WaitingPack {
  readonly id: PackId;
  /** RFC 3339; what cannot be read is as if it were now. */
  readonly since: string;
}

export interface IndexFile {
  readonly packs: readonly IndexPack[];
  /** Index files that this one replaces; only old versions wrote any. */
  readonly supersedes: readonly IndexId[];
  /** rustic's `packs_to_delete`, which restic does not know and does not read. */
  readonly waiting: readonly WaitingPack[];
}

/**
 * Reads an index of any age: the object of today, or the array of packs of restic before 0.1. Unknown fields are dropped.
 * @throws `repository.damaged`, also for offsets and lengths that are not whole numbers below 2^32
 */
export function parseIndexFile(bytes: Uint8Array): IndexFile {
  // Every number is checked to be a safe integer, so nothing that `JSON.parse` rounds gets through.
  const json = parseFast(textOfJson(bytes, 'index'), 'index');
  if (isArray(json)) return { packs: json.map(parsePack), supersedes: [], waiting: [] };
  if (!isJsonObject(json)) throw damaged('index', `it is ${shown(json)}`);
  return {
    packs: listOf(json['packs'], 'packs').map(parsePack),
    supersedes: listOf(json['supersedes'], 'supersedes').map(parseIndexId),
    waiting: listOf(json['packs_to_delete'], 'packs_to_delete').map(parseWaiting),
  };
}

/** Hands over an index file that was read as a whole. */
export function visitIndexFile(file: Pick<IndexFile, 'packs'>, visitor: IndexVisitor): void {
  for (const pack of file.packs) {
    visitor.pack(pack.id);
    for (const { type, id, offset, length, uncompressedLength } of pack.blobs)
      visitor.blob(type, Buffer.from(id, 'hex'), offset, length, uncompressedLength);
  }
}

/** The JSON of an index file, as restic writes it. */
export function serializeIndexFile(packs: readonly IndexPack[]): Uint8Array {
  return indexFromSerializedPacks(packs.map(serializeIndexPack));
}

/** One pack of an index as JSON, for callers that collect an index pack by pack. */
export function serializeIndexPack(pack: IndexPack): string {
  return `{"id":"${pack.id}","blobs":[${pack.blobs.map(blobJson).join(',')}]}`;
}

/** Joins what `serializeIndexPack` gave. */
export function indexFromSerializedPacks(parts: readonly string[]): Uint8Array {
  return Buffer.from(`{"packs":[${parts.join(',')}]}\n`);
}

/**
 * The JSON of an index file that names packs which wait for their removal, and no others: whoever does not know the field reads an empty
 * index. Their blobs are not named, since the packs themselves do that.
 */
export function serializeWaitingPacks(waiting: readonly WaitingPack[]): Uint8Array {
  const parts = waiting.map(({ id, since }) => JSON.stringify({ id, time: since, blobs: [] }));
  return Buffer.from(`{"packs":[],"packs_to_delete":[${parts.join(',')}]}\n`);
}

/** A pack's offsets and lengths are uint32 in its header. */
const positionMax = 2 ** 32 - 1;

function parsePack(json: JsonValue): IndexPack {
  if (!isJsonObject(json)) throw damaged('index', `a pack is ${shown(json)}`);
  return { id: parsePackId(json['id']), blobs: listOf(json['blobs'], 'blobs').map(parseBlob) };
}

function parseWaiting(json: JsonValue): WaitingPack {
  if (!isJsonObject(json)) throw damaged('index', `a pack is ${shown(json)}`);
  const since = json['time'];
  return { id: parsePackId(json['id']), since: typeof since === 'string' ? since : '' };
}

function parseBlob(json: JsonValue): PackedBlob {
  if (!isJsonObject(json)) throw damaged('index', `a blob is ${shown(json)}`);
  const { id, type, offset, length, uncompressed_length: uncompressedLength } = json;
  if (type !== 'data' && type !== 'tree') throw damaged('index', `a blob's type is ${shown(type)}`);
  return {
    id: parseBlobId(id),
    type,
    offset: position(offset, 'offset'),
    length: position(length, 'length'),
    uncompressedLength: position(uncompressedLength, 'uncompressed_length'),
  };
}

function blobJson(blob: PackedBlob): string {
  const { id, type, offset, length, uncompressedLength } = blob;
  assert(isPosition(offset) && isPosition(length) && isPosition(uncompressedLength), 'a blob of an index can be read back');
  const compressed = uncompressedLength === 0 ? '' : `,"uncompressed_length":${uncompressedLength}`;
  return `{"id":"${id}","type":"${type}","offset":${offset},"length":${length}${compressed}}`;
}

function position(value: JsonValue | undefined, field: string): number {
  if (value == null) return 0;
  if (typeof value === 'number' && isPosition(value)) return value;
  throw damaged('index', `${field} is ${shown(value)}`);
}

function isPosition(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= positionMax;
}

function listOf(value: JsonValue | undefined, field: string): readonly JsonValue[] {
  if (value == null) return [];
  if (!isArray(value)) throw damaged('index', `${field} is ${shown(value)}`);
  return value;
}
