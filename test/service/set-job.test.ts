import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupSet } from '../../src/service/index.ts';
import { parseConfiguration } from '../../src/settings/index.ts';
import { DrillStage } from '../jobs/drill-stage.ts';

test('a set that asks for shadow copies is backed up where no folder of this user can be told: they are noted where the host has its state', async (t) => {
  const stage = await DrillStage.make(t);
  stage.write('books/a.txt', 'content');
  const sets = [{ name: 'books', sources: [stage.path('books')], shadowCopies: true, repository: { location: stage.repository } }];
  const [set] = parseConfiguration(JSON.stringify({ version: 1, sets })).configuration.sets;
  assert.ok(set);
  const { outcome, error, details } = await backupSet(set, stage.access(), {
    environment: { CADANGAN_STATE: '\ufffd', CADANGAN_CONFIG: '\ufffd' }, // nobody can say which folders these are
    stateFolder: stage.path('state'),
    programVersion: 'test',
  });
  assert.notEqual(outcome, 'failed', String(error));
  assert.equal(details?.summary.filesNew, 1);
});
