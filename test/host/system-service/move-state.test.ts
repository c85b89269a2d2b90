// The state of a user becomes that of the system's service: in one place at every moment, and nobody writes beside it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostKey, knownHostKey } from '../../../src/host/key.ts';
import { isUnfinished, moveState, type StateMove } from '../../../src/host/system-service/move-state.ts';
import { isCode, systemClock, systemRandom } from '../../../src/platform/index.ts';
import { RecordHistory, verifyHistory } from '../../../src/records/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { recordsIn, someBackup } from '../../records/some-records.ts';

const root = { skip: process.getuid?.() === 0 ? false : 'needs root, to give files to others' };
const world = { clock: systemClock, random: systemRandom, software: 'test' };

interface Stage {
  readonly from: string;
  readonly to: string;
}

/** A user's state: records, key, schedule, memory of a copy; what is of its host alone; and the state of another configuration. */
async function stageOf(t: TestContext): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-move-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [from, to] = [join(folder, 'user'), join(folder, 'var', 'lib', 'cadangan')];
  mkdirSync(from, { mode: 0o700 });
  for (let night = 0; night < 3; night++) await new RecordHistory(from, world).append(someBackup(new SeededRandom(night)));
  mkdirSync(join(from, 'offsite', 'deep'), { recursive: true });
  mkdirSync(join(from, 'configurations', '0123456789abcdef'), { recursive: true });
  const files = {
    'schedule.jsonl': '{"at":1}\n',
    'offsite/deep/accounting.json': '{}',
    'host.json': '{}',
    'host.log': 'a line\n',
    'configurations/0123456789abcdef/schedule.jsonl': 'of another',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(from, name), text);
  await hostKey(from, systemRandom);
  return { from, to };
}

function moveOf(stage: Stage, more: Partial<StateMove> = {}): StateMove {
  const history = new RecordHistory(stage.from, world);
  return { ...stage, random: systemRandom, whileNobodyAppends: (work) => history.update(work), ...more };
}

/** What of a state counts, by its content. */
function contentOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = entries.map(
    (entry) => [join(entry.parentPath, entry.name).slice(folder.length + 1), join(entry.parentPath, entry.name)] as const,
  );
  const counted = named.filter(([name]) => /^(?:records\/[\w.-]+|installation-key\.pem|schedule\.jsonl|offsite\/.*)$/.test(name));
  return Object.fromEntries(counted.map(([name, path]) => [name, readFileSync(path, 'base64')]));
}

async function assertMoved({ from, to }: Stage, before: Record<string, string>): Promise<void> {
  assert.deepEqual(contentOf(to), before);
  assert.equal(await isUnfinished(to), false);
  assert.deepEqual(readdirSync(from).toSorted(), ['configurations', 'host.log', 'leader.key', 'moved.json', 'records']);
  assert.equal(readFileSync(join(from, 'configurations', '0123456789abcdef', 'schedule.jsonl'), 'utf8'), 'of another');
  assert.equal(existsSync(join(to, 'leader.key')), false, 'the old user does not know the key of the new host');
  assert.equal(existsSync(`${to}-tmp`), false);
  const { faults } = await verifyHistory(to);
  assert.deepEqual(faults, []);
  await new RecordHistory(to, world).append(someBackup(new SeededRandom(9)));
  assert.equal((await recordsIn(to)).length, 5, 'with the beginning, and the one just now');
}

test('records, key and memory move, what is of a host or of another configuration does not, and the chain goes on', async (t) => {
  const stage = await stageOf(t);
  const before = contentOf(stage.from);
  assert.ok('installation-key.pem' in before && Object.keys(before).length >= 4);
  assert.equal(await moveState(moveOf(stage)), true);
  await assertMoved(stage, before);
  assert.equal(await moveState(moveOf(stage)), false, 'a second time there is nothing to move');
  if (process.platform !== 'win32') {
    assert.equal(statSync(stage.to).mode & 0o777, 0o700);
    assert.equal(statSync(join(stage.to, 'installation-key.pem')).mode & 0o777, 0o600);
  }
});

