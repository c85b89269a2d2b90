import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { stateFolder, type Environment } from '../../src/platform/index.ts';

const spellings = [
  'D:\\cadangan\\Server.jsonc',
  'd:\\cadangan\\server.jsonc',
  'D:/Cadangan/Server.jsonc',
  '\\\\?\\d:\\cadangan\\x\\..\\Server.jsonc',
];

function home(t: TestContext): { readonly environment: Environment; readonly state: string } {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-home-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const environment = { USERPROFILE: folder, APPDATA: join(folder, 'Roaming'), LOCALAPPDATA: join(folder, 'Local') };
  return { environment, state: stateFolder(environment) };
}

test('every spelling of a configuration file has one state folder, and so one host and one history', (t) => {
  const { environment, state } = home(t);
  assert.equal(new Set(spellings.map((file) => stateFolder(environment, file))).size, 1);
  assert.notEqual(stateFolder(environment, 'D:\\cadangan\\other.jsonc'), stateFolder(environment, spellings[0]));
  const usual = join(environment['APPDATA'] ?? '', 'cadangan', 'Config', 'cadangan.jsonc');
  for (const file of [usual, usual.toUpperCase(), usual.replaceAll('\\', '/')]) assert.equal(stateFolder(environment, file), state);
});

test('the folder that a version before made for one spelling is gone on with, whatever is typed now', (t) => {
  const { environment, state } = home(t);
  const [typed = ''] = spellings;
  const before = join(state, 'configurations', createHash('sha256').update(typed).digest('hex').slice(0, 16));
  mkdirSync(before, { recursive: true });
  assert.equal(stateFolder(environment, typed), before);
  writeFileSync(join(before, 'last-good-configuration.json'), JSON.stringify({ file: typed, text: '{}' }));
  for (const file of spellings) assert.equal(stateFolder(environment, file), before, file);
});
