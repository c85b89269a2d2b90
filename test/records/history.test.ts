import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isCode, systemClock, systemRandom } from '../../src/platform/index.ts';
import { sha256 } from '../../src/records/record-line.ts';
import { RecordHistory, verifyHistory, type HistoryRecord } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { makeHistory, someBackup, temporaryState, type MadeHistory } from './some-records.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

/** Three processes at once each time: with the torn appends, 200 crashes where all rounds are made. */
const kills = rounds({ sample: 5, long: 20 });

/** Most of the start of a process is stripping types: the first leaves the result to the others. */
const compileCache = mkdtempSync(join(tmpdir(), 'cadangan-compiled-'));
after(() => rmSync(compileCache, { recursive: true, force: true }));
const child = fileURLToPath(new URL('append-child.ts', import.meta.url));

test('records come back as they were written, numbered from 1 without a gap, in a file for each month', async (t) => {
  const { history, random, clock } = await makeHistory(temporaryState(t), 40, 1);
  const content = someBackup(random, { set: 'last' });
  const written = await history.append(content);
  const records = await collect(history);
  assert.deepEqual(
    records.map(({ number }) => number),
    Array.from({ length: 42 }, (_, at) => at + 1),
  );
  assert.equal(records[0]?.kind, 'history-start');
  assert.deepEqual(records.at(-1), written);
  assert.deepEqual(Object.fromEntries(Object.keys(content).map((key) => [key, Reflect.get(written, key)])), content);
  assert.equal(Date.parse(written.at), Number(clock.nowNs() / 1_000_000n));
  const files = readdirSync(history.folder).filter((name) => name.endsWith('.jsonl'));
  assert.deepEqual(files, [...new Set(records.map(({ at }) => `${at.slice(0, 7)}.jsonl`))]);
  assert.ok(files.length > 1);
  assert.deepEqual(await verifyHistory(history.folder, { publicKey: await history.publicKey() }), {
    isIntact: true,
    recordCount: 42,
    head: await history.head(),
    publicKey: await history.publicKey(),
    lastKey: await history.publicKey(),
    faults: [],
    faultCount: 0,
    notes: [],
    keyBreaks: [],
    lastHost: 'srv-01',
    heads: [
      {
        anchor: { ...JSON.parse(readFileSync(join(history.folder, 'head.json'), 'utf8')), keptIn: 'head.json', owner: '' },
        result: 'agrees',
      },
    ],
    anchorsCompared: 1,
  });
});

test('the files and the key are for their owner only', { skip: process.platform === 'win32' }, async (t) => {
  const { history, stateFolder } = await makeHistory(temporaryState(t), 1, 2);
  for (const path of [
    join(stateFolder, 'installation-key.pem'),
    ...readdirSync(history.folder)
      .filter((name) => name.includes('.'))
      .map((name) => join(history.folder, name)),
  ]) {
    assert.equal(statSync(path).mode & 0o777, 0o600, path);
  }
  assert.equal(statSync(history.folder).mode & 0o777, 0o700);
});

test('a clock that is set back does not bring an older file back, and shows', async (t) => {
  const { history, clock, random } = await makeHistory(temporaryState(t), 3, 3);
  clock.setWallClock(clock.nowNs() + 40n * 86_400_000_000_000n);
  const later = await history.append(someBackup(random));
  clock.setWallClock(clock.nowNs() - 90n * 86_400_000_000_000n);
  await history.append(someBackup(random));
  assert.ok(readFileSync(join(history.folder, `${later.at.slice(0, 7)}.jsonl`), 'utf8').split('\n').length === 3);
  const { isIntact, notes } = await verifyHistory(history.folder);
  assert.ok(isIntact);
  assert.deepEqual(
    notes.map(({ kind, number }) => [kind, number]),
    [['clock-back', 6]],
  );
});

