import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyMemoryOf, type StoragePlace } from '../../src/jobs/index.ts';
import { lookAtCopy } from '../../src/jobs/open-copy.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { failsWith } from '../storage/conformance.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

test('a folder that is the repository under another name is no copy of it', async () => {
  await using folder = await temporaryFolder();
  const [repository, link, other] = ['repository', 'link', 'other'].map((name) => join(folder.path, name)) as [string, string, string];
  for (const made of [repository, other]) mkdirSync(made);
  symlinkSync(repository, link);
  const place: StoragePlace = { settings: undefined, stateFolder: folder.path, environment: {} };
  const look = async (to: string): Promise<void> => {
    const copy: OffsiteCopy = { name: 'second', repository, to, settleSeconds: 1, paused: false, scrubEveryDays: 7, sampleReadPercent: 1 };
    const client = () => Promise.reject(new Error('nobody needs Google'));
    await (await lookAtCopy(copy, { place, client, memory: copyMemoryOf(copy, place) }))[Symbol.asyncDispose]();
  };
  await look(other);
  await assert.rejects(look(`local:${repository}`), failsWith('storage.invalid-location'));
  await assert.rejects(look(link), failsWith('storage.invalid-location'));
});
