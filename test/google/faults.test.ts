import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import pMap from 'p-map';
import { DriveFolder, memoryJournal, sourceOfBytes, type RepositoryFile } from '../../src/google/index.ts';
import { faultCatalogue, sampleAccount } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { seedsOf } from '../rounds.ts';
import { driveStage } from './drive-stage.ts';

const kib = 1024;

// These turn bytes of a download without a trace in the answer: a hash further up tells.
const deceivesReaders = new Set(['bytes of another range', 'download altered']);

/** What is stored again for a reason: bytes that did not arrive, or arrived wrong. */
const resends = new Set([
  'upload altered on the way',
  'piece not kept',
  'piece kept in part',
  'no progress for a while',
  'range claims too much',
  'session not found',
  'session gone',
  'session refused',
  'upload dropped in the middle',
]);

interface Stored {
  readonly file: RepositoryFile;
  readonly bytes: Uint8Array;
}

function someFiles(random: SeededRandom): Stored[] {
  const sizes = [
    0,
    1,
    100,
    256 * kib,
    256 * kib + 1,
    512 * kib,
    1200 * kib,
    1536 * kib,
    ...Array.from({ length: 12 }, () => random.below(900 * kib)),
  ];
  return sizes.map((size, number) => {
    const bytes = random.bytes(size);
    const name = createHash('sha256').update(bytes).digest('hex');
    return { bytes, file: { kind: number % 4 === 0 ? 'index' : 'data', name } };
  });
}

describe('a folder on Drive', () => {
  for (const [name, orders] of Object.entries(faultCatalogue)) {
    test(`is complete, without doubles, and reads back, whatever happens: ${name}`, async () => {
      for (const seed of seedsOf({ sample: 2, long: 20 })) {
        await using stage = await driveStage({
          emulator: { seed },
          client: { pieceSizes: { firstBytes: 256 * kib, bytesMax: 512 * kib } },
        });
        const random = new SeededRandom(seed);
        const files = someFiles(random);
        const story = `${name}, seed ${seed}`;
        const folder = new DriveFolder(stage.client, 'Backup/server-1', { journal: memoryJournal() });
        stage.drive.faults.order(...orders);
        await folder.create();
        const results = await pMap(files, ({ file, bytes }) => folder.upload(file, sourceOfBytes(bytes)), { concurrency: 4 });
        const hasSums = results.filter(({ proof }) => proof === 'sha256').length;
        // The waits of this test are too short for sums that come after seconds.
        if (!name.startsWith('no ') && name !== 'checksum comes late')
          assert.equal(hasSums, files.length, `${story}: all are proved by their SHA-256`);

        // What there is, asked past the product.
        const person = stage.drive.person(sampleAccount);
        for (const { file, bytes } of files) {
          const found = person.find(`Backup/server-1/${file.kind === 'data' ? `data/${file.name.slice(0, 2)}` : file.kind}/${file.name}`);
          assert.equal(found.length, 1, `${story}: ${file.kind}/${file.name} is there ${found.length} times`);
          assert.ok((await person.content(found[0]!.id)).equals(bytes), `${story}: ${file.name} has its bytes`);
        }
        const wantedBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
        if (!resends.has(name))
          assert.ok(
            stage.drive.log.receivedBytes <= wantedBytes * 1.25,
            `${story}: sent ${stage.drive.log.receivedBytes} of ${wantedBytes}`,
          );

        // Another process, which knows nothing, and so must believe the lists.
        if (name === 'list is late' || name === 'list is empty') stage.drive.faults.clear();
        const reader = new DriveFolder(stage.another(), 'Backup/server-1');
        const listing = await reader.listAll();
        assert.ok(listing.exists, story);
        const there = new Map(listing.files.filter(({ trashed }) => !trashed).map((item) => [item.name, item]));
        assert.equal(there.size, files.length, story);
        if (deceivesReaders.has(name)) stage.drive.faults.clear();
        for (const { file, bytes } of files) {
          const item = there.get(file.name)!;
          const from = random.below(bytes.length + 1);
          const got = await reader.readRange(item, from, bytes.length - from);
          assert.ok(Buffer.from(got).equals(bytes.subarray(from)), `${story}: ${file.name} reads back`);
        }
      }
    });
  }
});
