import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { literalPattern, machinePathOf, snapshotPathOf } from '../../src/engine/snapshot-paths.ts';
import { planRestoreSteps } from '../../src/engine/restore-steps.ts';
import { byteStringFromBytes, byteStringFromText, CadanganError, compilePatterns, isCode, type ByteString } from '../../src/platform/index.ts';
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

const steps = (paths: readonly string[], target: Parameters<typeof planRestoreSteps>[0]['target']) => planRestoreSteps({ paths, target }, snapshot, nodeOf);
const folder = { kind: 'folder', folder: '/out' } as const;
const original = { kind: 'original' } as const;

test('what is restored into a folder appears in it as if it had been copied there', { skip: process.platform === 'win32' && 'paths of POSIX' }, async () => {
  assert.deepEqual(await steps(['/'], folder), [{ subfolder: undefined, includes: undefined, target: '/out' }]);
  assert.deepEqual(await steps(['/srv/data/a.txt'], folder), [{ subfolder: '/srv/data', includes: ['/a.txt'], target: '/out' }]);
  assert.deepEqual(await steps(['/srv/data/a.txt', '/srv/data/sub/c.txt'], folder), [{ subfolder: '/srv/data', includes: ['/a.txt', '/sub/c.txt'], target: '/out' }]);
  assert.deepEqual(await steps(['/srv', '/other/d.txt'], folder), [{ subfolder: undefined, includes: ['/srv', '/other/d.txt'], target: '/out' }]);
  assert.deepEqual(await steps(['/srv/data/b [1]*.txt'], folder), [{ subfolder: '/srv/data', includes: ['/b [[]1][*].txt'], target: '/out' }]);
});

test('what goes back to its place goes folder by folder, each into itself', { skip: process.platform === 'win32' && 'paths of POSIX' }, async () => {
  assert.deepEqual(await steps(['/'], original), [{ subfolder: '/srv/data', includes: undefined, target: '/srv/data' }]);
  assert.deepEqual(await steps(['/srv/data/sub', '/srv/data/a.txt', '/srv/data/b [1]*.txt'], original), [
    { subfolder: '/srv/data/sub', includes: undefined, target: '/srv/data/sub' },
    { subfolder: '/srv/data', includes: ['/a.txt', '/b [[]1][*].txt'], target: '/srv/data' },
  ]);
});

test('what is not in the snapshot, climbs out of it, or comes from another kind of system is refused', { skip: process.platform === 'win32' && 'paths of POSIX' }, async () => {
  await assert.rejects(steps(['/srv/nothing'], folder), (error) => isCode(error, 'path.not-found'));
  await assert.rejects(steps(['/srv/../etc'], folder), (error) => isCode(error, 'path.not-found'));
  await assert.rejects(steps(['/srv'], { kind: 'folder', folder: 'relative' }), (error) => isCode(error, 'arguments.invalid'));
  const windows = { ...snapshot, snapshot: { ...snapshot.snapshot, paths: ['D:\\data'] } };
  await assert.rejects(planRestoreSteps({ paths: ['/'], target: original }, windows, nodeOf), (error) => isCode(error, 'arguments.invalid'));
});

test('paths of Windows go into snapshots and back', () => {
  for (const [machine, inSnapshot] of [['C:\\srv\\data', '/C/srv/data'], ['\\\\server\\share\\x', '/server/share/x']] as const) {
    assert.equal(snapshotPathOf(machine, true), inSnapshot);
    assert.equal(machinePathOf(inSnapshot as ByteString, true), machine);
  }
  assert.equal(snapshotPathOf('/srv//data/./é/', false), byteStringFromText('/srv/data/é'));
});

test('the pattern of a path fits the path, and of names that are text no other', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '\\', '-', '^', ' ', 'é'), minLength: 1, maxLength: 8 }).filter((name) => name !== '.' && name !== '..');
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [path, another] = [byteStringFromText(`/x/${one}`), byteStringFromText(`/x/${other}`)];
      const patterns = compilePatterns([literalPattern(path, false)], { windows: false });
      assert.ok(patterns.matches(path));
      assert.equal(patterns.matches(another), path === another);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }).filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !(bytes.every((byte) => byte === 0x2e))), (bytes) => {
      const path = `/x/${byteStringFromBytes(bytes)}` as ByteString;
      assert.ok(compilePatterns([literalPattern(path, false)], { windows: false }).matches(path));
    }),
  );
});
