import assert from 'node:assert/strict';
import { crc32, inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
}

/**
 * Reads a ZIP by its central directory, as every unpacker does, and proves each entry by its checksum. Of ZIP64 only what our archives
 * need.
 */
export function readZip(bytes: Buffer): ZipEntry[] {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  assert.ok(end >= 0, 'the end of the central directory is missing');
  let [at, left] = [bytes.readUInt32LE(end + 16), bytes.readUInt16LE(end + 10)];
  const entries: ZipEntry[] = [];
  for (; left > 0; left--) {
    assert.equal(bytes.toString('latin1', at, at + 4), 'PK\x01\x02');
    const [method, crc, packed, size, nameLength, extraLength, commentLength] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 16),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 24),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
    ];
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const raw = bytes.subarray(start, start + packed);
    const content = method === 0 ? raw : inflateRawSync(raw);
    assert.deepEqual([content.length, crc32(content)], [size, crc], name);
    entries.push({ name, content, mode: bytes.readUInt16LE(at + 40) });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}
