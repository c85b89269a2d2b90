import assert from 'node:assert/strict';
import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { isCode, system } from '../../src/platform/index.ts';
import { goMode, type Node } from '../../src/repository/index.ts';
import type { RestoreItem, RestoreOptions, RestoreProgress } from '../../src/restore/index.ts';
import { node, type RepositoryMaker, symlink } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { assertNothingUnfinished, contentOf, makesFolderLinks, reasonsOf, scene } from './temporary-target.ts';

const isRoot = process.getuid?.() === 0;
const hasFolderLinks = makesFolderLinks();
const posixOnly = { skip: process.platform === 'win32' ? 'modes and links of POSIX' : false };

/** What a place may be used for, where modes say it. */
function modeAt(path: string): number | undefined {
  return system.hasModes ? statSync(path).mode & 0o777 : undefined;
}

function modeWhereKept(mode: number): number | undefined {
  return system.hasModes ? mode : undefined;
}

test('restore() brings files, folders and links with content, mode, owner and time', posixOnly, async () => {
  const { maker, target, restore } = await scene();
  const owner = isRoot ? { uid: 1234, gid: 4321 } : {};
  const snapshot = await maker.snapshot(
    node('dir', 'closed', {
      mode: (goMode.dir | 0o555) >>> 0,
      mtime: '2001-02-03T04:05:06.000007Z',
      subtree: await maker.tree(await maker.file('inside', 'in a read-only folder')),
    }),
    { ...(await maker.file('empty')), mode: 0o600 },
    { ...(await maker.file('set', 'id')), mode: (goMode.setuid | 0o755) >>> 0, ...owner },
    symlink('to nowhere', '../../nowhere'),
    await maker.file('two parts', 'one, ', 'two'),
    node('file', Buffer.from([0x62, 0xff, 0xfe]), { content: [await maker.data('bytes')], size: 5 }),
  );

  const result = await restore(snapshot);

  assert.deepEqual(contentOf(target), {
    'b\ufffd\ufffd': 'a name that is not UTF-8',
    closed: '/',
    'closed/inside': 'in a read-only folder',
    empty: '',
    set: 'id',
    'to nowhere': '-> ../../nowhere',
    'two parts': 'one, two',
  });
  assert.equal(readFileSync(Buffer.concat([Buffer.from(`${target}/`), Buffer.from([0x62, 0xff, 0xfe])]), 'utf8'), 'bytes');
  assert.deepEqual(result.exceptions, []);
  assert.equal(statSync(join(target, 'closed')).mode & 0o7777, 0o555);
  assert.equal(statSync(join(target, 'closed'), { bigint: true }).mtimeNs / 1000n, 981173106000007n);
  assert.equal(statSync(join(target, 'empty')).mode & 0o7777, 0o600);
  assert.equal(statSync(join(target, 'set')).mode & 0o7777, 0o4755);
  assert.equal(Math.round(lstatSync(join(target, 'to nowhere')).mtimeMs * 1000), 1714979289123456);
  if (isRoot) assert.deepEqual([statSync(join(target, 'set')).uid, statSync(join(target, 'set')).gid], [1234, 4321]);
  assert.equal(result.counts.filesRestored, 5);
  assert.equal(result.counts.symlinksRestored, 1);
  assert.equal(result.counts.folders, 1);
});

test('restore() puts a file together from blobs in many packs, and reads a blob once for all its places', async () => {
  const { maker, target, restore } = await scene();
  const random = new SeededRandom(7);
  const shared = random.bytes(300_000);
  const files = [];
  const expected: Record<string, Buffer> = {};
  for (let number = 0; number < 12; number++) {
    const parts = [random.bytes(200_000), shared, random.bytes(1), shared];
    if (number % 3 === 0) await maker.endPack();
    const name = `file-${String(number).padStart(2, '0')}`;
    files.push(await maker.file(name, ...parts));
    expected[name] = Buffer.concat(parts);
  }

  const result = await restore(await maker.snapshot(...files), { verify: true });

  for (const [name, bytes] of Object.entries(expected)) assert(readFileSync(join(target, name)).equals(bytes), name);
  assert.deepEqual(result.exceptions, []);
  assert.equal(result.counts.filesVerified, 12);
  assert.equal(result.counts.bytesRestored, 12 * 800_001);
  assertNothingUnfinished(target);
});

