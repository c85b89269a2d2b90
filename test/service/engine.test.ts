import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  byteStringFromBytes,
  byteStringFromText,
  fsPath,
  joinBytes,
  snapshotPathOf,
  snapshotRoot,
  system,
  textOf,
} from '../../src/platform/index.ts';
import { HostError } from '../../src/host/index.ts';
import { protocol, type RunProgress } from '../../src/service/index.ts';
import { endHost, EngineStage, password, until, type Window } from '../host/engine-stage.ts';
import { morningZone } from '../fakes/morning-zone.ts';

const code =
  (expected: string) =>
  (error: unknown): boolean =>
    error instanceof HostError && error.code === expected;

async function stageWithBackup(t: TestContext): Promise<{ stage: EngineStage; window: Window; snapshot: string }> {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'first version');
  stage.write('folder/b.txt', 'stays');
  stage.write('folder/z.txt', 'goes');
  await stage.initRepository();
  stage.configure();
  const window = stage.window();
  const result = await window.client.request(protocol.startBackup, { set: 'data' });
  assert.equal(result.outcome, 'success', JSON.stringify(result));
  assert.ok(result.snapshotId);
  return { stage, window, snapshot: result.snapshotId };
}

test('a window makes a repository and a set, runs it, browses it, and restores from it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'first version');
  writeFileSync(stage.configFile, JSON.stringify({ version: 1, timeZone: morningZone(Date.now()).timeZone, sets: [] }));
  const { client, asked } = stage.window();
  const location = stage.repository;
  const made = await client.request(protocol.initRepository, { location, password });
  assert.equal(made.version, 2);
  await client.request(protocol.addSet, { name: 'data', sources: [stage.source], location, window: '21:00-23:00' });
  const [fresh] = await client.request(protocol.listSets, undefined);
  assert.equal(fresh?.state, 'never-run');
  assert.match(fresh?.nextRun ?? '', /T21:00:00|T..:00:00/);

  const progress: RunProgress[] = [];
  const run = await client.request(protocol.startBackup, { set: 'data' }, { onProgress: (step) => progress.push(step) });
  assert.equal(run.outcome, 'success', JSON.stringify(run));
  assert.equal(run.files, 1);
  const [set] = await client.request(protocol.listSets, undefined);
  assert.equal(set?.state, 'success');
  assert.equal(set?.lastRun?.snapshotId, run.snapshotId);

  const [snapshot, ...others] = await client.request(protocol.listSnapshots, { location });
  assert.deepEqual(others, []);
  assert.deepEqual(snapshot?.tags, ['data']);
  const path = snapshotPathOf(stage.source);
  const file = joinBytes(path, byteStringFromText('a.txt'));
  const page = await client.request(protocol.listFolder, { location, snapshot: snapshot!.id, path, offset: 0, limit: 10 });
  assert.deepEqual(
    page.entries.map(({ label, type, size }) => [label, type, size]),
    [['a.txt', 'file', 13]],
  );
  const bytes = await client.request(protocol.readFile, { location, snapshot: snapshot!.id, path: file, maxBytes: 100 });
  assert.equal(Buffer.from(bytes).toString(), 'first version');

  const folder = stage.path('out');
  const restored = await client.request(protocol.startRestore, {
    location,
    snapshot: 'latest',
    paths: [file],
    target: { kind: 'folder', folder },
    overwrite: 'never',
  });
  assert.equal(restored.outcome, 'success', JSON.stringify(restored));
  assert.equal(restored.verifiedFiles, 1);
  assert.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'first version');
  assert.deepEqual(
    (await client.request(protocol.recentRuns, { limit: 10 })).map(({ job, outcome }) => [job, outcome]),
    [
      ['restore', 'success'],
      ['backup', 'success'],
    ],
  );
  assert.deepEqual(asked, [], 'the password of a new repository is known');
});

test('versions, comparison and search tell what changed between two backups', async (t) => {
  const {
    stage,
    window: { client },
    snapshot,
  } = await stageWithBackup(t);
  const location = stage.repository;
  const a = stage.write('a.txt', 'second version!');
  rmSync(join(stage.source, 'folder/z.txt'));
  const second = await client.request(protocol.startBackup, { set: 'data' });
  const versions = await client.request(protocol.fileVersions, { location, path: snapshotPathOf(a) });
  assert.deepEqual(
    versions.map(({ entry, alsoIn }) => [entry.size, alsoIn.length]),
    [
      [15, 0],
      [13, 0],
    ],
  );
  const compared = await client.request(protocol.compareSnapshots, {
    location,
    older: snapshot,
    newer: second.snapshotId!,
    maxChanges: 100,
  });
  assert.deepEqual(
    compared.changes.map(({ modifier, label }) => [modifier, label.replace(textOf(snapshotPathOf(stage.source)), '')]),
    [
      ['M', '/a.txt'],
      ['-', '/folder/z.txt'],
    ],
  );
  assert.equal(compared.isComplete, true);
  const bounded = await client.request(protocol.compareSnapshots, { location, older: snapshot, newer: second.snapshotId!, maxChanges: 1 });
  assert.deepEqual([bounded.changes.length, bounded.isComplete], [1, false]);
  const found = await client.request(protocol.findEntries, { location, pattern: 'Z.*', limit: 10 });
  assert.deepEqual(
    found.map(({ snapshot: { id } }) => id),
    [snapshot],
  );
});

