import { byteStringFromBytes, byteStringFromText } from '../../platform/index.ts';
import { decodeBase64 } from './base64.ts';
import { damaged, shown } from './damaged.ts';
import type { JsonObject, JsonValue } from './go-json.ts';
import { checkDepth, isArray, isJsonObject } from './go-json.ts';
import { goUnquote } from './go-quote.ts';
import type { BlobId } from './ids.ts';
import { parseBlobId } from './ids.ts';
import type { ExtendedAttribute, Node, NodeType, OtherNodeType, Uint64 } from './node.ts';
import { uint64Max } from './node.ts';
import { isTimestamp, zeroTime } from './timestamp.ts';

/**
 * Checks one node's JSON. As in Go, an absent field and null are the zero of the field.
 * @param lossyTargets link targets written with `\ufffd`, with their JSON literals
 * @throws `repository.damaged`
 */
export function readNode(json: JsonValue, lossyTargets?: ReadonlyMap<string, string>): Node {
  if (!isJsonObject(json)) throw damaged('tree', `a node is ${shown(json)}`);
  const raw: RawNode = json;
  const mtime = time(raw.mtime);
  const node: Mutable<Node> = {
    name: goUnquote(text(raw.name, 'name')),
    type: text(raw.type, 'type') as NodeType | OtherNodeType,
    mode: uint32(raw.mode, 'mode'),
    mtime,
    atime: raw.atime === mtime ? mtime : time(raw.atime),
    ctime: raw.ctime === mtime ? mtime : time(raw.ctime),
    uid: uint32(raw.uid, 'uid'),
    gid: uint32(raw.gid, 'gid'),
    user: text(raw.user, 'user'),
    group: text(raw.group, 'group'),
    inode: wide(raw.inode, 'inode'),
    deviceId: wide(raw.device_id, 'device_id'),
    size: wide(raw.size, 'size'),
    links: wide(raw.links, 'links'),
    device: wide(raw.device, 'device'),
    content: content(raw.content),
  };
  if (raw.subtree != null) node.subtree = parseBlobId(raw.subtree);
  readLinkTarget(raw, node, lossyTargets);
  readRareFields(raw, node);
  readUnknown(json, node);
  return node;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const knownFields = [
  'name',
  'type',
  'mode',
  'mtime',
  'atime',
  'ctime',
  'uid',
  'gid',
  'user',
  'group',
  'inode',
  'device_id',
  'size',
  'links',
  'linktarget',
  'linktarget_raw',
  'extended_attributes',
  'generic_attributes',
  'device',
  'content',
  'subtree',
  'error',
] as const;
const isKnown: ReadonlySet<string> = new Set(knownFields);

type RawNode = { readonly [K in (typeof knownFields)[number]]?: JsonValue };

function readLinkTarget(raw: RawNode, node: Mutable<Node>, lossyTargets?: ReadonlyMap<string, string>): void {
  if (raw.linktarget == null && raw.linktarget_raw == null) return;
  const target = text(raw.linktarget, 'linktarget');
  if (raw.linktarget_raw != null) {
    node.linkTarget = byteStringFromBytes(decodeBase64(raw.linktarget_raw, 'tree'));
    return;
  }
  node.linkTarget = byteStringFromText(target);
  const literal = lossyTargets?.get(target);
  if (literal !== undefined) node.linkTargetLossy = literal;
}

function readRareFields(raw: RawNode, node: Mutable<Node>): void {
  if (raw.extended_attributes != null) node.extendedAttributes = extendedAttributes(raw.extended_attributes);
  if (raw.generic_attributes != null) {
    if (!isJsonObject(raw.generic_attributes)) throw badField('generic_attributes', raw.generic_attributes);
    checkDepth(raw.generic_attributes, 'tree');
    node.genericAttributes = raw.generic_attributes;
  }
  if (raw.error != null) node.error = text(raw.error, 'error');
}

function readUnknown(json: JsonObject, node: Mutable<Node>): void {
  for (const key in json) {
    if (isKnown.has(key)) continue;
    const unknown = Object.entries(json).filter(([name]) => !isKnown.has(name));
    for (const [, value] of unknown) checkDepth(value, 'tree');
    node.unknown = unknown;
    return;
  }
}

function text(value: JsonValue | undefined, field: string): string {
  if (typeof value === 'string') return value;
  if (value == null) return '';
  throw badField(field, value);
}

function time(value: JsonValue | undefined): string {
  if (value == null) return zeroTime;
  if (typeof value === 'string' && isTimestamp(value)) return value;
  throw badField('time', value);
}

function uint32(value: JsonValue | undefined, field: string): number {
  if (value == null) return 0;
  if (typeof value === 'number' && value >= 0 && value <= 0xffff_ffff && Number.isInteger(value)) return value;
  throw badField(field, value);
}

function wide(value: JsonValue | undefined, field: string): Uint64 {
  if (value == null) return 0;
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint' && value >= 0n && value <= uint64Max) return value;
  throw badField(field, value);
}

function content(value: JsonValue | undefined): readonly BlobId[] | null {
  if (value == null) return null;
  if (!isArray(value)) throw badField('content', value);
  for (const id of value) parseBlobId(id);
  return value as readonly JsonValue[] as readonly BlobId[];
}

function extendedAttributes(value: JsonValue): readonly ExtendedAttribute[] {
  if (!isArray(value)) throw badField('extended_attributes', value);
  return value.map((attribute) => {
    if (!isJsonObject(attribute)) throw badField('extended_attributes', attribute);
    const { name, value: data } = attribute;
    return { name: text(name, 'extended_attributes'), value: data == null ? undefined : decodeBase64(data, 'tree') };
  });
}

function badField(field: string, value: JsonValue | undefined): Error {
  return damaged('tree', `${field} is ${shown(value)}`);
}
