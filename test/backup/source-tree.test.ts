import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSourceTree, type SourceTree } from '../../src/backup/source-tree.ts';

/** `name=path` of every source, with the folders above it. */
function places(sources: readonly string[], workingFolder = '/home/budi/kerja'): string[] {
  const found: string[] = [];
  const walk = (tree: SourceTree, above: string) => {
    const here = tree.name === '' ? above : `${above}/${tree.name}`;
    if (tree.isSource) found.push(`${here || '/'} = ${tree.path}`);
    for (const child of tree.children) walk(child, here);
  };
  walk(makeSourceTree(sources, workingFolder, false), '');
  return found;
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

test('drives of Windows become folders, and a relative source is seen from the working folder', () => {
  const walk = (tree: SourceTree, above: string): string[] => [
    ...(tree.isSource ? [`${above} = ${tree.path}`] : []),
    ...tree.children.flatMap((child) => walk(child, `${above}/${child.name}`)),
  ];
  assert.deepEqual(walk(makeSourceTree(['C:\\srv\\data', 'D:\\'], 'C:\\work', true), ''), ['/C/srv/data = C:/srv/data', '/D = D:/']);
});
