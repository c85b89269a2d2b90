import assert from 'node:assert/strict';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { anchorsOfTags, anchorTag, verifyHistory, type HistoryRecord } from '../../src/records/index.ts';
import { makeHistory, someBackup, temporaryState, type MadeHistory } from './some-records.ts';

/*
 * Somebody who may write everything in the state folder, the private key too, and knows the format. What he does behind the last head that
 * somebody else keeps cannot be told from our own writing; everything else has to show.
 */

test('a history written anew with the own key is found by heads from before the machine was renamed', async (t) => {
  const made = await makeHistory(temporaryState(t), 12, 21);
  const anchors = anchorsOfTags([anchorTag((await made.history.head())!)], 'snapshot 1a2b3c4d', 'backup@old-name');
  rewrite(made, (record) => (record.number < 6 ? record : { ...record, result: 'success', remarks: 'nothing happened' }));
  const { faults, anchorsCompared } = await verifyHistory(made.history.folder, {
    anchors,
    owner: 'backup@new-name',
    publicKey: await made.history.publicKey(),
  });
  assert.deepEqual([faults.map(({ kind, number }) => [kind, number]), anchorsCompared], [[['other-record', 13]], 2]);
});

test('records that were cut off are found by a head from before the machine was renamed', async (t) => {
  const made = await makeHistory(temporaryState(t), 12, 22);
  const anchors = anchorsOfTags([anchorTag((await made.history.head())!)], 'snapshot 1a2b3c4d', 'backup@old-name');
  rewrite(made, (record) => (record.number > 9 ? undefined : record));
  const { faults } = await verifyHistory(made.history.folder, { anchors, owner: 'backup@new-name' });
  assert.deepEqual(
    faults.map(({ kind, number, expected }) => [kind, number, expected]),
    [['cut-off', 10, 13]],
  );
});

const spellings: readonly (readonly [name: string, make: (body: string, number: number) => string])[] = [
  ['a key that stands there twice', (body) => `${body.replace(/"result":"[a-z-]+"/, '"result":"failed"')},"result":"success"`],
  ['a number in another spelling', (body, number) => body.replace(`"number":${number}`, `"number":${number / 10}e1`)],
  ['a number that stands there twice', (body, number) => `${body},"number":${number}`],
  ['a space', (body) => body.replace('"previous":', '"previous": ')],
  ['a letter written as an escape', (body) => body.replace('"kind":"i', '"kind":"\\u0069')],
  ['another key before the number', (body) => body.replace('{', '{"x":1,')],
];
for (const [name, make] of spellings) {
  test(`a line is no record when it does not say one thing to every reader: ${name}`, async (t) => {
    const made = await makeHistory(temporaryState(t), 4, 23);
    rewrite(made, (record) => record, make);
    const { isIntact, faults } = await verifyHistory(made.history.folder);
    assert.deepEqual([isIntact, faults[0]?.kind, faults[0]?.line], [false, 'not-a-record', lastLines(made).length]);
  });
}

test('that the end and its head were taken away shows, also when records were appended since', async (t) => {
  const made = await makeHistory(temporaryState(t), 6, 24);
  writeFileSync(
    newestPath(made),
    lastLines(made)
      .slice(0, -1)
      .map((line) => `${line}\n`)
      .join(''),
  );
  rmSync(join(made.history.folder, 'head.json'));
  const { faults } = await verifyHistory(made.history.folder);
  assert.deepEqual(
    faults.map(({ kind, number }) => [kind, number]),
    [['no-head', 6]],
  );
  await made.history.append(someBackup(made.random));
  const later = await verifyHistory(made.history.folder);
  assert.deepEqual(
    later.faults.map(({ kind, number, found }) => [kind, number, found]),
    [['head-doubt', 7, 'missing']],
  );
});

test('the very first record may be without a head: an append that did not come to its end', async (t) => {
  const made = await makeHistory(temporaryState(t), 1, 25);
  writeFileSync(newestPath(made), `${lastLines(made)[0]}\n`);
  rmSync(join(made.history.folder, 'head.json'));
  assert.ok((await verifyHistory(made.history.folder)).isIntact);
});

test('the evidence of a drill that is another one, or gone, is found at the record that names it', async (t) => {
  const made = await makeHistory(temporaryState(t), 2, 26);
  const { history, random } = made;
  const path = join(history.folder, 'evidence', 'drill-2026-11-23T21-00-00-aabbccdd.json');
  mkdirSync(dirname(path));
  writeFileSync(path, '{"isPassed":true}\n');
  const evidence = { file: 'evidence/drill-2026-11-23T21-00-00-aabbccdd.json', sha256: sha256(readFileSync(path)) };
  await history.append(someBackup(random, { kind: 'drill', evidence }));
  await history.append(someBackup(random));
  assert.ok((await verifyHistory(history.folder)).isIntact);
  const found = async () => (await verifyHistory(history.folder)).faults.map(({ kind, number, expected }) => [kind, number, expected]);
  writeFileSync(path, '{"isPassed":true }\n');
  assert.deepEqual(await found(), [['evidence', 4, evidence.file]]);
  rmSync(path);
  assert.deepEqual(await found(), [['evidence', 4, evidence.file]]);
});

