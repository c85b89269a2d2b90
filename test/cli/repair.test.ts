import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { test, type TestContext } from 'node:test';
import { exitCode } from '../../src/cli/exit-code.ts';
import { passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { runBackup } from '../backup/run-backup.ts';
import { needs } from '../needs.ts';
import { makeStage, password, type Stage } from './run-cli.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** Two backups of a folder, each with packs and an index file of its own; made here, since each start of the program takes its time. */
async function twoBackups(t: TestContext): Promise<Stage> {
  const stage = await makeStage(t);
  mkdirSync(stage.path('source'));
  for (const name of ['first', 'second']) {
    writeFileSync(stage.path('source', name), name.repeat(1000));
    const repository = await Repository.open({ storage: new FolderStorage(stage.repository) }, passwordFromText(password), neverAborted);
    await repository.loadIndex({ signal: neverAborted });
    await runBackup(repository, ['source'], { workingFolder: stage.folder, host: hostname() });
  }
  return stage;
}

function records(stage: Stage): { readonly environment: Readonly<Record<string, string>> } {
  return { environment: { CADANGAN_STATE: stage.path('state') } };
}

async function lastRecord(stage: Stage): Promise<Record<string, unknown>> {
  const { stdout } = await stage.run(['records', 'list', '--json'], records(stage));
  const all = stdout
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  return (
    all
      .flat()
      .toSorted((a, b) => Number(a['number']) - Number(b['number']))
      .at(-1) ?? assert.fail(stdout)
  );
}

function filesOf(stage: Stage, kind: 'index' | 'data' | 'snapshots'): string[] {
  const folder = stage.path('repository', kind);
  if (kind !== 'data') return readdirSync(folder).map((name) => stage.path('repository', kind, name));
  return readdirSync(folder).flatMap((sub) =>
    readdirSync(stage.path('repository', kind, sub)).map((name) => stage.path('repository', kind, sub, name)),
  );
}

function assertSound(repository: string): void {
  const { status, stdout, stderr } = spawnSync('restic', ['-r', repository, '--no-cache', 'check', '--read-data'], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout + stderr);
}

test('repair index mends a broken index, leaves a sound one alone, and leaves a record', needs('restic'), async (t) => {
  const stage = await twoBackups(t);
  const [file = ''] = filesOf(stage, 'index');
  chmodSync(file, 0o600);
  truncateSync(file, 20);
  const { code, stdout, stderr } = await stage.run(['repair', 'index'], records(stage));
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    new RegExp(
      `the index file ${basename(file)} could not be read\n2 packs added to the index\n1 index file written, 1 index file removed`,
    ),
  );
  assertSound(stage.repository);
  const record = await lastRecord(stage);
  assert.deepEqual([record['kind'], record['job'], record['result']], ['repository-repair', 'repair-index', 'success']);
  const again = await stage.json(['repair', 'index', '--read-all-packs'], records(stage));
  assert.deepEqual([again.code, again.messages[0]?.['index_files_written'], again.messages[0]?.['index_files_removed']], [0, 0, 0]);
  assert.match((await stage.run(['repair', 'index', '--lang', 'id'], records(stage))).stdout, /indeksnya benar/);
  assert.equal((await stage.run(['repair', 'index', 'abc'])).code, 1);
});

/** Spoils the smallest pack: it holds the content of one of the two files. @returns its name, and its bytes as they are now */
function spoilSmallestPack(stage: Stage): { readonly pack: string; readonly bytes: Buffer } {
  const pack = filesOf(stage, 'data').toSorted((a, b) => readFileSync(a).length - readFileSync(b).length)[0] ?? '';
  const bytes = readFileSync(pack);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  chmodSync(pack, 0o600);
  writeFileSync(pack, bytes);
  return { pack, bytes };
}

test('what is lost with a pack is stored again by the next backup, and old snapshots are whole again', needs('restic'), async (t) => {
  const stage = await twoBackups(t);
  const { pack } = spoilSmallestPack(stage);
  const { code, messages, errors } = await stage.json(['repair', 'packs', basename(pack)], records(stage));
  assert.equal(code, exitCode.exceptions);
  const result = { id: basename(pack), result: 'salvaged', blobs_saved: 0, blobs_lost: 1 };
  assert.deepEqual(messages, [{ message_type: 'summary', packs: [result], num_lost: 1 }]);
  assert.deepEqual([...new Set(errors.map(({ during }) => during))], ['repair']);
  assert.equal((await stage.run(['backup', 'source'], records(stage))).code, 0);
  assertSound(stage.repository);
});

