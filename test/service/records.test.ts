import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { snapshotPathOf, systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory, verifyHistory, type HistoryRecord } from '../../src/records/index.ts';
import { EngineStage, password, until } from '../host/engine-stage.ts';

test('what a window lets run leaves records: the configuration first, then every run with what it did', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const window = stage.window();
  await window.client.request(protocol.startBackup, { set: 'data' });
  const [snapshot] = await window.client.request(protocol.listSnapshots, { location: stage.repository });
  const target = stage.path('out');
  mkdirSync(target);
  await window.client.request(protocol.startRestore, {
    location: stage.repository,
    snapshot: snapshot?.id ?? '',
    paths: [snapshotPathOf(stage.source)],
    target: { kind: 'folder', folder: target },
    overwrite: 'never',
  });
  await window.client.request(protocol.startCheck, { location: stage.repository, readData: true });
  const records = await recordsOf(stage);
  assert.deepEqual(
    records.map(({ kind, result }) => [kind, result]),
    [
      ['history-start', undefined],
      ['configuration-change', undefined],
      ['internal-backup', 'success'],
      ['internal-restore', 'success'],
      ['check', 'success'],
    ],
  );
  const [, , backup, restore] = records;
  assert.deepEqual(
    [backup?.set, backup?.trigger, backup?.operator.via, backup?.snapshotId, backup?.counts?.['filesTotal']],
    ['data', 'manual', 'editor', snapshot?.id, 1],
  );
  assert.deepEqual([restore?.snapshotId, restore?.counts?.['filesRestored'], restore?.counts?.['filesVerified']], [snapshot?.id, 1, 1]);
  assert.deepEqual(snapshot?.tags, ['data'], 'views do not show the tag that dates the records');
  assert.ok((await verifyHistory(stage.path('state', 'records'))).isIntact);
});

test('a run that cannot begin is recorded with its reason', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const result = await stage.window().client.request(protocol.startBackup, { set: 'data' });
  assert.equal(result.outcome, 'failed');
  const last = (await recordsOf(stage)).at(-1);
  assert.deepEqual(
    [last?.kind, last?.result, last?.set, last?.reason?.code, existsSync(stage.repository)],
    ['internal-backup', 'failed', 'data', result.error?.code, false],
  );
});

test('a new repository is recorded; a backup that somebody removes opens a nonconformity when the next one has run', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  stage.configure();
  const { client } = stage.window();
  const { id } = await client.request(protocol.initRepository, { location: stage.repository, password });
  for (const name of ['b.txt', 'c.txt']) {
    stage.write(name, name);
    assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  }
  const before = await recordsOf(stage);
  const created = before.find(({ kind }) => kind === 'repository-created');
  assert.deepEqual([created?.result, created?.repositoryId, created?.destination?.location], ['success', id, stage.repository]);
  const [first] = before.filter(({ kind }) => kind === 'internal-backup');
  await rm(stage.path('repository', 'snapshots', first?.snapshotId ?? ''));
  for (const name of ['d.txt', 'e.txt']) {
    stage.write(name, name);
    await client.request(protocol.startBackup, { set: 'data' });
  }
  const opened = async () => (await recordsOf(stage)).flatMap(({ nonconformity }) => nonconformity ?? []);
  await until(async () => (await opened()).length > 0, 'it is found');
  await client.request(protocol.verifyRecords, undefined);
  assert.deepEqual(
    (await opened()).map(({ rule, facts, records }) => [rule, facts?.['snapshots'], records]),
    [['backup-removed', [first?.snapshotId], [first?.number]]],
  );
});

async function recordsOf(stage: EngineStage): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of new RecordHistory(stage.path('state'), { clock: systemClock, random: systemRandom, software: '' }).records())
    records.push(record);
  return records;
}
