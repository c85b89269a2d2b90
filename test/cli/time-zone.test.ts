import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { writeSecretFile } from '../platform/secret-file.ts';
import { makeStage, password, type Stage } from './run-cli.ts';

interface House {
  readonly stage: Stage;
  readonly run: (timeZone: string, ...args: string[]) => ReturnType<Stage['run']>;
}

/** A set in a configuration that names the zone, or none. */
async function makeHouse(t: TestContext, timeZone?: string): Promise<House> {
  const stage = await makeStage(t);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), 'a');
  writeSecretFile(stage.path('password'), password);
  const set = {
    name: 'accounting',
    sources: [stage.path('data')],
    repository: { location: stage.repository, passwordFile: stage.path('password') },
    schedule: { window: '21:00-23:00' },
  };
  writeFileSync(stage.path('config.jsonc'), JSON.stringify({ version: 1, timeZone, sets: [set] }));
  const environment = {
    RESTIC_REPOSITORY: '',
    RESTIC_PASSWORD: '',
    CADANGAN_CONFIG: stage.path('config.jsonc'),
    CADANGAN_STATE: stage.path('state'),
  };
  return { stage, run: (TZ, ...args) => stage.run(args, { environment: { ...environment, TZ } }) };
}

const newestMonthOf = (stage: Stage): string =>
  readdirSync(stage.path('state', 'records')).findLast((name) => name.endsWith('.jsonl')) ?? '';
const timesOf = (text: string): string[] => text.match(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g) ?? [];

test('one instant is shown at one time by every command, whatever zone the machine or TZ says', async (t) => {
  const { stage, run } = await makeHouse(t, 'Asia/Jayapura');
  assert.equal((await run('UTC', 'backup', 'accounting')).code, 0);
  const [line = ''] = readFileSync(stage.path('state', 'records', newestMonthOf(stage)), 'utf8')
    .split('\n')
    .filter((text) => text.includes('"internal-backup"'));
  const started = Date.parse(String(JSON.parse(line)['started']));
  const shown = new Date(started + 9 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
  for (const command of [
    ['records', 'list', '--kind', 'internal-backup'],
    ['snapshots', '--set', 'accounting'],
    ['schedule', 'status'],
  ]) {
    const { stdout } = await run('UTC', ...command);
    if (command[0] === 'records') assert.ok(stdout.includes(shown), stdout);
    assert.ok(timesOf(stdout).length > 0 || command[0] === 'schedule');
    for (const zone of ['Asia/Jakarta', 'America/New_York']) assert.equal((await run(zone, ...command)).stdout, stdout, command.join(' '));
  }
});

test('a configuration that names no zone keeps the one that it was recorded with', async (t) => {
  const { stage, run } = await makeHouse(t);
  assert.equal((await run('Asia/Jakarta', 'backup', 'accounting')).code, 0);
  assert.equal(JSON.parse(readFileSync(stage.path('state', 'records', 'configuration.json'), 'utf8'))['timeZone'], 'Asia/Jakarta');
  const [there, elsewhere] = [await run('Asia/Jakarta', 'schedule', 'status'), await run('Pacific/Auckland', 'schedule', 'status')];
  assert.deepEqual(timesOf(elsewhere.stdout), timesOf(there.stdout));
  assert.match(elsewhere.stdout, / 21:00 /);
  const before = await run('Asia/Jakarta', 'records', 'list');
  assert.equal((await run('Pacific/Auckland', 'backup', 'accounting')).code, 0);
  const after = await run('WIB-7', 'records', 'list', '--kind', 'configuration-change');
  assert.equal(after.stdout.match(/Change of the configuration/g)?.length, before.stdout.match(/Change of the configuration/g)?.length);
});

test('a zone that nobody knows is refused with words before anything is done, and not taken for another', async (t) => {
  const { run } = await makeHouse(t);
  for (const command of [
    ['backup', 'accounting'],
    ['records', 'report'],
    ['schedule', 'status'],
  ]) {
    const { code, stdout, stderr } = await run('WIB-7', ...command);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /time zone "WIB-7" is none that is known by its name.*\n.*"timeZone": "Asia\/Jakarta"/);
  }
  assert.match((await run('WIB-7', 'records', 'list', '--lang', 'id')).stderr, /Zona waktu komputer ini "WIB-7" tidak dikenal/);
});

test('a zone that nobody knows hinders nobody whose configuration names one', async (t) => {
  const { run } = await makeHouse(t, 'Asia/Jakarta');
  assert.equal((await run('WIB-7', 'backup', 'accounting')).code, 0);
});
