import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseSnapshot } from '../../src/jobs/drill/drill-wish.ts';
import { hashOwnFile } from '../../src/jobs/drill/hash-file.ts';
import { pickFiles } from '../../src/jobs/drill/pick-sample.ts';
import { ScratchFolder } from '../../src/jobs/drill/scratch-folder.ts';
import { recordOfDrill, withRepository, type RecordAbout } from '../../src/jobs/index.ts';
import {
  byteStringFromText,
  machinePathOf,
  passwordFromText,
  snapshotPathOf,
  system,
  systemClock,
  systemRandom,
} from '../../src/platform/index.ts';
import { drillDueOf, makeAuditPack, recordEntries, RecordHistory, verifyAuditPack } from '../../src/records/index.ts';
import { formatTimestamp, resolveSnapshot, saveSnapshot, type Node, type StoredSnapshot } from '../../src/repository/index.ts';
import { DriveStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { copyPath, OffsiteStage } from '../offsite/offsite-stage.ts';
import { DrillStage, sha256 } from './drill-stage.ts';

test('a drill restores files of every set, verifies every byte, compares what is untouched with its source, and leaves evidence', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 60);
  stage.fill('warehouse', 3);
  await stage.backup('accounting');
  await stage.backup('warehouse');
  const result = await stage.drill(['accounting', 'warehouse']);
  assert.deepEqual([result.outcome, result.exceptions], ['success', []]);
  const { isPassed, sets } = stage.evidenceOf(result);
  assert.ok(isPassed);
  assert.deepEqual(
    sets.map(({ set, files }) => [set, files.length]),
    [
      ['accounting', 5],
      ['warehouse', 3],
    ],
  );
  for (const { path, bytes, sha256: hash, source } of sets.flatMap(({ files }) => files)) {
    const original = readFileSync(machinePathOf(byteStringFromText(path)));
    assert.deepEqual([bytes, hash, source], [original.length, sha256(original), 'same'], path);
  }
  assert.deepEqual([result.details?.filesVerified, result.details?.filesSameAtSource, stage.left], [8, 8, []]);
});

test('a source that was changed since is not compared, whatever it says now; the restored file is proven all the same', async (t) => {
  const stage = await DrillStage.make(t);
  const [changed, touched, gone] = ['changed', 'touched', 'gone'].map((name) => stage.write(`accounting/${name}`, `${name} before`));
  assert.ok(changed !== undefined && touched !== undefined && gone !== undefined);
  const { mtime } = statSync(changed);
  await stage.backup('accounting');
  writeFileSync(changed, 'changed  after');
  utimesSync(changed, mtime, mtime); // size and mtime as before: the ctime tells
  utimesSync(touched, 1, 1);
  rmSync(gone);
  const result = await stage.drill(['accounting']);
  assert.equal(result.outcome, 'success');
  const [set] = stage.evidenceOf(result).sets;
  assert.deepEqual(
    set?.files.map(({ path, source, sha256: hash }) => [path.slice(path.lastIndexOf('/') + 1), source, hash]),
    [
      ['changed', 'changed', sha256(Buffer.from('changed before'))],
      ['gone', 'gone', sha256(Buffer.from('gone before'))],
      ['touched', 'changed', sha256(Buffer.from('touched before'))],
    ],
  );
  assert.deepEqual([result.details?.filesSameAtSource, result.details?.filesChangedAtSource], [0, 3]);
});

test('a drill that finds a damaged pack has failed, names the file, and still leaves its evidence and no scratch folder', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 12);
  await stage.backup('accounting');
  for (const pack of packsOf(stage)) {
    const bytes = readFileSync(pack);
    if (bytes.length < 20_000) continue; // that of the folders
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    chmodSync(pack, 0o600);
    writeFileSync(pack, bytes);
  }
  const result = await stage.drill(['accounting'], { sample: { kind: 'files', files: 12, maxBytes: 2 ** 30 } });
  assert.equal(result.outcome, 'failed');
  assert.equal(result.error, undefined);
  const [lost] = result.exceptions;
  assert.deepEqual([lost?.kind, lost?.weight, lost?.item.startsWith(snapshotPathOf(stage.path('accounting')))], ['damaged', 'lost', true]);
  const { isPassed, sets } = stage.evidenceOf(result);
  assert.deepEqual([isPassed, sets[0]?.files.length, stage.left], [false, 12 - result.exceptionCount, []]);
});

