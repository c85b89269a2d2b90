import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { FolderStorage } from '../../src/storage/index.ts';
import { systemClock, systemCode } from '../../src/platform/index.ts';
import { FolderWatch } from '../../src/offsite/folder-watch.ts';
import { until } from '../host/engine-stage.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const name = 'ab'.repeat(32);

for (const [watch, polling] of [
  ['a watch by events', false],
  ['a watch that polls', true],
] as const) {
  test(`${watch} notices files that come and go in every folder, and no locks`, async () => {
    await using place = await temporaryFolder();
    const storage = new FolderStorage(place.path);
    await storage.create(neverAborted);
    let [changes, mode] = [0, ''];
    await using _watch = new FolderWatch({
      folder: place.path,
      clock: systemClock,
      polling,
      pollingIntervalMs: 50,
      onChange: () => {
        changes += 1;
      },
      onMode: (next) => {
        mode = next.mode;
      },
    });
    await until(() => mode === (polling ? 'polling' : 'events'), 'it watches');
    // The first of all: nothing else is on its way that could be told late.
    await storage.write({ kind: 'locks', name }, Buffer.from('x'), neverAborted);
    await delay(300);
    assert.equal(changes, 0, 'a lock is no change');
    for (const file of [
      { kind: 'data', name },
      { kind: 'index', name },
      { kind: 'snapshots', name },
      { kind: 'keys', name },
      { kind: 'config', name: '' },
    ] as const) {
      const before = changes;
      await storage.write(file, Buffer.from('x'), neverAborted);
      await until(() => changes > before, 'the change is noticed');
    }
    const before = changes;
    await storage.remove({ kind: 'data', name }, neverAborted);
    await until(() => changes > before, 'the change is noticed');
    // A folder that comes later, with a file that is moved into it.
    const folder = join(place.path, 'data', 'ab');
    rmSync(folder, { recursive: true });
    await delay(200);
    // On Windows a folder that is watched has its name until the watch has let go of it.
    await until(() => isMade(folder), 'its name is free');
    await delay(200);
    const after = changes;
    writeFileSync(join(place.path, 'x'), 'y');
    renameSync(join(place.path, 'x'), join(folder, name));
    await until(() => changes > after, 'the file that came is noticed');
  });
}

function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** What an administrator does who puts a repository back: another folder takes the place of the one that is there. */
const replacements: readonly (readonly [string, (repository: string) => void])[] = [
  [
    'the repository',
    (repository) => {
      renameSync(repository, `${repository}.old`);
      renameSync(`${repository}.new`, repository);
    },
  ],
  [
    'a folder of it',
    (repository) => {
      renameSync(join(repository, 'snapshots'), join(repository, 'old'));
      renameSync(join(`${repository}.new`, 'snapshots'), join(repository, 'snapshots'));
    },
  ],
];

for (const [what, replace] of replacements) {
  test(`where ${what} is replaced by a rename, that is a change, and what comes then is noticed`, async () => {
    await using place = await temporaryFolder();
    const repository = join(place.path, 'repository');
    for (const folder of [repository, `${repository}.new`]) await new FolderStorage(folder).create(neverAborted);
    let changes = 0;
    const modes: string[] = [];
    await using _watch = new FolderWatch({
      folder: repository,
      polling: false,
      clock: systemClock,
      identityIntervalMs: 50,
      onChange: () => {
        changes += 1;
      },
      onMode: ({ mode }) => modes.push(mode),
    });
    await until(() => modes.at(-1) === 'events', 'it watches');
    await delay(200);
    const before = changes;
    replace(repository);
    await until(() => modes.length >= 4 && modes.at(-1) === 'events' && changes > before, 'it watches what is there now');
    // A look at the folders that was under way finds the rest of it the next time, and begins once more.
    assert.deepEqual(modes.slice(0, 3), ['starting', 'events', 'starting'], 'nobody says that he watches before he does');
    await delay(200);
    const after = changes;
    writeFileSync(join(repository, 'snapshots', name), 'x');
    await until(() => changes > after, 'the file that came is noticed');
  });
}

test(
  'the watch takes a folder each, not a file each, from the system',
  { skip: process.platform !== 'linux' && 'looks into /proc' },
  async () => {
    await using place = await temporaryFolder();
    const storage = new FolderStorage(place.path);
    await storage.create(neverAborted);
    for (let i = 0; i < 600; i++) writeFileSync(join(place.path, 'data', 'ab', `ab${i.toString(16).padStart(62, '0')}`), 'x');
    let mode = '';
    await using _watch = new FolderWatch({
      folder: place.path,
      clock: systemClock,
      polling: false,
      onChange: () => undefined,
      onMode: (next) => {
        mode = next.mode;
      },
    });
    await until(() => mode === 'events', 'it watches');
    const infos = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
      try {
        return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('inotify'));
      } catch {
        return [];
      }
    });
    assert.ok(infos.length > 255 && infos.length < 300, `${infos.length} watches`);
  },
);
