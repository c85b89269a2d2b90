import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStorageAt, type PlaceWait, type StoragePlace } from '../../src/jobs/index.ts';
import { CadanganError, isCode, passwordFromText } from '../../src/platform/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { fileOf } from '../storage/conformance.ts';
import { MemoryRestServer } from '../storage/memory-rest-server.ts';

const place: StoragePlace = { settings: undefined, stateFolder: '/nowhere', environment: { HOME: '/nowhere' } };

test('a program that others could change is not run to reach a storage', async () => {
  const asked: (readonly string[])[] = [];
  const vet = async (command: readonly string[]): Promise<void> => {
    asked.push(command);
    throw new CadanganError('service.unsafe', { path: command[0] });
  };
  const storages = [{ location: 'rclone:cloud:', program: '/opt/rclone' }];
  for (const location of ['rclone:cloud:a', 'rclone:other:a'])
    await assert.rejects(openStorageAt(location, { ...place, storages, vet }), (error) => isCode(error, 'service.unsafe'));
  assert.deepEqual(asked, [['/opt/rclone'], ['rclone']]);
});

test('a password goes in clear text to no other machine, unless the configuration lets it', async () => {
  const entry = { location: 'rest:http://nas.example:8000/', user: 'server-1', passwordFile: '/etc/cadangan/rest' };
  const secret = async () => passwordFromText('secret');
  const opened = (more: object) =>
    openStorageAt('rest:http://nas.example:8000/a/', { ...place, storages: [{ ...entry, ...more }], secret });
  await assert.rejects(opened({}), (error) => isCode(error, 'storage.invalid-location'));
  await (await opened({ allowClearText: true })).close();
});

test('whoever opens a storage is told of each wait for a server, and for which', async () => {
  await using server = await MemoryRestServer.open();
  let isFirst = true;
  server.interfere = (_request, response) => {
    response.writeHead(isFirst ? 503 : 200, { 'Content-Length': isFirst ? 0 : 155 }).end();
    isFirst = false;
    return true;
  };
  const waits: PlaceWait[] = [];
  const location = `rest:${server.url.href}`;
  const storage = await openStorageAt(location, { ...place, random: new SeededRandom(1), onWait: (wait) => waits.push(wait) });
  assert.equal(await storage.sizeOf({ kind: 'config', name: '' }, neverAborted), 155);
  await storage.close();
  assert.deepEqual(
    waits.map(({ ms: _ms, ...told }) => told),
    [{ kind: 'transient', location, reason: 'HTTP 503' }],
  );
});

test('without an account nothing lies on Google Drive', async () => {
  await assert.rejects(openStorageAt('gdrive:A/B', place), (error) => isCode(error, 'drive.not-set-up'));
});

test('what a REST server has kept is read back: other bytes are taken away and sent again', async () => {
  await using server = await MemoryRestServer.open();
  const storage = await openStorageAt(`rest:${server.url.href}`, place);
  await storage.create(neverAborted);
  const bytes = new SeededRandom(1).bytes(500);
  const file = fileOf(bytes, 'index');
  let posts = 0;
  server.interfere = async (request, response) => {
    if (request.method !== 'POST' || posts++ > 0) return false;
    for await (const chunk of request as AsyncIterable<Buffer>) server.files.set(`index/${file.name}`, Buffer.alloc(chunk.length));
    response.end();
    return true;
  };
  await storage.write(file, bytes, neverAborted);
  assert.equal(posts, 2);
  assert(server.files.get(`index/${file.name}`)?.equals(bytes));
  await storage.close();
});
