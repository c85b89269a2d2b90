import { stat } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { CadanganError, readFile } from '../platform/index.ts';
import { packBytesMax, partBytesMax } from './pack-names.ts';

const endOfDirectory = Buffer.from('PK\x05\x06', 'latin1');
const endBytes = 22;
const commentBytesMax = 65_535;
const largeEndLocator = 0x07064b50;
const largeEnd = 0x06064b50;
const directoryEntry = 0x02014b50;
const localEntry = 0x04034b50;
/** Stands where a number of 32 or 16 bits would not do: the right one is in a field of 64 bits elsewhere. */
const elsewhere32 = 0xffff_ffff;
const elsewhere16 = 0xffff;
const largeExtra = 0x0001;

type Refuse = (reason: string) => never;

/**
 * The files of a ZIP as any program writes it (APPNOTE.TXT 4.3): stored or deflated, in any order, with or without entries for folders,
 * also with the fields of 64 bits (4.5.3). Folders are left out. Read by its central directory, which is what other programs unpack by.
 * @throws `pack.invalid`
 */
export async function readZip(path: string): Promise<Map<string, Buffer>> {
  const refuse = (reason: string): never => {
    throw new CadanganError('pack.invalid', { path, reason });
  };
  if ((await stat(path)).size > packBytesMax) refuse('it is too large');
  const zip = await readFile(path);
  try {
    return entriesOf(zip, refuse);
  } catch (error) {
    // Offsets that lead out of the file, streams that do not unpack.
    return error instanceof CadanganError ? refuse(String(error.facts['reason'])) : refuse('it is damaged');
  }
}

function entriesOf(zip: Buffer, refuse: Refuse): Map<string, Buffer> {
  const { count, directoryAt } = directoryOf(zip, refuse);
  const entries = new Map<string, Buffer>();
  let total = 0;
  for (let at = directoryAt, seen = 0; seen < count; seen++) {
    if (zip.readUInt32LE(at) !== directoryEntry) refuse('its directory is damaged');
    const nameLength = zip.readUInt16LE(at + 28);
    const extraLength = zip.readUInt16LE(at + 30);
    // PowerShell 5 writes the names of Windows; no name of a pack has a backslash.
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength).replaceAll('\\', '/');
    const place = placeOf(zip, at, zip.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    total += place.plain;
    if (total > packBytesMax) refuse('it is too large');
    if ((zip.readUInt16LE(at + 8) & 1) !== 0) refuse('it is encrypted');
    const isFolder = name.endsWith('/') && place.plain === 0;
    if (entries.has(name) || !isNameInPack(isFolder ? name.slice(0, -1) : name)) refuse('it has a name that no pack has');
    if (!isFolder) entries.set(name, contentOf(zip, zip.readUInt16LE(at + 10), place, zip.readUInt32LE(at + 16), refuse));
    at += 46 + nameLength + extraLength + zip.readUInt16LE(at + 32);
  }
  return entries;
}

/** The last record of the file, before its comment; with large numbers in another one before it. */
function directoryOf(zip: Buffer, refuse: Refuse): { readonly count: number; readonly directoryAt: number } {
  const end = endOf(zip) ?? refuse('it is no ZIP file');
  const [count, directoryAt] = [zip.readUInt16LE(end + 10), zip.readUInt32LE(end + 16)];
  if (count !== elsewhere16 && directoryAt !== elsewhere32) return { count, directoryAt };
  const locator = end - 20;
  // A pack may also have 65,535 files.
  if (locator < 0 || zip.readUInt32LE(locator) !== largeEndLocator) return { count, directoryAt };
  const large = numberAt(zip, locator + 8);
  if (zip.readUInt32LE(large) !== largeEnd) refuse('its directory is damaged');
  return { count: numberAt(zip, large + 32), directoryAt: numberAt(zip, large + 48) };
}

/** A comment may have the same bytes: the right one's comment ends with the file. */
function endOf(zip: Buffer): number | undefined {
  const first = Math.max(0, zip.length - endBytes - commentBytesMax);
  for (let at = zip.length; (at = zip.lastIndexOf(endOfDirectory, at - 1)) >= first;) {
    if (at + endBytes <= zip.length && at + endBytes + zip.readUInt16LE(at + 20) === zip.length) return at;
    if (at === 0) break;
  }
  return undefined;
}

interface EntryPlace {
  readonly packed: number;
  readonly plain: number;
  /** Of the local entry. */
  readonly at: number;
}

function placeOf(zip: Buffer, at: number, extra: Buffer): EntryPlace {
  const short = [zip.readUInt32LE(at + 24), zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 42)];
  const large = extraOf(extra, largeExtra);
  let next = 0;
  // Only those are there that do not fit into 32 bits, in this order.
  const [plain = 0, packed = 0, local = 0] = short.map((value) => {
    if (value !== elsewhere32 || large === undefined) return value;
    next += 8;
    return numberAt(large, next - 8);
  });
  return { plain, packed, at: local };
}

function extraOf(extra: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === wanted) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}

/** Of 64 bits; one that is too large for anything leads out of the file. */
function numberAt(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

/** Relative, of parts that every file system takes. */
function isNameInPack(name: string): boolean {
  const parts = name.split('/');
  return (
    !name.includes('\0') && parts.every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= partBytesMax)
  );
}

function contentOf(zip: Buffer, method: number, { packed, plain, at }: EntryPlace, crc: number, refuse: Refuse): Buffer {
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