test('restore() makes the names of one file hard links again', async () => {
  const { maker, target, restore } = await scene();
  const one = { inode: 77, deviceId: 5, links: 3 };
  const content = await maker.file('a', 'the same');
  const snapshot = await maker.snapshot(
    { ...content, ...one },
    await maker.folder('b', { ...content, ...one }),
    { ...content, ...one, deviceId: 6, name: node('file', 'c').name },
    { ...content, ...one, name: node('file', 'd').name },
    { ...(await maker.file('e', 'other content')), ...one },
  );

  const result = await restore(snapshot);

  const inode = (path: string): number => statSync(join(target, path)).ino;
  assert.equal(inode('a'), inode('b/a'));
  assert.equal(inode('a'), inode('d'));
  assert.notEqual(inode('a'), inode('c'), 'another device');
  assert.equal(readFileSync(join(target, 'e'), 'utf8'), 'other content');
  assert.deepEqual([result.counts.filesRestored, result.counts.hardLinks], [5, 2]);
});

test('restore() over a complete restore changes nothing, whatever the policy', async () => {
  const { maker, target, restore } = await scene();
  const one = { inode: 3, links: 2 };
  const file = await maker.file('a', 'content');
  const snapshot = await maker.snapshot(
    { ...file, ...one },
    { ...file, ...one, name: node('file', 'b').name },
    await maker.file('empty'),
    ...(system.isWindows ? [] : [symlink('link', 'a')]), // there a right of administrators
  );
  await restore(snapshot);
  const names = Object.keys(contentOf(target));
  const inodes = names.map((name) => lstatSync(join(target, name)).ino);

  for (const overwrite of ['always', 'if-changed', 'if-newer', 'never'] as const) {
    const { counts, exceptions } = await restore(snapshot, { overwrite });
    assert.equal(counts.filesRestored, 0, overwrite);
    assert.equal(counts.filesUnchanged + counts.filesSkipped, 3, overwrite);
    assert.deepEqual(exceptions, []);
    assert.deepEqual(
      names.map((name) => lstatSync(join(target, name)).ino),
      inodes,
    );
  }
});

test('the overwrite policy decides what happens to files that exist', async (t) => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('name', 'snapshot'));
  const older = new Date('2020-01-01');
  const newer = new Date('2030-01-01');
  const same = 1714979289.123456;
  const cases = [
    ['always', 'existing', newer, 'snapshot'],
    ['always', 'snapshot', newer, 'snapshot'],
    ['if-changed', 'existing', same, 'existing'], // size and time are equal
    ['if-changed', 'existing', newer, 'snapshot'],
    ['if-changed', 'longer existing', same, 'snapshot'],
    ['if-newer', 'existing', older, 'snapshot'],
    ['if-newer', 'existing', same, 'existing'],
    ['if-newer', 'existing', newer, 'existing'],
    ['never', 'existing', older, 'existing'],
  ] as const;
  for (const [overwrite, before, time, after] of cases) {
    await t.test(`${overwrite} over "${before}"`, async () => {
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'name'), before);
      utimesSync(join(target, 'name'), time, time);
      const result = await restore(snapshot, { overwrite });
      assert.equal(readFileSync(join(target, 'name'), 'utf8'), after);
      assert.deepEqual(result.exceptions, []);
    });
  }
});

test('restore() sets metadata on a file whose content is right, without writing it again', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('a', 'content'));
  mkdirSync(target);
  writeFileSync(join(target, 'a'), 'content', { mode: 0o600 });
  const before = statSync(join(target, 'a'));

  const { counts } = await restore(snapshot);

  const after = statSync(join(target, 'a'));
  assert.equal(counts.filesUnchanged, 1);
  assert.equal(after.ino, before.ino);
  assert.equal(modeAt(join(target, 'a')), modeWhereKept(0o644));
  assert.equal(Math.round(after.mtimeMs), 1714979289123);
});

