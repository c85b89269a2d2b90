import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { CadanganError, isCode } from '../../src/platform/index.ts';
import { isTransient, openRest, type FileName } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { fileOf } from './conformance.ts';
import { MemoryRestServer } from './memory-rest-server.ts';

const random = new SeededRandom(1606);
const config: FileName = { kind: 'config', name: '' };

/** Lets time pass until the call has come to its end. */
async function passing<T>(clock: VirtualClock, call: Promise<T>): Promise<T> {
  let isOver = false;
  const over = call.finally(() => (isOver = true));
  over.catch(() => undefined);
  while (!isOver) {
    await clock.advance(1000);
    await new Promise(setImmediate);
  }
  return over;
}

/** As `rclone serve restic` over a folder: the name is there while the file grows, and goes when the server learns that nobody is there. */
async function brokenOff(keptBytes: number) {
  const clock = new VirtualClock();
  const server = await MemoryRestServer.open();
  const storage = openRest(server.url, { clock });
  await storage.create(neverAborted);
  await storage.write(config, random.bytes(155), neverAborted);
  const bytes = random.bytes(5000);
  const file = fileOf(bytes);
  const place = `data/${file.name.slice(0, 2)}/${file.name}`;
  server.interfere = (request, response) => {
    if (request.method !== 'POST') return false;
    server.files.set(place, Buffer.from(bytes.subarray(0, keptBytes)));
    response.destroy();
    return true;
  };
  await assert.rejects(storage.write(file, bytes, neverAborted), (error) => isCode(error, 'storage.unreachable'));
  server.interfere = () => false;
  server.asked.length = 0;
  return {
    server,
    storage,
    place,
    write: (signal = neverAborted) => passing(clock, storage.write(file, bytes, signal)),
    bytes,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server.stop();
    },
  };
}

/** As rclone, which goes on to answer for one file with what it had of it when it was first asked; what it lists is the truth. */
function asRemembered(place: string, sizeBytes: number) {
  let isRemembered = true;
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    isRemembered &&= request.method !== 'POST';
    if (!isRemembered || request.method !== 'HEAD' || !request.url?.endsWith(place.slice(-64))) return false;
    response.writeHead(200, { 'Content-Length': sizeBytes }).end();
    return true;
  };
}

test('an upload that broke off is not made over while a part of it shows: the server would remove both', async () => {
  await using it = await brokenOff(3000);
  for (const _ of [1, 2]) {
    const error: unknown = await it.write().catch((failure: unknown) => failure);
    assert(error instanceof CadanganError && isTransient(error));
    assert.equal(error.facts['reason'], 'upload-still-open');
    assert.equal(error.facts['retryAfterMs'], 20_000);
  }
  assert.deepEqual(
    it.server.asked.filter((asked) => asked.startsWith('POST')),
    [],
  );
  it.server.files.delete(it.place);
  it.server.interfere = asRemembered(it.place, 3000);
  await it.write();
  assert(it.server.files.get(it.place)?.equals(it.bytes));
});

test('one of which the server has all counts as stored, and is not sent again', async () => {
  await using it = await brokenOff(5000);
  await it.write();
  assert.deepEqual(
    it.server.asked.filter((asked) => asked.startsWith('POST')),
    [],
  );
});

test('a wait for it ends when it is stopped', async () => {
  await using it = await brokenOff(3000);
  const stop = new AbortController();
  const write = it.write(stop.signal);
  stop.abort();
  await assert.rejects(write, (error) => isCode(error, 'aborted'));
});
