import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ByteString } from '../../src/platform/index.ts';
import { parseTimestamp, walkTree, type Node, type Repository, type TreeId } from '../../src/repository/index.ts';
import { newRepository } from '../repository/new-repository.ts';
import { nextRun, readSnapshot, rootOnly, runBackup, temporaryFolder, withMount } from './run-backup.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const isRoot = process.getuid?.() === 0;
const linuxOnly = { skip: process.platform === 'linux' ? false : 'needs Linux' };

/** Raw names, for those that are not text. */
async function rawNodes(repository: Repository, tree: TreeId): Promise<Map<ByteString, Node>> {
  const nodes = new Map<ByteString, Node>();
  for await (const step of walkTree(repository, tree, { signal: neverAborted }))
    if (step.kind === 'node') nodes.set(step.node.name, step.node);
  return nodes;
}

test('hard links are stored with one content, their number and one inode', linuxOnly, async () => {
  using folder = temporaryFolder();
  const first = join(folder.path, 'first');
  writeFileSync(first, 'shared content');
  linkSync(first, join(folder.path, 'second'));
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const stored = await readSnapshot(repository, run.tree);
  const [one, two] = ['first', 'second'].map((name) => stored.get(join(folder.path, name))?.node);
  assert.deepEqual([one?.links, two?.links, one?.inode === two?.inode, run.summary.dataBlobs], [2, 2, true, 1]);
  assert.deepEqual(one?.content, two?.content);
});

test("links of every kind keep their target's bytes and are never followed", linuxOnly, async () => {
  using folder = temporaryFolder();
  mkdirSync(join(folder.path, 'dir'));
  writeFileSync(join(folder.path, 'dir', 'inside'), 'x');
  const targets: readonly (readonly [string, string | Buffer])[] = [
    ['to-file', 'dir/inside'],
    ['to-dir', 'dir'],
    ['to-nothing', 'not there'],
    ['to-itself', 'to-itself'],
    ['absolute', '/etc/passwd'],
    ['up', '../../..'],
    ['loop-a', 'loop-b'],
    ['loop-b', 'loop-a'],
    ['not-utf8', Buffer.of(0x66, 0xff, 0xfe)],
    ['odd', ' <&>\u2028"\\ '],
  ];
  for (const [name, target] of targets) symlinkSync(target, join(folder.path, name));
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const stored = await readSnapshot(repository, run.tree);
  for (const [name, target] of targets) {
    const node = stored.get(join(folder.path, name))?.node;
    assert.equal(node?.type, 'symlink');
    assert.deepEqual(Buffer.from(node.linkTarget ?? '', 'latin1'), Buffer.from(target));
  }
  assert.equal([...stored.values()].filter(({ node }) => node.type === 'file').length, 1);
  assert.equal(run.issueCount, 0);
});

test('names that are not text, and names with everything else, are stored byte for byte, in byte order', linuxOnly, async () => {
  using folder = temporaryFolder();
  const names = [
    Buffer.of(0xff, 0xfe),
    Buffer.of(0x61, 0x80),
    Buffer.from('a\xe9', 'latin1'),
    Buffer.from('ü'),
    Buffer.from('u\u0308'),
    Buffer.from('a😀'),
    Buffer.from('a～'),
    Buffer.from(' '),
    Buffer.from('. '),
    Buffer.from('new\nline'),
    Buffer.from('tab\t"quote"\\back'),
    Buffer.from('\x1b[31m'),
    Buffer.from('x'.repeat(255)),
    Buffer.from('CON'),
    Buffer.from('a:b|c?*'),
    Buffer.from('%s'),
    Buffer.from('\u202egnp.exe'),
    Buffer.from('-rf'),
    Buffer.from('A'),
    Buffer.from('a'),
    Buffer.of(1),
    Buffer.of(0x7f),
    Buffer.from('\u200b'),
    Buffer.from('\ufffd'),
  ];
  for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), name]), name);
  const { repository, storage } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  assert.equal(run.issueCount, 0);
  const nodes = await rawNodes(repository, run.tree);
  for (const name of names) {
    const node = nodes.get(name.toString('latin1') as ByteString);
    assert.ok(node, JSON.stringify(name.toString('latin1')));
    assert.deepEqual(
      Buffer.from(await repository.loadBlob('data', node.content?.[0] ?? ('' as TreeId), neverAborted)),
      name,
      'its own content',
    );
  }
  await readSnapshot(repository, run.tree); // says when names are out of order
  assert.equal((await nextRun(storage, [folder.path])).summary.filesUnmodified, names.length);
});

