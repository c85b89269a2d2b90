import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { planRestoreSteps } from '../../src/service/restore-steps.ts';
import {
  byteStringFromBytes,
  byteStringFromText,
  CadanganError,
  compilePatterns,
  hasMachinePath,
  isCode,
  isMachinePath,
  literalPattern,
  machinePathOf,
  rootOf,
  snapshotPathOf,
  snapshotRoot,
  type ByteString,
} from '../../src/platform/index.ts';
import type { Node, StoredSnapshot } from '../../src/repository/index.ts';

const snapshot = { id: 'x', timeNs: 0n, snapshot: { paths: ['/srv/data', '/gone'] } } as unknown as StoredSnapshot;
const folders = new Set(['/srv', '/srv/data', '/srv/data/sub', '/other']);
const files = new Set(['/srv/data/a.txt', '/srv/data/b [1]*.txt', '/srv/data/sub/c.txt', '/other/d.txt']);

async function nodeOf(path: ByteString): Promise<Node | undefined> {
  if (path === '/') return undefined;
  if (folders.has(path)) return { type: 'dir' } as Node;
  if (files.has(path)) return { type: 'file' } as Node;
  throw new CadanganError('path.not-found', { path });
}

const snapshotOf = (...paths: string[]) => ({ ...snapshot, snapshot: { paths } }) as unknown as StoredSnapshot;
const steps = (paths: readonly string[], target: Parameters<typeof planRestoreSteps>[0]['target'], of = snapshot) =>
  planRestoreSteps({ paths: paths.map(byteStringFromText), target }, of, nodeOf);
const folder = { kind: 'folder', folder: '/out' } as const;
const original = { kind: 'original' } as const;
const posix = { skip: process.platform === 'win32' && 'paths of POSIX' };

test('what is restored into a folder appears in it as if it had been copied there', posix, async () => {
  assert.deepEqual(await steps(['/'], folder), [{ subfolder: undefined, includes: undefined, target: '/out', keepsFoldersAbove: false }]);
  assert.deepEqual(await steps(['/srv/data/a.txt'], folder), [
    { subfolder: '/srv/data', includes: ['/a.txt'], target: '/out', keepsFoldersAbove: false },
  ]);
  assert.deepEqual(await steps(['/srv/data/a.txt', '/srv/data/sub/c.txt'], folder), [
    { subfolder: '/srv/data', includes: ['/a.txt', '/sub/c.txt'], target: '/out', keepsFoldersAbove: false },
  ]);
  assert.deepEqual(await steps(['/srv', '/other/d.txt'], folder), [
    { subfolder: undefined, includes: ['/srv', '/other/d.txt'], target: '/out', keepsFoldersAbove: false },
  ]);
  assert.deepEqual(await steps(['/srv/data/b [1]*.txt'], folder), [
    { subfolder: '/srv/data', includes: ['/b [[]1][*].txt'], target: '/out', keepsFoldersAbove: false },
  ]);
});

test('onto a server goes what would go into a folder, and nowhere else', posix, async () => {
  const location = 'sftp:root@srv-02:/out';
  assert.deepEqual(await steps(['/srv/data/a.txt'], { kind: 'server', location }), [
    { subfolder: '/srv/data', includes: ['/a.txt'], target: location, keepsFoldersAbove: false },
  ]);
  for (const wrong of ['s3:https://host/bucket', '/out', 'sftp:no-path'])
    await assert.rejects(steps(['/'], { kind: 'server', location: wrong }), wrong);
});

test('a whole snapshot comes into a folder as its sources, without the folders above them', posix, async () => {
  assert.deepEqual(await steps(['/'], folder, snapshotOf('/srv/data')), [
    { subfolder: '/srv', includes: ['/data'], target: '/out', keepsFoldersAbove: false },
  ]);
  assert.deepEqual(await steps(['/'], folder, snapshotOf('/srv/data', '/other')), [
    { subfolder: undefined, includes: ['/srv/data', '/other'], target: '/out', keepsFoldersAbove: false },
  ]);
  const whole = [{ subfolder: undefined, includes: undefined, target: '/out', keepsFoldersAbove: false }];
  assert.deepEqual(
    await steps(['/'], folder, snapshotOf('/srv/data', '/named/relatively')),
    whole,
    'what is elsewhere must not be left out',
  );
  assert.deepEqual(await steps(['/'], folder, snapshotOf('C:\\data')), whole, 'made on another kind of system');
});

