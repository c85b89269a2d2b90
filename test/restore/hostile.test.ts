import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode, type CadanganError } from '../../src/platform/index.ts';
import { serializeNode, treeFromSerializedNodes, type BlobId } from '../../src/repository/index.ts';
import { node, symlink } from '../fakes/repository-maker.ts';
import { contentOf, reasonsOf, scene } from './temporary-target.ts';

const posixOnly = { skip: process.platform === 'win32' ? 'links of POSIX' : false };

test('restore() refuses names that would lead elsewhere, and restores what stands beside them', async () => {
  const { maker, around, target, restore } = await scene();
  const evil = await maker.file('x', 'evil');
  const names = ['', '.', '..', '../outside', '/outside', 'a/b', 'nul\0byte'];
  const hostile = names.map((name) => ({ ...evil, name: node('file', name).name }));
  const folders = await Promise.all(
    ['..', 'sub/../..'].map(async (name) => ({
      ...(await maker.folder('d', await maker.file('outside', 'evil'))),
      name: node('dir', name).name,
    })),
  );

  const result = await restore(await maker.snapshot(...hostile, ...folders, symlink('../outside', 'x'), await maker.file('good', 'good')));

  assert.deepEqual(contentOf(around), { target: '/', 'target/good': 'good' });
  assert.equal(result.exceptionCounts['hostile-name'], names.length + folders.length + 1);
  assert(result.exceptions.every(({ kind }) => kind === 'lost'));
  assert.equal(statSync(target).isDirectory(), true);
});

test('restore() restores the first of two equal names and reports the others, in whatever order they stand', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(
    await maker.file('b', 'first'),
    await maker.file('b', 'second'),
    await maker.file('a', 'a'),
    await maker.folder('b', await maker.file('c', 'c')),
    await maker.file('a', 'third'),
  );

  const result = await restore(snapshot);

  assert.deepEqual(contentOf(target), { a: 'a', b: 'first' });
  assert.deepEqual(reasonsOf(result), ['duplicate-name /a', 'duplicate-name /b', 'duplicate-name /b', 'folder-failed /b/c']);
});

test('a link to a name with NUL is reported, and the rest is restored', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(symlink('bad', 'a\0b'), await maker.file('good', 'good'));
  for (const dryRun of [true, false]) assert.deepEqual(reasonsOf(await restore(snapshot, { dryRun })), ['hostile-target /bad']);
  assert.deepEqual(contentOf(target), { good: 'good' });
});

test('a link of the snapshot is never written through, whether it stands before or behind a folder of its name', posixOnly, async () => {
  const { maker, around, target, restore } = await scene();
  mkdirSync(join(around, 'outside'));
  const trap = symlink('trap', '../outside');
  const folder = await maker.folder('trap', await maker.file('file', 'evil'));

  await restore(await maker.snapshot(trap, folder));
  assert.deepEqual(contentOf(around), { outside: '/', target: '/', 'target/trap': '-> ../outside' });

  const second = await restore(await maker.snapshot(folder, trap), { target: `${target}2` });
  assert.deepEqual(readdirSync(join(around, 'outside')), []);
  assert.deepEqual(contentOf(`${target}2`), { trap: '/', 'trap/file': 'evil' });
  assert.deepEqual(reasonsOf(second), ['duplicate-name /trap']);
});

test(
  'links in the target are replaced, not followed, when restore may overwrite; else what lies beneath is reported',
  posixOnly,
  async () => {
    const { maker, around, target, restore } = await scene();
    mkdirSync(join(around, 'outside'));
    writeFileSync(join(around, 'outside', 'file'), 'precious');
    const plant = (name: string): string => {
      const planted = `${target}-${name}`;
      mkdirSync(planted);
      symlinkSync('../outside', join(planted, 'folder'));
      symlinkSync('../outside/file', join(planted, 'link'));
      return planted;
    };
    const snapshot = await maker.snapshot(
      await maker.folder('folder', await maker.file('file', 'restored'), await maker.folder('sub', await maker.file('deep', 'deep'))),
      await maker.file('link', 'restored'),
    );

    await restore(snapshot, { target: plant('always') });
    assert.deepEqual(contentOf(`${target}-always`), {
      folder: '/',
      'folder/file': 'restored',
      'folder/sub': '/',
      'folder/sub/deep': 'deep',
      link: 'restored',
    });

    const kept = await restore(snapshot, { target: plant('never'), overwrite: 'never' });
    assert.deepEqual(contentOf(`${target}-never`), { folder: '-> ../outside', link: '-> ../outside/file' });
    assert.deepEqual(reasonsOf(kept), [
      'folder-failed /folder/file',
      'folder-failed /folder/sub',
      'folder-failed /folder/sub/deep',
      'in-the-way /folder',
    ]);
    assert.deepEqual(contentOf(join(around, 'outside')), { file: 'precious' });
  },
);

