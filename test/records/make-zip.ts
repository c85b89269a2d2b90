import { crc32, deflateRawSync } from 'node:zlib';

/** How another program writes a ZIP. */
export interface ZipForm {
  readonly deflate?: boolean;
  /** Sizes and offsets in fields of 64 bits (APPNOTE.TXT 4.5.3). */
  readonly large?: boolean;
  readonly folders?: readonly string[];
  readonly order?: 'reversed';
  readonly around?: string;
  readonly backslashes?: boolean;
  /** Further files. */
  readonly more?: readonly string[];
  readonly comment?: string;
  readonly encrypted?: boolean;
}

/** A ZIP of these files, in one of the forms that programs write. */
export function makeZip(files: ReadonlyMap<string, Buffer>, form: ZipForm = {}): Buffer {
  const { around = '', folders = [], more = [], backslashes = false } = form;
  const named = [...files].map(([name, bytes]): [string, Buffer] => [around + name, bytes]);
  const all = [
    ...folders.map((name): [string, Buffer] => [name, Buffer.alloc(0)]),
    ...(form.order === 'reversed' ? named.toReversed() : named),
    ...more.map((name): [string, Buffer] => [name, Buffer.from('x')]),
  ];
  const [locals, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, bytes] of all) {
    const entry = entryOf(backslashes ? name.replaceAll('/', '\\') : name, bytes, offset, form);
    locals.push(entry.local);
    directory.push(entry.central);
    offset += entry.local.length;
  }
  return Buffer.concat([...locals, ...directory, endOf(directory, all.length, offset, form)]);
}

function entryOf(name: string, bytes: Buffer, offset: number, { deflate = false, large = false, encrypted = false }: ZipForm) {
  const [nameBytes, content] = [Buffer.from(name), deflate ? deflateRawSync(bytes) : bytes];
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(large ? 45 : 20, 0);
  fields.writeUInt16LE(0x800 | (encrypted ? 1 : 0), 2);
  fields.writeUInt16LE(deflate ? 8 : 0, 4);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(nameBytes.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, nameBytes, content]);
  const place = Buffer.alloc(14);
  place.writeUInt32LE(large ? 0xffff_ffff : offset, 10);
  const central = Buffer.from(fields);
  // Behind a field of somebody else's, as Info-ZIP writes its times.
  const extra = large
    ? Buffer.concat([Buffer.from('UT\x01\x00\x00', 'latin1'), largeFields(bytes.length, content.length, offset)])
    : Buffer.alloc(0);
  if (large) central.fill(0xff, 14, 22);
  central.writeUInt16LE(extra.length, 24);
  return { local, central: Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), central, place, nameBytes, extra]) };
}

function largeFields(...values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, at) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * at));
  return field;
}

function endOf(directory: readonly Buffer[], count: number, offset: number, { large = false, comment = '' }: ZipForm): Buffer {
  const length = directory.reduce((sum, bytes) => sum + bytes.length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(large ? 0xffff : count, 8);
  end.writeUInt16LE(large ? 0xffff : count, 10);
  end.writeUInt32LE(large ? 0xffff_ffff : length, 12);
  end.writeUInt32LE(large ? 0xffff_ffff : offset, 16);
  const commentBytes = Buffer.from(comment, 'latin1');
  end.writeUInt16LE(commentBytes.length, 20);
  const largeEnd = Buffer.alloc(56);
  largeEnd.write('PK\x06\x06', 'latin1');
  for (const [at, value] of [
    [4, 44],
    [24, count],
    [32, count],
    [40, length],
    [48, offset],
  ] as const)
    largeEnd.writeBigUInt64LE(BigInt(value), at);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(offset + length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([...(large ? [largeEnd, locator] : []), end, commentBytes]);
}
