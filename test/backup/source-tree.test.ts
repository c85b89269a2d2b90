import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sourcePathOf } from '../../src/backup/source-place.ts';
import { patternPath } from '../../src/backup/source-reader.ts';
import { makeSourceTree, type SourceTree } from '../../src/backup/source-tree.ts';
import { byteStringFromText, isCode, machinePathOf, snapshotPathOf } from '../../src/platform/index.ts';

/** `name=path` of every source, with the folders above it. */
function places(sources: readonly string[], workingFolder = '/home/budi/kerja'): string[] {
  return listed(makeSourceTree(sources, workingFolder, false));
}

function listed(tree: SourceTree, above = ''): string[] {
  const here = tree.name === '' ? above : `${above}/${tree.name}`;
  return [...(tree.isSource ? [`${here || '/'} = ${tree.path}`] : []), ...tree.children.flatMap((child) => listed(child, here))];
}

test('an absolute source stands under all its folders, a relative one under those it was given with', () => {
  assert.deepEqual(places(['/srv/data']), ['/srv/data = /srv/data']);
  assert.deepEqual(places(['data']), ['/data = /home/budi/kerja/data']);
  assert.deepEqual(places(['a/b/c']), ['/a/b/c = /home/budi/kerja/a/b/c']);
  assert.deepEqual(places(['./data/']), ['/data = /home/budi/kerja/data']);
  assert.deepEqual(places(['//srv///data//']), ['/srv/data = /srv/data']);
});

test('the working folder, and the root, give their entries themselves', () => {
  assert.deepEqual(places(['.']), ['/ = /home/budi/kerja']);
  assert.deepEqual(places(['./']), ['/ = /home/budi/kerja']);
  assert.deepEqual(places(['a/..']), ['/ = /home/budi/kerja']);
  assert.deepEqual(places(['/']), ['/ = /']);
  assert.deepEqual(places(['.'], '/'), ['/ = /']);
});

test('what leads out of the working folder leaves no trace of it', () => {
  assert.deepEqual(places(['..']), ['/ = /home/budi']);
  assert.deepEqual(places(['../foto']), ['/foto = /home/budi/foto']);
  assert.deepEqual(places(['../../../../../etc']), ['/etc = /etc']);
  assert.deepEqual(places(['x/../../foto']), ['/foto = /home/budi/foto']);
  assert.deepEqual(places(['/srv/../etc']), ['/etc = /etc']);
});

test('a source inside another, before or after it, is part of it; one given twice is there once', () => {
  for (const sources of [
    ['/srv', '/srv/data'],
    ['/srv/data', '/srv'],
    ['/srv/data/x', '/srv', '/srv/data'],
    ['/srv', '/srv', '/srv/'],
  ]) {
    assert.deepEqual(places(sources), ['/srv = /srv'], sources.join(' '));
  }
  assert.deepEqual(places(['/srv/a', '/srv/b', '/srv/a']), ['/srv/a = /srv/a', '/srv/b = /srv/b']);
  assert.deepEqual(places(['/', '/srv']), ['/ = /']);
  assert.deepEqual(places(['/srv', '/']), ['/ = /']);
});

test('no source is lost beside the working folder, whichever comes first', () => {
  for (const sources of [
    ['.', '/etc'],
    ['/etc', '.'],
    ['..', '/etc', '.'],
    ['.', '../foto'],
    ['../foto', '.', '/'],
  ]) {
    const wanted = sources.map((source) =>
      new URL(`file:///home/budi/kerja/${source.startsWith('/') ? `../../..${source}` : source}`).pathname.replace(/(.)\/$/, '$1'),
    );
    const stored = places(sources).map((line) => line.split(' = ')[1] ?? '');
    for (const path of wanted)
      assert.ok(
        stored.some((root) => path === root || path.startsWith(root === '/' ? root : `${root}/`)),
        `${path} of ${sources.join(' ')} in ${stored.join(' ')}`,
      );
  }
});

test('two sources that end in one name are kept apart', () => {
  assert.deepEqual(places(['../x/data', '../y/data'].map((path) => path.replace('../', '/'))), ['/x/data = /x/data', '/y/data = /y/data']);
  assert.deepEqual(places(['data', '../data', '../../data']), [
    '/data = /home/budi/kerja/data',
    '/data-1 = /home/budi/data',
    '/data-2 = /home/data',
  ]);
  assert.deepEqual(places(['data', '../data-1', '../data']), [
    '/data = /home/budi/kerja/data',
    '/data-1 = /home/budi/data-1',
    '/data-2 = /home/budi/data',
  ]);
  assert.deepEqual(places(['home/x', '/home/y']), ['/home/x = /home/budi/kerja/home/x', '/home-1/y = /home/y']);
});

