import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { uploadStream } from '../../src/google/index.ts';
import { isAbort, isCode } from '../../src/platform/index.ts';
import { sampleAccount, type FaultOrder } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { driveStage } from './drive-stage.ts';
import { seedsOf } from '../rounds.ts';

const mib = 1024 * 1024;

async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

describe('uploadStream()', () => {
  for (const size of [0, 1, 8 * mib - 1, 8 * mib, 8 * mib + 1, 16 * mib, 20 * mib + 17]) {
    test(`stores a stream of ${size} bytes`, async () => {
      await using stage = await driveStage();
      const bytes = new SeededRandom(size).bytes(size);
      const item = await uploadStream(stage.client, {
        folder: 'Salinan/Bulanan',
        name: 'set 2026-11.zip',
        mimeType: 'application/zip',
        chunks: inChunks(bytes, 700_001),
      });
      const person = stage.drive.person(sampleAccount);
      const found = person.find('Salinan/Bulanan/set 2026-11.zip');
      assert.equal(found.length, 1);
      assert.ok((await person.content(found[0]!.id)).equals(bytes));
      assert.equal(item.sizeBytes, size);
      assert.equal(item.sha256, createHash('sha256').update(bytes).digest('hex'));
    });
  }

  const survivable: Readonly<Record<string, FaultOrder>> = {
    'drops in the middle of a piece': { fault: 'drop', on: ['upload.piece', 'upload.final'], afterBytes: 3 * mib, times: 3 },
    'pieces kept in part': { fault: 'keep-less', times: 4 },
    'server errors': { fault: 'server-error', probability: 0.3, times: 12 },
    'lost answers': { fault: 'lost-answer', times: 6, probability: 0.5 },
    'rate limits': { fault: 'refuse', reason: 'userRateLimitExceeded', probability: 0.4, times: 12 },
    'tokens that end': { fault: 'unauthorized', endsToken: true, probability: 0.4, times: 4 },
    'sessions that move': { fault: 'session-moved', times: 3 },
  };
  for (const [name, order] of Object.entries(survivable)) {
    test(`goes on after ${name}`, async () => {
      for (const seed of seedsOf({ sample: 3, long: 30 })) {
        await using stage = await driveStage({ emulator: { seed } });
        const bytes = new SeededRandom(seed).bytes(20 * mib);
        stage.drive.faults.order(order);
        await uploadStream(stage.client, { folder: 'A', name: 'b', mimeType: 'application/zip', chunks: inChunks(bytes, mib) });
        const person = stage.drive.person(sampleAccount);
        assert.deepEqual(
          await Promise.all(person.find('A/b').map(async ({ id }) => (await person.content(id)).equals(bytes))),
          [true],
          `seed ${seed}`,
        );
        assert.ok(stage.drive.faults.happened > 0, `seed ${seed}`);
      }
    });
  }

  test('leaves nothing when the stream fails, when it is stopped, or when Google loses what had arrived', async () => {
    await using stage = await driveStage();
    const bytes = new SeededRandom(1).bytes(20 * mib);
    const options = { folder: 'A', name: 'b', mimeType: 'application/zip' };
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error('the disk went away');
    }
    await assert.rejects(uploadStream(stage.client, { ...options, chunks: failing() }), /the disk went away/);
    const stop = new AbortController();
    async function* stopping(): AsyncGenerator<Uint8Array> {
      yield bytes;
      stop.abort();
      yield bytes;
    }
    await assert.rejects(uploadStream(stage.client, { ...options, chunks: stopping(), signal: stop.signal }), isAbort);
    stage.drive.faults.order({ fault: 'session-gone', after: 1 });
    await assert.rejects(uploadStream(stage.client, { ...options, chunks: inChunks(bytes, mib) }), (error) =>
      isCode(error, 'drive.unavailable'),
    );
    assert.deepEqual(stage.drive.person(sampleAccount).find('A/b'), []);
  });
});