test('a drill reads the packs where the index is damaged, as the restore would, proves every file and says so', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  const [index = ''] = readdirSync(stage.path('repository', 'index'));
  const path = stage.path('repository', 'index', index);
  chmodSync(path, 0o600);
  writeFileSync(path, readFileSync(path).subarray(0, 20));
  const result = await stage.drill(['accounting']);
  assert.equal(result.error, undefined);
  assert.deepEqual([result.outcome, result.details?.filesVerified], ['success-with-exceptions', 3]);
  assert.deepEqual(
    result.exceptions.map(({ item, kind, weight }) => [item, kind, weight]),
    [[`index/${index}`, 'index-damaged', 'note']],
  );
  assert.equal(stage.evidenceOf(result).isPassed, true);
});

test('a file whose bytes differ from its source, although nobody touched that, fails the drill', async (t) => {
  const stage = new DrillStage(t);
  const path = stage.write('ledger', 'what is right');
  const maker = await RepositoryMaker.create(stage.repository);
  // As after bit rot that no disk has noticed: size and times are those of the snapshot.
  const { mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  const file = { ...(await maker.file('ledger', 'what is wrong')), mtime: formatTimestamp(mtimeNs), ctime: formatTimestamp(ctimeNs) };
  const names = snapshotPathOf(stage.folder)
    .split('/')
    .filter((name) => name !== '');
  let top: Node = file;
  for (const name of names.toReversed()) top = await maker.folder(name, top);
  const { tree } = await maker.snapshot(top);
  await saveSnapshot(
    maker.repository,
    {
      time: '2026-11-01T21:00:00+07:00',
      tree,
      paths: [stage.folder],
      hostname: 'srv-01',
      username: '',
      uid: 0,
      gid: 0,
      tags: ['accounting'],
      excludes: [],
    },
    neverAborted,
  );
  const result = await stage.drill(['accounting'], {}, { password: async () => passwordFromText('password') });
  assert.deepEqual(
    [result.outcome, result.exceptions.map(({ item, kind }) => [item, kind])],
    ['failed', [[snapshotPathOf(path), 'source-differs']]],
  );
  assert.equal(stage.evidenceOf(result).sets[0]?.files[0]?.source, 'differs');
});

test('a set without a snapshot is named, and does not make the drill of the others fail; nothing at all restored is a failure', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  const result = await stage.drill(['accounting', 'nobody']);
  assert.deepEqual(
    [result.outcome, result.exceptions.map(({ item, kind }) => [item, kind])],
    ['success-with-exceptions', [['nobody', 'no-snapshot']]],
  );
  const nothing = await stage.drill(['nobody']);
  assert.deepEqual([nothing.outcome, stage.evidenceOf(nothing).isPassed], ['failed', false]);
});

test('a repository that cannot be opened fails the drill with its reason, and the others are still drilled', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  const wrong = await stage.drill(['accounting'], {}, { password: async () => passwordFromText('not this one') });
  assert.match(String(wrong.error), /repository\.wrong-password/);
  assert.deepEqual([wrong.outcome, stage.left], ['failed', []]);
});

