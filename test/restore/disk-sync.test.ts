import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isCode, system } from '../../src/platform/index.ts';
import { node, symlink } from '../fakes/repository-maker.ts';
import { assertNothingUnfinished, contentOf, scene, temporaryPath, type Scene } from './temporary-target.ts';

const linuxOnly = { skip: process.platform === 'linux' ? false : 'file systems are synced on Linux' };

/** A `sync` that knows file systems and does what the shell says. */
function syncProgram(script: string): { readonly path: string; readonly folder: string } {
  const folder = temporaryPath();
  const path = join(folder, 'sync');
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = --help ]; then echo "  -f, --file-system"; exit 0; fi\ncd ${folder}\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, folder };
}

interface Stage extends Scene {
  readonly snapshot: Parameters<Scene['restore']>[0];
}

async function threeFiles(): Promise<Stage> {
  const stage = await scene();
  const snapshot = await stage.maker.snapshot(
    node('dir', 'folder', { subtree: await stage.maker.tree(await stage.maker.file('inside', 'content')) }),
    await stage.maker.file('many parts', 'one, ', 'two'),
    ...(system.isWindows ? [] : [symlink('to inside', 'folder/inside')]), // there a right of administrators, which Wine 8 has not
    await stage.maker.file('empty'),
  );
  return { ...stage, snapshot };
}

test('nothing is called restored before the disk has it: what is synced then is whole and has its name', linuxOnly, async () => {
  const { restore, snapshot } = await threeFiles();
  const { path, folder } = syncProgram(
    'for at in "$@"; do [ "$at" = -f ] || (cd "$at" && find . -type f -exec cat {} + | wc -c) >> seen; done\ntouch begun\nwhile [ ! -e go-on ]; do sleep 0.02; done',
  );
  const told: string[] = [];
  const running = restore(snapshot, { syncProgram: path, onItem: ({ action, path: item }) => told.push(`${action} ${item}`) });
  while (!existsSync(join(folder, 'begun'))) await setTimeout(10);
  assert.deepEqual(told, []);
  assert.equal(readFileSync(join(folder, 'seen'), 'utf8').trim(), String('contentone, two'.length));
  writeFileSync(join(folder, 'go-on'), '');
  const { counts, exceptions } = await running;
  assert.deepEqual(told.sort(), [
    'restored /empty',
    'restored /folder',
    'restored /folder/inside',
    'restored /many parts',
    'restored /to inside',
  ]);
  assert.deepEqual([counts.filesRestored, counts.symlinksRestored, counts.folders, exceptions], [3, 1, 1, []]);
});

test('a disk that refuses what was written ends the restore with its words, and nothing was called restored', linuxOnly, async () => {
  const { target, restore, snapshot } = await threeFiles();
  const { path } = syncProgram('echo "sync: error syncing \'$2\': Input/output error" >&2; exit 1');
  const told: unknown[] = [];
  await assert.rejects(
    restore(snapshot, { syncProgram: path, onItem: (item) => told.push(item) }),
    (error) =>
      isCode(error, 'target.not-synced') && error.facts.target === target && String(error.facts.reason).endsWith('Input/output error'),
  );
  assert.deepEqual(told, []);
  assertNothingUnfinished(target);
});

test('a disk that hangs keeps nobody from stopping the restore', linuxOnly, async () => {
  const { restore, snapshot } = await threeFiles();
  const { path, folder } = syncProgram('touch begun\nwhile [ ! -e go-on ]; do sleep 0.02; done');
  const stop = new AbortController();
  const running = restore(snapshot, { syncProgram: path, signal: stop.signal });
  while (!existsSync(join(folder, 'begun'))) await setTimeout(10);
  stop.abort();
  await assert.rejects(running, (error) => isCode(error, 'aborted'));
  writeFileSync(join(folder, 'go-on'), '');
});

test('what is right already needs no disk, and a dry run asks for none', linuxOnly, async () => {
  const { target, restore, snapshot } = await threeFiles();
  const { path, folder } = syncProgram('echo asked >> asked');
  await restore(snapshot, { syncProgram: path, dryRun: true });
  assert.equal(existsSync(join(folder, 'asked')), false);
  await restore(snapshot, { syncProgram: path });
  const again = await restore(snapshot, { syncProgram: path });
  assert.deepEqual([again.counts.filesUnchanged, readFileSync(join(folder, 'asked'), 'utf8')], [3, 'asked\n']);
  assert.equal(contentOf(target)['folder/inside'], 'content');
});

test(
  'each file system that was written into is synced',
  { skip: linuxOnly.skip || (process.getuid?.() !== 0 && 'needs root') },
  async (t) => {
    const { target, restore, snapshot } = await threeFiles();
    const { path, folder } = syncProgram('shift; for at in "$@"; do stat -L -c %d "$at" >> devices; done');
    mkdirSync(join(target, 'folder'), { recursive: true });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', join(target, 'folder')]);
    if (mounted.status !== 0) return t.skip('nothing can be mounted here');
    t.after(() => spawnSync('umount', [join(target, 'folder')]));
    await restore(snapshot, { syncProgram: path });
    const devices = readFileSync(join(folder, 'devices'), 'utf8').trim().split('\n').sort();
    assert.deepEqual(devices, [String(statSync(target).dev), String(statSync(join(target, 'folder')).dev)].sort());
  },
);

test('where no program can sync file systems each file is synced by itself, and all is restored the same', async () => {
  for (const program of [join(temporaryPath(), 'missing'), process.platform === 'win32' ? 'missing' : '/bin/false']) {
    const { target, restore, snapshot } = await threeFiles();
    const { counts, exceptions } = await restore(snapshot, { syncProgram: program });
    assert.deepEqual([counts.filesRestored, exceptions], [3, []]);
    assert.equal(contentOf(target)['many parts'], 'one, two');
  }
});

test('a file system of FUSE is told of each file, since the kernel passes no sync of the whole on to it', linuxOnly, async (t) => {
  const { around, restore, snapshot } = await threeFiles();
  const [below, mounted] = [join(around, 'below'), join(around, 'mounted')];
  for (const path of [below, mounted]) mkdirSync(path);
  // With -d it names each thing that it is asked for.
  const server = spawn('bindfs', ['-d', '--no-allow-other', below, mounted], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = Promise.all([text(server.stdout), text(server.stderr)]);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => server.once('error', () => resolve()).once('close', () => resolve())).then(
    () => (hasEnded = true),
  );
  const unmount = () => spawnSync('fusermount', ['-u', mounted]);
  t.after(unmount);
  while (!hasEnded && statSync(mounted).dev === statSync(around).dev) await setTimeout(10);
  if (hasEnded) return t.skip('bindfs is not there');
  const { path, folder } = syncProgram('touch asked');
  const { counts } = await restore(snapshot, { target: mounted, syncProgram: path });
  unmount();
  await ended;
  assert.deepEqual([counts.filesRestored, existsSync(join(folder, 'asked'))], [3, false]);
  assert.equal((await said).join('').match(/opcode: FSYNC /g)?.length, 2, 'each that has content');
});
