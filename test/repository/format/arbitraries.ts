import fc from 'fast-check';
import type { ByteString } from '../../../src/platform/index.ts';
import { byteStringFromBytes, byteStringFromText } from '../../../src/platform/index.ts';
import type { BlobId, JsonValue, Node, NodeType, PackedBlob, Uint64 } from '../../../src/repository/format/index.ts';
import { formatTimestamp, uint64 } from '../../../src/repository/format/index.ts';

export const anyId: fc.Arbitrary<BlobId> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex') as BlobId);

/** Bytes of all kinds: plain, Unicode of every plane, not UTF-8 at all, and mixtures of them. */
export const anyBytes: fc.Arbitrary<ByteString> = fc.oneof(
  fc.string().map(byteStringFromText),
  fc.string({ unit: 'binary' }).map(byteStringFromText),
  fc.uint8Array({ maxLength: 40 }).map(byteStringFromBytes),
  fc
    .tuple(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 3 }))
    .map(([a, b]) => (byteStringFromText(a) + byteStringFromBytes(b)) as ByteString),
);

export const anyUint64: fc.Arbitrary<Uint64> = fc.oneof(
  fc.nat(),
  fc.bigInt(0n, 2n ** 64n - 1n).map(uint64),
  fc.bigInt(2n ** 53n - 2n, 2n ** 53n + 2n).map(uint64),
);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

export const anyTime: fc.Arbitrary<string> = fc
  .tuple(fc.bigInt(-62_167_219_200n * 10n ** 9n, 253_402_300_799n * 10n ** 9n), fc.integer({ min: -720, max: 840 }))
  .map(([ns, offset]) => formatTimestamp(ns, offset));

/** JSON that reads back as it was written: what `parseExact` can return. */
export const anyJson: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.bigInt(2n ** 53n, 2n ** 70n),
    fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

const wellFormed = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed());
const types: readonly NodeType[] = ['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket'];

export const anyNode: fc.Arbitrary<Node> = fc.record(
  {
    name: anyBytes,
    type: fc.constantFrom(...types),
    mode: uint32,
    mtime: anyTime,
    atime: anyTime,
    ctime: anyTime,
    uid: uint32,
    gid: uint32,
    user: wellFormed,
    group: wellFormed,
    inode: anyUint64,
    deviceId: anyUint64,
    size: anyUint64,
    links: anyUint64,
    device: anyUint64,
    content: fc.option(fc.array(anyId, { maxLength: 3 })),
    subtree: anyId,
    linkTarget: anyBytes.filter((target) => target !== ''),
    extendedAttributes: fc.array(
      fc.record(
        {
          name: wellFormed,
          value: fc.option(
            fc.uint8Array().map((bytes) => Buffer.from(bytes)),
            { nil: undefined },
          ),
        },
        { noNullPrototype: true },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    genericAttributes: fc.dictionary(fc.constantFrom('windows.creation_time', 'windows.file_attributes', 'other'), anyJson, {
      minKeys: 1,
      noNullPrototype: true,
    }),
    error: wellFormed.filter((text) => text !== ''),
    unknown: fc.uniqueArray(fc.tuple(fc.constantFrom('flags', 'birthtime', 'größe', '<x>'), anyJson), {
      selector: ([key]) => key,
      minLength: 1,
    }),
  },
  {
    requiredKeys: [
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
      'deviceId',
      'size',
      'links',
      'device',
      'content',
    ],
    noNullPrototype: true,
  },
);

/** Nodes as a tree has them: in byte order, every name once. */
export const anyNodes: fc.Arbitrary<readonly Node[]> = fc
  .uniqueArray(anyNode, { selector: (node) => node.name, maxLength: 6 })
  .map((nodes) => nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1)));

/** Blobs that lie one after the other from offset 0. */
export const anyPackedBlobs: fc.Arbitrary<readonly PackedBlob[]> = fc
  .array(fc.tuple(anyId, fc.constantFrom('data' as const, 'tree' as const), fc.integer({ min: 32, max: 2 ** 25 }), fc.option(uint32)), {
    minLength: 1,
    maxLength: 20,
  })
  .map((blobs) => {
    let offset = 0;
    return blobs.map(([id, type, length, uncompressedLength]) => {
      offset += length;
      return { id, type, offset: offset - length, length, uncompressedLength: uncompressedLength ?? 0 };
    });
  });