test('the date is the newest, a day, or one at random that a seed repeats', async (t) => {
  const stage = await DrillStage.make(t);
  const day = (number: number) => BigInt(Date.UTC(2026, 10, number, 14)) * 1_000_000n;
  const ids: string[] = [];
  for (let number = 1; number <= 5; number++) {
    stage.write('accounting/a', `of day ${number}`);
    ids.push(await stage.backup('accounting', day(number)));
  }
  const snapshotOf = async (more: Parameters<DrillStage['drill']>[1]): Promise<string | undefined> =>
    stage.evidenceOf(await stage.drill(['accounting'], more)).sets[0]?.snapshotId;
  assert.equal(await snapshotOf({ date: { kind: 'newest' } }), ids[4]);
  assert.equal(await snapshotOf({ date: { kind: 'before', beforeNs: day(3), day: '2026-11-02' } }), ids[1]);
  const [one, other] = [
    await snapshotOf({ date: { kind: 'random' }, random: new SeededRandom(5) }),
    await snapshotOf({ date: { kind: 'random' }, random: new SeededRandom(5) }),
  ];
  assert.ok(one !== undefined && ids.includes(one));
  assert.equal(other, one);
  const early = await stage.drill(['accounting'], { date: { kind: 'before', beforeNs: day(1), day: '2026-10-31' } });
  assert.deepEqual([early.outcome, early.exceptions[0]?.kind, early.exceptions[0]?.reason], ['failed', 'no-snapshot', '2026-10-31']);
});

test('a sample keeps to its number of files and bytes, and has one file even when none fits', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 50);
  stage.write('accounting/empty', '');
  stage.write('accounting/huge', stage.random.bytes(300_000));
  await stage.backup('accounting');
  for (const maxBytes of [5_000, 50_000, 200_000]) {
    const { details } = await stage.drill(['accounting'], { sample: { kind: 'files', files: 20, maxBytes } });
    assert.ok(
      details && details.bytesVerified <= maxBytes && details.filesVerified <= 20 && details.filesVerified > 0,
      JSON.stringify([maxBytes, details?.bytesVerified, details?.filesVerified]),
    );
  }
  stage.write('big/a', stage.random.bytes(9_000));
  stage.write('big/b', stage.random.bytes(8_000));
  await stage.backup('big');
  const { details } = await stage.drill(['big'], { sample: { kind: 'files', files: 20, maxBytes: 10 } });
  assert.deepEqual([details?.filesVerified, details?.bytesVerified], [1, 8_000]);
});

test('every snapshot and every file has its chance', async (t) => {
  const stage = await DrillStage.make(t);
  const { random } = stage;
  const snapshots = [1n, 2n, 3n].map((timeNs) => ({ timeNs })) as unknown as StoredSnapshot[];
  assert.equal(new Set(Array.from({ length: 200 }, () => chooseSnapshot(snapshots, { kind: 'random' }, random))).size, 3);
  stage.fill('accounting', 21);
  await stage.backup('accounting');
  const drawn = new Set<string>();
  await withRepository(stage.access(), 'none', async ({ repository, signal }) => {
    const { snapshot } = await resolveSnapshot(repository, 'latest', {}, neverAborted);
    await repository.loadIndex({ signal: neverAborted });
    for (let draw = 0; draw < 60; draw++) {
      const { files } = await pickFiles(
        repository,
        snapshot.tree,
        { files: 7, maxBytes: 2 ** 30 },
        { random, signal, onUnreadable: (_path, error) => assert.fail(error) },
      );
      assert.equal(files.length, 7);
      for (const { path } of files) drawn.add(path);
    }
  });
  assert.equal(drawn.size, 21);
});

test('what was restored with closed folders can be looked into and taken away, also by somebody who is not root', async (t) => {
  const stage = new DrillStage(t);
  mkdirSync(stage.scratch);
  chmodSync(stage.folder, 0o755);
  chmodSync(stage.scratch, 0o777);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const scratch = await ScratchFolder.make(stage.scratch, stage.random);
    const closed = scratch.placeFor('accounting');
    mkdirSync(join(closed, 'inner'), { recursive: true });
    writeFileSync(join(closed, 'inner', 'file'), 'closed', { mode: 0 });
    for (const folder of [join(closed, 'inner'), closed]) chmodSync(folder, 0o500);
    await scratch.openUp();
    assert.equal((await hashOwnFile(join(closed, 'inner', 'file'), new AbortController().signal)).sha256, sha256(Buffer.from('closed')));
    chmodSync(join(closed, 'inner'), 0);
    await scratch.remove();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  assert.deepEqual(stage.left, []);
});

