// Memory that connections read into again and again: whatever comes, and however it is taken, each byte is the one that was sent.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HttpPlane } from '../../src/http/index.ts';
import { RateLimiter, systemClock } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

const answersKept = 48;

async function serve(t: TestContext, bodies: readonly Uint8Array[]): Promise<string> {
  const server: Server = createServer((request, response) => {
    const at = Number(request.url?.slice(1));
    const body = bodies[at] ?? Buffer.alloc(0);
    if (at % 3 === 0) response.setHeader('Content-Length', body.length); // the others come in chunks
    const step = 1 + ((at * 7919) % 90_000);
    for (let from = 0; from < body.length; from += step) response.write(body.subarray(from, from + step));
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}/`;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const [name, rate] of [
  ['as they come', undefined],
  ['at a certain rate', 40_000_000],
] as const) {
  test(`answers of all sizes, many at once over connections that are used again, taken ${name}`, async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const bodies = Array.from({ length: answersKept }, () => random.bytes(random.below(random.below(2) === 0 ? 3_000 : 700_000)));
    const url = await serve(t, bodies);
    const download = rate === undefined ? undefined : new RateLimiter(systemClock, () => rate);
    const plane = new HttpPlane({ socketsMax: 5, ...(download && { pace: { download } }) });
    await Promise.all(
      bodies.map(async (body, at) => {
        const hash = createHash('sha256');
        await plane.exchange({ method: 'GET', url: `${url}${at}`, headers: {} }, () => (chunk) => void hash.update(chunk));
        assert.equal(hash.digest('hex'), sha256(body), `answer ${at}`);
      }),
    );
    plane.close();
  });
}

test('a connection that is kept keeps nothing of what its last answer was read into', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const url = await serve(t, [Buffer.alloc(1000)]);
  const plane = new HttpPlane();
  const read = async (): Promise<WeakRef<Uint8Array>> => {
    const target = new Uint8Array(1000);
    await plane.exchange({ method: 'GET', url: `${url}0`, headers: {} }, () => (chunk) => target.set(chunk));
    return new WeakRef(target);
  };
  const target = await read();
  for (let turn = 0; turn < 20 && target.deref() !== undefined; turn++) {
    await new Promise(setImmediate);
    collect();
  }
  assert.equal(target.deref(), undefined);
  plane.close();
});
