import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openUploadJournal, type UploadNote } from '../../src/google/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const note = (id: string, more: Partial<UploadNote> = {}): UploadNote => ({ id, sizeBytes: 5, sha256: 'ab', ...more });

async function temporary(): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'cadangan-journal-'));
  return { path: join(folder, 'deep', 'uploads.jsonl'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

describe('a journal of uploads', () => {
  test('knows after a crash what was put and what was removed', async () => {
    await using place = await temporary();
    const journal = await openUploadJournal(place.path);
    await Promise.all(Array.from({ length: 50 }, (_, i) => journal.put(`data/${i}`, note(`id${i}`))));
    await journal.put('data/3', note('id3', { sessionUri: 'https://www.googleapis.com/x', openedAtMs: Date.now() }));
    await journal.remove('data/4');
    const again = await openUploadJournal(place.path); // the first was never closed
    assert.deepEqual(again.get('data/2'), note('id2'));
    assert.equal(again.get('data/3')?.sessionUri, 'https://www.googleapis.com/x');
    assert.equal(again.get('data/4'), undefined);
    await again.close();
    await journal.close();
  });

  test('is written anew when it has grown, and goes on with what counts', async () => {
    await using place = await temporary();
    const journal = await openUploadJournal(place.path);
    await Promise.all(Array.from({ length: 20_001 }, (_, i) => journal.put(`data/${i % 10}`, note(`id${i}`))));
    await journal.put('data/10', note('id10'));
    const lines = (await readFile(place.path, 'utf8')).trimEnd().split('\n');
    await journal.close();
    assert.equal(lines.length, 11);
    assert.deepEqual(
      [await openAndClose(place.path, 'data/0'), await openAndClose(place.path, 'data/10')],
      [note('id20000'), note('id10')],
    );
  });

  test('passes over lines that a power failure has damaged, wherever the file was cut', async () => {
    await using place = await temporary();
    const first = await openUploadJournal(place.path);
    await first.put('data/1', note('id1'));
    await first.put('data/2', note('id2'));
    await first.close();
    const { size } = await stat(place.path);
    const whole = await readFile(place.path);
    for (let end = size; end >= 0; end -= 7) {
      await truncate(place.path, end);
      const journal = await openUploadJournal(place.path);
      for (const label of ['data/1', 'data/2']) assert.ok([undefined, `id${label.at(-1)}`].includes(journal.get(label)?.id));
      await journal.put('data/3', note('id3'));
      await journal.close();
      assert.equal((await openAndClose(place.path, 'data/3'))?.id, 'id3');
      await rm(place.path);
      await appendFile(place.path, whole);
    }
    await appendFile(place.path, '{"label":"data/9","id":"../x","sizeBytes":1,"sha256":""}\n\u0000\u0000\n');
    assert.equal(await openAndClose(place.path, 'data/9'), undefined);
  });

  test('forgets what is done after some hours, and what was never done after a month', async () => {
    await using place = await temporary();
    const clock = new VirtualClock();
    const nowMs = Number(clock.nowNs() / 1_000_000n);
    const journal = await openUploadJournal(place.path, { clock });
    await journal.put('done', note('id1', { doneAtMs: nowMs }));
    await journal.put('begun', note('id2', { sessionUri: 'https://www.googleapis.com/x', openedAtMs: nowMs }));
    await journal.close();
    await clock.advance(5 * 3_600_000);
    assert.ok(await openAndClose(place.path, 'done', clock));
    await clock.advance(2 * 3_600_000);
    assert.equal(await openAndClose(place.path, 'done', clock), undefined);
    assert.ok(await openAndClose(place.path, 'begun', clock));
    await clock.advance(31 * 86_400_000);
    assert.equal(await openAndClose(place.path, 'begun', clock), undefined);
  });
});

async function openAndClose(path: string, label: string, clock?: VirtualClock): Promise<UploadNote | undefined> {
  const journal = await openUploadJournal(path, clock ? { clock } : {});
  try {
    return journal.get(label);
  } finally {
    await journal.close();
  }
}
