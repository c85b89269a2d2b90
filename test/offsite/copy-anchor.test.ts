import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriveFolder } from '../../src/google/index.ts';
import { DriveHistory, keepAnchor, readAnchors, scrubCopy } from '../../src/offsite/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import { anchorFileName, type ChainHead } from '../../src/records/index.ts';
import { sampleClient } from '../drive-emulator/index.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const chain = 'c'.repeat(16);
const head = (number: number, digit: string): ChainHead => ({ chain, number, hash: digit.repeat(64) });
const signal = new AbortController().signal;
const owner = 'budi@srv-01';

/** A copy with one snapshot, and its folder. */
async function copied(stage: OffsiteStage): Promise<DriveHistory> {
  await stage.backup();
  await stage.sync();
  return new DriveHistory(new DriveFolder(stage.drive.another(), copyPath));
}

const numbers = async (folder: DriveHistory): Promise<number[]> =>
  (await readAnchors(folder, '', signal)).map(({ number }) => number).sort((a, b) => a - b);

test("keepAnchor() puts the new head in the place of the old one, and of nobody else's", async () => {
  await using stage = await OffsiteStage.open();
  const folder = await copied(stage);
  const isOurs = async (): Promise<boolean> => true;
  await keepAnchor(folder, { head: head(9, 'a'), owner: 'siti@srv-02' }, isOurs, signal);
  for (const number of [3, 5, 5]) await keepAnchor(folder, { head: head(number, 'b'), owner }, isOurs, signal);
  assert.deepEqual(await numbers(folder), [5, 9]);
  const found = await readAnchors(new DriveHistory(new DriveFolder(stage.drive.another(), copyPath)), 'Drive', signal);
  assert.deepEqual(
    found.find(({ number }) => number === 5),
    { ...head(5, 'b'), owner, keptIn: 'Drive' },
  );
  assert.equal(stage.person.find(`${copyPath}/${anchorFileName(owner)}`).length, 1, 'the one before is in the trash');
});

test('an anchor that contradicts the records stays, as a witness', async () => {
  await using stage = await OffsiteStage.open();
  const folder = await copied(stage);
  await keepAnchor(folder, { head: head(7, 'a'), owner }, async () => true, signal);
  await keepAnchor(folder, { head: head(4, 'b'), owner }, async () => false, signal);
  assert.deepEqual(await numbers(folder), [4, 7]);
  await keepAnchor(folder, { head: head(5, 'b'), owner }, async ({ hash }) => hash.startsWith('b'), signal);
  assert.deepEqual(await numbers(folder), [5, 7]);
});

test('an anchor is no stranger to scrub, survives it, and does not disturb restic; what only has its name is left out', async () => {
  await using stage = await OffsiteStage.open();
  const folder = await copied(stage);
  await keepAnchor(folder, { head: head(3, 'a'), owner }, async () => true, signal);
  const [root] = stage.person.find(copyPath);
  await stage.person.plant({ name: anchorFileName('x'), parent: root?.id ?? '', client: sampleClient.id });
  const { findings } = await scrubCopy(
    { source: stage.source, target: await stage.copy(), clock: systemClock },
    { signal: neverAborted, againMs: 20 },
  );
  assert.deepEqual(findings, []);
  assert.deepEqual(await numbers(folder), [3]);
  stage.assertWhole();
  await stage.checkByRestic();
});

test('a head is written into the folder that was found, also when somebody renamed it', async () => {
  await using stage = await OffsiteStage.open();
  await copied(stage);
  const [root] = stage.person.find(copyPath);
  assert.ok(root);
  stage.person.rename(root.id, 'office-old');
  const folder = new DriveHistory(new DriveFolder(stage.drive.another(), copyPath, { knownIds: [root.id] }));
  await keepAnchor(folder, { head: head(3, 'a'), owner }, async () => true, signal);
  assert.deepEqual(await numbers(folder), [3]);
  assert.deepEqual(stage.person.find(copyPath), [], 'no second folder is made');
});
