import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScheduledSet } from '../../src/schedule/index.ts';
import { ChangeWatcher } from '../../src/schedule/change-watcher.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { SmallHouse } from './small-house.ts';
import { waitUntil } from './wait-until.ts';

/** A watcher, and how often it told of a change. */
async function watching(
  source: string,
  options: { readonly ignored?: string[]; readonly polling?: boolean; readonly entriesMax?: number } = {},
): Promise<{ watcher: ChangeWatcher; counts: { changes: number } }> {
  const { ignored = [], polling = false, ...more } = options;
  const counts = { changes: 0 };
  const watcher = new ChangeWatcher({
    sources: [source],
    ignored,
    polling,
    onChange: () => (counts.changes += 1),
    onState: () => undefined,
    pollingIntervalMs: 50,
    ...more,
  });
  await waitUntil('the watch begins', () => watcher.state.mode !== 'starting');
  return { watcher, counts };
}

for (const polling of [false, true]) {
  test(`a new, a changed and a removed file are noticed, also in new folders (${polling ? 'polling' : 'events'})`, async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'there'), 'before');
    const { watcher, counts } = await watching(folder.path, { polling });
    await using _watcher = watcher;
    assert.equal(watcher.state.mode, polling ? 'polling' : 'events');
    assert.equal(counts.changes, 0, 'what was there before is no change');
    const steps = [
      () => writeFile(join(folder.path, 'there'), 'changed, and longer'),
      // One after the other: chokidar reads a new folder and watches it then, so what comes between the two escapes it, until the hourly
      // run.
      () => mkdir(join(folder.path, 'new')),
      () => mkdir(join(folder.path, 'new', 'deep')),
      () => writeFile(join(folder.path, 'new', 'deep', 'file'), 'x'),
      () => rename(join(folder.path, 'there'), join(folder.path, 'moved')),
      () => rm(join(folder.path, 'moved')),
    ];
    for (const [step, doIt] of steps.entries()) {
      await delay(1500); // chokidar passes over what changes in a folder within a second of another change there (`settleMsMin`)
      counts.changes = 0;
      await doIt();
      await waitUntil(`step ${step} is noticed`, () => counts.changes > 0);
    }
  });
}

test('what is ignored does not count, also when its name begins another', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'repo', 'data'), { recursive: true });
  const { watcher, counts } = await watching(folder.path, { ignored: [join(folder.path, 'repo')] });
  await using _watcher = watcher;
  await writeFile(join(folder.path, 'repo', 'data', 'pack'), 'x');
  await delay(300);
  assert.equal(counts.changes, 0);
  await writeFile(join(folder.path, 'repository.txt'), 'x');
  await waitUntil('the other file is noticed', () => counts.changes > 0);
});

test('a tree that is too large to watch is left to the hourly run', async () => {
  await using folder = await temporaryFolder();
  for (let file = 0; file < 30; file++) await writeFile(join(folder.path, `file-${file}`), '');
  const { watcher } = await watching(folder.path, { entriesMax: 20 });
  await using _watcher = watcher;
  assert.deepEqual(watcher.state, { mode: 'lost', reason: 'too-many-entries' });
});

test('a source that comes later, as a mount does, is watched from the next look on', async () => {
  await using folder = await temporaryFolder();
  const source = join(folder.path, 'mount');
  const { watcher, counts } = await watching(source);
  await using _watcher = watcher;
  await mkdir(source);
  await watcher.refresh();
  await waitUntil('the watch begins again', () => watcher.state.mode === 'events');
  counts.changes = 0;
  await writeFile(join(source, 'file'), 'x');
  await waitUntil('the file is noticed', () => counts.changes > 0);
});

test('a set on change runs when its watch begins, and again when a file has changed and come to rest', async () => {
  await using folder = await temporaryFolder();
  const set: ScheduledSet = {
    id: 'files',
    repository: '/repo',
    timing: { kind: 'change', sources: [folder.path], ignored: [], polling: false, settleMs: 60_000, minIntervalMs: 600_000 },
  };
  await using house = await SmallHouse.begin('12:00', [set]);
  await house.until(() => house.runs.length === 1);
  await house.end('files');
  await waitUntil('the watch begins', async () => house.scheduler.status()[0]?.watch?.mode === 'events');
  await house.pass(11);
  await house.end('files'); // the watch may have begun after the first run did, and brought a second
  house.runs.length = 0;
  await house.pass(11);
  const { naps } = house.clock;
  await writeFile(join(house.folder, 'invoice'), 'x');
  await rename(join(house.folder, 'invoice'), join(folder.path, 'invoice')); // whole: it changes once
  await waitUntil('the change is noticed', () => house.clock.naps > naps);
  await house.settle();
  await house.pass(0.5);
  assert.deepEqual(house.story, [], 'it has not come to rest yet');
  await house.pass(1);
  assert.deepEqual(house.story, ['files change']);
  await house.end('files');
  await house.pass(59);
  assert.equal(house.runs.length, 1);
  await house.pass(2);
  assert.deepEqual(house.story, ['files change', 'files reconcile'], 'an hour after the last one began');
});