test('restore() replaces a file that has another name elsewhere instead of writing into it', async () => {
  const { maker, around, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('a', 'from the snapshot'));
  mkdirSync(target);
  writeFileSync(join(around, 'outside'), 'of somebody else');
  linkSync(join(around, 'outside'), join(target, 'a'));

  await restore(snapshot);

  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'from the snapshot');
  assert.equal(readFileSync(join(around, 'outside'), 'utf8'), 'of somebody else');
});

test('restore() brings what is included, with the folders above it, and not what is excluded', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(
    await maker.folder(
      'srv',
      await maker.folder('data', await maker.file('a.txt', 'a'), await maker.file('b.log', 'b')),
      await maker.folder('other', await maker.file('c.txt', 'c')),
    ),
    await maker.file('top.txt', 'top'),
  );

  await restore(snapshot, { includes: ['/srv/data'], excludes: ['*.log'] });
  assert.deepEqual(contentOf(target), { srv: '/', 'srv/data': '/', 'srv/data/a.txt': 'a' });

  await restore(snapshot, { target: `${target}-2`, iincludes: ['*.TXT'] });
  assert.deepEqual(Object.keys(contentOf(`${target}-2`)), ['srv', 'srv/data', 'srv/data/a.txt', 'srv/other', 'srv/other/c.txt', 'top.txt']);

  await restore(snapshot, { target: `${target}-3`, subfolder: 'srv/data', excludes: ['/a.txt'] });
  assert.deepEqual(contentOf(`${target}-3`), { 'b.log': 'b' });

  await assert.rejects(restore(snapshot, { subfolder: 'srv/nothing' }), (error) => isCode(error, 'path.not-found'));
});

test('restore() with delete removes what the snapshot does not have, as far as it is selected', async () => {
  const { maker, around, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.folder('kept', await maker.file('a', 'a')), await maker.file('x', 'x'));
  await restore(snapshot);
  mkdirSync(join(target, 'kept', 'more', 'deep'), { recursive: true });
  writeFileSync(join(target, 'kept', 'more', 'deep', 'file'), '');
  writeFileSync(join(target, 'kept', 'more', 'spared.log'), '');
  writeFileSync(join(target, 'stray'), '');
  mkdirSync(join(around, 'outside'));
  writeFileSync(join(around, 'outside', 'precious'), '');
  if (hasFolderLinks) symlinkSync(join(around, 'outside'), join(target, 'link'), 'junction');
  const links = hasFolderLinks ? 1 : 0;

  const planned = await restore(snapshot, { delete: true, dryRun: true });
  assert.equal(planned.counts.deleted, 5 + links);
  assert.equal(Object.keys(contentOf(target)).length, 8 + links, 'a dry run removes nothing');

  await restore(snapshot, { delete: true, excludes: ['*.log', '/stray'] });
  assert.deepEqual(Object.keys(contentOf(target)), ['kept', 'kept/a', 'kept/more', 'kept/more/spared.log', 'stray', 'x']);

  const { counts } = await restore(snapshot, { delete: true });
  assert.equal(counts.deleted, 3);
  assert.deepEqual(Object.keys(contentOf(target)), ['kept', 'kept/a', 'x']);
  assert(statSync(join(around, 'outside', 'precious')).isFile(), 'what a link points to is not touched');
});

test('a dry run tells what would be done and changes nothing', async () => {
  const { maker, around, target, restore } = await scene();
  const snapshot = await maker.snapshot(
    await maker.folder('dir', await maker.file('new', '12345')),
    await maker.file('old', 'old'),
    symlink('s', 'x'),
  );
  const items: RestoreItem[] = [];

  const { counts } = await restore(snapshot, { dryRun: true, onItem: (item) => items.push(item) });

  assert.deepEqual(contentOf(around), {});
  assert.deepEqual(items.map(({ action, path }) => `${action} ${path}`).sort(), [
    'restored /dir',
    'restored /dir/new',
    'restored /old',
    'restored /s',
  ]);
  assert.deepEqual([counts.filesRestored, counts.bytesRestored, counts.folders, counts.symlinksRestored], [2, 8, 1, 1]);

  mkdirSync(target);
  writeFileSync(join(target, 'old'), 'old');
  assert.equal((await restore(snapshot, { dryRun: true })).counts.filesUnchanged, 1);
});

