import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOfText, textOfBytes } from '../../src/extension/presentation/byte-paths.ts';
import { snapshotPlaceOf } from '../../src/extension/presentation/machine-paths.ts';
import { secretKey } from '../../src/extension/presentation/secret-keys.ts';
import { entryOfUri, isMeantPlace, placeMark, uriOfEntry } from '../../src/extension/presentation/snapshot-uri.ts';
import { byteStringFromBytes, byteStringFromText, isInFolder, machinePathOf, type ByteString } from '../../src/platform/index.ts';

const repositoryId = 'b'.repeat(64);
const snapshotId = 'c'.repeat(64);
const anyBytes = fc.uint8Array({ maxLength: 40 }).map(byteStringFromBytes);
const anyText = fc
  .string({ unit: 'binary', maxLength: 40 })
  .filter((text) => text.isWellFormed())
  .map(byteStringFromText);

test('textOfBytes() has one text for every name, and bytesOfText() gives the name back', () => {
  fc.assert(fc.property(fc.oneof(anyBytes, anyText), (name) => assert.equal(bytesOfText(textOfBytes(name)), name)));
});

test('textOfBytes() leaves text as it is, also accents, emoji and a byte order mark', () => {
  for (const text of ['ledger.txt', 'Kas kecil – 2026.xlsx', 'été', '文書', '📒', '\ufeffx'])
    assert.equal(textOfBytes(byteStringFromText(text)), text);
});

test('a name with a byte that is not UTF-8, and one that has our stand-in for it, stay different', () => {
  const broken = byteStringFromBytes(Uint8Array.of(0x61, 0xff));
  const standIn = byteStringFromText('a\uf7ff');
  assert.notEqual(textOfBytes(broken), textOfBytes(standIn));
  assert.equal(bytesOfText(textOfBytes(standIn)), standIn);
});

test('an URI leads back to the entry that it was made of', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(anyBytes, anyText).filter((name) => name !== '' && !name.includes('/')),
        { maxLength: 5 },
      ),
      fc.constantFrom(undefined, '/srv/backup', 'gdrive:Backup', 's3:https://host/bucket'),
      (names, location) => {
        const entry = {
          repositoryId,
          snapshotId,
          path: `/${names.join('/')}` as ByteString,
          ...(location !== undefined && { place: placeMark(location) }),
        };
        assert.deepEqual(entryOfUri(uriOfEntry(entry, '2026-11-22T14:00:00Z')), entry);
      },
    ),
  );
});

test('entryOfUri() refuses what we did not make', () => {
  const authority = `${snapshotId}.${repositoryId}`;
  assert.equal(entryOfUri({ scheme: 'file', authority, path: '/srv' }), undefined);
  for (const wrong of ['', 'evil', snapshotId, `${authority}.x`, authority.toUpperCase()])
    assert.equal(entryOfUri({ scheme: 'cadangan', authority: wrong, path: '/srv' }), undefined, wrong);
  for (const root of ['', '/']) assert.equal(entryOfUri({ scheme: 'cadangan', authority, path: root })?.path, '/');
  assert.equal(entryOfUri({ scheme: 'cadangan', authority, path: '/srv/' })?.path, '/srv');
});

test('an URI of an older version that names Google Drive leads there', () => {
  const authority = `${snapshotId}.${repositoryId}.drive`;
  const { place } = entryOfUri({ scheme: 'cadangan', authority, path: '/srv' }) ?? {};
  assert.ok(isMeantPlace(place, 'gdrive:Backup'));
  assert.ok(!isMeantPlace(place, '/srv/backup'));
  assert.ok(isMeantPlace(undefined, '/srv/backup') && isMeantPlace(placeMark('/srv/backup'), '/srv/backup'));
  assert.ok(!isMeantPlace(placeMark('/srv/backup'), 'gdrive:Backup'));
});

test('the editor is told the date beside the path', () => {
  const { query } = uriOfEntry({ repositoryId, snapshotId, path: '/x' as ByteString }, '2026-11-22T12:00:00Z');
  assert.match(String((JSON.parse(query) as { at: unknown }).at), /2026/);
});

test('paths of Windows stand in snapshots under their drive or server, and lead back', () => {
  const cases = [
    ['C:\\Data\\x', '/C/Data/x'],
    ['d:\\', '/D'],
    ['\\\\srv-02\\share\\x', '/srv-02/share/x'],
    ['\\\\?\\c:\\Data\\x', '/C/Data/x'],
    ['\\\\?\\UNC\\srv-02\\share\\x\\', '/srv-02/share/x'],
    ['//srv-02/share/y/../x', '/srv-02/share/x'],
  ] as const;
  for (const [machine, inSnapshot] of cases) assert.equal(snapshotPlaceOf(machine, 'win32'), inSnapshot);
  assert.equal(machinePathOf('/C/Data/x' as ByteString, true), 'C:\\Data\\x');
  assert.equal(machinePathOf('/srv-02/share/x' as ByteString, true), '\\\\srv-02\\share\\x');
});

test('elsewhere a path stands as it is, as bytes', () => {
  assert.equal(snapshotPlaceOf('/srv/été/', 'linux'), byteStringFromText('/srv/été'));
  assert.equal(machinePathOf(byteStringFromText('/srv/été'), false), '/srv/été');
});

test('isInFolder() knows folders from names that merely begin alike', () => {
  assert.deepEqual(
    [
      isInFolder('/srv/a/b', '/srv/a', 'linux'),
      isInFolder('/srv/a', '/srv/a', 'linux'),
      isInFolder('/srv/ab', '/srv/a', 'linux'),
      isInFolder('/srv/..a', '/srv', 'linux'),
      isInFolder('/srv', '/srv/a', 'linux'),
    ],
    [true, true, false, true, false],
  );
  assert.deepEqual([isInFolder('C:\\Data\\x', 'c:\\data', 'win32'), isInFolder('D:\\x', 'C:\\', 'win32')], [true, false]);
  assert.ok(isInFolder('C:\\Data\\x', '\\\\?\\C:\\Data', 'win32'));
  assert.ok(isInFolder('\\\\nas1\\share\\x', '\\\\?\\UNC\\nas1\\share', 'win32'));
});

test('passwords of two servers, or of two locations, never have one name', () => {
  const keys = [
    ['srv-01', '/mnt/a'],
    ['srv-02', '/mnt/a'],
    ['srv-01', '/mnt/b'],
    ['srv-01/mnt', '/a'],
    ['srv-01', 'mnt/a'],
  ] as const;
  assert.equal(new Set(keys.map(([host, location]) => secretKey(host, location))).size, keys.length);
});
