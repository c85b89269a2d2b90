import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FileOutcome, FileToRead } from '../../src/backup/file-outcome.ts';
import { packFiles, packOutcomes, unpackFiles, unpackOutcomes } from '../../src/backup/worker-messages.ts';
import type { ByteString } from '../../src/platform/index.ts';
import { uint64 } from '../../src/repository/index.ts';
import { anyBytes, anyId } from '../repository/format/arbitraries.ts';

const anyPath = anyBytes.map((path) => path.replaceAll('\0', '') as ByteString);
const anyNs = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const anySize = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const anyFile: fc.Arbitrary<FileToRead> = fc.record(
  { path: anyPath, sizeBytes: anySize, mtimeNs: anyNs, ctimeNs: anyNs, inode: fc.bigInt(0n, 2n ** 64n - 1n).map(uint64) },
  { noNullPrototype: true },
);

const anyOutcome: fc.Arbitrary<FileOutcome> = fc.oneof(
  fc.record(
    { kind: fc.constant('content' as const), ids: fc.array(anyId, { maxLength: 4 }), sizeBytes: anySize, changed: fc.boolean() },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant('failure' as const), reason: fc.string() }, { noNullPrototype: true }),
  fc.constant<FileOutcome>({ kind: 'too-large' }),
);

test('any files arrive in a worker as they were sent', () => {
  fc.assert(
    fc.property(fc.array(anyFile, { maxLength: 70 }), (files) =>
      assert.deepEqual([...unpackFiles(structuredClone(packFiles(files)))], files),
    ),
  );
});

test('any outcomes come back as they were sent, in their order', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 70 }), (outcomes) =>
      assert.deepEqual(unpackOutcomes(structuredClone(packOutcomes(outcomes))), outcomes),
    ),
  );
});
