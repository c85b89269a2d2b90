import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test, type TestContext } from 'node:test';
import { passwordFromText } from '../../src/platform/index.ts';
import { listSnapshots, Repository, saveSnapshot } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { literally, makeStage, password, type Message, type Stage } from './run-cli.ts';

const hourMs = 3_600_000;

/** As `--time` takes it; the tests run in UTC. */
function timeAgo(hours: number): string {
  return new Date(Date.now() - hours * hourMs).toISOString().slice(0, 19).replace('T', ' ');
}

async function backup(stage: Stage, host: string, hoursAgo: number, ...more: readonly string[]): Promise<void> {
  const { code, stderr } = await stage.run(['backup', 'data', '--host', host, '--time', timeAgo(hoursAgo), ...more]);
  assert.equal(code, 0, stderr);
}

/** As if it had come every day before the ones that are there. */
async function addNights(location: string, count: number): Promise<void> {
  const repository = await Repository.open({ storage: openStorage(location) }, passwordFromText(password), neverAborted);
  for (const { snapshot, timeNs } of await listSnapshots(repository, neverAborted))
    for (let night = 1; night <= count; night++) {
      const time = new Date(Number(timeNs / 1_000_000n) - night * 24 * hourMs).toISOString();
      await saveSnapshot(repository, { ...snapshot, time }, neverAborted);
    }
}

async function withServers(t: TestContext, hosts: Readonly<Record<string, number>>): Promise<Stage> {
  const stage = await makeStage(t);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), randomBytes(1000));
  for (const [host, hoursAgo] of Object.entries(hosts)) await backup(stage, host, hoursAgo);
  await addNights(stage.repository, 4);
  return stage;
}

interface Report {
  readonly servers: readonly (Message & { readonly backups: readonly Message[] })[];
  readonly repositories: readonly Message[];
}

function reportOf(messages: readonly Message[]): Report {
  assert.equal(messages.length, 1);
  return messages[0] as unknown as Report;
}

const statesOf = ({ servers }: Report): Record<string, unknown> =>
  Object.fromEntries(servers.map(({ hostname: host, state }) => [String(host), state]));

test('of one repository every server is shown by its own rhythm, without any configuration', async (t) => {
  const stage = await withServers(t, { 'srv-01': 5, 'srv-02': 50, 'srv-03': 600 });
  const { code, messages } = await stage.json(['servers']);
  const report = reportOf(messages);
  assert.equal(code, 3);
  assert.deepEqual(statesOf(report), { 'srv-03': 'silent', 'srv-02': 'late', 'srv-01': 'in-time' });
  const [backups = {}] = report.servers.at(-1)?.backups ?? [];
  assert.deepEqual(
    [backups['paths'], backups['snapshots'], backups['rpo_hours'], backups['rpo_by'], backups['size'], backups['set']],
    [[stage.path('data')], 5, 36, 'rhythm', 1000, undefined],
  );
  assert.match(String(backups['looked_at']), /^\d{4}-/);
  assert.deepEqual(
    report.repositories.map(({ repository, state, unreadable_snapshots: unreadable }) => [repository, state, unreadable]),
    [[stage.repository, 'seen', 0]],
  );
  const text = await stage.run(['servers']);
  assert.match(text.stdout, /^Server +State +Backups of +Last good backup/);
  assert.match(text.stdout, /srv-03 +silent/);
  assert.match(text.stdout, /3 servers: 1 silent, 1 late, 1 in time/);
  const indonesian = await stage.run(['servers', '--lang', 'id']);
  assert.match(indonesian.stdout, /^Server +Keadaan/);
  assert.doesNotMatch(indonesian.stdout, /silent|looked at/);
});

test('all in time is a success; a name that would move the cursor or reorder a line does not', async (t) => {
  const stage = await withServers(t, { 'evil\u001b[2J\u202e': 3 });
  const { code, stdout } = await stage.run(['servers']);
  assert.equal(code, 0);
  for (const mark of ['\u001b', '\u202e']) assert.ok(!stdout.includes(mark));
  assert.match(stdout, /"evil\\x1b\[2J/);
});

/** A configuration with these sets, each in its repository, with a password file. */
function configure(stage: Stage, sets: Readonly<Record<string, string>>, more: object = {}): Readonly<Record<string, string>> {
  writeSecretFile(stage.path('password'), password);
  const config = {
    version: 1,
    timeZone: 'UTC',
    sets: Object.entries(sets).map(([name, location]) => ({
      name,
      sources: [stage.path('data')],
      repository: { location, passwordFile: stage.path('password') },
      rpoHours: 26,
    })),
    ...more,
  };
  writeFileSync(stage.path('cadangan.jsonc'), JSON.stringify(config));
  return { CADANGAN_CONFIG: stage.path('cadangan.jsonc'), CADANGAN_STATE: stage.path('state'), RESTIC_REPOSITORY: '', RESTIC_PASSWORD: '' };
}

test('of the configuration every repository is looked at; one that is away is not known, and is named', async (t) => {
  const stage = await withServers(t, { 'srv-02': 30, 'srv-03': 600 });
  const environment = configure(
    stage,
    { data: stage.repository, gone: stage.path('gone') },
    { servers: [{ host: 'srv-02', rpoHours: 48 }, { host: 'srv-03', retired: true }, { host: 'srv-09' }] },
  );
  assert.equal((await stage.run(['backup', 'data'], { environment })).code, 0);
  const { code, messages } = await stage.json(['servers'], { environment });
  const report = reportOf(messages);
  assert.equal(code, 3);
  assert.deepEqual(statesOf(report), { [hostname()]: 'unknown', 'srv-09': 'unknown', 'srv-02': 'in-time', 'srv-03': 'retired' });
  const own = report.servers.find(({ own: isOwn }) => isOwn === true);
  assert.deepEqual(
    own?.backups.map(({ set, state, rpo_hours: rpo, rpo_by: by }) => [set, state, rpo, by]),
    [
      ['gone', 'unknown', 26, 'configuration'],
      ['data', 'in-time', 26, 'configuration'],
    ],
  );
  assert.deepEqual(
    report.repositories.map(({ state }) => state),
    ['seen', 'failed'],
  );
  const { stdout } = await stage.run(['servers'], { environment });
  assert.match(stdout, new RegExp(`${literally(stage.path('gone'))} was not looked at\\. .*It was never looked at\\.`));

  // What was seen is remembered: of when it is, is told when nobody can look any more.
  rmSync(stage.repository, { recursive: true, force: true });
  const later = reportOf((await stage.json(['servers'], { environment })).messages);
  assert.deepEqual([statesOf(later)['srv-02'], later.repositories[0]?.['state']], ['unknown', 'failed']);
  assert.equal(typeof later.repositories[0]?.['looked_at'], 'string');
});

test('without a repository and without sets it says what to do; a configuration that nobody can read is no answer', async (t) => {
  const stage = await makeStage(t);
  const environment = { ...configure(stage, {}) };
  const { code, stdout } = await stage.run(['servers'], { environment });
  assert.equal(code, 0);
  assert.match(stdout, /Name one with -r/);
  writeFileSync(stage.path('cadangan.jsonc'), '{ "sets": [');
  const broken = await stage.run(['servers'], { environment });
  assert.equal(broken.code, 1);
  assert.equal(broken.stdout, '');
});