test('an empty file of a month to come does not lead the next record astray', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 27);
  writeFileSync(join(made.history.folder, '9999-12.jsonl'), '');
  const { at } = await made.history.append(someBackup(made.random));
  assert.ok(readFileSync(join(made.history.folder, `${at.slice(0, 7)}.jsonl`), 'utf8').includes(at));
  assert.ok((await verifyHistory(made.history.folder)).isIntact);
});

test('a folder in the place of a month file is named, and nothing is written beside it', async (t) => {
  const made = await makeHistory(temporaryState(t), 2, 28);
  const path = newestPath(made);
  rmSync(path);
  mkdirSync(path);
  const isNamed = { code: 'state.unusable', facts: { path, reason: 'EISDIR', folder: made.history.folder } };
  await assert.rejects(verifyHistory(made.history.folder), isNamed);
  await assert.rejects(async () => {
    for await (const record of made.history.records()) assert.fail(`record ${record.number}`);
  }, isNamed);
  await assert.rejects(made.history.append(someBackup(made.random)), { code: 'state.unusable' });
  assert.deepEqual(readdirSync(path), []);
});

test('a heap of bytes without a line feed at the end, longer than any record, takes no record with it', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 28);
  appendFileSync(newestPath(made), Buffer.alloc(20 * 1024 * 1024, 'a'));
  const record = await made.history.append(someBackup(made.random));
  const { isIntact, notes } = await verifyHistory(made.history.folder);
  assert.deepEqual([isIntact, notes.map(({ kind }) => kind)], [true, ['repaired', 'repaired']]);
  assert.ok(await made.history.has(record));
  const aside = readdirSync(join(made.history.folder, 'set-aside')).map(
    (name) => readFileSync(join(made.history.folder, 'set-aside', name)).length,
  );
  assert.equal(
    aside.reduce((sum, length) => sum + length, 0),
    20 * 1024 * 1024,
  );
});

for (const [name, change, fault] of [
  ['carriage returns', (text: string) => text.replaceAll('\n', '\r\n'), 'not-a-record'],
  ['a byte order mark', (text: string) => `\ufeff${text}`, 'not-a-record'],
  ['an empty last line', (text: string) => `${text}\n`, 'not-a-record'],
  ['letters composed in another way', (text: string) => text.normalize('NFD'), 'hash'],
] as const) {
  test(`${name} put into a file show`, async (t) => {
    const made = await makeHistory(temporaryState(t), 2, 29);
    await made.history.append(someBackup(made.random, { remarks: 'Café \u00e9\u00e8' }));
    const path = newestPath(made);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    assert.equal((await verifyHistory(made.history.folder)).faults[0]?.kind, fault);
  });
}

/**
 * Writes the whole history anew as the installation would, with its own key, and a head that fits.
 * @param spell changes how the last line is written
 */
function rewrite(
  { history, stateFolder }: MadeHistory,
  change: (record: HistoryRecord) => HistoryRecord | undefined,
  spell: (body: string, number: number) => string = (body) => body,
): void {
  const key = createPrivateKey(readFileSync(join(stateFolder, 'installation-key.pem')));
  const old = monthFiles(history.folder).flatMap((file) =>
    readFileSync(join(history.folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => ({ file, record: JSON.parse(line) as HistoryRecord })),
  );
  const kept = old.flatMap(({ file, record: before }) => {
    const record = change(before);
    return record === undefined ? [] : [{ file, record }];
  });
  const files = new Map<string, string[]>();
  let previous = '0'.repeat(64);
  for (const [
    at,
    {
      file,
      record: { signature: _signature, hash: _hash, ...content },
    },
  ] of kept.entries()) {
    const plain = JSON.stringify({ ...content, previous }).slice(0, -1);
    const body = at === kept.length - 1 ? spell(plain, content.number) : plain;
    const hashed = `${body},"signature":"${sign(null, Buffer.from(body), key).toString('base64')}"`;
    previous = sha256(Buffer.from(hashed));
    files.set(file, [...(files.get(file) ?? []), `${hashed},"hash":"${previous}"}\n`]);
  }
  for (const file of monthFiles(history.folder)) rmSync(join(history.folder, file));
  for (const [file, lines] of files) writeFileSync(join(history.folder, file), lines.join(''));
  const headPath = join(history.folder, 'head.json');
  assert.ok(existsSync(headPath));
  const { chain, key: id } = JSON.parse(readFileSync(headPath, 'utf8')) as { chain: string; key: string };
  const [number, hash] = [kept.at(-1)?.record.number, previous];
  const signature = sign(null, Buffer.from(`cadangan head:${chain}:${number}:${hash}`), key).toString('base64');
  writeFileSync(headPath, JSON.stringify({ chain, number, hash, key: id, signature }));
}

function monthFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

function newestPath({ history: { folder } }: MadeHistory): string {
  return join(folder, monthFiles(folder).at(-1) ?? '');
}

function lastLines(made: MadeHistory): string[] {
  return readFileSync(newestPath(made), 'utf8').trimEnd().split('\n');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
