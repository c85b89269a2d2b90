import assert from 'node:assert/strict';
import type { ByteString } from '../../platform/index.ts';
import { encodeBase64 } from './base64.ts';
import { formatExact, jsonString, jsonStringOfBytes } from './go-json.ts';
import { goQuote } from './go-quote.ts';
import { isValidUtf8 } from './go-utf8.ts';
import type { ExtendedAttribute, Node, Uint64 } from './node.ts';
import { uint64Max } from './node.ts';

/** One node as restic writes it, fields in its order. Numbers out of their range are a fault of the caller (asserted). */
export function serializeNode(node: Node): string {
  let json = `{"name":${jsonString(goQuote(node.name))},"type":${jsonString(node.type)}`;
  if (node.mode !== 0) json += `,"mode":${uint32(node.mode)}`;
  json += `,"mtime":${jsonString(node.mtime)},"atime":${jsonString(node.atime)},"ctime":${jsonString(node.ctime)}`;
  json += `,"uid":${uint32(node.uid)},"gid":${uint32(node.gid)}`;
  if (node.user !== '') json += `,"user":${jsonString(node.user)}`;
  if (node.group !== '') json += `,"group":${jsonString(node.group)}`;
  json += wideField('inode', node.inode) + wideField('device_id', node.deviceId);
  json += wideField('size', node.size) + wideField('links', node.links);
  if (node.linkTarget !== undefined) json += linkTargetFields(node.linkTarget, node.linkTargetLossy);
  if (node.extendedAttributes?.length) json += `,"extended_attributes":${attributeList(node.extendedAttributes)}`;
  if (hasEntries(node.genericAttributes)) json += `,"generic_attributes":${formatExact(node.genericAttributes)}`;
  json += wideField('device', node.device) + contentField(node.content);
  if (node.subtree !== undefined) json += `,"subtree":"${node.subtree}"`;
  if (node.error !== undefined && node.error !== '') json += `,"error":${jsonString(node.error)}`;
  if (node.unknown) for (const [key, value] of node.unknown) json += `,${jsonString(key)}:${formatExact(value)}`;
  return `${json}}`;
}

function wideField(key: string, value: Uint64): string {
  if (value === 0) return '';
  // Always true when right, so that the message, which costs, is made only when wrong.
  if (!isUint64(value)) assert.fail(`${key} is ${value}`);
  return `,"${key}":${value}`;
}

function contentField(content: Node['content']): string {
  if (content === null) return ',"content":null';
  return content.length === 0 ? ',"content":[]' : `,"content":["${content.join('","')}"]`;
}

function linkTargetFields(target: ByteString, lossyLiteral: string | undefined): string {
  if (target === '') return '';
  if (lossyLiteral !== undefined) return `,"linktarget":${lossyLiteral}`;
  const field = `,"linktarget":${jsonStringOfBytes(target)}`;
  return isValidUtf8(target) ? field : `${field},"linktarget_raw":"${encodeBase64(Buffer.from(target, 'latin1'))}"`;
}

function attributeList(attributes: readonly ExtendedAttribute[]): string {
  const items = attributes.map(({ name, value }) => `{"name":${jsonString(name)},"value":${value ? `"${encodeBase64(value)}"` : 'null'}}`);
  return `[${items.join(',')}]`;
}

function hasEntries<T extends object>(value: T | undefined): value is T {
  return value !== undefined && Object.keys(value).length > 0;
}

function uint32(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) assert.fail(`${value} is no unsigned 32-bit number`);
  return value;
}

function isUint64(value: Uint64): boolean {
  return typeof value === 'number' ? Number.isSafeInteger(value) && value > 0 : value > 0n && value <= uint64Max;
}