test('a record that would be too long keeps as many exceptions as fit, and their count', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 0, 4);
  const exceptions = Array.from({ length: 11_000 }, (_, at) => ({
    item: `/srv/${'x'.repeat(1000)}/${at}`,
    kind: 'unreadable',
    reason: 'EIO',
  }));
  const record = await history.append(someBackup(random, { exceptions, exceptionCount: 50_000 }));
  assert.ok((record.exceptions?.length ?? 0) > 5000);
  assert.equal(record.exceptionCount, 50_000);
  await history.append(someBackup(random));
  assert.ok((await verifyHistory(history.folder)).isIntact);
});

test('a history whose key is lost goes on with another one, and says from where', async (t) => {
  const { history, stateFolder, random } = await makeHistory(temporaryState(t), 3, 5);
  rmSync(join(stateFolder, 'installation-key.pem'));
  await history.append(someBackup(random));
  const { faults } = await verifyHistory(history.folder);
  assert.deepEqual(
    faults.map(({ kind, number }) => [kind, number]),
    [['other-key', 5]],
  );
  assert.equal((await collect(history))[4]?.kind, 'signing-key');
});

test('processes that append at the same time leave one chain without a gap', async (t) => {
  const stateFolder = temporaryState(t);
  const [processes, each] = [4, 25];
  // The last that starts may need longer for that than the first for all of its appends.
  const children = Array.from({ length: processes }, (_, seed) => startChild(stateFolder, each, seed));
  await Promise.all(children.map(({ ready }) => ready));
  for (const { begin } of children) begin();
  const outputs = await Promise.all(children.map(({ ended }) => ended));
  assert.ok(outputs.every(({ code }) => code === 0));
  const numbers = outputs.flatMap((output) => output.numbers).toSorted((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: processes * each }, (_, at) => at + 2),
  );
  const verification = await verifyHistory(join(stateFolder, 'records'));
  assert.ok(verification.isIntact, JSON.stringify(verification.faults));
  assert.equal(verification.recordCount, processes * each + 1);
  // They did take turns.
  const remarks = (await collect(new RecordHistory(stateFolder, { clock: systemClock, random: systemRandom, software: '' }))).flatMap(
    ({ remarks: text }) => (text === undefined ? [] : [text.split('-')[0]]),
  );
  assert.ok(remarks.filter((seed, at) => at > 0 && seed !== remarks[at - 1]).length >= processes);
});

test('appends of one process at the same time leave one chain without a gap', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 0, 6);
  const records = await Promise.all(Array.from({ length: 30 }, () => history.append(someBackup(random))));
  assert.equal(new Set(records.map(({ number }) => number)).size, 30);
  assert.ok((await verifyHistory(history.folder)).isIntact);
});

test('what is read inside update() is still true when it is written', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 0, 7);
  const once = (): Promise<void> =>
    history.update(async ({ records, append }) => {
      for await (const { remarks } of records()) if (remarks === 'once') return;
      await append(someBackup(random, { remarks: 'once' }));
    });
  await Promise.all([once(), once(), once()]);
  assert.equal((await collect(history)).filter(({ remarks }) => remarks === 'once').length, 1);
});

test(`${kills * 3} processes killed while they append lose no confirmed record and break no chain`, async (t) => {
  const stateFolder = temporaryState(t);
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const confirmed: number[] = [];
  for (let round = 0; round < kills; round++) {
    const outputs = await Promise.all(
      Array.from({ length: 3 }, (_, at) =>
        runChild(stateFolder, 1000, seed + round * 3 + at, { killAfter: 1 + random.below(4), delayMs: random.below(12) }),
      ),
    );
    confirmed.push(...outputs.flatMap(({ numbers }) => numbers));
  }
  const history = new RecordHistory(stateFolder, { clock: systemClock, random: systemRandom, software: 'cadangan 0.1.0' });
  await history.append(someBackup(random));
  const verification = await verifyHistory(history.folder);
  assert.ok(verification.isIntact, JSON.stringify(verification.faults));
  const numbers = new Set((await collect(history)).map(({ number }) => number));
  assert.ok(confirmed.every((number) => numbers.has(number)));
  assert.equal(new Set(confirmed).size, confirmed.length);
});

