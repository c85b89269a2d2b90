// What the history says of itself: one key follows another, old months go, the machine is another one. Said by a record, it is explained;
// forged, it is refused, by the auditor's own program too.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { declareKeyLost, declareMoved, disposeOfRecords, RecordKeeper, replaceSigningKey } from '../../src/jobs/index.ts';
import {
  closeNonconformity,
  openNonconformities,
  planDisposal,
  verifyHistory,
  type HistoryRecord,
  type RecordContent,
  type Verification,
} from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { makeHistory, recordsIn, someBackup, temporaryState, type MadeHistory } from './some-records.ts';

const script = fileURLToPath(new URL('../../docs/verify-records.py', import.meta.url));
const fixture = fileURLToPath(new URL('../fixtures/records-unsigned-head', import.meta.url));
const words = { why: 'The disk of the server died', by: { name: 'Budi Santoso', position: 'IT Officer' } };
const dayMs = 24 * 3_600_000;

test('a key that introduces the next one is followed by it, and the chain is intact with a note', async (t) => {
  const made = await makeHistory(temporaryState(t), 4, 81);
  const before = await made.history.publicKey();
  const { number } = await replaceSigningKey(keeperOf(made), words);
  await made.history.append(someBackup(made.random));
  const after = await made.history.publicKey();
  assert.notEqual(after?.id, before?.id);
  const { isIntact, publicKey, lastKey, notes } = await verify(made);
  assert.deepEqual([isIntact, publicKey?.id, lastKey?.id], [true, before?.id, after?.id]);
  assert.deepEqual(
    notes.filter(({ kind }) => kind !== 'other-machine').map((note) => [note.kind, note.number, note.before, note.after, note.said?.by]),
    [['key-replaced', number, before?.id, after?.id, 'Budi Santoso, IT Officer']],
  );
  const says = await python(made, after?.base64);
  assert.deepEqual([says.code, says.text.includes(`was replaced by ${after?.id}`)], [0, true], says.text);
  assert.equal((await python(made, before?.base64)).code, 1, 'the printed key has to be the one that signs');
});

for (const [moment, undo] of [
  ['before the record', (state: string) => cutLast(state)],
  ['after the record', () => undefined],
] as const) {
  test(`a change of keys that was cut short ${moment} breaks nothing`, async (t) => {
    const made = await makeHistory(temporaryState(t), 4, 82);
    const path = join(made.stateFolder, 'installation-key.pem');
    const old = readFileSync(path);
    const head = readFileSync(join(made.history.folder, 'head.json'));
    await replaceSigningKey(keeperOf(made), words);
    renameSync(path, join(made.stateFolder, 'installation-key.next.pem'));
    writeFileSync(path, old);
    writeFileSync(join(made.history.folder, 'head.json'), head);
    undo(made.stateFolder);
    await made.history.append(someBackup(made.random));
    assert.deepEqual((await verify(made)).faults, []);
    assert.ok(!existsSync(join(made.stateFolder, 'installation-key.next.pem')));
  });
}

test('a key that is introduced by a forged succession is refused', async (t) => {
  for (const forge of [
    (one: Succession) => ({ ...one, proof: 'A'.repeat(86) + '==' }),
    (one: Succession) => ({ ...one, throughNumber: one.throughNumber - 1 }),
    (one: Succession) => ({ ...one, from: '0'.repeat(16) }),
  ]) {
    const made = await makeHistory(temporaryState(t), 4, 83);
    const old = createPrivateKey(readFileSync(join(made.stateFolder, 'installation-key.pem')));
    await replaceSigningKey(keeperOf(made), words);
    const last = (await recordsIn(made.stateFolder)).at(-1)!;
    cutLast(made.stateFolder);
    rmSync(join(made.history.folder, 'head.json'));
    // As whoever has the old key would write it, and has not the new one.
    appendSigned(made, { ...contentOf(last), succession: forge(last.succession!) }, old);
    assert.equal(kindsOf(await verifyAlone(made))[0], 'succession');
    assert.equal((await python(made)).code, 1);
  }
});