test('sources stand in the order of their bytes, not of their text', () => {
  assert.deepEqual(
    places(['/a😀', '/a～', '/B', '/a']).map((line) => Buffer.from(line.split(' = ')[0] ?? '', 'latin1').toString('utf8')),
    ['/B', '/a', '/a～', '/a😀'],
  );
});

/** As `places`, on Windows. The current folder of D: is `D:\projects`, that of E: is not known. */
function windowsPlaces(sources: readonly string[], workingFolder = 'C:\\work\\here'): string[] {
  return listed(makeSourceTree(sources, workingFolder, true, driveFolder));
}

const driveFolder = (drive: string) => ({ D: 'D:\\projects', F: 'C:\\not on F' })[drive.toUpperCase()];

test('drives of Windows become folders, and a relative source is seen from the working folder', () => {
  assert.deepEqual(windowsPlaces(['C:\\srv\\data', 'D:\\']), ['/C/srv/data = C:/srv/data', '/D = D:/']);
  assert.deepEqual(windowsPlaces(['docs']), ['/docs = C:/work/here/docs']);
  assert.deepEqual(windowsPlaces(['a\\b', 'a/c']), ['/a/b = C:/work/here/a/b', '/a/c = C:/work/here/a/c']);
  assert.deepEqual(windowsPlaces(['.']), ['/ = C:/work/here']);
  assert.deepEqual(windowsPlaces(['C:']), ['/C = C:/'], 'a drive, as in restic');
  assert.deepEqual(windowsPlaces(['C:\\a\\..\\..\\b']), ['/C/b = C:/b']);
});

test('a share of Windows stands under its server, in whatever way it is written', () => {
  for (const source of [
    '\\\\nas1\\share\\docs',
    '//nas1/share/docs/',
    '\\\\?\\UNC\\nas1\\share\\docs',
    '//?/unc/nas1/share/docs',
    '\\\\nas1\\share\\x\\..\\docs',
    '\\\\nas1\\share\\..\\..\\docs',
  ]) {
    assert.deepEqual(windowsPlaces([source]), ['/nas1/share/docs = //nas1/share/docs'], source);
    assert.equal(sourcePathOf(source, 'C:\\work', true), '\\\\nas1\\share\\docs');
  }
  for (const source of ['\\\\nas1\\share', '\\\\nas1\\share\\', '\\\\?\\UNC\\nas1\\share']) {
    assert.deepEqual(windowsPlaces([source]), ['/nas1/share = //nas1/share/'], source);
    assert.equal(sourcePathOf(source, 'C:\\work', true), '\\\\nas1\\share\\');
  }
  const bytes = byteStringFromText('Dokumen é');
  assert.deepEqual(windowsPlaces(['\\\\nas1\\Dokumen é']), [`/nas1/${bytes} = //nas1/${bytes}/`]);
});

test('two shares of a server stand side by side, and the folders above a source are read from where there are some', () => {
  const [first, second, third] = windowsPlaces(['\\\\nas1\\b\\x', '\\\\nas1\\a', 'C:\\data']);
  assert.deepEqual([first, second, third], ['/C/data = C:/data', '/nas1/a = //nas1/a/', '/nas1/b/x = //nas1/b/x']);
  const [server] = makeSourceTree(['\\\\nas1\\share\\docs'], 'C:\\', true).children;
  assert.deepEqual([server?.path, server?.children[0]?.path], ['//nas1/share/', '//nas1/share/'], 'a server alone cannot be opened');
  assert.deepEqual(windowsPlaces(['nas1\\x', '\\\\nas1\\share\\x']), ['/nas1/x = C:/work/here/nas1/x', '/nas1-1/share/x = //nas1/share/x']);
  assert.deepEqual(windowsPlaces(['\\\\nas1\\share\\x', '\\\\nas1\\share']), ['/nas1/share = //nas1/share/']);
});

test('the long form of a path of Windows is the same place', () => {
  for (const source of ['\\\\?\\C:\\data', '//?/C:/data', '\\\\?\\C:\\x\\..\\data\\']) {
    assert.deepEqual(windowsPlaces([source]), ['/C/data = C:/data'], source);
    assert.equal(sourcePathOf(source, 'D:\\', true), 'C:\\data');
  }
  assert.deepEqual(windowsPlaces(['\\\\?\\C:\\', 'C:\\data']), ['/C = C:/']);
});

