import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseItem } from '../../src/google/drive-item.ts';
import { bestOf, fileAt, labelOf, placeOf, type DriveItem } from '../../src/google/remote-file.ts';

const name = 'ab'.repeat(32);
const resource = {
  id: '1AbC_-',
  name,
  mimeType: 'application/octet-stream',
  parents: ['p'],
  size: '9007199254740991',
  sha256Checksum: name.toUpperCase(),
  md5Checksum: '0'.repeat(32),
  headRevisionId: 'r',
  trashed: false,
  createdTime: '2026-11-01T00:00:00.000Z',
};

describe('a file resource', () => {
  test('is read field by field', () => {
    const item = parseItem(resource);
    assert.equal(item?.sizeBytes, Number.MAX_SAFE_INTEGER);
    assert.equal(item?.sha256, name);
    assert.deepEqual(item?.parents, ['p']);
    assert.equal(parseItem({ ...resource, mimeType: 'application/vnd.google-apps.folder', size: '0' })?.sizeBytes, undefined);
  });

  test('loses what is not of its form, and is none without a proper id', () => {
    const item = parseItem({
      ...resource,
      size: '9007199254740993',
      sha256Checksum: '../x',
      md5Checksum: 7,
      parents: ["x' or '1' = '1", 'p'],
      trashed: 'yes',
    });
    assert.deepEqual(
      [item?.sizeBytes, item?.sha256, item?.md5, item?.parents, item?.trashed],
      [undefined, undefined, undefined, ['p'], false],
    );
    for (const id of ['', '../x', "a' or", 'a/b', 'x'.repeat(300), 7, undefined, null])
      assert.equal(parseItem({ ...resource, id }), undefined);
  });

  test('may be anything', () => {
    fc.assert(fc.property(fc.anything(), (value) => void parseItem(value)));
    fc.assert(
      fc.property(
        fc.record({
          id: fc.string(),
          name: fc.string(),
          parents: fc.anything(),
          size: fc.anything(),
          sha256Checksum: fc.anything(),
          mimeType: fc.anything(),
        }),
        (value) => {
          const item = parseItem(value);
          assert.ok(item === undefined || /^[\w-]+$/.test(item.id));
        },
      ),
    );
  });
});

describe('the place of a file', () => {
  test('is that of restic, and leads back to the file', () => {
    for (const kind of ['config', 'keys', 'locks', 'snapshots', 'index', 'data'] as const) {
      const file = { kind, name: kind === 'config' ? '' : name };
      const place = placeOf(file);
      assert.deepEqual(fileAt(place.folders, place.name), file);
      assert.equal([...place.folders, place.name].join('/'), kind === 'data' ? `data/ab/${name}` : labelOf(file));
    }
  });

  test('is no place for strangers', () => {
    for (const [folders, at] of [
      [['data'], name],
      [['data', 'cd'], name],
      [['data', 'ab', 'ab'], name],
      [['keys', 'x'], name],
      [['other'], name],
      [['keys'], 'config'],
      [[], name],
      [['keys'], name.toUpperCase()],
      [['keys'], `${name}.tmp`],
    ] as const) {
      assert.equal(fileAt(folders, at), undefined, `${folders.join('/')}/${at}`);
    }
  });
});

test('of several files of one name the one that fits it is chosen, then one without a sum, and of those the oldest, whatever the order', () => {
  const make = (id: string, sha256: string | undefined, createdTime: string): DriveItem => ({
    id,
    name,
    mimeType: '',
    isFolder: false,
    parents: [],
    sizeBytes: 1,
    sha256,
    md5: undefined,
    headRevisionId: undefined,
    trashed: false,
    createdTime,
    mark: undefined,
  });
  const items = [
    make('wrong', 'cd'.repeat(32), '2020'),
    make('unknown', undefined, '2021'),
    make('young', name, '2024'),
    make('old', name, '2023'),
    make('b-old', name, '2023'),
  ];
  fc.assert(fc.property(fc.shuffledSubarray(items, { minLength: 5 }), (shuffled) => assert.equal(bestOf(shuffled)?.id, 'b-old')));
  assert.equal(bestOf(items.slice(0, 2))?.id, 'unknown');
  assert.equal(bestOf([]), undefined);
});
