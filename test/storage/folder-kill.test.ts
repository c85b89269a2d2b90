import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

const kills = rounds({ sample: 20, long: 200 });

test(`a writer that is killed ${kills} times leaves only whole files, and all that it was promised`, async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  await using folder = await temporaryFolder();
  const storage = new FolderStorage(folder.path);
  await storage.create(neverAborted);
  for (let kill = 0; kill < kills; kill++) {
    const promised = await killedWriter(folder.path, random.uint32(), random.below(60));
    const listed = await storage.list('data', neverAborted);
    assert.deepEqual(
      promised.filter((name) => !listed.some((file) => file.name === name)),
      [],
      `seed ${seed}`,
    );
    for (const { name } of listed) {
      const bytes = await storage.read({ kind: 'data', name }, neverAborted);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), name, `seed ${seed}`);
      await storage.remove({ kind: 'data', name }, neverAborted); // so that the next round starts empty
    }
  }
  const tornTemporaries = (await readdir(folder.path, { recursive: true })).filter((path) => path.includes('-tmp-')).length;
  t.diagnostic(`${tornTemporaries} of ${kills} kills hit a write in the middle`);
});

/** Starts a writer, kills it `afterMs` after its first sign of work, and gives the names that it was told are safe. */
async function killedWriter(folder: string, seed: number, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'folder-child.ts'), 'write', folder, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const names: string[] = [];
  const lines = createInterface(child.stdout);
  const started = once(lines, 'line');
  lines.on('line', (line) => {
    if (/^[0-9a-f]{64}$/.test(line)) names.push(line);
  });
  const ended = once(lines, 'close');
  await started;
  await delay(afterMs);
  child.kill('SIGKILL');
  await ended;
  return names;
}
