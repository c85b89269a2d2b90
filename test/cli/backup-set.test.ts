import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeStage, password } from './run-cli.ts';

test('backup NAME runs a configured set with its own password file, and takes it down', async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), 'a');
  writeFileSync(stage.path('data', 'b.tmp'), 'b');
  writeFileSync(stage.path('password'), password);
  const set = { name: 'accounting', sources: [stage.path('data')], excludes: ['*.tmp'], repository: { location: stage.repository, passwordFile: stage.path('password') } };
  writeFileSync(stage.path('config.jsonc'), JSON.stringify({ version: 1, sets: [set] }));
  const environment = { RESTIC_REPOSITORY: '', RESTIC_PASSWORD: '', CADANGAN_CONFIG: stage.path('config.jsonc'), CADANGAN_STATE: stage.path('state') };
  const { code, messages } = await stage.json(['backup', 'accounting'], { environment });
  assert.equal(code, 0);
  assert.equal(messages.at(-1)?.['total_files_processed'], 1);
  const snapshots = (await stage.json(['snapshots'])).messages.flat();
  assert.deepEqual(JSON.parse(JSON.stringify(snapshots))[0].tags, ['accounting']);
  const runs = readFileSync(stage.path('state', 'runs.jsonl'), 'utf8');
  assert.equal(JSON.parse(runs).set, 'accounting');
  assert.ok(!runs.includes(password));
  const unknown = await stage.run(['backup', 'nobody'], { environment });
  assert.equal(unknown.code, 1);
});