test('nothing is written beside what has moved: no record, no key, no host; and the message says where it is', async (t) => {
  const stage = await stageOf(t);
  await moveState(moveOf(stage));
  const isMoved = (error: unknown): boolean => isCode(error, 'state.moved') && error.facts['to'] === stage.to;
  await assert.rejects(new RecordHistory(stage.from, world).append(someBackup(new SeededRandom(1))), isMoved);
  await assert.rejects(hostKey(stage.from, systemRandom), isMoved);
  await assert.rejects(knownHostKey(stage.from), isMoved);
});

test('a version that knows nothing of it cannot write there either', async (t) => {
  const stage = await stageOf(t);
  await moveState(moveOf(stage));
  rmSync(join(stage.from, 'moved.json')); // as such a version sees it
  await assert.rejects(new RecordHistory(stage.from, world).append(someBackup(new SeededRandom(1))));
  await assert.rejects(hostKey(stage.from, systemRandom));
  assert.deepEqual(readdirSync(stage.from).toSorted(), ['configurations', 'host.log', 'leader.key', 'records']);
});

test("what an administrator leaves in a user's folder is the user's, and what moves is the account's", root, async (t) => {
  const stage = await stageOf(t);
  for (const name of ['.', ...readdirSync(stage.from, { recursive: true, encoding: 'utf8' })])
    lchownSync(join(stage.from, name), 1234, 1234);
  chmodSync(dirname(stage.from), 0o755);
  await moveState(moveOf(stage, { owner: { uid: 4321, gid: 4321 } }));
  assert.deepEqual([process.geteuid?.(), process.getegid?.()], [0, 0]);
  for (const name of ['moved.json', 'records', 'leader.key', 'leader.key/moved.txt'])
    assert.equal(statSync(join(stage.from, name)).uid, 1234, name);
  for (const name of ['.', ...readdirSync(stage.to, { recursive: true, encoding: 'utf8' })])
    assert.equal(statSync(join(stage.to, name)).uid, 4321, name);
});

for (const step of ['copied', 'named', 'pointed', 'removed'] as const) {
  test(`killed when it is ${step}, it loses nothing: the state is in one place, and the next move finishes it`, async (t) => {
    const stage = await stageOf(t);
    const before = contentOf(stage.from);
    const script = `const [module, from, to, step] = process.argv.slice(1); const { moveState } = await import(module);
      const random = { fill: (bytes) => crypto.getRandomValues(bytes) };
      const onStep = (at) => at === step && process.kill(process.pid, 'SIGKILL');
      await moveState({ from, to, random, whileNobodyAppends: (work) => work(), onStep });`;
    const module = new URL('../../../src/host/system-service/move-state.ts', import.meta.url).href;
    const died = spawnSync(process.execPath, ['--input-type=module', '-e', script, module, stage.from, stage.to, step]);
    assert.equal(died.signal, 'SIGKILL', String(died.stderr));

    const isStillOld = step === 'copied' || step === 'named';
    assert.deepEqual(contentOf(isStillOld ? stage.from : stage.to), before);
    assert.equal(existsSync(join(stage.from, 'moved.json')), !isStillOld);
    if (isStillOld) {
      await new RecordHistory(stage.from, world).append(someBackup(new SeededRandom(7))); // the user goes on working
      Object.assign(before, contentOf(stage.from));
    }
    if (step !== 'copied') assert.equal(await isUnfinished(stage.to), true);
    await moveState(moveOf(stage));
    if (!isStillOld) return assertMoved(stage, before);
    assert.deepEqual(contentOf(stage.to), before, 'with what was recorded meanwhile');
    assert.equal(await isUnfinished(stage.to), false);
  });
}

test('a state is never put beside or over another one', async (t) => {
  const stage = await stageOf(t);
  await new RecordHistory(stage.to, world).append(someBackup(new SeededRandom(1)));
  const [old, other] = [contentOf(stage.from), contentOf(stage.to)];
  await assert.rejects(moveState(moveOf(stage)), (error) => isCode(error, 'service.denied'));
  assert.deepEqual([contentOf(stage.from), contentOf(stage.to)], [old, other]);
});

test('where nothing is, nothing is moved or made', async (t) => {
  const stage = await stageOf(t);
  rmSync(stage.from, { recursive: true });
  assert.equal(await moveState({ ...moveOf(stage), whileNobodyAppends: (work) => work() }), false);
  assert.deepEqual([existsSync(stage.from), existsSync(stage.to)], [false, false]);
});
