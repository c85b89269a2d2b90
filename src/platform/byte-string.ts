import { system } from './system.ts';

/**
 * A string whose every UTF-16 unit is one byte (0 to 255). Names on POSIX are bytes, not text: decoded as UTF-8 an
 * invalid name is destroyed, and JavaScript's order of UTF-16 units is not restic's order of bytes. As a byte string a
 * name keeps every byte, compares and sorts with `<` in byte order, and still is a cheap key of a `Map`.
 * On Windows it holds the UTF-8 bytes of the name, as restic stores them.
 */
export type ByteString = string & { readonly __brand: 'ByteString' };

const nonAscii = /[^\x00-\x7f]/;

export function byteStringFromBytes(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as ByteString;
}

/** Whether `text` can be bytes: of what comes from outside; what is a name inside has its type. */
export function isByteString(text: string): text is ByteString {
  return /^[\x00-\xff]*$/.test(text);
}

/** The UTF-8 bytes of `text`. */
export function byteStringFromText(text: string): ByteString {
  return (nonAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text) as ByteString;
}

export function bytesOf(name: ByteString): Buffer {
  return Buffer.from(name, 'latin1');
}

/** For people and logs: UTF-8 decoded, with U+FFFD where the bytes are not UTF-8. Not reversible. */
export function textOf(name: ByteString): string {
  return nonAscii.test(name) ? Buffer.from(name, 'latin1').toString('utf8') : name;
}

/** What Node's `fs` takes: the string itself where it is ASCII, else bytes (POSIX) or text (Windows). */
export function fsPath(path: ByteString): string | Buffer {
  if (!nonAscii.test(path)) return path;
  return system.isWindows ? textOf(path) : Buffer.from(path, 'latin1');
}

/** Joins two byte paths with `/`. */
export function joinBytes(parent: ByteString, name: ByteString): ByteString {
  return (parent === '' || parent.endsWith('/') ? parent + name : `${parent}/${name}`) as ByteString;
}