test(
  'a folder that is exchanged for a link while the restore is running leads nowhere',
  { skip: process.platform !== 'linux' },
  async () => {
    const { maker, around, target, restore } = await scene();
    mkdirSync(join(around, 'outside'));
    const inner = await Promise.all(
      Array.from({ length: 300 }, (_, number) => maker.file(`file-${String(number).padStart(3, '0')}`, `content ${number}`)),
    );
    const snapshot = await maker.snapshot(
      await maker.folder('a', ...inner),
      await maker.folder('b', ...inner),
      await maker.file('last', 'x'),
    );
    let swaps = 0;
    const swap = (): void => {
      for (const name of ['a', 'b']) {
        try {
          renameSync(join(target, name), join(target, `${name}-moved-${swaps}`));
          symlinkSync('../outside', join(target, name));
          swaps += 1;
        } catch {
          // not there yet
        }
      }
    };

    const result = await restore(snapshot, { onItem: swap });

    assert(swaps > 0);
    assert.deepEqual(readdirSync(join(around, 'outside')), []);
    assert(result.exceptions.every(({ path }) => path.startsWith('/a') || path.startsWith('/b')));
  },
);

test('a file in the target that has another name outside does not give its owner and mode away', posixOnly, async () => {
  const { maker, around, target, restore } = await scene();
  const snapshot = await maker.snapshot({ ...(await maker.file('a', 'the same content')), mode: 0o777, uid: 12345 });
  mkdirSync(target);
  writeFileSync(join(around, 'outside'), 'the same content', { mode: 0o600 });
  linkSync(join(around, 'outside'), join(target, 'a'));
  const before = statSync(join(around, 'outside'));

  await restore(snapshot);

  const after = statSync(join(around, 'outside'));
  assert.deepEqual([after.mode, after.uid, after.mtimeMs], [before.mode, before.uid, before.mtimeMs]);
  assert.equal(statSync(join(target, 'a')).mode & 0o777, 0o777);
  assert.notEqual(statSync(join(target, 'a')).ino, before.ino);
});

test('something that cannot be replaced is in the way', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('empty', 'file'), await maker.file('full', 'file'));
  mkdirSync(join(target, 'full', 'sub'), { recursive: true });
  mkdirSync(join(target, 'empty'));

  const blocked = await restore(snapshot, { overwrite: 'if-changed' });
  assert.deepEqual(reasonsOf(blocked), ['in-the-way /empty', 'in-the-way /full']);

  const always = await restore(snapshot);
  assert.deepEqual(reasonsOf(always), ['in-the-way /full']);
  assert.deepEqual(contentOf(target), { empty: 'file', full: '/', 'full/sub': '/' });

  const deleting = await restore(snapshot, { delete: true });
  assert.deepEqual(deleting.exceptions, []);
  assert.deepEqual(contentOf(target), { empty: 'file', full: 'file' });
});

test('a file that claims another size gets the bytes it has, and a note', async () => {
  const { maker, target, restore } = await scene();
  const file = await maker.file('huge', 'small', 'small');
  const result = await restore(
    await maker.snapshot({ ...file, size: 10_000_000_000_000 }, { ...file, size: 0, name: node('file', 'nothing').name }),
    { sparse: true },
  );
  assert.deepEqual(contentOf(target), { huge: 'smallsmall', nothing: 'smallsmall' });
  assert.deepEqual(reasonsOf(result), ['size /huge', 'size /nothing']);
});