test('what leads out of the working folder leaves no trace of it on Windows either', () => {
  assert.deepEqual(windowsPlaces(['..']), ['/ = C:/work']);
  assert.deepEqual(windowsPlaces(['..\\docs']), ['/docs = C:/work/docs']);
  assert.deepEqual(windowsPlaces(['x\\..\\..\\docs']), ['/docs = C:/work/docs']);
  assert.deepEqual(windowsPlaces(['..\\..\\..\\..\\docs']), ['/docs = C:/docs']);
  assert.deepEqual(windowsPlaces(['.', '..\\docs']), ['/C/work/here = C:/work/here', '/docs = C:/work/docs']);
  assert.equal(sourcePathOf('..\\docs', 'C:\\work\\here', true), 'C:\\work\\docs');
  assert.equal(sourcePathOf('..\\..\\..', 'C:\\work\\here', true), 'C:\\');
});

test('the working folder itself can be a share, or written in the long form', () => {
  const besideDocs = windowsPlaces(['..\\docs', '.'], '\\\\nas1\\share\\here');
  assert.deepEqual(besideDocs, ['/docs = //nas1/share/docs', '/nas1/share/here = //nas1/share/here']);
  assert.deepEqual(windowsPlaces(['..\\..\\..\\docs'], '\\\\nas1\\share\\here'), ['/docs = //nas1/share/docs']);
  assert.deepEqual(windowsPlaces(['docs'], '\\\\?\\UNC\\nas1\\share'), ['/docs = //nas1/share/docs']);
  assert.deepEqual(windowsPlaces(['..\\docs'], '\\\\?\\C:\\work'), ['/docs = C:/docs']);
  assert.deepEqual(windowsPlaces(['\\docs'], '\\\\nas1\\share\\here'), ['/docs = //nas1/share/docs']);
  assert.deepEqual(windowsPlaces(['\\docs']), ['/docs = C:/docs']);
});

test('a path of a drive without its root is seen from the current folder of that drive', () => {
  assert.deepEqual(windowsPlaces(['C:docs', 'c:..\\x']), ['/C/work/here/docs = C:/work/here/docs', '/C/work/x = C:/work/x']);
  assert.deepEqual(windowsPlaces(['D:docs']), ['/D/projects/docs = D:/projects/docs']);
  assert.deepEqual(windowsPlaces(['C:docs'], '\\\\?\\C:\\work'), ['/C/work/docs = C:/work/docs']);
  assert.equal(sourcePathOf('D:docs', 'C:\\', true, driveFolder), 'D:\\projects\\docs');
});

test('what no snapshot can name, or nobody can find, is refused by name', () => {
  const volume = '\\\\?\\Volume{12345678-1234-1234-1234-123456789abc}\\';
  const isRefused = (source: string) => (error: unknown) => isCode(error, 'source.unsupported') && error.facts['path'] === source;
  const devices = [
    '\\\\.\\C:\\data',
    '//./PhysicalDrive0',
    `${volume}data`,
    '\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1\\x',
    '\\\\?\\C:data',
    '\\\\?\\data',
    '\\??\\C:\\data',
    '\\\\?\\UNC\\?\\C:\\data',
  ];
  const withoutShare = [
    '\\\\nas1',
    '\\\\nas1\\',
    '//nas1',
    '\\\\?\\UNC\\nas1',
    '\\\\',
    '\\\\\\nas1\\share',
    '\\\\nas1\\..\\share',
    '\\\\nas1\\.',
  ];
  for (const source of [...devices, ...withoutShare, '\\\\c\\share', '\\\\?\\UNC\\c\\share', 'E:docs', 'F:docs']) {
    assert.throws(() => windowsPlaces(['C:\\data', source]), isRefused(source), source);
    assert.throws(() => sourcePathOf(source, 'C:\\', true, driveFolder), isRefused(source), source);
  }
  assert.throws(() => windowsPlaces(['docs'], volume), isRefused('docs'));
  assert.deepEqual(windowsPlaces(['C:\\data'], volume), ['/C/data = C:/data'], 'the working folder does not matter to an absolute path');
});

test('every way to a source of Windows leads to one snapshot path, which leads back', () => {
  const name = fc.constantFrom('a', 'data', 'é', 'x y', 'share');
  const share = fc.tuple(fc.constantFrom('\\\\nas1', '//nas1', '\\\\?\\UNC\\nas1'), name).map((names) => names.join('\\'));
  const root = fc.oneof(fc.constantFrom('C:', 'd:', '\\\\?\\C:'), share);
  fc.assert(
    fc.property(root, fc.array(name, { minLength: 1, maxLength: 4 }), fc.constantFrom('\\', '/'), (start, names, slash) => {
      const source = `${start}${slash}${names.join(slash)}`;
      const path = sourcePathOf(source, 'C:\\', true);
      const stands = windowsPlaces([source])[0]?.split(' = ')[0];
      assert.deepEqual([snapshotPathOf(source, true), snapshotPathOf(path, true)], [stands, stands]);
      assert.equal(machinePathOf(snapshotPathOf(path, true), true), path);
      assert.equal(patternPath(byteStringFromText(path.replaceAll('\\', '/')), true), stands);
    }),
  );
});