test('140 appends torn at any byte, or written in part, lose that record only', async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const { history, clock } = await makeHistory(temporaryState(t), 5, seed);
  let expected = 6;
  for (let crash = 0; crash < 140; crash++) {
    const before = await filesOf(history.folder);
    const record = await history.append(someBackup(random));
    const file = newestFile(history.folder);
    const whole = readFileSync(join(history.folder, file));
    const known = before.get(file)?.length ?? 0;
    // Back to the moment of the crash: the head, and other files, are those of before.
    restore(history.folder, before);
    const line = whole.subarray(known);
    const torn = tearings[crash % tearings.length]!(Buffer.from(line), random);
    appendFileSync(join(history.folder, file), torn.bytes);
    const unfinished = await verifyHistory(history.folder);
    if (torn.isClean) assert.ok(unfinished.isIntact, `${crash}: ${JSON.stringify(unfinished.faults)}`);
    await clock.advance(1000 + random.below(50_000_000));
    const next = await history.append(someBackup(random));
    const verification = await verifyHistory(history.folder);
    assert.ok(verification.isIntact, `crash ${crash}: ${JSON.stringify(verification.faults)}`);
    const isSaved = torn.isWhole === true;
    const isRepaired = torn.bytes.length > 0 && !isSaved;
    expected += isSaved || isRepaired ? 2 : 1;
    assert.equal(next.number, expected, `crash ${crash}`);
    assert.equal(verification.recordCount, expected);
    const records = await collect(history);
    assert.equal(
      records.some(({ hash }) => hash === record.hash),
      isSaved,
    );
    if (isRepaired) {
      const { evidence } = records.at(-2) ?? {};
      assert.deepEqual(readFileSync(join(history.folder, String(evidence?.['keptAs']))), torn.bytes, 'what was torn is kept aside');
    }
  }
});

test('a confirmed last record that somebody changed stays where it is, and the chain goes on behind it', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 4, 8);
  const path = join(history.folder, newestFile(history.folder));
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"result":"[a-z-]+"(?=[^\n]*\n$)/, '"result":"stopped"'));
  const next = await history.append(someBackup(random));
  assert.equal(next.number, 6);
  const { faults, recordCount } = await verifyHistory(history.folder);
  assert.deepEqual(
    faults.map(({ kind, number, line }) => [kind, number, line]),
    [['hash', 5, text.split('\n').length - 1]],
  );
  assert.equal(recordCount, 5);
});

test('a lock that a killed process of another time left behind keeps nobody out', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 1, 9);
  takeLock(history, { host: hostname(), pid: 4_194_000 + random.below(300), start: 'another boot 17' });
  assert.equal((await history.append(someBackup(random))).number, 3);
});

/** Somebody holds the lock now, and whoever held it was taken for dead. */
function takeLock({ folder }: RecordHistory, holder: Readonly<Record<string, unknown>> = { host: 'another machine', pid: 17 }): void {
  const lock = join(folder, 'lock');
  const numbers = readdirSync(lock).map((name) => Number.parseInt(name, 10));
  writeFileSync(join(lock, String(Math.max(...numbers.filter(Number.isInteger)) + 1)), JSON.stringify(holder));
}

/** The files that the history consists of, the lock left out, each with its hash. */
function bytesOf({ stateFolder, history }: MadeHistory): Map<string, string> {
  const files = [stateFolder, history.folder].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return new Map(files.filter((path) => statSync(path).isFile()).map((path) => [path, sha256(readFileSync(path))]));
}

test('whoever was taken for dead while it held the lock writes nothing: no record, no head, no key', async (t) => {
  const made = await makeHistory(temporaryState(t), 2, 11);
  const { history, random } = made;
  const before = bytesOf(made);
  const asked = history.update(async (writer) => {
    takeLock(history);
    await assert.rejects(writer.append(someBackup(random)), (error) => isCode(error, 'records.busy'));
    assert.deepEqual(bytesOf(made), before);
    return writer.replaceKey(someBackup(random, { kind: 'signing-key' }));
  });
  await assert.rejects(asked, (error) => isCode(error, 'records.busy'));
  assert.deepEqual(bytesOf(made), before);
});

