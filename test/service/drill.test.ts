import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CredentialFile } from '../../src/google/index.ts';
import { protocol, type RunProgress } from '../../src/service/index.ts';
import type { HistoryRecord } from '../../src/records/index.ts';
import { clientFileOf, sampleAccount, sampleClient, startDriveEmulator } from '../drive-emulator/index.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { EngineStage, type Window } from '../host/engine-stage.ts';
import { recordsIn } from '../records/some-records.ts';

test('a drill that a window asks for tells of its progress, writes its record, and is no backup of its set', async (t) => {
  const stage = new EngineStage(t);
  const { client } = await backedUp(stage);
  const progress: RunProgress[] = [];
  const result = await client.request(protocol.startDrill, { set: 'data', date: 'newest' }, { onProgress: (step) => progress.push(step) });
  assert.deepEqual([result.job, result.outcome, result.set, result.files, result.verifiedFiles], ['drill', 'success', 'data', 2, 2]);
  assert.ok(progress.length > 0 && progress.every(({ job }) => job === 'drill'));
  const record = await lastRecord(stage);
  assert.deepEqual(
    [record?.number, record?.kind, record?.set, record?.operator.via, record?.trigger],
    [result.record, 'drill', 'data', 'editor', 'manual'],
  );
  assert.ok(result.evidence !== undefined && readFileSync(result.evidence, 'utf8').includes('"isPassed": true'));
  assert.deepEqual(readdirSync(stage.path('scratch')), []);
  const [set] = await client.request(protocol.listSets, undefined);
  assert.deepEqual([set?.lastRun?.job, set?.state], ['backup', 'success']);
  const [last] = await client.request(protocol.recentRuns, { limit: 1 });
  assert.deepEqual(last, result);
});

test('a drill of a set that nobody knows is refused, and one whose repository is gone is recorded as failed', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const { client } = stage.window();
  await assert.rejects(client.request(protocol.startDrill, { set: 'nobody' }), /set\.unknown|nobody/);
  await assert.rejects(client.request(protocol.startDrill, { from: 'drive' }), /off-site copy/);
  const result = await client.request(protocol.startDrill, {});
  assert.deepEqual([result.outcome, result.error?.code], ['failed', 'repository.missing']);
  const record = await lastRecord(stage);
  assert.deepEqual(
    [record?.kind, record?.result, record?.reason?.code, existsSync(stage.repository)],
    ['drill', 'failed', 'repository.missing', false],
  );
});

test('the copy on Google Drive is drilled with the password of its original', async (t) => {
  const drive = await startDriveEmulator();
  t.after(() => drive.close());
  const stage = new EngineStage(t);
  writeFileSync(stage.path('client.json'), JSON.stringify(clientFileOf(sampleClient)));
  const { signIn } = signedInStore(drive);
  assert.ok(signIn);
  await new CredentialFile(stage.path('state', 'google-sign-in.json')).save(signIn);
  const more = {
    googleDrive: { account: sampleAccount, clientFile: stage.path('client.json') },
    offsiteCopies: [{ name: 'office', repository: stage.repository, to: 'gdrive:Backup/data' }],
  };
  const { client } = await backedUp(stage, more, { CADANGAN_GOOGLE_ENDPOINT: drive.url });
  assert.equal((await client.request(protocol.syncCopy, { copy: 'office' })).outcome, 'success');
  const result = await client.request(protocol.startDrill, { from: 'drive' });
  assert.deepEqual([result.outcome, result.verifiedFiles, result.error], ['success', 2, undefined]);
  assert.deepEqual([(await lastRecord(stage, 'drill'))?.source?.location], ['gdrive:Backup/data']);
});

async function backedUp(stage: EngineStage, more: object = {}, environment: Readonly<Record<string, string>> = {}): Promise<Window> {
  stage.write('a.txt', 'a');
  stage.write('folder/b.txt', 'b'.repeat(10_000));
  await stage.initRepository();
  stage.configure();
  const configuration: unknown = JSON.parse(readFileSync(stage.configFile, 'utf8'));
  assert.ok(typeof configuration === 'object');
  writeFileSync(stage.configFile, JSON.stringify({ ...configuration, drill: { scratchFolder: stage.path('scratch') }, ...more }));
  const window = stage.window({ environment });
  assert.equal((await window.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  return window;
}

async function lastRecord(stage: EngineStage, kind?: HistoryRecord['kind']): Promise<HistoryRecord | undefined> {
  const records = await recordsIn(stage.path('state'));
  return records.findLast((record) => kind === undefined || record.kind === kind);
}
