import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepPacksIn } from '../../src/jobs/keep-pack-aside.ts';
import { parsePackId } from '../../src/repository/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

const pack = parsePackId('ab'.repeat(32));
const signal = new AbortController().signal;

test('a copy of a pack is kept under restic’s name for it, once, and nobody’s file is replaced', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-aside-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const keep = keepPacksIn(folder, new SeededRandom(1), signal);
  const file = join(folder, `pack-${pack}`);
  await keep(pack, Buffer.from('bytes'));
  // A repair that was cut off is run again.
  await keep(pack, Buffer.from('bytes'));
  assert.equal(readFileSync(file, 'utf8'), 'bytes');
  await assert.rejects(keep(pack, Buffer.from('other bytes')), { code: 'output.failed' });
  assert.equal(readFileSync(file, 'utf8'), 'bytes');
  assert.deepEqual(readdirSync(folder), [`pack-${pack}`]);
});

test('a folder that cannot be written to stops the repair', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-aside-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(keepPacksIn(join(folder, 'file'), new SeededRandom(1), signal)(pack, Buffer.from('bytes')), {
    code: 'output.failed',
  });
});
