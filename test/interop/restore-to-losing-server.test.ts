import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { byteStringFromText, isCode } from '../../src/platform/index.ts';
import { CleanUp } from '../../src/restore/server/clean-up.ts';
import { ServerSymlinks } from '../../src/restore/server/server-symlinks.ts';
import { TemporaryNames } from '../../src/restore/temporary-names.ts';
import { isTrouble } from '../../src/storage/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { node, symlink, type RepositoryMaker } from '../fakes/repository-maker.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { contentOf, reasonsOf } from '../restore/temporary-target.ts';
import { plainScene, type PlainScene } from './plain-scene.ts';
import { unfinishedIn } from './server-target.ts';
import { Stage } from './stage.ts';

const stage = new Stage();

/** A server that loses its connections where a test says so: `onRequest` answers `true` for what shall get no answer any more. */
async function losingScene(onRequest: (request: string, path: string, scene: PlainScene) => boolean): Promise<PlainScene> {
  const made: { scene?: PlainScene } = {};
  made.scene = await plainScene(stage, {
    refuse: (request, path) => {
      if (made.scene === undefined || !onRequest(request, path, made.scene)) return undefined;
      made.scene.server.hangUp();
      return 'mute';
    },
  });
  return made.scene;
}

/** A file that is written in steps, since its pieces lie in two packs. */
async function inTwoPacks(maker: RepositoryMaker): Promise<{ bytes: Buffer; snapshot: Awaited<ReturnType<RepositoryMaker['snapshot']>> }> {
  const bytes = new SeededRandom(21).bytes(400_000);
  const [first, second] = [bytes.subarray(0, 200_000), bytes.subarray(200_000)];
  const content = [await maker.data(first)];
  await maker.endPack();
  content.push(await maker.data(second));
  return { bytes: Buffer.from(bytes), snapshot: await maker.snapshot(node('file', 'large', { content, size: bytes.length })) };
}

/** As after a crash of its machine: the size is right, and there are zeros. */
function forgetContent(path: string): void {
  truncateSync(path, 0);
  truncateSync(path, 400_000);
}

