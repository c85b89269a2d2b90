// `head.json` is signed: whoever has no key can cut no record off. What versions before left is read as before, with a note.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RecordHistory, verifyHistory, type Anchor, type HistoryRecord, type Verification } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { makeHistory, someBackup, temporaryState, type MadeHistory } from './some-records.ts';

const fixture = fileURLToPath(new URL('../fixtures/records-unsigned-head', import.meta.url));

test('every append leaves a signed head behind, and the chain is intact without a note', async (t) => {
  const made = await makeHistory(temporaryState(t), 4, 41);
  const { isIntact, notes } = await verify(made);
  assert.deepEqual([isIntact, notes], [true, []]);
  assert.match(
    headOf(made),
    /^\{"chain":"[0-9a-f]{16}","number":5,"hash":"[0-9a-f]{64}","key":"[0-9a-f]{16}","signature":"[\w+/]{86}=="\}\n$/,
  );
});

test('whoever verifies while others append finds nothing wrong, and nothing odd', async (t) => {
  const made = await makeHistory(temporaryState(t), 300, 47);
  let isOver = false;
  const appending = (async () => {
    for (let count = 0; count < 60; count++) await made.history.append(someBackup(made.random));
  })().finally(() => (isOver = true));
  let looks = 0;
  for (; !isOver; looks++) {
    const { isIntact, faults, notes } = await verify(made);
    assert.deepEqual([isIntact, faults, notes], [true, [], []]);
  }
  await appending;
  assert.ok(looks > 1);
});

for (const [name, forge, found] of [
  ['edited', (head: SavedHead, last: HistoryRecord) => ({ ...head, number: last.number, hash: last.hash }), 'signature'],
  ['without its signature', ({ chain }: SavedHead, { number, hash }: HistoryRecord) => ({ chain, number, hash }), 'unsigned'],
] as const) {
  test(`the last three records cut off, and head.json ${name}: found, and found still when the chain has gone on`, async (t) => {
    const made = await makeHistory(temporaryState(t), 9, 42);
    const last = cut(made, 3);
    writeFileSync(headPath(made), JSON.stringify(forge(JSON.parse(headOf(made)) as SavedHead, last)));
    const faultsOf = async () => (await verify(made)).faults.map((fault) => [fault.kind, fault.number, fault.found]);
    assert.deepEqual(await faultsOf(), [['head-signature', 7, found]]);
    await made.history.append(someBackup(made.random));
    assert.deepEqual(await faultsOf(), [['head-doubt', 8, found]]);
  });
}

test('a head that another key has signed vouches for nothing', async (t) => {
  const made = await makeHistory(temporaryState(t), 5, 43);
  const foreign = await makeHistory(temporaryState(t), 5, 44);
  const { chain, number, hash } = JSON.parse(headOf(made)) as SavedHead;
  const { key, signature } = JSON.parse(headOf(foreign)) as SavedHead;
  writeFileSync(headPath(made), JSON.stringify({ chain, number, hash, key, signature }));
  assert.deepEqual(
    (await verify(made)).faults.map(({ kind }) => kind),
    ['head-signature'],
  );
});

test('no records are not an intact history', async (t) => {
  const state = temporaryState(t);
  mkdirSync(join(state, 'records'));
  const { isIntact, recordCount, faults } = await verifyHistory(join(state, 'records'));
  assert.deepEqual([isIntact, recordCount, faults], [false, 0, []]);
});

test('evidence that no record names is named', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 45);
  const file = 'evidence/drill-2026-11-23T21-00-00-aabbccdd.json';
  mkdirSync(join(made.history.folder, 'evidence'));
  writeFileSync(join(made.history.folder, file), '{}\n');
  const { isIntact, notes } = await verify(made);
  assert.deepEqual([isIntact, notes.map((note) => [note.kind, note.file])], [true, [['evidence-unknown', file]]]);
});

test('each head kept elsewhere says what it says, those of others too', async (t) => {
  const made = await makeHistory(temporaryState(t), 5, 46);
  const head = (await made.history.head())!;
  const anchor = (more: Partial<Anchor>): Anchor => ({ ...head, keptIn: 'snapshot', owner: 'backup@srv-01', ...more });
  const { heads, notes, anchorsCompared, faults } = await verifyHistory(made.history.folder, {
    owner: 'backup@srv-01',
    anchors: [
      anchor({}),
      anchor({ owner: 'backup@old-name' }),
      anchor({ chain: '0'.repeat(16), owner: 'root@srv-02', keptIn: 'snapshot 1a2b3c4d' }),
      anchor({ number: 44 }),
      anchor({ number: 3 }),
    ],
  });
  assert.deepEqual(
    heads.map(({ result }) => result),
    ['agrees', 'agrees', 'agrees', 'other-history', 'missing', 'other-record'],
  );
  assert.equal(anchorsCompared, 5);
  assert.deepEqual(
    notes.map(({ kind, before, after, number }) => [kind, before, after, number]),
    [['other-history', 'snapshot 1a2b3c4d', 'root@srv-02', 6]],
  );
  assert.deepEqual(
    faults.map(({ kind, number }) => [kind, number]),
    [
      ['other-record', 3],
      ['cut-off', 7],
    ],
  );
});

