import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DriveFolder } from '../../src/google/index.ts';
import {
  DriveHistory,
  historyFolderOf,
  historyKeyOf,
  HistorySeal,
  keepHistory,
  readKept,
  scrubCopy,
  type HistoryPlace,
  type KeptHistory,
} from '../../src/offsite/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { historyFiles, RecordHistory, type HistoryFile } from '../../src/records/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { makeHistory, someBackup, temporaryState, type MadeHistory } from '../records/some-records.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';

const { signal } = new AbortController();

interface Kept {
  readonly made: MadeHistory;
  readonly chain: string;
  readonly place: HistoryPlace;
  readonly keep: (more?: {
    readonly seal?: HistorySeal;
    readonly history?: RecordHistory;
    readonly place?: HistoryPlace;
    readonly also?: readonly HistoryFile[];
  }) => Promise<KeptHistory>;
  readonly there: () => Promise<string[]>;
}

/** A copy, and a history of more than one month to be kept beside it. */
async function begun(t: TestContext, stage: OffsiteStage): Promise<Kept> {
  await stage.backup();
  await stage.sync();
  const made = await makeHistory(temporaryState(t), 40, 5);
  const chain = (await made.history.head())!.chain;
  const place = new DriveHistory(new DriveFolder(stage.drive.another(), copyPath));
  return {
    made,
    chain,
    place,
    keep: async ({ seal, history = made.history, place: other = place, also = [] } = {}) =>
      keepHistory(other, {
        chain,
        files: [...also, ...(await historyFiles(history.folder))],
        seal,
        isOurs: (head) => history.has(head),
        signal,
      }),
    there: async () => (await place.list(historyFolderOf(chain), signal)).map(({ name }) => name).sort(),
  };
}

test('keepHistory() brings everything once, and after an append only what has changed, in the place of what was there', async (t) => {
  await using stage = await OffsiteStage.open();
  const { made, keep, there, place, chain } = await begun(t, stage);
  const evidence = join(made.history.folder, 'evidence');
  await makeEvidence(evidence);
  const first = await keep();
  const names = await there();
  assert.deepEqual(first, { writtenFiles: names.length, contradicting: [] });
  const [key = ''] = names.filter((name) => name.startsWith('public-key-'));
  assert.deepEqual(
    names.map((name) => name.replace(/-[0-9a-f]{16}\.pem$/, '.pem')),
    ['2026-08.jsonl', '2026-09.jsonl', 'evidence/drill-1.json', 'head.json', 'public-key.pem'],
  );
  assert.equal((await made.history.publicKey())!.pem, await contentOf(place, chain, key));
  assert.deepEqual(await keep(), { writtenFiles: 0, contradicting: [] });
  await made.history.append(someBackup(made.random));
  assert.deepEqual(await keep(), { writtenFiles: 2, contradicting: [] });
  assert.deepEqual(await there(), names, 'what was replaced is in the trash');
  for (const name of ['2026-09.jsonl', 'head.json'])
    assert.equal(await contentOf(place, chain, name), await readFile(join(made.history.folder, name), 'utf8'));
});

test('a history beside a copy is no stranger to scrub, and does not disturb restic', async (t) => {
  await using stage = await OffsiteStage.open();
  const { keep } = await begun(t, stage);
  await keep();
  const { findings } = await scrubCopy(
    { source: stage.source, target: await stage.copy(), clock: systemClock },
    { signal: neverAborted, againMs: 20 },
  );
  assert.deepEqual(findings, []);
  await stage.backup();
  await stage.sync();
  await stage.checkByRestic();
});

test('what contradicts the records here stays as a witness, and is named: a month, a head, evidence', async (t) => {
  await using stage = await OffsiteStage.open();
  const { made, keep, there, place, chain } = await begun(t, stage);
  const { folder } = made.history;
  await makeEvidence(join(folder, 'evidence'));
  await keep();
  const honest = await contentOf(place, chain, '2026-09.jsonl');
  // Somebody cuts the last three records off, writes others, and has it kept again.
  const month = join(folder, '2026-09.jsonl');
  const lines = (await readFile(month, 'utf8')).split('\n').slice(0, -4);
  await writeFile(month, `${lines.join('\n')}\n`);
  const { number, hash } = JSON.parse(lines.at(-1) ?? '') as { readonly number: number; readonly hash: string };
  await writeFile(join(folder, 'head.json'), `${JSON.stringify({ chain, number, hash })}\n`);
  await writeFile(join(folder, 'evidence', 'drill-1.json'), '{"restored":"everything"}\n');
  for (let more = 0; more < 4; more++) await made.history.append(someBackup(made.random));
  const again = await keep();
  assert.deepEqual(again.contradicting, ['evidence/drill-1.json', '2026-09.jsonl', 'head.json']);
  const names = await there();
  for (const name of again.contradicting) assert.equal(names.filter((other) => other === name).length, 2, name);
  const versions = (await place.list(historyFolderOf(chain), signal)).filter(({ name }) => name === '2026-09.jsonl');
  const contents = await Promise.all(versions.map(async (file) => (await place.read(file, signal)).toString()));
  assert.ok(contents.includes(honest), 'the honest one can be read');
  await made.history.append(someBackup(made.random));
  assert.deepEqual((await keep()).contradicting, again.contradicting, 'also the next time, beside one version of ours');
  assert.deepEqual(await there(), names);
});