test('a restore to the original place is previewed first, and touches only what was chosen', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  stage.write('a.txt', 'changed since');
  stage.write('folder/b.txt', 'changed too');
  rmSync(join(stage.source, 'folder/z.txt'));
  const [folder, file] = [snapshotPathOf(join(stage.source, 'folder')), snapshotPathOf(join(stage.source, 'a.txt'))];
  const params = {
    location: stage.repository,
    snapshot: 'latest',
    paths: [folder],
    target: { kind: 'original' },
    overwrite: 'always',
  } as const;
  const preview = await client.request(protocol.previewRestore, params);
  assert.deepEqual([preview.written, preview.overwritten, preview.left], [1, 1, 0], JSON.stringify(preview));
  const sizeOf = (kind: string): number =>
    readdirSync(join(stage.repository, kind), { recursive: true, withFileTypes: true }).reduce(
      (sum, { parentPath, name }) => sum + (name.length === 64 ? statSync(join(parentPath, name)).size : 0),
      0,
    );
  assert.ok(preview.readBytes > sizeOf('index') && preview.readBytes < sizeOf('index') + sizeOf('data'), String(preview.readBytes));
  assert.deepEqual(preview.samples, [
    { label: join(stage.source, 'folder/b.txt'), action: 'overwrite' },
    { label: join(stage.source, 'folder/z.txt'), action: 'write' },
  ]);
  assert.equal(readFileSync(join(stage.source, 'folder/b.txt'), 'utf8'), 'changed too', 'a preview writes nothing');
  const result = await client.request(protocol.startRestore, params);
  assert.equal(result.outcome, 'success', JSON.stringify(result));
  assert.equal(readFileSync(join(stage.source, 'folder/b.txt'), 'utf8'), 'stays');
  assert.equal(readFileSync(join(stage.source, 'folder/z.txt'), 'utf8'), 'goes');
  assert.equal(readFileSync(join(stage.source, 'a.txt'), 'utf8'), 'changed since');
  const before = [stage.folder, stage.source].map((folder) => statSync(folder));
  utimesSync(stage.folder, 1000, 1000);
  utimesSync(stage.source, 2000, 2000);
  if (system.hasModes) chmodSync(stage.source, 0o711);
  assert.equal(
    (await client.request(protocol.startRestore, { ...params, paths: [folder, file], overwrite: 'if-changed' })).outcome,
    'success',
  );
  assert.deepEqual(
    [statSync(stage.folder).mtimeMs, system.hasModes ? statSync(stage.source).mode & 0o777 : 0o711],
    [1_000_000, 0o711],
    'the folders above keep what they are',
  );
  chmodSync(stage.source, (before[1]?.mode ?? 0) & 0o777);
  stage.write('a.txt', 'changed since');
  const all = await client.request(protocol.startRestore, { ...params, paths: [snapshotRoot], overwrite: 'never' });
  assert.equal(all.outcome, 'success');
  assert.equal(readFileSync(join(stage.source, 'a.txt'), 'utf8'), 'changed since');
});