/** A machine: folders, with content as `path: 'content'`, links as `path: '-> target'`. */
function machine(t: TestContext, entries: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-places-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(entries)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(root, path));
    else if (content === '/') mkdirSync(join(root, path), { recursive: true });
    else writeFileSync(join(root, path), content);
  }
  return root;
}

/** The steps to the places below `root`; `chosen` with a `/` at its end was a folder. */
async function originalSteps(root: string, chosen: readonly string[]): Promise<unknown[]> {
  const node = async (path: ByteString): Promise<Node> =>
    ({ type: chosen.includes(`${path.slice(root.length)}/`) ? 'dir' : 'file' }) as Node;
  const steps = await planRestoreSteps(
    { paths: chosen.map((path) => byteStringFromText(join(root, path))), target: original },
    { ...snapshot, snapshot: { ...snapshot.snapshot, paths: [root] } },
    node,
  );
  return steps.map(({ target, subfolder, includes, keepsFoldersAbove }) => {
    assert.deepEqual([subfolder, keepsFoldersAbove], [target, true]);
    return [target.slice(root.length), ...(includes ?? ['everything'])];
  });
}

test(
  'what goes back to its place is restored in one go into the folder that all of it lies in, as far as that is there',
  posix,
  async (t) => {
    const root = machine(t, { 'srv/data/a.txt': 'a', 'srv/data/sub': '/', 'srv/other': '/' });
    assert.deepEqual(await originalSteps(root, ['/srv/data/a.txt']), [['/srv/data', '/a.txt']]);
    assert.deepEqual(await originalSteps(root, ['/srv/data/']), [['/srv', '/data']], 'a folder itself goes back, too');
    assert.deepEqual(await originalSteps(root, ['/srv/data/sub/x [1]*.txt', '/srv/other/b', '/srv/data/sub/']), [
      ['/srv', '/data/sub/x [[]1][*].txt', '/other/b', '/data/sub'],
    ]);
    assert.deepEqual(
      await originalSteps(root, ['/srv/gone/deep/c', '/srv/gone/']),
      [['/srv', '/gone/deep/c', '/gone']],
      'folders that are gone are made as they were',
    );
    const many = Array.from({ length: 2000 }, (_, at) => `/srv/data/folder ${at}/file`);
    assert.equal((await originalSteps(root, many)).length, 1);
  },
);

test('a link on the way is followed as the target, never below it', posix, async (t) => {
  const root = machine(t, { 'disk/data/sub': '/', 'srv/data': '-> ../disk/data', 'srv/plain': '/' });
  assert.deepEqual(await originalSteps(root, ['/srv/data/sub/a', '/srv/plain/b']), [
    ['/srv/data/sub', '/a'],
    ['/srv/plain', '/b'],
  ]);
  assert.deepEqual(
    await originalSteps(root, ['/srv/data/', '/srv/plain/']),
    [
      ['/srv/data', 'everything'],
      ['/srv', '/plain'],
    ],
    'a folder that has become a link',
  );
  assert.deepEqual(
    await originalSteps(root, ['/srv/data']),
    [['/srv', '/data']],
    'a file or link that stands there is replaced by the restore',
  );
});

test('the whole snapshot goes back to those of its sources that are in it', posix, async () => {
  const whole = await steps(['/'], original);
  assert.deepEqual(
    whole.map(({ target, includes = [] }) => includes.map((include) => join(target, include))),
    [['/srv/data']],
  );
});

test('what is not in the snapshot, climbs out of it, or comes from another kind of system is refused', posix, async () => {
  await assert.rejects(steps(['/srv/nothing'], folder), (error) => isCode(error, 'path.not-found'));
  await assert.rejects(steps(['/srv/../etc'], folder), (error) => isCode(error, 'path.not-found'));
  await assert.rejects(steps(['/srv'], { kind: 'folder', folder: 'relative' }), (error) => isCode(error, 'arguments.invalid'));
  const windows = { ...snapshot, snapshot: { ...snapshot.snapshot, paths: ['D:\\data'] } };
  await assert.rejects(planRestoreSteps({ paths: [snapshotRoot], target: original }, windows, nodeOf), (error) =>
    isCode(error, 'arguments.invalid'),
  );
});

