import { damaged, shown } from './damaged.ts';
import type { JsonValue } from './go-json.ts';

/** Go's encoding of `[]byte` in JSON: standard alphabet with padding. @throws `repository.damaged` for anything else */
export function decodeBase64(value: JsonValue | undefined, kind: string): Uint8Array {
  if (typeof value !== 'string') throw damaged(kind, `not base64: ${shown(value)}`);
  const bytes = Buffer.from(value, 'base64');
  // Node skips what it does not know; only text that comes out again was all base64.
  if (bytes.toString('base64') !== value) throw damaged(kind, `not base64: ${shown(value)}`);
  return bytes;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