test(
  'repair packs keeps a copy in the folder that it runs in, and repair snapshots makes snapshots without what is lost',
  needs('restic'),
  async (t) => {
    const stage = await twoBackups(t);
    const { pack, bytes } = spoilSmallestPack(stage);
    const { code, stdout, stderr } = await stage.run(['repair', 'packs', basename(pack)], records(stage));
    assert.equal(code, exitCode.exceptions, stderr);
    assert.match(stdout, /pack [0-9a-f]{8}: 0 blobs saved, 1 blob lost; a copy of it lies in this folder\n.*run "cadangan backup"/);
    assert.match(stderr, /[0-9a-f]{8}:\/source\/(?:first|second): the data is missing/);
    assert.deepEqual(readFileSync(stage.path(`pack-${basename(pack)}`)), bytes);
    assert.equal(existsSync(pack), false);
    assert.equal((await stage.run(['repair', 'packs', '00'.repeat(32)], records(stage))).code, 1);
    assert.equal((await stage.run(['repair', 'packs', 'abc'], records(stage))).code, 1);
    const before = filesOf(stage, 'snapshots').length;
    const dry = await stage.run(['repair', 'snapshots', '--forget', '--dry-run'], records(stage));
    assert.match(dry.stdout, /would save new snapshot\n {2}would remove old snapshot\n/);
    assert.match(dry.stderr, /has lost a part of its content/);
    assert.equal(filesOf(stage, 'snapshots').length, before);
    const repaired = await stage.run(['repair', 'snapshots', '--forget'], records(stage));
    assert.equal(repaired.code, exitCode.exceptions, repaired.stderr);
    assert.match(repaired.stdout, /saved new snapshot [0-9a-f]{8}\n {2}removed old snapshot\nmodified [12] snapshots?\n/);
    assertSound(stage.repository);
    const record = await lastRecord(stage);
    assert.deepEqual([record['kind'], record['job']], ['repository-repair', 'repair-snapshots']);
    assert.ok(Array.isArray(record['removedSnapshots']) && record['removedSnapshots'].length > 0);
    const second = await stage.json(['repair', 'snapshots'], records(stage));
    assert.deepEqual([second.code, second.messages[0]?.['snapshots']], [0, []]);
  },
);

test('recover finds what a snapshot had that was removed', needs('restic'), async (t) => {
  const stage = await twoBackups(t);
  assert.match((await stage.run(['recover'], records(stage))).stdout, /found 0 folders that no snapshot leads to\nno snapshot to write\n/);
  for (const file of filesOf(stage, 'snapshots')) rmSync(file);
  const { code, stdout } = await stage.run(['recover'], records(stage));
  assert.equal(code, 0);
  assert.match(stdout, /found 2 folders that no snapshot leads to\nsaved new snapshot [0-9a-f]{8}\n/);
  assert.match((await stage.run(['ls', 'latest'], records(stage))).stdout, /\/[0-9a-f]{8}\/source\/second\n/);
  assertSound(stage.repository);
  assert.equal((await lastRecord(stage))['kind'], 'repository-repair');
});

test('copy brings snapshots from the repository that is named, once', needs('restic'), async (t) => {
  const stage = await twoBackups(t);
  const into = stage.path('into');
  const environment = { ...records(stage).environment, RESTIC_REPOSITORY: into, RESTIC_FROM_PASSWORD: password };
  assert.equal((await stage.run(['init'], { environment })).code, 0);
  const { code, stdout, stderr } = await stage.run(['copy', '--from-repo', stage.repository], { environment });
  assert.equal(code, 0, stderr);
  assert.equal(stdout.match(/snapshot [0-9a-f]{8} saved, copied from source snapshot [0-9a-f]{8}/g)?.length, 2, stdout);
  assert.match(stderr, /cut files at different places/);
  assertSound(into);
  const fromEnvironment = { ...environment, RESTIC_FROM_REPOSITORY: stage.repository };
  const again = await stage.json(['copy'], { environment: fromEnvironment });
  assert.deepEqual([again.code, again.messages[0]?.['data_blobs']], [0, 0]);
  assert.equal((await stage.run(['copy'], { environment })).code, 1);
  const alike = { environment: { ...fromEnvironment, RESTIC_REPOSITORY: stage.path('alike') } };
  assert.equal((await stage.run(['init', '--copy-chunker-params'], alike)).code, 0);
  assert.doesNotMatch((await stage.run(['copy'], alike)).stderr, /cut files at different places/);
  const { stdout: listed } = await stage.run(['records', 'list', '--json'], records(stage));
  assert.match(listed, /"snapshots-copied"/);
});