test('restore() with sparse leaves holes where there are zeros', posixOnly, async () => {
  const { maker, target, restore } = await scene();
  const zeros = Buffer.alloc(3_000_000);
  const edge = Buffer.concat([Buffer.alloc(5000), Buffer.from('x'), Buffer.alloc(9000)]);
  const snapshot = await maker.snapshot(await maker.file('all', zeros), await maker.file('some', edge, zeros, 'end', zeros));

  await restore(snapshot, { sparse: true });

  assert(readFileSync(join(target, 'all')).equals(zeros));
  assert(readFileSync(join(target, 'some')).equals(Buffer.concat([edge, zeros, Buffer.from('end'), zeros])));
  assert(statSync(join(target, 'all')).blocks * 512 < 100_000);
  assert(statSync(join(target, 'some')).blocks * 512 < 100_000);
});

test('restore() reports progress up to the totals', async () => {
  const { maker, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('a', 'a'.repeat(1000)), await maker.file('b', 'b'), await maker.file('c'));
  const seen: RestoreProgress[] = [];

  await restore(snapshot, { progress: (progress) => seen.push(progress) });

  const { filesTotal, filesDone, bytesTotal, bytesDone, totalsAreFinal } = seen.at(-1)!;
  assert.deepEqual([filesTotal, filesDone, bytesTotal, bytesDone, totalsAreFinal], [3, 3, 1001, 1001, true]);
});

test('restore() refuses a target in the repository, also by way of a link', async () => {
  const { maker, around, repositoryPath, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('a', 'a'));
  if (hasFolderLinks) symlinkSync(repositoryPath, join(around, 'link'), 'junction');
  const throughLink = hasFolderLinks ? [join(around, 'link')] : [];
  for (const target of [repositoryPath, join(repositoryPath, 'data', 'new'), ...throughLink]) {
    await assert.rejects(restore(snapshot, { target }), (error) => isCode(error, 'target.unsafe'), target);
  }
});

test('restore() into a folder above the repository leaves the repository alone, also when it deletes', async () => {
  const { maker, repositoryPath, restore } = await scene();
  const folder = node('dir', basename(repositoryPath), { subtree: await maker.tree(await maker.file('config', 'planted')) });
  const snapshot = await maker.snapshot(await maker.file('a', 'a'), folder);
  const before = contentOf(repositoryPath);

  const result = await restore(snapshot, { target: dirname(repositoryPath), delete: true });

  assert.deepEqual(contentOf(repositoryPath), before);
  assert.deepEqual(
    result.exceptions.map(({ kind, reason }) => [kind, reason]),
    [['lost', 'repository']],
  );
});

/** What a snapshot can have where the repository lies in the target. */
const inItsPlace: Readonly<Record<string, (maker: RepositoryMaker) => Promise<Node>>> = {
  nothing: (maker) => maker.file('a', 'a'),
  'a folder above it': (maker) => maker.folder('backups'),
  'a file instead of it': async (maker) => maker.folder('backups', await maker.file('repository', 'planted')),
  'a file instead of the folder above it': (maker) => maker.file('backups', 'planted'),
  'a link instead of the folder above it': async () => symlink('backups', '/nowhere'),
};

for (const [what, make] of Object.entries(inItsPlace))
  test(`restore() that deletes leaves the repository alone where the snapshot has ${what}`, async () => {
    const { maker, target, restore } = await scene();
    const repositoryFolder = join(target, 'backups', 'repository');
    mkdirSync(repositoryFolder, { recursive: true });
    writeFileSync(join(repositoryFolder, 'config'), 'precious');
    for (const folder of [target, join(target, 'backups')]) writeFileSync(join(folder, 'stray'), '');

    await restore(await maker.snapshot(await make(maker)), { repositoryFolder, delete: true, overwrite: 'always' });

    const left = contentOf(target);
    assert.equal(left['backups/repository/config'], 'precious');
    assert.deepEqual([left['stray'], left['backups/stray']], [undefined, undefined], 'the rest goes');
  });