test('a lost key: what stood before is sound, the rest is on another key; declared lost, it is explained', async (t) => {
  const made = lostKey(t);
  const before = await verify(made);
  assert.deepEqual(
    before.faults.map(({ kind, number }) => [kind, number]),
    [['other-key', 45]],
  );
  const { number } = await declareKeyLost(keeperOf(made), words);
  const { isIntact, notes, faults } = await verify(made);
  assert.deepEqual([isIntact, faults], [true, []]);
  const [note] = notes.filter(({ kind }) => kind === 'key-lost');
  assert.deepEqual(
    [note?.through, note?.number, note?.said],
    [44, 45, { by: 'Budi Santoso, IT Officer', at: note?.said?.at, why: 'The disk of the server died', number }],
  );
  const says = await python(made);
  assert.deepEqual([says.code, says.text.includes(`key was declared lost at No. 44, says record ${number}`)], [0, true], says.text);
  await assert.rejects(declareKeyLost(keeperOf(made), words), { code: 'arguments.invalid' });
});

test('a key that nobody has lost is not declared lost', async (t) => {
  const made = await makeHistory(temporaryState(t), 4, 84);
  await assert.rejects(declareKeyLost(keeperOf(made), words), { code: 'arguments.invalid' });
});

test('a forged declaration is refused: another number, hash or fingerprint, a second one, one that the new key has not signed', async (t) => {
  const forgeries: readonly [name: string, forge: (one: Succession) => Succession][] = [
    ['number', (one) => ({ ...one, throughNumber: 40 })],
    ['hash', (one) => ({ ...one, throughHash: '0'.repeat(64) })],
    ['fingerprint', (one) => ({ ...one, from: '0'.repeat(16) })],
  ];
  const right = { from: '2ce10e336c4597a7', throughNumber: 44, throughHash: hashOf(lostKey(t), 44) };
  for (const [name, forge] of forgeries) {
    const made = lostKey(t);
    await made.history.append(declaration(forge(right)));
    assert.deepEqual(kindsOf(await verify(made)), ['other-key', 'succession'], name);
    assert.equal((await python(made)).code, 1, name);
  }
  const twice = lostKey(t);
  for (let at = 0; at < 2; at++) await twice.history.append(declaration(right));
  assert.deepEqual(kindsOf(await verify(twice)), ['succession']);
  assert.equal((await python(twice)).code, 1);
  const foreign = lostKey(t);
  await foreign.history.append(someBackup(foreign.random));
  appendSigned(foreign, declaration(right), generateKeyPairSync('ed25519').privateKey);
  assert.deepEqual(kindsOf(await verifyAlone(foreign)).slice(0, 2), ['other-key', 'signature']);
  assert.equal((await python(foreign)).code, 1);
});

test('rewritten chains are found by Python too: every one of twenty, with the signature of nobody, of a stranger, or of a stranger throughout', async (t) => {
  const made = await makeHistory(temporaryState(t), 12, 85);
  const printed = (await made.history.publicKey())?.base64;
  assert.equal((await python(made, printed)).code, 0);
  for (let at = 0; at < 20; at++) {
    const state = temporaryState(t);
    cpSync(made.stateFolder, state, { recursive: true });
    rewrite(state, 1 + (at % 12), at % 2 === 0 ? undefined : generateKeyPairSync('ed25519'));
    const { code, text } = await pythonOf(join(state, 'records'), printed);
    assert.equal(code, 1, `${at}: ${text}`);
  }
});