test('rewrite leaves out what is named', needs('restic'), async (t) => {
  const stage = await twoBackups(t);
  assert.equal((await stage.run(['rewrite'], records(stage))).code, 1);
  const dry = await stage.run(['rewrite', '--exclude', 'second', '--forget', '-n'], records(stage));
  assert.match(dry.stdout, /would modify 1 snapshot\n$/);
  const { code, stdout, stderr } = await stage.run(['rewrite', '--iexclude', 'SECOND', '--forget', '-vv'], records(stage));
  assert.equal(code, 0, stderr);
  assert.match(stdout, /leaving out \/source\/second\n/);
  assert.match(stdout, /modified 1 snapshot\n$/);
  assert.doesNotMatch((await stage.run(['ls', 'latest'], records(stage))).stdout, /second/);
  assertSound(stage.repository);
  const record = await lastRecord(stage);
  assert.deepEqual([record['kind'], record['job']], ['snapshots-rewritten', 'rewrite']);
});

test('what is protected stays beside what rewrite and repair make of it; what is not goes', async (t) => {
  const stage = await twoBackups(t);
  const run = (...args: readonly string[]) => stage.run(args, records(stage));
  const ids = () => filesOf(stage, 'snapshots').map((file) => basename(file));
  assert.equal((await run('tag', '--add', 'keep', 'latest')).code, 0);
  const [before, { stdout: shown }] = [ids(), await run('snapshots', '--tag', 'keep', '--json')];
  const [{ id: kept = '' } = {}]: { id?: string }[] = JSON.parse(shown);
  const rewritten = await run('rewrite', '--exclude', 'first', '--forget');
  assert.match(rewritten.stdout, /saved new snapshot [0-9a-f]{8}\n {2}the old snapshot stays: it is protected\n/);
  assert.match(rewritten.stdout, /saved new snapshot [0-9a-f]{8}\n {2}removed old snapshot\n/);
  assert.deepEqual(
    before.filter((id) => ids().includes(id)),
    [kept],
  );

  assert.equal((await run('tag', '--set', 'hold:2099-12-31')).code, 0);
  const held = ids();
  const { pack } = spoilSmallestPack(stage);
  assert.equal((await run('repair', 'packs', basename(pack))).code, exitCode.exceptions);
  const dry = await run('repair', 'snapshots', '--forget', '--dry-run');
  assert.match(dry.stdout, /would save new snapshot\n {2}the old snapshot stays: it is protected\n/);
  await run('repair', 'snapshots', '--forget');
  assert.deepEqual(
    held.filter((id) => !ids().includes(id)),
    [],
  );
  assert.ok(ids().length > held.length);
});

test('stats has the shapes of restic', async (t) => {
  const stage = await twoBackups(t);
  const { stdout } = await stage.run(['stats'], records(stage));
  assert.match(
    stdout,
    /^Stats in restore-size mode:\n *Snapshots processed: {2}2\n *Total File Count: {2}5\n *Total Size: {2}15\.625 KiB\n$/,
  );
  const raw = await stage.run(['stats', 'latest', '--mode', 'raw-data'], records(stage));
  assert.match(raw.stdout, /Compression Ratio: {2}\d+\.\d\dx/);
  const { stdout: json } = await stage.run(['stats', '--json', '--mode', 'files-by-contents'], records(stage));
  assert.deepEqual(JSON.parse(json), { total_size: 11_000, total_file_count: 3, snapshots_count: 2 });
  assert.equal((await stage.run(['stats', '--mode', 'x'], records(stage))).code, 1);
});

test('check says what helps, in the order in which it does', async (t) => {
  const stage = await twoBackups(t);
  const [file = ''] = filesOf(stage, 'index');
  chmodSync(file, 0o600);
  truncateSync(file, 20);
  const { code, stderr } = await stage.run(['check'], records(stage));
  assert.equal(code, 1);
  assert.match(
    stderr,
    /What helps, in this order:\n {2}cadangan repair index\n {2}cadangan backup \(.*\)\n {2}cadangan repair snapshots \(/,
  );
  const backup = await stage.run(['backup', 'source'], records(stage));
  assert.match(backup.stderr, /Run "cadangan repair index"/);
});
