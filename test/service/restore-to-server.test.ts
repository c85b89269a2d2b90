import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { snapshotPathOf } from '../../src/platform/index.ts';
import { HostError } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { EngineStage } from '../host/engine-stage.ts';
import { makeKey } from '../sshd/keys.ts';
import { PlainServer } from '../sshd/plain-server.ts';

test('a window restores onto a server: it is asked first, its fingerprint confirmed once, and the record names it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'first version');
  stage.write('folder/b.txt', 'stays');
  await stage.initRepository();
  stage.configure();
  const root = stage.path('server');
  mkdirSync(root);
  makeKey(stage.path('host-key'));
  makeKey(stage.path('.ssh', 'id_ed25519'));
  const server = await PlainServer.start({ root, hostKeys: [readFileSync(stage.path('host-key'))] });
  stage.atEnd(() => server[Symbol.asyncDispose]());
  const shown: { readonly location: string; readonly fingerprint: string }[] = [];
  let isRight = false;
  const confirmHost = async (host: (typeof shown)[number]): Promise<boolean> => {
    shown.push(host);
    return isRight;
  };
  const { client } = stage.window({ client: { confirmHost } });
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  const { repository: location } = stage;
  const target = `sftp://budi@127.0.0.1:${server.port}//restored`;
  const check = () => client.request(protocol.checkTarget, { location, target });

  await assert.rejects(check, (error) => error instanceof HostError && error.code === 'storage.unknown-host');
  isRight = true;
  assert.deepEqual(await check(), { isThere: false });
  assert.equal(shown.length, 2);
  assert.equal(shown[0]?.location, target);
  assert.match(shown[0].fingerprint, /^SHA256:/);
  await assert.rejects(client.request(protocol.checkTarget, { location, target: 's3:https://host/bucket' }), HostError);

  const paths = [snapshotPathOf(stage.source)];
  const params = { location, snapshot: 'latest', paths, target: { kind: 'server', location: target }, overwrite: 'if-changed' } as const;
  const preview = await client.request(protocol.previewRestore, params);
  assert.deepEqual([preview.written, preview.overwritten, preview.left], [2, 0, 0]);
  assert(
    preview.samples.every(({ label }) => label.startsWith(`${target}/data/`)),
    JSON.stringify(preview.samples),
  );
  assert.deepEqual(readdirSync(root), []);
  const result = await client.request(protocol.startRestore, params);
  assert.equal(result.outcome, 'success', JSON.stringify(result));
  assert.equal(readFileSync(join(root, 'restored', 'data', 'folder', 'b.txt'), 'utf8'), 'stays');
  assert.equal(shown.length, 2, 'whom somebody has confirmed is known');
  assert.deepEqual(await check(), { isThere: true });
  const records = join(stage.path('state'), 'records');
  const files = readdirSync(records, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.jsonl'));
  const texts = files.map((name) => readFileSync(join(records, name), 'utf8'));
  assert(
    texts.some((text) => text.includes(`"destination":{"location":"${target}"}`)),
    texts.join('\n'),
  );
});