test('restore() to where the files came from leaves the folders above them alone, and makes those that are gone as they were', async () => {
  const { maker, target, restore } = await scene();
  const closed = (goMode.dir | 0o750) >>> 0;
  const snapshot = await maker.snapshot(
    node('dir', 'srv', {
      mode: closed,
      subtree: await maker.tree(
        node('dir', 'data', { mode: closed, subtree: await maker.tree(await maker.file('a', 'a')) }),
        node('dir', 'gone', { mode: closed, subtree: await maker.tree(await maker.file('b', 'b')) }),
      ),
    }),
    node('dir', 'var', { subtree: await maker.tree(await maker.file('c', 'c')) }),
  );
  const metadataOf = (path: string): unknown => [modeAt(join(target, path)), Math.floor(statSync(join(target, path)).mtimeMs)];
  mkdirSync(join(target, 'srv/data'), { recursive: true });
  for (const path of ['srv/data', 'srv', '.']) {
    chmodSync(join(target, path), 0o711);
    utimesSync(join(target, path), 1000, 1000);
  }
  writeFileSync(join(target, 'var'), 'a file where a folder was');
  utimesSync(target, 1000, 1000);

  const result = await restore(snapshot, {
    includes: ['/srv/data/a', '/srv/gone/b', '/var/c'],
    keepsFoldersAbove: true,
    overwrite: 'always',
  });

  assert.deepEqual(contentOf(target), {
    srv: '/',
    'srv/data': '/',
    'srv/data/a': 'a',
    'srv/gone': '/',
    'srv/gone/b': 'b',
    var: 'a file where a folder was',
  });
  assert.deepEqual(reasonsOf(result), ['folder-failed /var/c', 'in-the-way /var']);
  assert.deepEqual(
    ['.', 'srv', 'srv/data'].map((path) => modeAt(join(target, path))),
    [0o711, 0o711, 0o711].map(modeWhereKept),
  );
  assert.deepEqual(metadataOf('srv/gone'), [modeWhereKept(0o750), Date.parse('2024-05-06T07:08:09.123Z')]);
  const whole = await restore(snapshot, { includes: ['/srv/data'], keepsFoldersAbove: true });
  assert.deepEqual(whole.exceptions, []);
  assert.deepEqual(
    [modeAt(join(target, 'srv')), modeAt(join(target, 'srv/data'))],
    [0o711, 0o750].map(modeWhereKept),
    'what is chosen itself becomes as it was',
  );
});

test('restore() follows a link only when it is the target itself', posixOnly, async () => {
  const { maker, around, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('a', 'a'));
  mkdirSync(join(around, 'real'));
  symlinkSync('real', target);

  const result = await restore(snapshot);

  assert.equal(readFileSync(join(around, 'real', 'a'), 'utf8'), 'a');
  assert(result.target.endsWith('/real'));
});

test('restore() fills a folder that it may not write into, and leaves it as the snapshot has it', posixOnly, async () => {
  const { maker, target, restore } = await scene();
  const closed = (goMode.dir | 0o500) >>> 0;
  const snapshot = await maker.snapshot(node('dir', 'closed', { mode: closed, subtree: await maker.tree(await maker.file('a', 'new')) }));
  mkdirSync(join(target, 'closed'), { recursive: true });
  chmodSync(join(target, 'closed'), 0o100);

  const result = await restore(snapshot);

  assert.deepEqual(result.exceptions, []);
  assert.equal(statSync(join(target, 'closed')).mode & 0o777, 0o500);
  chmodSync(join(target, 'closed'), 0o700);
  assert.deepEqual(contentOf(target), { closed: '/', 'closed/a': 'new' });
});

test("restore() gives the owning group what the access control list gave it, not the list's mask", posixOnly, async () => {
  const { maker, target, restore } = await scene();
  // version 2; user::rw-, user:1000:rw-, group::r--, mask::rw-, other::r--
  const acl = Buffer.from('0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000400ffffffff', 'hex');
  const snapshot = await maker.snapshot({
    ...(await maker.file('shared', 'x')),
    mode: 0o664,
    extendedAttributes: [{ name: 'system.posix_acl_access', value: acl }],
  });

  const result = await restore(snapshot);

  assert.equal(statSync(join(target, 'shared')).mode & 0o777, 0o644);
  assert.deepEqual(reasonsOf(result), ['extended-attributes /shared']);
});