test('a folder is restored whole, also with names that are patterns; one that is in no snapshot is an error', async (t) => {
  const stage = await DrillStage.make(t);
  const pattern = system.isWindows ? 'b{1,2}.txt' : 'b*.txt'; // Windows has no `*` in names
  for (const name of ['reports/a [1].txt', `reports/sub/${pattern}`, 'reports/empty', 'other/c.txt'])
    stage.write(`accounting/${name}`, name.endsWith('empty') ? '' : name);
  if (!system.isWindows) {
    spawnSync('mkfifo', [stage.path('accounting', 'reports', 'pipe')]);
    symlinkSync('/etc/passwd', stage.path('accounting', 'reports', 'link'));
  }
  await stage.backup('accounting');
  const folderOf = (name: string) => snapshotPathOf(stage.path('accounting', name));
  const result = await stage.drill(['accounting'], { sample: { kind: 'folder', folder: folderOf('reports') } });
  assert.deepEqual(
    [result.outcome, result.exceptions.map(({ kind }) => kind)],
    system.isWindows ? ['success', []] : ['success-with-exceptions', ['special-file']],
  );
  assert.deepEqual(
    stage.evidenceOf(result).sets[0]?.files.map(({ path }) => path.slice(snapshotPathOf(stage.path('accounting')).length)),
    ['/reports/a [1].txt', '/reports/empty', `/reports/sub/${pattern}`],
  );
  const missing = await stage.drill(['accounting'], { sample: { kind: 'folder', folder: folderOf('nothing') } });
  assert.match(String(missing.error), /path\.not-found/);
  assert.deepEqual([missing.outcome, stage.left], ['failed', []]);
});

test('a recovery that takes longer than the objective is told, with both times in the record', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  const slow = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * 100_000 };
  const result = await stage.drill(['accounting'], { clock: slow, rtoMinutes: 1 });
  assert.deepEqual(
    [result.outcome, result.exceptions.map(({ kind, weight }) => [kind, weight])],
    ['success-with-exceptions', [['rto-exceeded', 'note']]],
  );
  const about: RecordAbout = {
    software: 'test',
    via: 'editor',
    trigger: 'manual',
    settings: { instruction: { clauses: [], rtoMinutes: 1 } },
  };
  const record = recordOfDrill(result, {
    ...about,
    sets: ['accounting'],
    locations: [stage.repository],
    from: 'backup-server',
    date: 'newest',
  });
  assert.deepEqual(
    [record.kind, record.result, record.set, record.objectives?.rtoMinutes, record.evidence?.['file']],
    ['drill', 'success-with-exceptions', 'accounting', 1, result.details?.evidence.name],
  );
  assert.ok((record.objectives?.rtoMinutesMeasured ?? 0) > 1);
});

test('a drill that is stopped says so and leaves no scratch folder', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 30);
  await stage.backup('accounting');
  const stop = new AbortController();
  const result = await stage.drill(['accounting'], {
    signal: stop.signal,
    progress: ({ phase }) => void (phase === 'restoring' && stop.abort()),
  });
  assert.deepEqual([result.outcome, result.details, stage.left], ['stopped', undefined, []]);
});

