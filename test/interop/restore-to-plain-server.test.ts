import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { node, symlink } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { contentOf, reasonsOf } from '../restore/temporary-target.ts';
import type { PlainServerOptions } from '../sshd/plain-server.ts';
import { plainScene, type PlainScene } from './plain-scene.ts';
import { unfinishedIn } from './server-target.ts';
import { Stage } from './stage.ts';

const stage = new Stage();

const sceneOn = (options: Partial<PlainServerOptions> = {}): Promise<PlainScene> => plainScene(stage, options);

describe('a restore to a server without extensions', () => {
  test('brings all but hard links, which become files of their own, and the times of links; each is told', async () => {
    await using scene = await sceneOn();
    const { maker, target, server } = scene;
    const random = new SeededRandom(5);
    const large = random.bytes(9_000_000);
    const linked = { inode: 7, deviceId: 1, links: 2 };
    const once = { ...(await maker.file('once', 'of two names')), ...linked };
    const snapshot = await maker.snapshot(
      await maker.file('large', large.subarray(0, 4_000_000), large.subarray(4_000_000)),
      once,
      await maker.folder('sub', { ...once, name: node('file', 'twice').name }, symlink('link', '../once')),
      symlink('other', 'nowhere'),
    );
    const result = await scene.restore(snapshot, { verify: true });
    assert.deepEqual(result.exceptionCounts, { 'hard-link': 1, times: 1 }); // the times are told of the first link
    assert.equal(reasonsOf(result)[0], 'hard-link /sub/twice');
    assert.equal(result.counts.filesVerified, 3);
    assert(readFileSync(join(target, 'large')).equals(large));
    assert.equal(readFileSync(join(target, 'sub', 'twice'), 'utf8'), 'of two names');
    assert.equal(readlinkSync(join(target, 'sub', 'link')), '../once');
    assert.equal(statSync(join(target, 'once')).mtimeMs % 1000, 0);
    assert.equal(
      server.requests.some((request) => request.includes('EXTENDED')),
      false,
    );
    // Again, over what is there: it cannot be replaced in one step.
    writeFileSync(join(target, 'once'), 'changed');
    const again = await scene.restore(snapshot);
    assert.equal(readFileSync(join(target, 'once'), 'utf8'), 'of two names');
    assert(again.counts.filesUpdated >= 1);
    assert.deepEqual(unfinishedIn(target), []);
  });

  for (const hasLinkTargetFirst of [false, true]) {
    const order = hasLinkTargetFirst ? 'as OpenSSH' : 'as the draft';
    test(`makes links of a server that takes their paths ${order} has them, and none where a snapshot would like one`, async () => {
      await using scene = await sceneOn({ hasLinkTargetFirst });
      const { maker, around, target } = scene;
      const result = await scene.restore(await maker.snapshot(symlink('a', '/planted'), symlink('b', '../planted'), symlink('c', 'a')));
      assert.deepEqual(readdirSync(around), ['target']);
      assert.equal(lstatSync(join(target, 'a')).isSymbolicLink(), true);
      assert.deepEqual(contentOf(target), { a: '-> /planted', b: '-> ../planted', c: '-> a' });
      assert.deepEqual(result.exceptionCounts, { times: 1 });
    });
  }

  test('a file that the server keeps shorter than it was sent is not given its name', async () => {
    await using scene = await sceneOn({ loses: (path, offset) => path.includes('.part') && offset >= 1_000_000 });
    const { maker, target } = scene;
    const bytes = new SeededRandom(6).bytes(1_200_000);
    const result = await scene.restore(await maker.snapshot(await maker.file('short', bytes), await maker.file('small', 'small')));
    assert.deepEqual(readdirSync(target), ['small']);
    assert.deepEqual(reasonsOf(result), ['system /short']);
  });

  test('what the server has not kept in the middle shows when it is read again', async () => {
    await using scene = await sceneOn({ loses: (_path, offset) => offset > 0 && offset < 500_000 });
    const { maker } = scene;
    const snapshot = await maker.snapshot(
      await maker.file('holed', new SeededRandom(8).bytes(1_200_000)),
      await maker.file('small', 'small'),
    );
    const result = await scene.restore(snapshot, { verify: true });
    assert.deepEqual(reasonsOf(result), ['verification /holed']);
    assert.equal(result.counts.filesVerified, 1);
  });

  test('a server that hides kinds and times gets no file replaced that it should not be', async () => {
    await using scene = await sceneOn({ hides: ['mtime'] });
    const { maker, target } = scene;
    const snapshot = await maker.snapshot(await maker.file('file', 'snapshot'));
    mkdirSync(target);
    writeFileSync(join(target, 'file'), 'of now');
    await scene.restore(snapshot, { overwrite: 'if-newer' });
    assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'of now');
    await scene.restore(snapshot, { overwrite: 'if-changed' });
    assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'snapshot');
  });

  test('a folder that the server does not list is not written into, since nobody knows what is there', async () => {
    await using scene = await sceneOn({
      refuse: (request, path) => (request === 'OPENDIR' && path.endsWith('/closed') ? 'no' : undefined),
    });
    const { maker, target } = scene;
    mkdirSync(join(target, 'closed'), { recursive: true });
    writeFileSync(join(target, 'closed', 'file'), 'of now');
    const closed = await maker.folder('closed', await maker.file('file', 'snapshot'), await maker.file('new', 'new'));
    const result = await scene.restore(await maker.snapshot(closed, await maker.file('beside', 'beside')));
    assert.deepEqual(contentOf(target), { beside: 'beside', closed: '/', 'closed/file': 'of now' });
    assert.deepEqual(reasonsOf(result), ['folder-failed /closed/file', 'folder-failed /closed/new', 'system /closed']);
  });

  test('a link that the server does not resolve is no target', async () => {
    await using scene = await sceneOn();
    const { maker, around } = scene;
    mkdirSync(join(around, 'real'));
    symlinkSync('real', join(around, 'alias'));
    const server = { files: scene.filesAt(join(around, 'alias')) };
    await assert.rejects(scene.restore(await maker.snapshot(await maker.file('file', 'x')), { server }), /target\.unsafe/);
    assert.equal(existsSync(join(around, 'real', 'file')), false);
  });
});