test('names that are not ASCII reach people as they are, in every answer, and one that is not UTF-8 is found by its bytes', async (t) => {
  const texts = ['Laporan Keuangan – März 2026 é 数据.xlsx', 'e\u0301te\u0301 Ångström.md', '📒 kas.txt'];
  const stage = new EngineStage(t);
  for (const text of texts) stage.write(text, text);
  const source = snapshotPathOf(stage.source);
  const broken = process.platform === 'linux' ? [joinBytes(source, byteStringFromBytes(Buffer.from('rusak-\xff\xe9.bin', 'latin1')))] : [];
  for (const path of broken) writeFileSync(fsPath(path), 'no text');
  const labels = [...texts, ...broken.map(() => 'rusak-\ufffd\ufffd.bin')].toSorted();
  await stage.initRepository();
  stage.configure();
  const { client } = stage.window();
  const location = stage.repository;
  const run = await client.request(protocol.startBackup, { set: 'data' });
  const page = await client.request(protocol.listFolder, { location, snapshot: 'latest', path: source, offset: 0, limit: 10 });
  assert.deepEqual(page.entries.map(({ label }) => label).toSorted(), labels);
  const found = await client.request(protocol.findEntries, { location, pattern: '*.*', limit: 10 });
  assert.deepEqual(found.map(({ entry }) => entry.label).toSorted(), labels);
  for (const { name } of page.entries) {
    const versions = await client.request(protocol.fileVersions, { location, path: joinBytes(source, name) });
    assert.deepEqual(
      versions.map(({ entry }) => entry.name),
      [name],
    );
  }

  const folder = stage.path('Tujuan é');
  mkdirSync(join(folder, '📒 kas.txt'), { recursive: true });
  const paths = page.entries.map(({ name }) => joinBytes(source, name));
  const preview = await client.request(protocol.previewRestore, {
    location,
    snapshot: 'latest',
    paths,
    target: { kind: 'folder', folder },
    overwrite: 'if-changed',
  });
  const written = labels.filter((label) => label !== '📒 kas.txt');
  assert.deepEqual(
    preview.samples.map(({ label }) => label).toSorted(),
    written.map((label) => join(folder, label)),
  );
  assert.deepEqual(
    preview.exceptions.map(({ item, kind }) => [item, kind]),
    [['/📒 kas.txt', 'in-the-way']],
  );
  const restored = await client.request(protocol.startRestore, {
    location,
    snapshot: 'latest',
    paths,
    target: { kind: 'folder', folder },
    overwrite: 'if-changed',
  });
  assert.deepEqual(
    restored.exceptions.map(({ item, kind }) => [item, kind]),
    [['/📒 kas.txt', 'in-the-way']],
  );
  assert.equal(restored.verifiedFiles, written.length);

  for (const { name } of page.entries) rmSync(fsPath(joinBytes(byteStringFromText(stage.source), name)));
  const second = await client.request(protocol.startBackup, { set: 'data' });
  const { changes } = await client.request(protocol.compareSnapshots, {
    location,
    older: run.snapshotId ?? '',
    newer: second.snapshotId ?? '',
    maxChanges: 100,
  });
  assert.deepEqual(
    changes
      .filter(({ modifier }) => modifier === '-')
      .map(({ label }) => label)
      .toSorted(),
    labels.map((label) => `${textOf(source)}/${label}`),
  );
});

test('a check finds damage and says where', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  assert.equal((await client.request(protocol.startCheck, { location: stage.repository, readData: true })).outcome, 'success');
  const data = join(stage.repository, 'data');
  const [pack] = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  writeFileSync(join(pack!.parentPath, pack!.name), 'damage');
  const result = await client.request(protocol.startCheck, { location: stage.repository, readData: true });
  assert.equal(result.outcome, 'failed');
  assert.ok(result.exceptionCount > 0);
});

test('a folder of many entries is paged, folders first, and pages are bounded', async (t) => {
  const stage = new EngineStage(t);
  for (let at = 0; at < 300; at++) stage.write(`file ${at}.txt`, '');
  stage.write('zoo/x', '');
  await stage.initRepository();
  stage.configure();
  const { client } = stage.window();
  await client.request(protocol.startBackup, { set: 'data' });
  const folder = { location: stage.repository, snapshot: 'latest', path: snapshotPathOf(stage.source) };
  const page = await client.request(protocol.listFolder, { ...folder, offset: 0, limit: 3 });
  assert.deepEqual([page.total, page.entries.map(({ label }) => label)], [301, ['zoo', 'file 0.txt', 'file 1.txt']]);
  const last = await client.request(protocol.listFolder, { ...folder, offset: 300, limit: 10_000 });
  assert.deepEqual(
    last.entries.map(({ label }) => label),
    ['file 299.txt'],
  );
  for (const wrong of [
    { offset: -1, limit: 1 },
    { offset: 0, limit: 1e9 },
    { offset: 0.5, limit: 1 },
    { offset: NaN, limit: 1 },
  ]) {
    await assert.rejects(client.request(protocol.listFolder, { ...folder, ...wrong }), code('arguments.invalid'));
  }
  await assert.rejects(
    client.request(protocol.listFolder, { ...folder, path: byteStringFromText('relative'), offset: 0, limit: 1 }),
    code('arguments.invalid'),
  );
  await assert.rejects(
    client.request(protocol.listFolder, { ...folder, path: byteStringFromText('/nowhere'), offset: 0, limit: 1 }),
    code('path.not-found'),
  );
  await assert.rejects(client.request(protocol.statEntry, { ...folder, snapshot: 'ffffffff' }), code('snapshot.not-found'));
  await assert.rejects(
    client.request(protocol.readFile, { ...folder, path: joinBytes(folder.path, byteStringFromText('zoo')), maxBytes: 1 }),
    code('path.not-found'),
  );
});