test('a sparse file is stored as its bytes, and its zeros cost next to nothing', linuxOnly, async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'sparse');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, 80 << 20);
  writeSync(fd, 'in the middle', 40 << 20);
  closeSync(fd);
  const { repository, storage } = await newRepository();
  const run = await runBackup(repository, [path]);
  const entry = (await readSnapshot(repository, run.tree)).get(path);
  assert.equal(entry?.content?.length, 80 << 20);
  assert.equal(entry.content.toString('latin1', 40 << 20, (40 << 20) + 13), 'in the middle');
  assert.ok(run.summary.dataBlobs <= 5, `${run.summary.dataBlobs} blobs`);
  const bytes = (await storage.list('data', neverAborted)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  assert.ok(bytes < 64 << 10, `${bytes} bytes`);
});

test('pipes are recorded and never opened, sockets are counted and left out', linuxOnly, async (t) => {
  using folder = temporaryFolder();
  if (spawnSync('mkfifo', [join(folder.path, 'pipe')]).status !== 0) return t.skip('needs mkfifo');
  const server = createServer().listen(join(folder.path, 'socket'));
  await once(server, 'listening');
  writeFileSync(join(folder.path, 'file'), 'x');
  try {
    const { repository } = await newRepository();
    const run = await runBackup(repository, [folder.path], { exclude: { excludeIfPresent: ['pipe:HEADER'] } });
    const stored = await readSnapshot(repository, run.tree);
    assert.equal(stored.get(join(folder.path, 'pipe'))?.node.type, 'fifo');
    assert.ok(!stored.has(join(folder.path, 'socket')));
    assert.ok(stored.has(join(folder.path, 'file')));
    assert.deepEqual([run.socketsSkipped, run.issueCount], [1, 0]);
  } finally {
    server.close();
  }
});

test('device nodes are recorded with their numbers and never read', rootOnly, async (t) => {
  using folder = temporaryFolder();
  const made = [
    ['zero', 'c', '1', '5'],
    ['disk', 'b', '250', '1048575'],
  ].map((args) => spawnSync('mknod', [join(folder.path, args[0] ?? ''), ...args.slice(1)]).status);
  if (made.some((status) => status !== 0)) return t.skip('cannot make device nodes here');
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const stored = await readSnapshot(repository, run.tree);
  for (const [name, type] of [
    ['zero', 'chardev'],
    ['disk', 'dev'],
  ] as const) {
    const node = stored.get(join(folder.path, name))?.node;
    assert.deepEqual([node?.type, node?.device], [type, lstatSync(join(folder.path, name)).rdev]);
  }
});

test('--one-file-system keeps a mount point as an empty folder; without, everything below is stored', rootOnly, async (t) => {
  using folder = temporaryFolder();
  const mountPoint = join(folder.path, 'sub', 'mounted');
  mkdirSync(mountPoint, { recursive: true });
  writeFileSync(join(folder.path, 'outside'), 'outside');
  await withMount(t, mountPoint, async () => {
    writeFileSync(join(mountPoint, 'inside'), 'inside');
    const { repository } = await newRepository();
    const within = async (options: Parameters<typeof runBackup>[2], sources = [folder.path]) => {
      const run = await runBackup(repository, sources, options);
      assert.equal(run.issueCount, 0);
      return readSnapshot(repository, run.tree);
    };
    assert.equal((await within({})).get(join(mountPoint, 'inside'))?.content?.toString(), 'inside');
    const stayed = await within({ oneFileSystem: true });
    assert.ok(stayed.has(join(folder.path, 'outside')) && stayed.has(mountPoint) && !stayed.has(join(mountPoint, 'inside')));
    assert.ok((await within({ oneFileSystem: true }, [mountPoint])).has(join(mountPoint, 'inside')), 'a source is on its own file system');
    assert.ok((await within({ oneFileSystem: true }, [folder.path, join(mountPoint, 'inside')])).has(mountPoint));
  });
});