test('months that are old enough are disposed of, and the rest is proven as before, by Python too', async (t) => {
  const made = await oldHistory(t);
  const months = monthsOf(made);
  const plan = await planDisposal(made.history, 2, nowMs(made));
  assert.ok(plan.months.length >= 2 && plan.months.length < months.length, `${plan.months.length} of ${months.length}`);
  const last = plan.months.at(-1)!.lastNumber;
  assert.equal((await disposeOfRecords(keeperOf(made), plan, words))?.disposal?.keptYears, 2);
  assert.deepEqual(monthsOf(made), months.slice(plan.months.length).concat(monthsOf(made).filter((name) => !months.includes(name))));
  await made.history.append(someBackup(made.random));
  const { isIntact, notes, faults, head } = await verify(made);
  assert.deepEqual([isIntact, faults], [true, []]);
  assert.equal(notes.find(({ kind }) => kind === 'disposed')?.through, last);
  assert.equal(head?.chain, (await made.history.head())?.chain);
  const says = await python(made, (await made.history.publicKey())?.base64);
  assert.deepEqual([says.code, says.text.includes(`records 1 to ${last} were disposed of`)], [0, true], says.text);
  assert.deepEqual((await planDisposal(made.history, 2, nowMs(made))).months, [], 'nothing is left to go');
});

test('a disposal that was cut short after any file goes on from there, and is finished by the next', async (t) => {
  const made = await oldHistory(t);
  const kept = temporaryState(t);
  cpSync(made.history.folder, kept, { recursive: true });
  const plan = await planDisposal(made.history, 2, nowMs(made));
  await disposeOfRecords(keeperOf(made), plan, words);
  for (const { file } of plan.months.toReversed()) {
    cpSync(join(kept, file), join(made.history.folder, file));
    assert.deepEqual((await verify(made)).faults, [], file);
    assert.equal((await python(made)).code, 0, file);
  }
  const rest = await planDisposal(made.history, 2, nowMs(made));
  assert.deepEqual([rest.months.length, rest.left], [0, plan.months.map(({ file }) => file)]);
  assert.equal(await disposeOfRecords(keeperOf(made), rest, words), undefined);
  assert.ok(!plan.months.some(({ file }) => monthsOf(made).includes(file)));
});

test('months that are missing without a record are missed, and a disposal of what is not old enough is refused', async (t) => {
  const made = await oldHistory(t);
  const plan = await planDisposal(made.history, 2, nowMs(made));
  const [first] = plan.months;
  const taken = temporaryState(t);
  cpSync(made.stateFolder, taken, { recursive: true });
  rmSync(join(taken, 'records', first!.file));
  assert.equal((await verifyHistory(join(taken, 'records'))).faults[0]?.kind, 'number');
  assert.equal((await pythonOf(join(taken, 'records'))).code, 1);
  await disposeOfRecords(keeperOf(made), { ...plan, keptYears: 30 }, words);
  assert.deepEqual(kindsOf(await verify(made)), ['disposal']);
  assert.equal((await python(made)).code, 1);
});

test('a clock that is years ahead makes nothing old; an open nonconformity holds its month and what follows', async (t) => {
  const made = await makeHistory(temporaryState(t), 80, 92);
  assert.ok(monthsOf(made).length > 2);
  assert.deepEqual((await planDisposal(made.history, 2, nowMs(made) + 40 * 365 * dayMs)).months, []);
  const young = await makeHistory(temporaryState(t), 3, 87);
  const opened = { id: 'NC-0001', subject: 'x', rule: 'failed-run' };
  await young.history.append({ ...someBackup(young.random), kind: 'nonconformity-opened', nonconformity: opened });
  await young.clock.advance(3 * 366 * dayMs);
  await young.history.append(someBackup(young.random));
  const plan = await planDisposal(young.history, 2, nowMs(young));
  assert.deepEqual([plan.months, plan.held?.nonconformity], [[], 'NC-0001']);
});