test('what a killed drill left is taken away by the next one; what lives, or is not ours, is left alone', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  const plant = (name: string, owner?: object): void => {
    mkdirSync(join(stage.scratch, name, 'files'), { recursive: true });
    writeFileSync(join(stage.scratch, name, 'files', 'secret'), 'restored');
    if (owner) writeFileSync(join(stage.scratch, name, 'owner.json'), JSON.stringify(owner));
  };
  const ended = spawnSync(process.execPath, ['-e', '']).pid;
  plant('cadangan-drill-dead', { host: hostname(), pid: ended, start: 'of another life' });
  plant('cadangan-drill-alive', { host: hostname(), pid: process.pid, start: '' });
  plant('cadangan-drill-elsewhere', { host: 'another-machine', pid: ended, start: '' });
  plant('cadangan-drill-new');
  plant('cadangan-drill-old');
  utimesSync(join(stage.scratch, 'cadangan-drill-old'), 1, 1);
  plant('something-else');
  assert.equal((await stage.drill(['accounting'])).outcome, 'success');
  assert.deepEqual([...stage.left].sort(), ['cadangan-drill-alive', 'cadangan-drill-elsewhere', 'cadangan-drill-new', 'something-else']);
});

test('the scratch folder is for its owner only, while it is there', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  let mode = 0;
  await stage.drill(['accounting'], {
    progress: () => void (stage.left[0] !== undefined && (mode = statSync(join(stage.scratch, stage.left[0])).mode & 0o777)),
  });
  assert.equal(mode, 0o700);
});

test('the copy on Google Drive is drilled without the repository that it was made from', async (t) => {
  await using office = await OffsiteStage.open(7);
  await office.backup(4);
  await office.sync();
  const stage = new DrillStage(t);
  const world = { openStorage: () => new DriveStorage(office.drive.another(), copyPath) };
  const result = await stage.drill(
    ['office'],
    { from: 'drive' },
    { location: `gdrive:${copyPath}`, password: async () => passwordFromText('password'), world },
  );
  assert.deepEqual(
    [result.outcome, result.exceptions, result.details?.filesVerified, result.details?.sets[0]?.location],
    ['success', [], 4, `gdrive:${copyPath}`],
  );
  assert.ok(!existsSync('/file-0'));
  const record = recordOfDrill(result, {
    software: 'test',
    via: 'editor',
    sets: ['office'],
    locations: [`gdrive:${copyPath}`],
    from: 'drive',
    date: 'newest',
  });
  assert.deepEqual([record.source?.location, record.evidence?.['from']], [`gdrive:${copyPath}`, 'drive']);
});

test('the audit pack has the evidence, and a passed drill puts off the next one', async (t) => {
  const stage = await DrillStage.make(t);
  stage.fill('accounting', 3);
  await stage.backup('accounting');
  const history = new RecordHistory(stage.path('state'), { clock: systemClock, random: systemRandom, software: 'test' });
  const result = await stage.drill(['accounting']);
  const record = await history.append(
    recordOfDrill(result, {
      software: 'test',
      via: 'editor',
      sets: ['accounting'],
      locations: [stage.repository],
      from: 'backup-server',
      date: 'newest',
    }),
  );
  const entries = await recordEntries(history.folder);
  const pack = stage.path('audit.zip');
  writeFileSync(pack, await makeAuditPack(entries, { key: await history.signingKey(), madeAtMs: 0 }));
  assert.deepEqual((await verifyAuditPack(pack)).faults, []);
  const entry = entries.find(({ name }) => name === `records/${String(record.evidence?.['file'])}`);
  assert.ok(entry);
  assert.equal(sha256(entry.bytes), record.evidence?.['sha256']);
  const records = [];
  for await (const each of history.records()) records.push(each);
  const endedMs = Date.parse(record.ended ?? '');
  const dayMs = 86_400_000;
  assert.deepEqual(drillDueOf(records, { drillIntervalDays: 30 }, endedMs + 30 * dayMs), { atMs: endedMs + 30 * dayMs, isOverdue: false });
  assert.equal(drillDueOf(records, { drillIntervalDays: 30 }, endedMs + 30 * dayMs + 1)?.isOverdue, true);
  assert.equal(drillDueOf(records, undefined, endedMs), undefined);
});

function packsOf(stage: DrillStage): string[] {
  const folder = join(stage.repository, 'data');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