test('a history whose head was never signed is intact as before, with a note; and goes on signed', async (t) => {
  const made = await fixtureOf(t, 'state');
  // Its first record names the machine that made the fixture.
  const notesOf = ({ notes }: Verification) => notes.flatMap(({ kind }) => (kind === 'other-machine' ? [] : [kind]));
  const before = await verify(made);
  assert.deepEqual([before.isIntact, before.recordCount, notesOf(before)], [true, 44, ['head-unsigned']]);
  await made.history.append(someBackup(made.random));
  const after = await verify(made);
  assert.deepEqual([after.isIntact, after.recordCount, notesOf(after)], [true, 45, []]);
});

test('a version before that appends once more leaves an unsigned head, and that is no forgery', async (t) => {
  const made = await makeHistory(temporaryState(t), 4, 48);
  appendAsBefore(made);
  const before = await verify(made);
  assert.deepEqual([before.isIntact, before.recordCount, before.notes.map(({ kind }) => kind)], [true, 6, ['head-unsigned']]);
  await made.history.append(someBackup(made.random));
  const { isIntact, recordCount, notes } = await verify(made);
  assert.deepEqual([isIntact, recordCount, notes], [true, 7, []]);
});

interface SavedHead {
  readonly chain: string;
  readonly number: number;
  readonly hash: string;
  readonly key: string;
  readonly signature: string;
}

async function verify({ history }: MadeHistory): Promise<Verification> {
  return verifyHistory(history.folder, { publicKey: await history.publicKey() });
}

/** A copy: the fixture is never written to. */
async function fixtureOf(t: TestContext, name: 'state' | 'lost-key'): Promise<MadeHistory> {
  const stateFolder = temporaryState(t);
  cpSync(join(fixture, name), stateFolder, { recursive: true });
  const [clock, random] = [new VirtualClock(), new SeededRandom(47)];
  await clock.advance(100 * 24 * 3_600_000);
  return { stateFolder, clock, random, history: new RecordHistory(stateFolder, { clock, random, software: '', machine: 'srv-01' }) };
}

/** One record as version 0.1 wrote it: the record does not say that its head is signed, and it is not. */
function appendAsBefore({ history, stateFolder }: MadeHistory): void {
  const path = join(
    history.folder,
    readdirSync(history.folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .at(-1)!,
  );
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const {
    headSigned: _signed,
    signature: _signature,
    hash,
    number,
    previous: _previous,
    ...content
  } = JSON.parse(lines.at(-1)!) as HistoryRecord;
  const body = JSON.stringify({ number: number + 1, previous: hash, ...content }).slice(0, -1);
  const key = createPrivateKey(readFileSync(join(stateFolder, 'installation-key.pem')));
  const hashed = `${body},"signature":"${sign(null, Buffer.from(body), key).toString('base64')}"`;
  const own = createHash('sha256').update(hashed).digest('hex');
  appendFileSync(path, `${hashed},"hash":"${own}"}\n`);
  const { chain } = JSON.parse(readFileSync(join(history.folder, 'head.json'), 'utf8')) as SavedHead;
  writeFileSync(join(history.folder, 'head.json'), `${JSON.stringify({ chain, number: number + 1, hash: own })}\n`);
}

function headPath({ history }: MadeHistory): string {
  return join(history.folder, 'head.json');
}

function headOf(made: MadeHistory): string {
  return readFileSync(headPath(made), 'utf8');
}

/** Takes records off the end, as somebody with an editor does. @returns the last that is left */
function cut({ history }: MadeHistory, count: number): HistoryRecord {
  let left = count;
  for (const name of readdirSync(history.folder)
    .filter((one) => one.endsWith('.jsonl'))
    .sort()
    .reverse()) {
    const lines = readFileSync(join(history.folder, name), 'utf8').trimEnd().split('\n');
    const kept = lines.slice(0, Math.max(0, lines.length - left));
    left -= lines.length - kept.length;
    if (kept.length === 0) rmSync(join(history.folder, name));
    else writeFileSync(join(history.folder, name), `${kept.join('\n')}\n`);
    if (left === 0 && kept.length > 0) return JSON.parse(kept.at(-1)!) as HistoryRecord;
  }
  throw new Error('nothing is left');
}
