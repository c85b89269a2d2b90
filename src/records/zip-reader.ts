import { readFile } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { CadanganError } from '../platform/index.ts';

/** A pack has megabytes; what is far beyond is not ours to unpack. */
const packBytesMax = 1024 * 1024 * 1024;

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localEntry = 0x04034b50;
const endBytes = 22;

/** Of one part of a name, on every file system in use. */
const partBytesMax = 255;

/**
 * The files of a ZIP as we write them: stored or deflated, no encryption, not beyond 4 GiB (APPNOTE.TXT 4.3). Read by its central
 * directory, which is what other programs unpack by. @throws `pack.invalid`
 */
export async function readZip(path: string): Promise<Map<string, Buffer>> {
  const zip = await readFile(path);
  const refuse = (reason: string): never => {
    throw new CadanganError('pack.invalid', { path, reason });
  };
  try {
    return entriesOf(zip, refuse);
  } catch (error) {
    // Offsets that lead out of the file, streams that do not unpack.
    return error instanceof CadanganError ? refuse(String(error.facts['reason'])) : refuse('it is damaged');
  }
}

function entriesOf(zip: Buffer, refuse: (reason: string) => never): Map<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end < zip.length - endBytes - 65_535 || zip.readUInt32LE(end) !== endOfDirectory) refuse('it is no ZIP file');
  const count = zip.readUInt16LE(end + 10);
  const entries = new Map<string, Buffer>();
  let total = 0;
  for (let at = zip.readUInt32LE(end + 16), seen = 0; seen < count; seen++) {
    if (zip.readUInt32LE(at) !== directoryEntry) refuse('its directory is damaged');
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const sizes = { packed: zip.readUInt32LE(at + 20), plain: zip.readUInt32LE(at + 24) };
    total += sizes.plain;
    if (total > packBytesMax) refuse('it is too large');
    if (entries.has(name) || !isNameOfFile(name)) refuse('it has a name that no pack has');
    entries.set(name, contentOf(zip, zip.readUInt32LE(at + 42), zip.readUInt16LE(at + 10), sizes, zip.readUInt32LE(at + 16), refuse));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

/** Relative, of parts that every file system takes; one that ends in a slash would be a folder. */
function isNameOfFile(name: string): boolean {
  const parts = name.split('/');
  return (
    !/[\\\0]/.test(name) && parts.every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= partBytesMax)
  );
}

function contentOf(
  zip: Buffer,
  at: number,
  method: number,
  { packed, plain }: { readonly packed: number; readonly plain: number },
  crc: number,
  refuse: (reason: string) => never,
): Buffer {
  if (zip.readUInt32LE(at) !== localEntry) refuse('an entry is damaged');
  const start = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  const bytes = zip.subarray(start, start + packed);
  const content =
    method === 0
      ? Buffer.from(bytes)
      : method === 8
        ? inflateRawSync(bytes, { maxOutputLength: Math.max(1, plain) })
        : refuse('it is compressed in another way');
  if (content.length !== plain || crc32(content) !== crc) refuse('an entry is damaged');
  return content;
}