const isPlaceUnknown = (error: unknown) => isCode(error, 'arguments.invalid') && /choose a folder/.test(String(error.facts['reason']));

test('what was named relatively stands elsewhere in the snapshot, and does not go to another folder of that name', posix, async () => {
  for (const chosen of [['/other/d.txt'], ['/other'], ['/srv/data/a.txt', '/other']]) {
    await assert.rejects(steps(chosen, original, snapshotOf('/home/budi/other', '/srv/data')), isPlaceUnknown);
  }
  await assert.rejects(steps(['/'], original, snapshotOf('/gone')), isPlaceUnknown, 'nothing of it is there');
  assert.equal((await steps(['/srv'], original, snapshotOf('/srv/data'))).length, 1, 'a folder above a source');
  await assert.rejects(steps(['/srv/nothing'], original), (error) => isCode(error, 'path.not-found'));
});

test('paths of Windows go into snapshots and back', () => {
  for (const [machine, inSnapshot] of [
    ['C:\\srv\\data', '/C/srv/data'],
    ['\\\\server\\share\\x', '/server/share/x'],
  ] as const) {
    assert.equal(snapshotPathOf(machine, true), inSnapshot);
    assert.equal(machinePathOf(inSnapshot as ByteString, true), machine);
  }
  for (const [machine, inSnapshot] of [
    ['\\\\?\\C:\\srv', '/C/srv'],
    ['\\\\?\\UNC\\server\\share\\x', '/server/share/x'],
    ['//server/share/', '/server/share'],
    ['C:/srv/', '/C/srv'],
    ['/C/srv', '/C/srv'],
  ] as const) {
    assert.equal(snapshotPathOf(machine, true), inSnapshot);
  }
  for (const other of ['C:srv', '\\\\.\\C:\\srv', '\\\\c\\srv', '\\\\server']) {
    assert.doesNotMatch(snapshotPathOf(other, true), /^\/[^/]+\//, 'is no other place');
  }
  assert.equal(machinePathOf('/\\\\server\\share/x' as ByteString, true), '\\\\server\\share\\x', 'as restic stores it');
  const sources = ['C:\\srv', '\\\\server\\share', '\\\\?\\C:\\srv', '/srv', 'srv', 'C:srv', '\\\\.\\C:'];
  assert.deepEqual(
    sources.filter((source) => isMachinePath(source, true)),
    sources.slice(0, 3),
  );
  const paths = ['/', '/server', '/server/share', '/C', '/\\\\server\\share'] as ByteString[];
  assert.deepEqual(
    paths.filter((path) => hasMachinePath(path, true)),
    paths.slice(2),
  );
  for (const [path, root] of [
    ['/C/srv/data', '/C'],
    ['/C', '/C'],
    ['/server/share/x', '/server/share'],
    ['/server', '/server'],
    ['/\\\\server\\share/x', '/\\\\server\\share'],
  ] as const) {
    assert.equal(rootOf(path as ByteString, true), root);
  }
  assert.equal(snapshotPathOf('/srv//data/./é/', false), byteStringFromText('/srv/data/é'));
});

test('the pattern of a path fits the path, and of names that are text no other', () => {
  const text = fc
    .string({ unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '\\', '-', '^', ' ', 'é'), minLength: 1, maxLength: 8 })
    .filter((name) => name !== '.' && name !== '..');
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [path, another] = [byteStringFromText(`/x/${one}`), byteStringFromText(`/x/${other}`)];
      const patterns = compilePatterns([literalPattern(path, false)], { windows: false });
      assert.ok(patterns.matches(path));
      assert.equal(patterns.matches(another), path === another);
    }),
  );
  fc.assert(
    fc.property(
      fc
        .uint8Array({ minLength: 1, maxLength: 8 })
        .filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !bytes.every((byte) => byte === 0x2e)),
      (bytes) => {
        const path = `/x/${byteStringFromBytes(bytes)}` as ByteString;
        assert.ok(compilePatterns([literalPattern(path, false)], { windows: false }).matches(path));
      },
    ),
  );
});