test('whoever was taken for dead before it came to read the chain leaves alone what a torn append left', async (t) => {
  const made = await makeHistory(temporaryState(t), 2, 12);
  const { stateFolder, history, random } = made;
  appendFileSync(join(history.folder, newestFile(history.folder)), '{"number":4,"torn');
  const before = bytesOf(made);
  /** As soon as it has the lock it begins to sleep, to renew it: then somebody takes it. */
  const clock = new (class extends VirtualClock {
    override sleep(...[ms, signal]: Parameters<VirtualClock['sleep']>): Promise<void> {
      takeLock(history);
      return super.sleep(ms, signal);
    }
  })();
  const slow = new RecordHistory(stateFolder, { clock, random, software: 'cadangan 0.1.0' });
  await assert.rejects(slow.append(someBackup(random)), (error) => isCode(error, 'records.busy'));
  assert.deepEqual(bytesOf(made), before);
});

interface Torn {
  readonly bytes: Buffer;
  /** Nothing but the line feed is missing, or nothing at all. */
  readonly isWhole?: boolean;
  /** It shows as unfinished, not as a fault. */
  readonly isClean: boolean;
}

/** What a crash may leave of one line: a beginning, or blocks of zeros where data had not arrived yet. */
const tearings: readonly ((line: Buffer, random: SeededRandom) => Torn)[] = [
  () => ({ bytes: Buffer.alloc(0), isClean: true }),
  (line) => ({ bytes: line.subarray(0, 1), isClean: true }),
  (line) => ({ bytes: line.subarray(0, line.length >> 1), isClean: true }),
  (line, random) => ({ bytes: line.subarray(0, 1 + random.below(line.length - 2)), isClean: true }),
  (line) => ({ bytes: line.subarray(0, -1), isWhole: true, isClean: true }),
  (line) => ({ bytes: line.subarray(0, -2), isClean: true }),
  (line) => ({ bytes: line, isWhole: true, isClean: true }),
  (line) => ({ bytes: Buffer.alloc(line.length), isClean: true }),
  (line, random) => ({ bytes: line.fill(0, 0, 1 + random.below(line.length - 2)), isClean: false }),
  (line, random) => ({ bytes: line.fill(0, 1 + random.below(line.length - 3), line.length - 1), isClean: false }),
];

async function collect(history: RecordHistory): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of history.records()) records.push(record);
  return records;
}

function newestFile(folder: string): string {
  return (
    readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .at(-1) ?? ''
  );
}

async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  return new Map(
    readdirSync(folder)
      .filter((name) => /\.jsonl?$/.test(name))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
}

function restore(folder: string, files: ReadonlyMap<string, Buffer>): void {
  for (const name of readdirSync(folder)) if (/\.jsonl?$/.test(name) && !files.has(name)) rmSync(join(folder, name));
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
}

interface ChildRun {
  readonly code: number | null;
  readonly numbers: number[];
}

interface Child {
  /** It has loaded what it needs. */
  readonly ready: Promise<unknown>;
  readonly begin: () => void;
  readonly ended: Promise<ChildRun>;
}

/** Begins as soon as it can. */
function runChild(...of: Parameters<typeof startChild>): Promise<ChildRun> {
  const { begin, ended } = startChild(...of);
  begin();
  return ended;
}

function startChild(
  stateFolder: string,
  count: number,
  seed: number,
  kill?: { readonly killAfter: number; readonly delayMs: number },
): Child {
  const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', child, stateFolder, String(count), String(seed)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  let text = '';
  started.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const numbers = text.split('\n').length - 2; // an empty line before, and nothing behind the last
    if (kill && numbers >= kill.killAfter) setTimeout(() => started.kill('SIGKILL'), kill.delayMs);
  });
  const ended = new Promise<ChildRun>((resolve, reject) => {
    started.once('error', reject);
    started.once('close', (code) =>
      resolve({
        code,
        numbers: text
          .split('\n')
          .filter((line) => line !== '')
          .map(Number),
      }),
    );
  });
  return { ready: Promise.race([once(started.stdout, 'data'), ended]), begin: () => void started.stdin.end(), ended };
}