describe('a restore to a server that loses its connections', () => {
  test('a connection that is lost while nothing is asked on it counts as a loss', async () => {
    await using scene = await losingScene(() => false);
    const files = scene.filesAt(scene.around);
    await files.look(files.path, neverAborted);
    const { losses } = files;
    const isOver = scene.server.idle();
    scene.server.hangUp();
    await isOver;
    for (let turn = 0; turn < 50; turn++) await setImmediate(); // we are told of it as well
    await files.look(files.path, neverAborted);
    assert(files.losses > losses);
    const before = files.losses;
    await files.close();
    assert.equal(files.losses, before, 'our own end is none');
  });

  test('what the machine of the server has forgotten when a file was completed is written again', async () => {
    let crashes = 0;
    await using scene = await losingScene((request, path, { around }) => {
      if (request !== 'FSETSTAT' || !path.includes('.part') || crashes > 0) return false;
      crashes += 1;
      forgetContent(join(around, path));
      return true;
    });
    const { bytes, snapshot } = await inTwoPacks(scene.maker);
    const result = await scene.restore(snapshot);
    assert.equal(crashes, 1);
    assert.deepEqual(result.exceptions, []);
    assert(readFileSync(join(scene.target, 'large')).equals(bytes));
    assert.deepEqual(readdirSync(scene.target), ['large']);
    assert.deepEqual(unfinishedIn(scene.target), []);
  });

  test('one that is aborted while it reads a file back leaves nothing of it', async () => {
    const controller = new AbortController();
    let cuts = 0;
    await using scene = await losingScene((request, path) => {
      if (request === 'READ' && path.includes('.part')) controller.abort();
      return request === 'WRITE' && path.includes('.part') && cuts++ === 0;
    });
    const { snapshot } = await inTwoPacks(scene.maker);
    await assert.rejects(scene.restore(snapshot, { signal: controller.signal }), (error) => isCode(error, 'aborted'));
    assert(cuts > 1);
    assert.deepEqual(readdirSync(scene.target), []);
  });

  for (const stands of [false, true]) {
    const before = stands ? 'in place of another' : 'on a free name';
    test(`a rename whose answer is lost has taken effect: the file is there, ${before}`, async () => {
      let renames = 0;
      await using scene = await losingScene((request, path, { around }) => {
        if (request !== 'RENAME' || !path.endsWith('/file') || ++renames !== (stands ? 2 : 1)) return false;
        const folder = dirname(join(around, path));
        renameSync(join(folder, unfinishedIn(folder)[0] ?? ''), join(around, path));
        return true;
      });
      const { maker, target } = scene;
      const snapshot = await maker.snapshot(await maker.file('file', 'of the snapshot'));
      mkdirSync(target);
      if (stands) writeFileSync(join(target, 'file'), 'of before');
      const result = await scene.restore(snapshot);
      assert(renames > 1);
      assert.deepEqual(result.exceptions, []);
      assert.deepEqual(contentOf(target), { file: 'of the snapshot' });
    });
  }

  test('the links are there of a server that loses the answers to them', async () => {
    const made = new Set<string>();
    await using scene = await losingScene((request, path, { around }) => {
      if (request !== 'SYMLINK' || made.has(path)) return false;
      made.add(path);
      symlinkSync('anything', join(around, path));
      return true;
    });
    const result = await scene.restore(await scene.maker.snapshot(symlink('a', 'anything'), symlink('b', 'anything')));
    assert.equal(made.size, 3, 'the one that is tried out, and two');
    assert.deepEqual(result.exceptionCounts, { times: 1 });
    assert.deepEqual(contentOf(scene.target), { a: '-> anything', b: '-> anything' });
  });

  test('a server that refuses to have links tried out is asked again for the next one', async () => {
    let asked = 0;
    await using scene = await plainScene(stage, { refuse: (request) => (request === 'SYMLINK' && ++asked === 1 ? 'not now' : undefined) });
    const root = byteStringFromText('/');
    const place = { root, isThere: true, foldsNames: false, isWindows: false, uid: undefined, gid: undefined, repository: undefined };
    const files = scene.filesAt(scene.around);
    const names = new TemporaryNames(new SeededRandom(1));
    const symlinks = new ServerSymlinks({ files, place, names, cleanUp: new CleanUp(files, neverAborted), stop: neverAborted });
    const link = byteStringFromText('/link');
    await assert.rejects(symlinks.make(byteStringFromText('x'), link), (error) => isTrouble(error, 'failed'));
    await symlinks.make(byteStringFromText('x'), link);
    assert.deepEqual(contentOf(scene.around), { link: '-> x' });
  });

  test('a folder that somebody swaps for a link while there is no connection is not written through', async () => {
    let isSwapped = false;
    await using scene = await losingScene((request, path, { around, target }) => {
      if (request !== 'OPEN' || !path.includes('/sub/.cadangan-') || isSwapped) return false;
      isSwapped = true;
      swapForLink(join(target, 'sub'), around);
      return true;
    });
    const { maker, around } = scene;
    mkdirSync(join(around, 'outside'));
    const result = await scene.restore(await maker.snapshot(await maker.folder('sub', await maker.file('file', 'content'))));
    assert(isSwapped);
    assert.deepEqual(contentOf(join(around, 'outside')), {});
    assert(reasonsOf(result).includes('in-the-way /sub/file'), String(reasonsOf(result)));
  });

  test('a folder that somebody swaps for a link while it is emptied is not emptied through it', async () => {
    const made: { scene?: PlainScene } = {};
    let removals = 0;
    await using scene = await plainScene(stage, {
      refuse: (request, path) => {
        if (made.scene === undefined || request !== 'REMOVE' || !path.startsWith('/target/surplus/') || ++removals > 1) return undefined;
        unlinkSync(join(made.scene.around, path));
        swapForLink(join(made.scene.target, 'surplus'), made.scene.around);
        return 0; // done
      },
    });
    made.scene = scene;
    const { maker, around, target } = scene;
    for (const folder of [join(around, 'outside'), join(target, 'surplus')]) {
      mkdirSync(join(folder, 'inner'), { recursive: true });
      for (const name of ['a', 'b', 'inner/c', 'inner/d']) writeFileSync(join(folder, name), name);
    }
    const before = contentOf(join(around, 'outside'));
    const result = await scene.restore(await maker.snapshot(await maker.file('file', 'content')), { delete: true });
    assert.deepEqual(contentOf(join(around, 'outside')), before);
    assert((result.exceptionCounts['not-deleted'] ?? 0) > 0);
  });

  for (const at of ['MKDIR', 'SYMLINK', 'RENAME'] as const)
    test(`one that is aborted at the first ${at} leaves nothing of it`, async () => {
      const controller = new AbortController();
      await using scene = await plainScene(stage, {
        refuse: (request) => {
          if (request === at) controller.abort();
          return undefined;
        },
      });
      const { maker, target } = scene;
      mkdirSync(target);
      symlinkSync('before', join(target, 'link'));
      const snapshot = await maker.snapshot(symlink('link', 'after'));
      await assert.rejects(scene.restore(snapshot, { signal: controller.signal }), (error) => isCode(error, 'aborted'));
      await scene.filesAt(target).list(byteStringFromText('/'), neverAborted); // what was under way has its effect
      assert.deepEqual(readdirSync(target), ['link']);
    });

  for (const aborts of [false, true])
    test(`a folder that was opened to see what is in it is closed again${aborts ? ', when it is aborted, too' : ''}`, async () => {
      const controller = new AbortController();
      const made: { around?: string } = {};
      await using scene = await plainScene(stage, {
        refuse: (request, path) => {
          if (made.around === undefined || request !== 'OPENDIR' || !path.includes('/closed')) return undefined;
          if ((statSync(join(made.around, path)).mode & 0o400) === 0) return 3; // denied: the server of the test may all
          if (aborts && path.endsWith('/inner')) controller.abort();
          return undefined;
        },
      });
      made.around = scene.around;
      const { maker, target } = scene;
      const [closed, inner] = [join(target, 'closed'), join(target, 'closed', 'inner')];
      mkdirSync(inner, { recursive: true });
      writeFileSync(join(inner, 'file'), 'of now');
      for (const folder of [inner, closed]) chmodSync(folder, 0o311);
      const snapshot = await maker.snapshot(await maker.folder('closed', await maker.folder('inner')));
      const restored = scene.restore(snapshot, { includes: ['/closed/inner/x*'], signal: controller.signal });
      if (aborts) await assert.rejects(restored, (error) => isCode(error, 'aborted'));
      else assert.deepEqual((await restored).exceptions, []);
      for (const folder of [closed, inner]) assert.equal(statSync(folder).mode & 0o777, 0o311, folder);
    });
});

/** A folder goes elsewhere, and its name leads to `outside`. */
function swapForLink(folder: string, around: string): void {
  renameSync(folder, join(around, 'moved'));
  symlinkSync(join(around, 'outside'), folder);
}
