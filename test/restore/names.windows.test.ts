import assert from 'node:assert/strict';
import { lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { statOf } from '../../src/backup/source-stat.ts';
import { byteStringFromText, isOnNetwork } from '../../src/platform/index.ts';
import { goMode } from '../../src/repository/index.ts';
import { node } from '../fakes/repository-maker.ts';
import { contentOf, reasonsOf, scene } from './temporary-target.ts';

/** What Windows itself does with names, modes and times; the rules are in `name-rules.test.ts` and `platform/system.test.ts`. */

test('a folder whose name Windows refuses is named, and so is all that is lost with it', async () => {
  const { maker, target, restore } = await scene();
  const inner = await maker.folder('sub', await maker.file('deep', 'b'));
  const snapshot = await maker.snapshot(await maker.folder('aux', await maker.file('x', 'a'), inner), await maker.file('good', 'good'));
  assert.deepEqual(reasonsOf(await restore(snapshot)), [
    'folder-failed /aux/sub',
    'folder-failed /aux/sub/deep',
    'folder-failed /aux/x',
    'impossible-name /aux',
  ]);
  assert.deepEqual(contentOf(target), { good: 'good' });
});

test('of two names that are one here the first is restored; an accent in two letters is another name', async () => {
  const { maker, target, restore } = await scene();
  const names = ['Laporan', 'caf\u00e9', 'cafe\u0301', 'laporan'];
  const snapshot = await maker.snapshot(...(await Promise.all(names.map((name) => maker.file(name, name)))));
  assert.deepEqual(reasonsOf(await restore(snapshot)), ['name-collision /laporan']);
  assert.deepEqual(Object.keys(contentOf(target)).toSorted(), ['Laporan', 'cafe\u0301', 'caf\u00e9'].toSorted());
});

test('a file from before 1970 comes back with its time, and is known as unchanged', async () => {
  const { maker, target, restore } = await scene();
  const old = { ...(await maker.file('old', 'x')), mtime: '1969-07-20T20:17:40Z', atime: '1969-07-20T20:17:40Z' };
  const snapshot = await maker.snapshot(old);
  assert.deepEqual((await restore(snapshot)).exceptions, []);
  assert.equal(statOf(byteStringFromText(join(target, 'old'))).mtimeNs, BigInt(Date.parse('1969-07-20T20:17:40Z')) * 1_000_000n);
  assert.equal((await restore(snapshot, { overwrite: 'if-changed' })).counts.filesUnchanged, 1);
});

test('a folder is stored open, a read-only file as such', async () => {
  const { maker, target, restore } = await scene();
  const closed = { ...(await maker.file('closed', 'x')), mode: 0o444 };
  await restore(await maker.snapshot(node('dir', 'empty', { subtree: await maker.tree() }), closed));
  const modeOf = (name: string): number => statOf(byteStringFromText(join(target, name))).mode;
  assert.equal(modeOf('empty'), (goMode.dir | 0o777) >>> 0);
  assert.equal(modeOf('closed'), 0o444);
  assert.equal(lstatSync(join(target, 'closed')).isFile(), true);
});

test('a drive of this machine is none of the network, a share is', async () => {
  const { target } = await scene();
  writeFileSync(`${target}.txt`, '');
  assert.equal(await isOnNetwork(`${target}.txt`), false);
  assert.equal(await isOnNetwork(`${target}-not-there`), false);
  assert.equal(await isOnNetwork('\\\\nas1\\share\\x'), true);
});