test('numbers of nonconformities whose months were disposed of are not used again', async (t) => {
  const made = await makeHistory(temporaryState(t), 2, 90);
  const common = (kind: RecordContent['kind']): RecordContent => ({ ...someBackup(made.random), kind });
  const open = (subject: string) =>
    openNonconformities(made.history, [{ rule: 'off-site-failed', subject, atMs: 0, facts: {}, records: [] }], common);
  await open('first');
  const by = { name: 'Budi', position: 'IT' };
  await closeNonconformity(
    made.history,
    'NC-0001',
    { cause: 'x', correction: 'y', by },
    { ...someBackup(made.random), kind: 'nonconformity-closed' },
  );
  await made.clock.advance(3 * 366 * dayMs);
  await made.history.append(someBackup(made.random));
  const plan = await planDisposal(made.history, 2, nowMs(made));
  assert.ok(plan.months.length > 0);
  await disposeOfRecords(keeperOf(made), plan, words);
  assert.deepEqual(
    (await open('second')).map(({ nonconformity }) => nonconformity?.id),
    ['NC-0002'],
  );
});

test('records that name another machine are noted until a record explains it; a move that the chain does not show is refused', async (t) => {
  const made = await makeHistory(temporaryState(t), 3, 88);
  const keeper = keeperOf(made); // names this machine, and not srv-01
  const notesOf = async () => (await verify(made)).notes.map(({ kind, before }) => [kind, before]);
  assert.deepEqual(await notesOf(), []);
  const { number, move } = await declareMoved(keeper, words);
  assert.equal(move?.from, 'srv-01');
  assert.deepEqual(await notesOf(), [['moved', 'srv-01']]);
  await assert.rejects(declareMoved(keeper, words), { code: 'arguments.invalid' });
  await made.history.append({ ...someBackup(made.random), kind: 'moved', host: 'srv-09', move: { from: 'srv-01', to: 'srv-09' } });
  assert.deepEqual(
    (await verify(made)).faults.map(({ kind, number: at }) => [kind, at]),
    [['move', number + 1]],
  );
});

type Succession = NonNullable<RecordContent['succession']>;

function keeperOf({ stateFolder, clock, random }: MadeHistory): RecordKeeper {
  const onError = (error: unknown): void => assert.fail(String(error));
  return new RecordKeeper({ stateFolder, clock, random, software: 'cadangan 0.1.0', via: 'command-line', onError });
}

async function verify({ history }: MadeHistory): Promise<Verification> {
  return verifyHistory(history.folder, { publicKey: await history.publicKey() });
}

function verifyAlone({ history }: MadeHistory): Promise<Verification> {
  return verifyHistory(history.folder);
}

const kindsOf = ({ faults }: Verification): string[] => faults.map(({ kind }) => kind);
const nowMs = ({ clock }: MadeHistory): number => Number(clock.nowNs() / 1_000_000n);

/** A copy: the fixture is never written to. */
function lostKey(t: TestContext): MadeHistory {
  const stateFolder = temporaryState(t);
  cpSync(join(fixture, 'lost-key'), stateFolder, { recursive: true });
  const made = { stateFolder, clock: new VirtualClock(), random: new SeededRandom(86) };
  made.clock.setWallClock(BigInt(Date.UTC(2026, 11, 1)) * 1_000_000n);
  return { ...made, history: keeperOf({ ...made, history: undefined as never }).history };
}

/** Records of some months, and of some days three years later. */
async function oldHistory(t: TestContext): Promise<MadeHistory> {
  const made = await makeHistory(temporaryState(t), 80, 89);
  await replaceSigningKey(keeperOf(made), words);
  await made.clock.advance(3 * 366 * dayMs);
  for (let at = 0; at < 3; at++) await made.history.append(someBackup(made.random));
  return made;
}

function declaration(succession: Succession): RecordContent {
  const operator = { user: 'x', via: 'command-line' as const };
  return { kind: 'key-lost', host: 'srv-01', operator, software: '', change: { what: 'key-lost', why: 'x' }, succession };
}