test('a file beyond the wanted size is refused before it is read', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  const path = snapshotPathOf(join(stage.source, 'a.txt'));
  await assert.rejects(
    client.request(protocol.readFile, { location: stage.repository, snapshot: 'latest', path, maxBytes: 12 }),
    code('file.too-large'),
  );
});

test('the recovery kit names the repository, and prints the password only when that is asked for', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  const { id } = await client.request(protocol.repositoryInfo, { location: stage.repository });
  const plain = await client.request(protocol.recoveryKit, { location: stage.repository, withPassword: false });
  const full = await client.request(protocol.recoveryKit, { location: stage.repository, withPassword: true });
  for (const text of [plain.html, plain.text]) {
    assert.ok(text.includes(id.slice(0, 8)) && text.includes(stage.repository) && text.includes('restore latest'));
    assert.ok(!text.includes(password));
  }
  for (const text of [full.html, full.text]) assert.ok(text.includes(password));
});

test('a place says whether there is a repository, without its password, and what keeps it from being looked at', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  const look = (location: string) => client.request(protocol.placeInfo, { location });
  assert.deepEqual(await look(stage.repository), { location: stage.repository, hasRepository: true });
  const elsewhere = join(stage.source, 'none');
  assert.deepEqual(await look(elsewhere), { location: elsewhere, hasRepository: false });
  await assert.rejects(look('sftp://127.0.0.1:1/nobody'), code('storage.unreachable'));
  await assert.rejects(look('s3:'), code('storage.invalid-location'));
});

test('locks of programs that are gone are removed', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  assert.equal(await client.request(protocol.unlockRepository, { location: stage.repository }), 0);
});

test('a wrong configuration is told with its place, and the sets that are right go on', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  stage.configure({}, { name: 'bad', sources: ['relative'] });
  await until(async () => (await client.request(protocol.configuration, undefined)).problems.length > 0, 'it is told');
  const { problems, exists, timeZone } = await client.request(protocol.configuration, undefined);
  assert.deepEqual([exists, timeZone], [true, 'UTC']);
  assert.deepEqual(
    problems.map(({ severity, line }) => [severity, line]),
    [['error', 0]],
  );
  assert.deepEqual(
    (await client.request(protocol.listSets, undefined)).map(({ name }) => name),
    ['data'],
  );
  await assert.rejects(client.request(protocol.startBackup, { set: 'bad' }), code('set.unknown'));
  await client.request(protocol.removeSet, { set: 'data' });
  assert.deepEqual(await client.request(protocol.listSets, undefined), []);
});

test('a set that a slip of the pen has broken runs on as it was, also after the next start', async (t) => {
  const { stage, window } = await stageWithBackup(t);
  const second = stage.path('second');
  mkdirSync(second);
  stage.configure({ rpoHours: 'soon' }, { name: 'other', sources: [second] });
  const seen = async ({ client }: Window): Promise<string> =>
    (await client.request(protocol.listSets, undefined)).map(({ name }) => name).join();
  await until(async () => (await seen(window)) === 'data,other', 'the new set is there, and the broken one still');
  assert.equal((await window.client.request(protocol.configuration, undefined)).problems.length, 1);
  assert.ok(window.log.some(({ level, message }) => level === 'warning' && message.includes('set data goes on as it was')));
  assert.equal((await window.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  await window.client.close();
  await endHost(stage.path('state'));
  const next = stage.window();
  assert.equal(await seen(next), 'data,other');
  assert.equal((await next.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  stage.configure({ name: 'other', sources: [second] });
  await until(async () => (await seen(next)) === 'other', 'a set that is taken out is gone');
});

test('a missing repository, a location of nonsense and an unmounted server each have their own answer', async (t) => {
  const {
    stage,
    window: { client },
  } = await stageWithBackup(t);
  mkdirSync(stage.path('empty'));
  await assert.rejects(client.request(protocol.listSnapshots, { location: stage.path('empty') }), code('repository.missing'));
  await assert.rejects(client.request(protocol.listSnapshots, { location: stage.path('gone') }), code('repository.missing'));
  await assert.rejects(client.request(protocol.listSnapshots, { location: 'sfpt:nowhere' }), code('storage.invalid-location'));
  await rm(stage.repository, { recursive: true });
  const result = await client.request(protocol.startBackup, { set: 'data' });
  assert.deepEqual([result.outcome, result.error?.code], ['failed', 'repository.missing']);
  assert.equal((await client.request(protocol.listSets, undefined))[0]?.state, 'failed');
});