test('restore() names what Node cannot make or set', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(
    node('chardev', 'c', { device: 259 }),
    node('dev', 'd', { device: 7 }),
    node('fifo', 'f'),
    { ...(await maker.file('g', 'g')), genericAttributes: { 'windows.creation_time': 'x' } },
    { ...node('fifo', 'i'), type: 'irregular' as never },
    node('socket', 's'),
    { ...(await maker.file('x', 'x')), extendedAttributes: [{ name: 'user.a', value: Buffer.from('1') }] },
  );

  const result = await restore(snapshot);

  assert.deepEqual(reasonsOf(result), [
    'extended-attributes /x',
    'generic-attributes /g',
    'special-file /c',
    'special-file /d',
    'special-file /f',
    'special-file /s',
    'unknown-type /i',
  ]);
  assert.deepEqual(contentOf(target), { g: 'g', x: 'x' });
});

test('restore() says once that a system has no attributes of Windows: every file of Windows has some', posixOnly, async () => {
  const { maker, restore } = await scene();
  const genericAttributes = { 'windows.creation_time': 'x' };
  const files = [await maker.file('g', 'g'), await maker.file('h', 'h')];
  const { exceptions } = await restore(await maker.snapshot(...files.map((file) => ({ ...file, genericAttributes }))));
  assert.deepEqual(
    exceptions.map(({ reason, detail }) => [reason, detail]),
    [['generic-attributes', 'windows.creation_time: of this and all others']],
  );
});

test('a dry run tells what goes where a file and a folder change places, as the restore itself does', posixOnly, async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(
    await maker.file('a', 'was a folder with content'),
    node('dir', 'b', { subtree: await maker.tree(await maker.file('inside', 'b was a file')) }),
    node('dir', 'c', { subtree: await maker.tree() }),
    symlink('d', 'was a folder'),
    await maker.file('e', 'was an empty folder'),
  );
  for (const path of ['a/sub', 'd/sub', 'e']) mkdirSync(join(target, path), { recursive: true });
  for (const path of ['a/x', 'a/sub/y', 'b', 'd/sub/z']) writeFileSync(join(target, path), 'in the target');
  symlinkSync('elsewhere', join(target, 'c'));
  const tellings = async (options: Partial<RestoreOptions>): Promise<{ readonly items: string[]; readonly exceptions: string[] }> => {
    const items: string[] = [];
    const result = await restore(snapshot, { ...options, onItem: ({ action, type, path }) => items.push(`${action} ${type} ${path}`) });
    return { items: items.sort(), exceptions: reasonsOf(result) };
  };

  const before = contentOf(target);
  const planned = await tellings({ delete: true, dryRun: true });
  const careful = await tellings({ dryRun: true });
  const part = await tellings({ delete: true, dryRun: true, includes: ['/b/inside'] });

  assert.deepEqual(contentOf(target), before);
  const deleted = (items: readonly string[]): readonly string[] => items.filter((item) => item.startsWith('deleted'));
  assert.deepEqual(deleted(planned.items), [
    'deleted dir /a',
    'deleted dir /a/sub',
    'deleted dir /d',
    'deleted dir /d/sub',
    'deleted dir /e',
    'deleted file /a/sub/y',
    'deleted file /a/x',
    'deleted file /b',
    'deleted file /d/sub/z',
    'deleted symlink /c',
  ]);
  // Without --delete a folder with content is left, and what should stand there is not restored.
  assert.deepEqual(deleted(careful.items), ['deleted file /b', 'deleted symlink /c']);
  assert.deepEqual(careful.exceptions, ['in-the-way /a', 'in-the-way /d']);
  assert.deepEqual(deleted(part.items), ['deleted file /b']);
  assert.deepEqual(await tellings({ delete: true }), planned);
  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'was a folder with content');
});
