// A snapshot counts as restorable from Drive only when all that it may need is whole there.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { compareCopy, type CopiedKind, type CopyFile, type SourceCut, type SourceFile } from '../../src/offsite/index.ts';
import { restorableFrom } from '../../src/offsite/restorable.ts';

const nameOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const configSha256 = nameOf('config');
const file = (kind: CopiedKind, text: string): SourceFile => ({ kind, name: kind === 'config' ? '' : nameOf(text), sizeBytes: 100 });
const [config, key, pack, index] = [file('config', ''), file('keys', 'k'), file('data', 'p'), file('index', 'i')];
const [first, late] = [file('snapshots', '1'), file('snapshots', '2')];
const needed = [config, key, pack, index];
const original = [...needed, first, late];

const cutOf = (files: readonly SourceFile[]): SourceCut => ({ files, configSha256, configMd5: '', isConsistent: true });

function copyOf({ kind, name, sizeBytes }: SourceFile): CopyFile {
  const sha256 = kind === 'config' ? configSha256 : name;
  return {
    kind,
    name,
    sizeBytes,
    id: `id of ${kind}/${name}`,
    sha256,
    md5: undefined,
    isTrashed: false,
    createdMs: 1_000,
    mark: undefined,
  };
}

function restorable(copies: readonly CopyFile[], before?: Parameters<typeof restorableFrom>[2]): ReturnType<typeof restorableFrom> {
  const listing = { files: copies, foreign: [], claims: [] };
  return restorableFrom(compareCopy(cutOf(original), listing), listing, before);
}

test('snapshots count when all of the original is on Drive, verified', () => {
  assert.deepEqual(restorable(original.map(copyOf)).snapshots, [first.name, late.name]);
});

/** What a file of the copy can be instead of whole. */
const troubles: readonly (readonly [string, (copy: CopyFile) => CopyFile | undefined])[] = [
  ['not there', () => undefined],
  ['in the trash', (copy) => ({ ...copy, isTrashed: true })],
  ['of other bytes', (copy) => ({ ...copy, sha256: nameOf('other bytes') })],
  ['of the right size, but without a checksum', (copy) => ({ ...copy, sha256: undefined })],
];

for (const [what, spoil] of troubles)
  for (const bad of needed)
    test(`no snapshot counts while the ${bad.kind} file is ${what}, although each lies there itself`, () => {
      const copies = original.flatMap((source) => (source === bad ? (spoil(copyOf(source)) ?? []) : copyOf(source)));
      assert.deepEqual(restorable(copies).snapshots, []);
    });

test('a snapshot whose own file is not whole does not count; the others do', () => {
  for (const [, spoil] of troubles) {
    const copies = original.flatMap((source) => (source === late ? (spoil(copyOf(source)) ?? []) : copyOf(source)));
    assert.deepEqual(restorable(copies).snapshots, [first.name]);
  }
});

test('those of the last time that all was there go on to count while nothing of it has gone, and no longer', () => {
  const were = [...needed, first].map(copyOf);
  const before = restorableFrom(
    compareCopy(cutOf([...needed, first]), { files: were, foreign: [], claims: [] }),
    { files: were, foreign: [], claims: [] },
    undefined,
  ).restorable;
  assert.deepEqual(before?.snapshots, [first.name]);
  const newPack = file('data', 'a pack that is still to come');
  const later = (copies: readonly CopyFile[]): readonly string[] => {
    const listing = { files: copies, foreign: [], claims: [] };
    return restorableFrom(compareCopy(cutOf([...original, newPack]), listing, undefined), listing, before).snapshots;
  };
  const newest = { ...copyOf(late), createdMs: 2_000 };
  assert.deepEqual(later([...were, newest]), [first.name], 'not the late one, whose pack is still to come');
  for (const gone of [pack, index, key]) assert.deepEqual(later(were.filter(({ name }) => name !== gone.name)), [], gone.kind);
  assert.deepEqual(later(were.filter(({ kind }) => kind !== 'config')), []);
});