test('a blob of another kind is not taken for content', async () => {
  const { maker, target, restore } = await scene();
  const tree = await maker.tree(await maker.file('x', 'x'));
  const content = await maker.data(treeFromSerializedNodes([serializeNode(node('file', 'y', { content: [] }))]));
  const snapshot = await maker.snapshot(
    node('file', 'is a tree', { content: [tree], size: 10 }),
    node('dir', 'tree is a file', { subtree: content }),
  );
  const result = await restore(snapshot);
  assert.deepEqual(contentOf(target), { 'tree is a file': '/' });
  assert.deepEqual(reasonsOf(result), ['damaged /is a tree', 'damaged /tree is a file']);
});

test('trees that cannot be read, or lack what their kind needs, are reported and the rest is restored', async () => {
  const { maker, target, restore } = await scene();
  const missing = 'ab'.repeat(32) as BlobId;
  const snapshot = await maker.snapshot(
    node('dir', 'garbage', { subtree: await maker.rawTree(Buffer.from('{"nodes":[{"name":3}]}')) }),
    node('dir', 'gone', { subtree: missing }),
    node('symlink', 'link without target'),
    node('file', 'no list'),
    node('dir', 'no subtree'),
    await maker.file('good', 'good'),
  );
  const result = await restore(snapshot);
  assert.deepEqual(contentOf(target), { garbage: '/', gone: '/', good: 'good', 'no subtree': '/' });
  assert.deepEqual(reasonsOf(result), [
    'damaged /garbage',
    'damaged /gone',
    'damaged /link without target',
    'damaged /no list',
    'damaged /no subtree',
  ]);
});

test('a snapshot whose root is damaged restores nothing and says so', async () => {
  const { maker, target, restore } = await scene();
  const result = await restore(await maker.snapshotOf('cd'.repeat(32) as BlobId), { delete: true });
  assert.deepEqual(reasonsOf(result), ['damaged /']);
  assert.deepEqual(contentOf(target), {});
});

test('folders a thousand deep are restored; the chain of links to them ends where the system says', posixOnly, async () => {
  const { maker, target, restore } = await scene();
  let inner = await maker.file('bottom', 'reached');
  for (let depth = 0; depth < 1000; depth++) inner = await maker.folder('d', inner);

  const result = await restore(await maker.snapshot(inner));

  assert.deepEqual(result.exceptions, []);
  assert.equal(result.counts.folders, 1000);
  assert.equal(readFileSync(join(target, ...Array.from({ length: 1000 }, () => 'd'), 'bottom'), 'utf8'), 'reached');
});

test('a blob that a bomb hides in is refused', async () => {
  const { maker, target, restore } = await scene();
  const bomb = await maker.data(Buffer.alloc(9_000_000));
  const snapshot = await maker.snapshot(node('file', 'bomb', { content: [bomb], size: 9_000_000 }), await maker.file('good', 'good'));
  const place = maker.repository.index.locate('data', bomb)!;
  maker.repository.index.add('data', bomb, {
    ...place,
    offset: place.offset,
    uncompressedLength: 0x7fff_ffff,
    packId: 'ef'.repeat(32) as never,
  });
  const result = await restore(snapshot);
  assert.equal(contentOf(target)['good'], 'good');
  assert(result.exceptions.every(({ path }) => path === '/bomb'));
});

test('names longer than the system takes are reported', async () => {
  const { maker, target, restore } = await scene();
  const result = await restore(
    await maker.snapshot(
      await maker.folder('d'.repeat(300), await maker.file('x', 'x'), await maker.folder('y')),
      await maker.file('f'.repeat(300), 'f'),
      await maker.file('good', 'good'),
    ),
  );
  assert.deepEqual(contentOf(target), { good: 'good' });
  assert.deepEqual(result.exceptions.map(({ reason }) => reason).sort(), [
    'folder-failed',
    'folder-failed',
    'impossible-name',
    'impossible-name',
  ]);
});

test('restore() stops when the target is no folder', async () => {
  const { maker, target, restore } = await scene();
  writeFileSync(target, 'a file');
  await assert.rejects(restore(await maker.snapshot(await maker.file('a', 'a'))), (error: CadanganError) => isCode(error, 'target.unsafe'));
});