test('another history of the same machine has a folder of its own', async (t) => {
  await using stage = await OffsiteStage.open();
  const { keep, there, place, chain } = await begun(t, stage);
  await keep();
  const before = await there();
  const other = await makeHistory(temporaryState(t), 3, 77);
  const head = (await other.history.head())!;
  await keepHistory(place, { chain: head.chain, files: await historyFiles(other.history.folder), isOurs: async () => true, signal });
  assert.deepEqual(await there(), before);
  assert.deepEqual(
    (await place.folders(signal)).filter((name) => name.startsWith('records-')).sort(),
    [historyFolderOf(chain), historyFolderOf(head.chain)].sort(),
  );
});

test('sealed, nothing of it can be read without the key of the repository, and what lay there in clear goes; and the other way round', async (t) => {
  await using stage = await OffsiteStage.open();
  const { made, keep, there, place, chain } = await begun(t, stage);
  const readme: HistoryFile = { name: 'README.txt', bytes: Buffer.from('whose it is'), change: 'replaced', isOpen: true };
  const key = { encrypt: new Uint8Array(32).fill(1), macK: new Uint8Array(16).fill(2), macR: new Uint8Array(16).fill(3) };
  const seal = new HistorySeal(historyKeyOf(key), systemRandom);
  await keep({ also: [readme] });
  const clear = await there();
  await keep({ seal, also: [readme] });
  assert.deepEqual(
    await there(),
    clear.map((name) => (name === 'README.txt' ? name : `${name}.sealed`)),
  );
  const files = await place.list(historyFolderOf(chain), signal);
  for (const file of files) {
    const bytes = await place.read(file, signal);
    assert.equal(bytes.includes('"kind"') || bytes.includes('BEGIN'), false, file.name);
    if (file.name === 'README.txt') continue;
    const plain = await readKept(place, file, seal, signal);
    assert.ok(plain.includes('{') || plain.includes('BEGIN'), file.name);
    await assert.rejects(readKept(place, file, undefined, signal), { code: 'records.sealed' });
    const other = new HistorySeal(historyKeyOf({ ...key, macR: new Uint8Array(16) }), systemRandom);
    await assert.rejects(readKept(place, file, other, signal), { code: 'records.sealed' });
  }
  const [first, second] = files.filter(({ name }) => name.endsWith('.jsonl.sealed'));
  await assert.rejects(async () => seal.open(second!.name.replace('.sealed', ''), await place.read(first!, signal)), {
    code: 'records.sealed',
  });
  assert.deepEqual(await keep({ seal, also: [readme] }), { writtenFiles: 0, contradicting: [] });
  await made.history.append(someBackup(made.random));
  assert.deepEqual(await keep({ seal, also: [readme] }), { writtenFiles: 2, contradicting: [] });
  assert.equal((await there()).length, clear.length);
  await keep({ also: [readme] });
  const left = await there();
  assert.deepEqual(
    left.filter((name) => !name.endsWith('.sealed')),
    clear,
  );
  assert.equal(left.length, 2 * clear.length - 1, 'who has no key cannot tell what the sealed ones say, and leaves them');
  await keep({ seal, also: [readme] });
  assert.deepEqual(
    await there(),
    clear.map((name) => (name === 'README.txt' ? name : `${name}.sealed`)),
  );
});

test('an append that has not come to its end is not kept', async (t) => {
  await using stage = await OffsiteStage.open();
  const { made, keep, place, chain } = await begun(t, stage);
  const month = join(made.history.folder, '2026-09.jsonl');
  const whole = await readFile(month, 'utf8');
  await appendFile(month, '{"number":42,"previous":"');
  await keep();
  assert.equal(await contentOf(place, chain, '2026-09.jsonl'), whole);
  await made.history.append(someBackup(made.random)); // sets it aside
  assert.deepEqual((await keep()).contradicting, []);
});

test('cut short at any call to the place, the next time puts it right: each file once, as it is here', async (t) => {
  const seed = 11;
  await using stage = await OffsiteStage.open();
  const { made, keep, there, place, chain } = await begun(t, stage);
  const random = new SeededRandom(seed);
  await keep();
  const names = await there();
  for (let at = 0; at < 12; at++) {
    await made.history.append(someBackup(random));
    let calls = at % 6;
    const failing: HistoryPlace = {
      location: place.location,
      folders: (of) => place.folders(of),
      list: (...of) => place.list(...of),
      read: (...of) => place.read(...of),
      write: async (...of) => {
        if (calls-- === 0) throw new Error('the line is down');
        await place.write(...of);
      },
      remove: async (...of) => {
        if (calls-- === 0) throw new Error('the line is down');
        await place.remove(...of);
      },
    };
    await keep({ place: failing }).catch(() => undefined);
    for (const file of (await historyFiles(made.history.folder)).filter(({ name }) => name.endsWith('.jsonl')))
      assert.ok(
        (await versionsOf(place, chain, file.name)).some((content) => file.bytes.toString().startsWith(content)),
        `there is always a version that can be brought back: ${file.name}`,
      );
    await keep();
    assert.deepEqual(await there(), names);
  }
});

async function makeEvidence(folder: string): Promise<void> {
  const { mkdir } = await import('node:fs/promises');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'drill-1.json'), '{"restored":"a part"}\n');
}

async function contentOf(place: HistoryPlace, chain: string, name: string): Promise<string> {
  const [content, ...more] = await versionsOf(place, chain, name);
  assert.ok(content !== undefined && more.length === 0, `${name} lies there ${more.length + 1} times`);
  return content;
}

async function versionsOf(place: HistoryPlace, chain: string, name: string): Promise<string[]> {
  const files = (await place.list(historyFolderOf(chain), signal)).filter((file) => file.name === name);
  return Promise.all(files.map(async (file) => (await place.read(file, signal)).toString()));
}