function monthsOf({ history }: MadeHistory): string[] {
  return readdirSync(history.folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

function linesIn(folder: string): { file: string; lines: string[] } {
  const file = join(
    folder,
    readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .at(-1)!,
  );
  return { file, lines: readFileSync(file, 'utf8').trimEnd().split('\n') };
}

function cutLast(stateFolder: string): void {
  const { file, lines } = linesIn(join(stateFolder, 'records'));
  if (lines.length === 1) rmSync(file);
  else writeFileSync(file, `${lines.slice(0, -1).join('\n')}\n`);
}

function hashOf({ history }: MadeHistory, number: number): string {
  for (const name of monthsOf({ history } as MadeHistory))
    for (const line of readFileSync(join(history.folder, name), 'utf8').trimEnd().split('\n')) {
      const record = JSON.parse(line) as HistoryRecord;
      if (record.number === number) return record.hash;
    }
  throw new Error(`no record ${number}`);
}

function contentOf({
  number: _n,
  previous: _p,
  at: _a,
  key: _k,
  headSigned: _h,
  signature: _s,
  hash: _x,
  ...content
}: HistoryRecord): RecordContent {
  return content;
}

/** By somebody with an editor and a key. */
function appendSigned({ history }: MadeHistory, content: RecordContent, key: KeyObject): void {
  const { file, lines } = linesIn(history.folder);
  const last = JSON.parse(lines.at(-1)!) as HistoryRecord;
  const place = { number: last.number + 1, previous: last.hash, at: last.at, key: last.key };
  appendFileSync(file, `${lineOf({ ...place, ...content }, key)}\n`);
}

function lineOf(record: object, key: KeyObject): string {
  const body = JSON.stringify(record).slice(0, -1);
  const hashed = `${body},"signature":"${sign(null, Buffer.from(body), key).toString('base64')}"`;
  return `${hashed},"hash":"${createHash('sha256').update(hashed).digest('hex')}"}`;
}

/** Everything from a record on says something else, hashes right: with the old signatures, or all signed by another key that it names. */
function rewrite(state: string, from: number, other: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined): void {
  const folder = join(state, 'records');
  const raw = other?.publicKey.export({ type: 'spki', format: 'der' }).subarray(12);
  const own = raw && { key: createHash('sha256').update(raw).digest('hex').slice(0, 16) };
  let [previous, last] = ['0'.repeat(64), 0];
  for (const name of readdirSync(folder)
    .filter((one) => one.endsWith('.jsonl'))
    .sort()) {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
    const written = lines.map((line) => {
      const { signature, hash: _hash, headSigned: _signed, ...record } = JSON.parse(line) as HistoryRecord;
      last = record.number;
      const changed = {
        ...record,
        ...own,
        ...(raw && record.kind === 'history-start' && { publicKey: raw.toString('base64') }),
        previous,
        ...(record.number >= from && { remarks: 'nothing happened' }),
      };
      const body = JSON.stringify(changed).slice(0, -1);
      const hashed = `${body},"signature":"${other ? sign(null, Buffer.from(body), other.privateKey).toString('base64') : signature}"`;
      previous = createHash('sha256').update(hashed).digest('hex');
      return `${hashed},"hash":"${previous}"}`;
    });
    writeFileSync(join(folder, name), `${written.join('\n')}\n`);
  }
  // As a version before left it: nothing but the signatures of the records is to tell.
  writeFileSync(join(folder, 'head.json'), JSON.stringify({ chain: '0'.repeat(16), number: last, hash: previous }));
}

function python({ history }: MadeHistory, key?: string): ReturnType<typeof pythonOf> {
  return pythonOf(history.folder, key);
}

/** The auditor's own program. */
async function pythonOf(folder: string, key?: string): Promise<{ readonly code: number; readonly text: string }> {
  try {
    const { stdout } = await promisify(execFile)('python3', [script, folder, ...(key === undefined ? [] : ['--key', key])]);
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: unknown };
    assert.doesNotMatch(String(stderr), /Traceback/);
    return { code: Number(code), text: String(stderr) };
  }
}
