import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { configurationFile, isCode, stateFolder, systemTimeZone } from '../../src/platform/index.ts';
import {
  loadConfiguration,
  saveConfiguration,
  updateConfiguration,
  watchConfiguration,
  type LoadedConfiguration,
} from '../../src/settings/index.ts';

const set = { name: 'data', sources: ['/srv'], repository: { location: '/r' } };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-settings-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the file is the chosen one, else that of CADANGAN_CONFIG, else cadangan.jsonc in the folder of the system', () => {
  assert.equal(configurationFile({ CADANGAN_CONFIG: '/b' }, '/a'), '/a');
  assert.equal(configurationFile({ CADANGAN_CONFIG: '/b' }, ''), '/b');
  assert.match(configurationFile({}), /cadangan(?:[\\/]Config)?[\\/]cadangan\.jsonc$/);
  assert.equal(stateFolder({ CADANGAN_STATE: '/s' }), '/s');
  assert.match(stateFolder({}), /cadangan/);
  if (process.platform !== 'linux') return;
  // A folder that is not absolute would be another one for each program that is started.
  assert.equal(configurationFile({ HOME: '/h', XDG_CONFIG_HOME: 'x' }), '/h/.config/cadangan/cadangan.jsonc');
  assert.equal(stateFolder({ HOME: '/h', XDG_STATE_HOME: '/x' }), '/x/cadangan');
  assert.equal(configurationFile({ HOME: 'h' }), configurationFile({}));
  assert.equal(stateFolder({ CADANGAN_STATE: 's' }), join(process.cwd(), 's'));
  assert.throws(() => stateFolder({ CADANGAN_STATE: '/caf\ufffd' }), { code: 'arguments.invalid' });
});

test('a file that is not there is an empty configuration; one that cannot be read is a problem', async (t) => {
  const folder = folderOf(t);
  const none = await loadConfiguration(join(folder, 'none.jsonc'));
  assert.deepEqual([none.text, none.problems, none.configuration.sets], [undefined, [], []]);
  writeFileSync(join(folder, 'latin.jsonc'), Buffer.from('{ "organisation": "caf\xe9" }', 'latin1'));
  writeFileSync(join(folder, 'large.jsonc'), ' '.repeat((1 << 20) + 1));
  for (const [name, code, reason] of [
    ['latin.jsonc', 'unreadable', 'not-utf-8'],
    ['large.jsonc', 'too-large', undefined],
    ['.', 'unreadable', 'EISDIR'],
  ] as const) {
    const { text, problems } = await loadConfiguration(join(folder, name));
    assert.equal(text, undefined);
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.facts['reason'], problem.line]),
      [[code, reason, 1]],
    );
  }
});

test('a file in UTF-16 is read as its byte order mark says', async (t) => {
  const path = join(folderOf(t), 'c.jsonc');
  const utf16 = Buffer.from('\ufeff{ "version": 1, "organisation": "Café" }', 'utf16le');
  for (const bytes of [utf16, Buffer.from(utf16).swap16()]) {
    writeFileSync(path, bytes);
    const { problems, configuration } = await loadConfiguration(path);
    assert.deepEqual([problems, configuration.organisation], [[], 'Café']);
  }
  writeFileSync(path, utf16.subarray(0, -1));
  assert.deepEqual(
    (await loadConfiguration(path)).problems.map(({ code, facts }) => [code, facts['reason']]),
    [['unreadable', 'not-utf-8']],
  );
});

test('a byte order mark does not shift columns', async (t) => {
  const path = join(folderOf(t), 'c.jsonc');
  writeFileSync(path, '\ufeff{ "version": 7 }');
  assert.deepEqual(
    (await loadConfiguration(path)).problems.map(({ column }) => column),
    [14],
  );
});

test(
  'a saved file is readable by its owner only, whole, and nothing else is left in its folder',
  { skip: process.platform === 'win32' },
  async (t) => {
    const path = join(folderOf(t), 'deep', 'er', 'c.jsonc');
    const first = await updateConfiguration(path, { kind: 'add-set', set });
    assert.deepEqual([first.configuration.sets.length, first.problems], [1, []]);
    chmodSync(path, 0o644);
    await updateConfiguration(path, { kind: 'change-general', values: { language: 'id' } });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(path, '..')), ['c.jsonc']);
  },
);

test('a file that somebody changed, made or removed meanwhile is not overwritten', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'c.jsonc');
  writeFileSync(path, '{ "version": 1 } // theirs');
  const refused = (error: unknown) => isCode(error, 'config.changed');
  await assert.rejects(saveConfiguration(path, '{ "version": 1 }', '{}'), refused);
  await assert.rejects(saveConfiguration(path, undefined, '{}'), refused);
  await assert.rejects(saveConfiguration(join(folder, 'gone.jsonc'), '{}', '{}'), refused);
  assert.equal(readFileSync(path, 'utf8'), '{ "version": 1 } // theirs');
  assert.deepEqual(readdirSync(folder), ['c.jsonc']);
});

test('of many programs that make the first file at one moment, one wins and the others are told', async (t) => {
  const path = join(folderOf(t), 'c.jsonc');
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => saveConfiguration(path, undefined, `{} // ${at}`)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results) if (result.status === 'rejected') assert.ok(isCode(result.reason, 'config.changed'));
});

test('a link to the file stays a link', { skip: process.platform === 'win32' }, async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'c.jsonc'), '{}');
  symlinkSync(join('real', 'c.jsonc'), join(folder, 'link.jsonc'));
  await updateConfiguration(join(folder, 'link.jsonc'), { kind: 'add-set', set });
  assert.equal(readlinkSync(join(folder, 'link.jsonc')), join('real', 'c.jsonc'));
  assert.match(readFileSync(join(folder, 'real', 'c.jsonc'), 'utf8'), /"data"/);
});

test('a place that cannot be written to is named', { skip: process.platform === 'win32' }, async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(saveConfiguration(join(folder, 'file', 'c.jsonc'), undefined, '{}'), (error) => isCode(error, 'config.denied'));
});

test('whoever watches gets the state at once and after every change, also of a file that comes, is replaced, and goes', async (t) => {
  const path = join(folderOf(t), 'not', 'yet', 'c.jsonc');
  const controller = new AbortController();
  t.after(() => controller.abort());
  const seen: LoadedConfiguration[] = [];
  const watching = watchConfiguration(path, (loaded) => seen.push(loaded), controller.signal, { intervalMs: 5 });
  const reached = async (count: number) => {
    while (seen.length < count) await delay(5);
    return seen.at(-1);
  };
  assert.equal((await reached(1))?.text, undefined);
  await updateConfiguration(path, { kind: 'add-set', set });
  assert.equal((await reached(2))?.configuration.sets.length, 1);
  await updateConfiguration(path, { kind: 'remove-set', name: 'data' });
  assert.equal((await reached(3))?.configuration.sets.length, 0);
  rmSync(path);
  assert.equal((await reached(4))?.text, undefined);
  controller.abort();
  await watching;
  assert.equal(seen.length, 4);
});

test('a file that a program makes names the zone of the machine, so that one that moves does not judge its nights anew', async (t) => {
  const path = join(folderOf(t), 'cadangan.jsonc');
  assert.equal((await updateConfiguration(path, { kind: 'add-set', set })).configuration.timeZone, systemTimeZone());
  writeFileSync(path, '{ "version": 1, "sets": [] }');
  assert.equal(
    (await updateConfiguration(path, { kind: 'add-set', set })).configuration.timeZone,
    undefined,
    'what people wrote is theirs',
  );
});
