import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';
import { makeStage, password } from './run-cli.ts';

test('backup NAME runs a configured set with its own password file, and takes it down', async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), 'a');
  writeFileSync(stage.path('data', 'b.tmp'), 'b');
  writeSecretFile(stage.path('password'), password);
  const set = {
    name: 'accounting',
    sources: [stage.path('data')],
    excludes: ['*.tmp'],
    repository: { location: stage.repository, passwordFile: stage.path('password') },
  };
  writeFileSync(stage.path('config.jsonc'), JSON.stringify({ version: 1, sets: [set] }));
  const environment = {
    RESTIC_REPOSITORY: '',
    RESTIC_PASSWORD: '',
    CADANGAN_CONFIG: stage.path('config.jsonc'),
    CADANGAN_STATE: stage.path('state'),
  };
  const { code, messages } = await stage.json(['backup', 'accounting'], { environment });
  assert.equal(code, 0);
  assert.equal(messages.at(-1)?.['total_files_processed'], 1);
  const snapshots = (await stage.json(['snapshots'])).messages.flat();
  assert.deepEqual(
    JSON.parse(JSON.stringify(snapshots))[0].tags.filter((tag: string) => !tag.startsWith('records:')),
    ['accounting'],
  );
  const record = (await recordsIn(stage.path('state'))).at(-1);
  assert.deepEqual([record?.kind, record?.set, record?.result], ['internal-backup', 'accounting', 'success']);
  assert.ok(!JSON.stringify(record).includes(password));
  assert.equal(existsSync(stage.path('state', 'runs.jsonl')), false);
  const unknown = await stage.run(['backup', 'nobody'], { environment });
  assert.equal(unknown.code, 1);
});

test('--skip-if-unchanged makes no snapshot when nothing has changed, and says so', async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('data'));
  writeFileSync(stage.path('data', 'a.txt'), 'a');
  const backup = ['backup', 'data', '--skip-if-unchanged']; // a relative path: no folders above it are in the tree
  assert.equal(typeof (await stage.json(backup)).messages.at(-1)?.['snapshot_id'], 'string');
  const { code, messages } = await stage.json(backup);
  assert.deepEqual([code, messages.at(-1)?.['message_type'], messages.at(-1)?.['snapshot_id']], [0, 'summary', undefined]);
  assert.match((await stage.run(backup)).stdout, /nothing has changed: no snapshot was made/);
  assert.match((await stage.run([...backup, '--lang', 'id'])).stdout, /tidak ada yang berubah: snapshot tidak dibuat/);
  assert.equal((await stage.json(['snapshots'])).messages.flat().length, 1);
  appendFileSync(stage.path('data', 'a.txt'), 'b');
  assert.match((await stage.run(backup)).stdout, /snapshot [0-9a-f]{8} saved/);
});

test('a set that is not right in the configuration is no folder of that name: the mistake is told with its place', async (t) => {
  const stage = await makeStage(t);
  mkdirSync(stage.path('accounting'));
  writeFileSync(
    stage.path('config.jsonc'),
    JSON.stringify({ version: 1, sets: [{ name: 'accounting', sources: ['relative'], repository: { location: stage.repository } }] }),
  );
  const { code, stderr } = await stage.run(['backup', 'accounting'], {
    environment: { RESTIC_REPOSITORY: '', CADANGAN_CONFIG: stage.path('config.jsonc') },
  });
  assert.equal(code, 1);
  assert.match(stderr, /Cannot use the configuration ".*config\.jsonc".*line 1.*relative/s);
});

test('a key that nobody knows stops the command with its line and column, and no backup takes what it was to leave out', async (t) => {
  const stage = await makeStage(t);
  const [sources, repository] = [[stage.path('srv')], stage.repository].map((each) => JSON.stringify(each));
  const set = `{ "name": "accounting", "sources": ${sources}, "repository": { "location": ${repository} }`;
  const environment = { RESTIC_REPOSITORY: '', CADANGAN_CONFIG: stage.path('c.jsonc'), CADANGAN_STATE: stage.path('state') };
  const run = async (text: string, args: readonly string[]) => {
    writeFileSync(stage.path('c.jsonc'), text);
    const { code, stderr } = await stage.run(args, { environment });
    assert.equal(code, 1, stderr);
    return stderr;
  };
  const other = `{ "name": "other", "sources": ${sources}, "repository": { "location": ${repository} }, "colour": 1 }`;
  const slip = `{\n "version": 1,\n "sets": [${other},\n  ${set},\n  "exludes": ["*"] }]\n}`;
  assert.match(
    await run(slip, ['backup', 'accounting']),
    /c\.jsonc", line 5, column 3: "exludes" is not known and has no effect\. Do you mean "excludes"\?\n/,
  );
  assert.match(await run(slip, ['backup', 'accounting', '--dry-run', '--lang', 'id']), /baris 5.*"exludes" tidak dikenal.*"excludes"/s);
  const general = `{ "version": 1, "timeZon": "Asia/Jakarta",\n "sets": [${set} }] }`;
  assert.match(await run(general, ['backup', 'accounting']), /line 1.*"timeZon".*mean "timeZone"/s);
  const copy = `{ "name": "office", "repository": ${repository}, "to": "gdrive:A", "limts": {} }`;
  assert.match(
    await run(`{ "version": 1,\n "offsiteCopies": [${copy}] }`, ['offsite', 'sync', 'office']),
    /line 2.*"limts".*mean "limits"/s,
  );
});

test('a repository of a set is named by an absolute path: the mistake is told with its place, and no folder is made', async (t) => {
  const stage = await makeStage(t);
  for (const location of ['backup', '~/backup', './backup', 'sfpt:nas:/backup']) {
    const set = { name: 'accounting', sources: [stage.path('srv')], repository: { location } };
    writeFileSync(stage.path('c.jsonc'), JSON.stringify({ version: 1, sets: [set] }));
    const { code, stderr } = await stage.run(['backup', 'accounting'], {
      environment: { RESTIC_REPOSITORY: '', CADANGAN_CONFIG: stage.path('c.jsonc'), CADANGAN_STATE: stage.path('state') },
    });
    assert.equal(code, 1);
    assert.match(stderr, /line 1, column \d+.*absolute path such as/s, stderr);
  }
  assert.deepEqual([existsSync(stage.path('backup')), existsSync(stage.path('~'))], [false, false]);
});
