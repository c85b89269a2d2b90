// What an object store has locked, as a window asks of it: of one snapshot, when somebody looks at it.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { HostError } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, password } from '../host/engine-stage.ts';
import { S3Server } from '../s3/s3-server.ts';

test('a window learns until when a snapshot is locked by one question of it alone, and what of a removal stays', async (t) => {
  await using server = await S3Server.start();
  server.isMade = true;
  const until = '2126-09-01T00:00:00.000Z';
  let lock: Record<string, string> = {};
  server.whim = ({ method, key, query }) => {
    if (query.has('object-lock'))
      return { status: 200, body: '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>' };
    if (method !== 'HEAD' || !key.includes('/snapshots/') || Object.keys(lock).length === 0) return undefined;
    return { status: 200, headers: lock, lengthBytes: server.objects.get(key)?.length ?? 0 };
  };
  const stage = new EngineStage(t);
  stage.write('file', 'content');
  const { endpoint, bucket } = server.locationOf('');
  const location = `s3:${endpoint.origin}/${bucket}/repository`;
  stage.configure({ repository: { location } });
  const { accessKeyId, secretAccessKey } = server.keys;
  mkdirSync(stage.path('.aws')); // the stage is the home of its host
  writeFileSync(
    stage.path('.aws', 'credentials'),
    `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
  const { client } = stage.window();
  await client.request(protocol.initRepository, { location, password });
  const { snapshotId: snapshot = '' } = await client.request(protocol.startBackup, { set: 'data' });
  await client.request(protocol.startBackup, { set: 'data' });
  assert.equal((await client.request(protocol.listSnapshots, { location })).length, 2);

  const asked = async (): Promise<unknown> => client.request(protocol.snapshotLock, { location, snapshot });
  assert.deepEqual(await asked(), { kind: 'free' });
  lock = { 'x-amz-object-lock-retain-until-date': until };
  server.takeAsked();
  assert.deepEqual(await asked(), { kind: 'locked', until });
  assert.deepEqual(
    server.takeAsked().filter((line) => line.startsWith('HEAD')),
    [`HEAD repository/snapshots/${snapshot}`],
  );
  lock = { 'x-amz-object-lock-legal-hold': 'ON' };
  assert.deepEqual(await asked(), { kind: 'legal-hold' });
  await assert.rejects(
    client.request(protocol.snapshotLock, { location, snapshot: 'f'.repeat(64) }),
    (error) => error instanceof HostError && error.code === 'snapshot.not-found',
  );

  lock = { 'x-amz-object-lock-retain-until-date': until };
  const removal = { location, snapshots: [snapshot], reason: 'too large', release: [] };
  assert.deepEqual(await client.request(protocol.removeSnapshots, removal), { removed: [], failed: [], locked: [{ id: snapshot, until }] });
  assert.equal((await client.request(protocol.listSnapshots, { location })).length, 2);
});