test('times of any age come back to the nanosecond, and rights and owners as they are', linuxOnly, async () => {
  using folder = temporaryFolder();
  const seconds = [0, 1, -1, -86_400 * 365 * 60, 2 ** 31, 2 ** 32 + 5, 1_785_769_200.123456];
  for (const [at, time] of seconds.entries()) {
    writeFileSync(join(folder.path, `${at}`), '', { mode: 0o600 + at });
    utimesSync(join(folder.path, `${at}`), time, time);
  }
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const stored = await readSnapshot(repository, run.tree);
  for (const at of seconds.keys()) {
    const stat = lstatSync(join(folder.path, `${at}`), { bigint: true });
    const node = stored.get(join(folder.path, `${at}`))?.node;
    assert.ok(node);
    assert.deepEqual(
      [parseTimestamp(node.mtime).ns, parseTimestamp(node.ctime).ns, node.mode, node.uid, BigInt(node.inode)],
      [stat.mtimeNs, stat.ctimeNs, Number(stat.mode) & 0o777, Number(stat.uid), stat.ino],
    );
  }
});

test('what may not be read is named, and the rest is stored', async () => {
  using folder = temporaryFolder();
  mkdirSync(join(folder.path, 'closed'), { mode: 0o000 });
  writeFileSync(join(folder.path, 'secret'), 'x', { mode: 0o000 });
  writeFileSync(join(folder.path, 'open'), 'x');
  const { repository } = await newRepository();
  // Root may read everything but what the kernel only takes and never tells.
  const closed = isRoot ? ['/sys/bus/platform/drivers_probe'] : [join(folder.path, 'closed'), join(folder.path, 'secret')];
  const run = await runBackup(repository, isRoot ? [folder.path, ...closed] : [folder.path]);
  assert.deepEqual(
    run.issues.flatMap(({ path, kind, reason }) => (kind === 'mostly-unreadable' ? [] : [[path, kind, reason]])).toSorted(),
    closed.map((path) => [path, 'unreadable', 'EACCES']),
  );
  assert.ok((await readSnapshot(repository, run.tree)).has(join(folder.path, 'open')));
});

test('a file that the system says is empty but has content, as in /proc, is stored with what was read', linuxOnly, async () => {
  const { repository } = await newRepository();
  const run = await runBackup(repository, ['/proc/version']);
  const entry = (await readSnapshot(repository, run.tree)).get('/proc/version');
  assert.match(entry?.content?.toString() ?? '', /^Linux version/);
  assert.deepEqual(
    run.issues.map(({ path, kind }) => [path, kind]),
    [['/proc/version', 'changed']],
  );
});

test('a file with a read error is named, and the rest is stored', linuxOnly, async () => {
  // Reading this file of the kernel fails with an input/output error at its beginning.
  const { repository } = await newRepository();
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'good'), 'x');
  const run = await runBackup(repository, ['/proc/self/mem', join(folder.path, 'good')]);
  assert.deepEqual(
    run.issues.map(({ path, kind, reason }) => [path, kind, reason]),
    [
      ['/proc/self/mem', 'mostly-unreadable', '1/1 not read'], // of that source: said first
      ['/proc/self/mem', 'unreadable', 'EIO'],
    ],
  );
  assert.equal((await readSnapshot(repository, run.tree)).get(join(folder.path, 'good'))?.content?.toString(), 'x');
});
