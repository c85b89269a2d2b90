import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCode } from '../../../src/platform/index.ts';
import {
  decodePackFooter,
  decodePackHeader,
  goUnquote,
  parseConfig,
  parseIndexFile,
  parseKeyFile,
  parseLock,
  parseMasterKey,
  parseSnapshot,
  parseTree,
  serializeTree,
} from '../../../src/repository/format/index.ts';

const readers: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  parseTree,
  parseSnapshot,
  parseConfig,
  parseIndexFile,
  parseLock,
  parseKeyFile,
  parseMasterKey,
  goUnquote: (bytes) => goUnquote(Buffer.from(bytes).toString('utf8')),
  decodePackHeader: (bytes) => decodePackHeader(bytes, bytes.length + 100),
  decodePackFooter: (bytes) => decodePackFooter(bytes, bytes.length),
};

const vectors = JSON.parse(readFileSync(new URL('../../fixtures/restic/trees.json', import.meta.url), 'utf8')) as {
  readonly trees: ReadonlyArray<{ readonly bytesBase64: string }>;
};
const id = 'c29449be20857f72a8facf9e46fec31e05b8222229558a417bf7a6e77f22e58e';
const documents: readonly Uint8Array[] = [
  ...vectors.trees.map(({ bytesBase64 }) => Buffer.from(bytesBase64, 'base64')).filter(({ length }) => length < 3000),
  ...[
    `{"time":"2026-11-23T14:01:00+07:00","parent":"${id}","tree":"${id}","paths":["/a"],"tags":["x"],"summary":{"backup_start":"2026-11-23T14:01:00+07:00","files_new":1}}`,
    `{"version":2,"id":"${id}","chunker_polynomial":"292a91ba9f108b"}`,
    `{"packs":[{"id":"${id}","blobs":[{"id":"${id}","type":"data","offset":0,"length":57,"uncompressed_length":16}]}]}`,
    `{"time":"2026-11-23T14:01:00+07:00","exclusive":false,"hostname":"h","username":"u","pid":7}`,
    `{"created":"2026-11-23T14:01:00Z","kdf":"scrypt","N":32768,"r":8,"p":8,"salt":"${Buffer.alloc(64).toString('base64')}","data":"${Buffer.alloc(120).toString('base64')}"}`,
    `{"mac":{"k":"${Buffer.alloc(16).toString('base64')}","r":"${Buffer.alloc(16).toString('base64')}"},"encrypt":"${Buffer.alloc(32).toString('base64')}"}`,
  ].map((text) => Buffer.from(text)),
];

const splinters = [
  '',
  '"',
  '\\',
  '\\ufffd',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  '-1',
  '1e999',
  '18446744073709551616',
  '0.5',
  'true',
  '\0',
  '\xff',
  '\ud800',
  '"__proto__":{},',
  '"constructor":1,',
  '"linktarget":"\\ufffd",',
];

/** A document with some stretches cut out, replaced by others, or repeated. */
const mutated = fc
  .tuple(
    fc.constantFrom(...documents),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(12),
        fc.oneof(
          fc.constantFrom(...splinters).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 6 }),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([document, edits]) =>
    edits.reduce<Uint8Array>((bytes, [at, cut, insert]) => {
      const start = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(Math.min(bytes.length, start + cut))]);
    }, document),
  );

function onlyDamage(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isCode(error, 'repository.damaged', 'repository.unsupported')) throw error;
  }
}

test('no bytes make a reader fail with anything but repository.damaged', () => {
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      for (const read of Object.values(readers)) onlyDamage(() => read(bytes));
    }),
    { numRuns: 4000 },
  );
});

test('a tree that could be read can be written and read again, unless its order is wrong', () => {
  fc.assert(
    fc.property(mutated, (bytes) => {
      onlyDamage(() => {
        const tree = parseTree(bytes);
        if (tree.problems.some(({ kind }) => kind === 'unsorted' || kind === 'duplicate')) return;
        parseTree(serializeTree(tree.nodes, tree.unknown));
      });
    }),
    { numRuns: 2000 },
  );
});
