import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CopyLedger, rememberedOrigins, rememberedSync, sampleCopy, syncCopy } from '../../src/offsite/index.ts';
import { CadanganError, isCode, systemClock, systemRandom } from '../../src/platform/index.ts';
import { FolderStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { start } from '../interop/programs.ts';
import { needs } from '../needs.ts';
import { appendOnly, hashOf, OddStorage, ours, StorageCopyStage } from './storage-copy-stage.ts';

const failsWith = (code: CadanganError['code']) => (error: unknown) => isCode(error, code);

/** The first file of a kind in the copy, as a path. */
function pathIn(stage: StorageCopyStage, kind: string): string {
  return join(stage.copyFolder, stage.files.find((path) => path.startsWith(`${kind}/`)) ?? '');
}

async function resticChecks(stage: StorageCopyStage): Promise<void> {
  const { code, stdout } = await start('restic', ['-r', stage.copyFolder, '--no-cache', 'check', '--read-data'], {
    env: { RESTIC_PASSWORD: 'password' },
  }).ended;
  assert.equal(code, 0, stdout.toString());
}

function rot(path: string): void {
  const bytes = readFileSync(path);
  bytes[10] = (bytes[10] ?? 0) ^ 0xff;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

test('a copy in any storage has what the original has, verified, and follows it', needs('restic'), async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  const first = await stage.sync();
  stage.assertWhole();
  assert.deepEqual([first.lag.files, first.unconfirmedFiles, first.snapshots.length], [0, 0, 1]);
  assert.equal(first.uploadedFiles, stage.files.length - 1, 'the config went first, as the claim');
  for (let i = 0; i < 2; i++) await stage.original.backup();
  await stage.sync();
  await stage.original.prune();
  const second = await stage.sync();
  stage.assertWhole();
  assert.ok(second.trashedFiles > 0);
  assert.deepEqual([second.held, second.snapshots.length], [{ files: 0, untilMs: undefined }, 2]);
  await resticChecks(stage);
});

test('without its ledger a copy is whole as far as names and sizes go, and a sample proves it again', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  rmSync(stage.ledgerPath);
  const found = await stage.sync();
  assert.equal(found.uploadedFiles, 0);
  assert.ok(found.unconfirmedFiles > 0);
  assert.deepEqual([found.lag.files, found.snapshots], [0, []]);
  const empty = { version: 1 as const, source: '', to: '', snapshots: [] };
  const memory = rememberedSync(empty, found, undefined, { now: '2026-11-23T21:40:00Z', lookedAt: '2026-11-23T21:40:00Z' });
  assert.equal(memory.unconfirmed, found.unconfirmedFiles);
  await stage.withCopy(async (target) => {
    const listing = await target.list(neverAborted);
    await sampleCopy({ target, clock: systemClock }, listing, { percent: 100, cursor: undefined, signal: neverAborted });
  });
  const after = await stage.sync();
  assert.deepEqual([after.unconfirmedFiles, after.snapshots.length], [0, 1]);
});

test('the original by another road is refused as its own copy, and nothing of the question stays in it', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  stage.front = () => new FolderStorage(stage.original.repository);
  const before = readdirSync(stage.original.repository, { recursive: true }).toSorted();
  await assert.rejects(stage.sync(), failsWith('storage.invalid-location'));
  assert.deepEqual(readdirSync(stage.original.repository, { recursive: true }).toSorted(), before);
  // Also the next time: nothing was learned of it.
  await assert.rejects(stage.sync(), failsWith('storage.invalid-location'));
});

test('what nobody here has put there is removed only after a person has said so', needs('restic'), async () => {
  await using stage = await StorageCopyStage.open();
  for (let i = 0; i < 4; i++) await stage.original.backup();
  await stage.sync();
  const before = stage.files;
  rmSync(stage.ledgerPath);
  await stage.original.prune();
  const { doubts, trashedFiles } = await stage.sync();
  assert.deepEqual([doubts, trashedFiles], [['other-origin'], 0]);
  assert.ok(before.every((path) => stage.files.includes(path)));
  const allowed = await stage.sync({ mayRemoveAll: true });
  stage.assertWhole();
  // That was said of what was there then: what comes later from nobody knows whom, nobody has seen.
  const { origins = [] } = rememberedOrigins({ version: 1, source: '', to: '', snapshots: [], origins: [ours] }, allowed);
  assert.deepEqual(origins, [ours]);
  const stranger = join(stage.copyFolder, 'snapshots', '5'.repeat(64));
  writeFileSync(stranger, 'of another machine');
  const later = await stage.sync({ origins: new Set(origins) });
  assert.deepEqual([later.doubts, later.heldBackFiles, existsSync(stranger)], [['other-origin'], 1, true]);
});

test('a place with another repository is refused, before the claim and after it, and nothing there is changed', async () => {
  await using one = await StorageCopyStage.open(1);
  await using two = await StorageCopyStage.open(2);
  await one.original.backup();
  await two.original.backup();
  await one.sync();
  cpSync(one.copyFolder, two.copyFolder, { recursive: true });
  const before = two.files;
  await assert.rejects(two.sync(), failsWith('offsite.other-repository'));
  assert.deepEqual(two.files, before);
  // Its config alone, as another machine has claimed the place a moment ago.
  rmSync(two.copyFolder, { recursive: true });
  two.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      write: async (file, bytes, signal) => {
        if (file.kind !== 'config') return inner.write(file, bytes, signal);
        cpSync(join(one.copyFolder, 'config'), join(two.copyFolder, 'config'));
        return inner.write(file, bytes, signal);
      },
    }));
  await assert.rejects(two.sync(), failsWith('offsite.other-repository'));
  assert.deepEqual(two.files, ['config']);
});

test('of two that claim a place at the same moment the one whose config was written over puts nothing there', async () => {
  await using one = await StorageCopyStage.open(1);
  await using two = await StorageCopyStage.open(2);
  await one.original.backup();
  await two.original.backup();
  await one.sync();
  let looks = 0;
  two.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      sizeOf: async (file, signal) => {
        // It comes after ours was written and looked at once: whoever looked before he wrote knew of none.
        if (file.kind === 'config' && ++looks === 3) {
          rmSync(join(two.copyFolder, 'config'), { force: true });
          cpSync(join(one.copyFolder, 'config'), join(two.copyFolder, 'config'));
        }
        return inner.sizeOf(file, signal);
      },
    }));
  await assert.rejects(two.sync(), failsWith('offsite.other-repository'));
  assert.deepEqual(two.files, ['config'], 'the other one, and nothing of ours beside it');
  assert.equal(hashOf(readFileSync(join(two.copyFolder, 'config'))), hashOf(readFileSync(join(one.copyFolder, 'config'))));
});

test('a migration of the original gives the copy its new config; keys show that it is the same repository', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  const config = join(stage.original.repository, 'config');
  const bytes = readFileSync(config);
  chmodSync(config, 0o600);
  writeFileSync(config, Buffer.concat([bytes, Buffer.from('migrated')]));
  const { lag } = await stage.sync();
  assert.equal(lag.files, 0);
  stage.assertWhole();
  assert.equal(hashOf(readFileSync(config)), hashOf(readFileSync(join(stage.copyFolder, 'config'))));
  // Where it cannot be replaced, nothing more goes to what would be no repository, and it is said that it takes a new place.
  stage.front = appendOnly;
  writeFileSync(config, Buffer.concat([bytes, Buffer.from('again')]));
  await stage.original.backup();
  const before = stage.files;
  await assert.rejects(stage.sync(), (error) => isCode(error, 'offsite.not-kept') && error.facts['reason'] === 'config-held');
  assert.deepEqual(stage.files, before);
  stage.front = (storage) => storage;
  // Also where nothing is remembered.
  rmSync(stage.ledgerPath);
  writeFileSync(config, Buffer.concat([bytes, Buffer.from('once more')]));
  assert.equal((await stage.sync()).lag.files, 0);
});

test('a storage that takes a file and stores nothing is found out before the sync says that it was good', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  stage.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      write: async (file, bytes, signal) => (file.kind === 'data' ? undefined : inner.write(file, bytes, signal)),
    }));
  await assert.rejects(stage.sync(), (error) => isCode(error, 'offsite.not-kept') && error.facts['reason'] === 'missing');
});

test('wrong bytes that a storage takes are found out: once they are sent again, twice is the end', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  let wrong = 1;
  stage.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      write: async (file, bytes, signal) => {
        const sent = Uint8Array.from(bytes);
        if (file.kind === 'data' && wrong-- > 0) sent[5] = (sent[5] ?? 0) ^ 1;
        return inner.write(file, sent, signal);
      },
    }));
  await stage.sync();
  stage.assertWhole();
  await stage.original.backup();
  wrong = Infinity;
  await assert.rejects(stage.sync(), (error) => isCode(error, 'offsite.not-kept') && error.facts['reason'] === 'hash');
  // What it holds now is no more than begun: the next sync puts it right.
  stage.front = (storage) => storage;
  const { lag } = await stage.sync();
  assert.equal(lag.files, 0);
  stage.assertWhole();
});

test('a storage that holds bytes against their hash itself is believed for what it has just taken, and not for what lay there', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  let reads = 0;
  stage.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      abilities: { serverChecksum: true },
      readRange: (file, ...rest) => {
        if (file.kind === 'data') reads += 1;
        return inner.readRange(file, ...rest);
      },
    }));
  await stage.sync();
  assert.equal(reads, 0);
  const pack = pathIn(stage, 'data');
  rot(pack);
  rmSync(stage.ledgerPath);
  const { found } = await stage.sync();
  assert.ok(found.states.some(({ confidence, source }) => source.kind === 'data' && confidence === 'unconfirmed'));
  const { damaged } = await stage.withCopy(async (target) =>
    sampleCopy({ target, clock: systemClock }, await target.list(neverAborted), { percent: 100, cursor: undefined, signal: neverAborted }),
  );
  assert.equal(damaged.length, 1);
  const healed = await stage.sync({ distrusted: new Set(damaged.map(({ id }) => id)) });
  assert.equal(healed.lag.files, 0);
  stage.assertWhole();
});

test('what a sample found wrong is known to whoever opens the copy next, and stays ours', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  const pack = pathIn(stage, 'data');
  rot(pack);
  await stage.withCopy(async (target) => {
    const listing = await target.list(neverAborted);
    await sampleCopy({ target, clock: systemClock }, listing, { percent: 100, cursor: undefined, signal: neverAborted });
    const found = (await target.list(neverAborted)).files.find(({ name }) => pack.endsWith(name) && name !== '');
    assert.deepEqual([found?.sizeBytes, found?.origin], [undefined, ours]);
  });
  assert.equal((await stage.sync()).uploadedFiles, 1);
  stage.assertWhole();
});

test('a list that is late costs a look, and one that shows what is gone is found out by reading', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  const before = stage.files.length;
  await stage.original.backup();
  stage.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      list: async (kind, signal) => (kind === 'data' ? [] : inner.list(kind, signal)),
    }));
  const { uploadedFiles, lag } = await stage.sync();
  assert.equal(lag.files, 0);
  assert.equal(
    uploadedFiles,
    stage.original.sourceFiles.length - before,
    'packs that the list lacks were asked for by name, and not sent again',
  );
  stage.front = (storage) => storage;
  await stage.sync();
  stage.assertWhole();
  const pack = pathIn(stage, 'data');
  const name = pack.slice(-64);
  const sizeBytes = readFileSync(pack).length;
  rmSync(pack);
  stage.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      list: async (kind, signal) => [...(await inner.list(kind, signal)), ...(kind === 'data' ? [{ name, sizeBytes }] : [])],
    }));
  const { damaged } = await stage.withCopy(async (target) =>
    sampleCopy({ target, clock: systemClock }, await target.list(neverAborted), { percent: 100, cursor: undefined, signal: neverAborted }),
  );
  assert.deepEqual(
    damaged.map((file) => file.name),
    [name],
  );
  await stage.sync({ distrusted: new Set(damaged.map(({ id }) => id)) });
  stage.front = (storage) => storage;
  stage.assertWhole();
});

test('what is damaged by size is healed by the next sync, and a scrub names it', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  const pack = pathIn(stage, 'data');
  chmodSync(pack, 0o600);
  truncateSync(pack, 100);
  rmSync(pathIn(stage, 'index'));
  const { findings, sync } = await stage.scrub();
  assert.deepEqual(findings.map(({ kind }) => kind).sort(), ['damaged', 'missing']);
  assert.equal(sync.lag.files, 0);
  stage.assertWhole();
});

test('where nothing can be removed the copy is in sync all the same, and says how many files it holds', needs('restic'), async () => {
  await using stage = await StorageCopyStage.open();
  stage.front = appendOnly;
  for (let i = 0; i < 4; i++) await stage.original.backup();
  await stage.sync();
  await stage.original.prune();
  const { lag, held, trashedFiles, doubts, snapshots } = await stage.sync();
  assert.deepEqual([lag.files, trashedFiles, doubts, snapshots.length], [0, 0, [], 2]);
  assert.ok((held?.files ?? 0) >= 4);
  const { lag: later, held: heldLater } = await stage.sync();
  assert.deepEqual([later.files, heldLater], [0, held]);
  // A lock ends.
  const until = '2031-01-02T03:04:05.000Z';
  stage.front = (storage) =>
    new OddStorage(storage, ({ location }) => ({
      remove: async () => {
        throw new CadanganError('storage.denied', { location, reason: 'object-lock', until });
      },
    }));
  const locked = await stage.sync();
  assert.deepEqual(locked.held, { files: held?.files, untilMs: Date.parse(until) });
  stage.front = (storage) => storage;
  await stage.sync();
  stage.assertWhole();
});

for (const kind of ['snapshots', 'index'] as const)
  test(`where ${kind} may not go yet, what they may need stays with them`, needs('restic'), async () => {
    await using stage = await StorageCopyStage.open();
    for (let i = 0; i < 4; i++) await stage.original.backup();
    await stage.sync();
    await stage.original.prune();
    const until = '2031-01-02T03:04:05.000Z';
    stage.front = (storage) =>
      new OddStorage(storage, (inner) => ({
        remove: async (file, signal) => {
          if (file.kind === kind) throw new CadanganError('storage.denied', { location: inner.location, reason: 'object-lock', until });
          return inner.remove(file, signal);
        },
      }));
    const before = stage.files;
    const { held, trashedFiles, lag } = await stage.sync();
    const gone = before.filter((path) => !stage.files.includes(path));
    assert.deepEqual(
      gone.filter((path) => kind === 'snapshots' || !path.startsWith('snapshots/')),
      [],
    );
    assert.deepEqual([lag.files, trashedFiles, held?.untilMs], [0, gone.length, Date.parse(until)]);
    await resticChecks(stage);
    stage.front = (storage) => storage;
    await stage.sync();
    stage.assertWhole();
  });

test('an older state of the original takes nothing away: the newest stays in the copy until it is back, or a person has said so', async () => {
  await using stage = await StorageCopyStage.open();
  const { repository, folder } = stage.original;
  const [older, newer] = [join(folder, 'older'), join(folder, 'newer')];
  const putBack = (from: string): void => {
    rmSync(repository, { recursive: true });
    cpSync(from, repository, { recursive: true });
  };
  await stage.original.backup();
  cpSync(repository, older, { recursive: true });
  await stage.original.backup();
  await stage.sync(); // all of it at once
  cpSync(repository, newer, { recursive: true });
  const before = stage.files;
  putBack(older);
  const { doubts, trashedFiles } = await stage.sync();
  assert.deepEqual([doubts, trashedFiles], [['rolled-back'], 0]);
  await stage.original.backup();
  assert.deepEqual((await stage.sync({ wasRolledBack: true })).doubts, ['rolled-back'], 'a backup says nothing about it');
  assert.ok(before.every((path) => stage.files.includes(path)));
  putBack(newer);
  assert.deepEqual((await stage.sync({ wasRolledBack: true })).doubts, ['rolled-back'], 'now the backup of the older one is gone');
  await stage.sync({ wasRolledBack: true, mayRemoveAll: true });
  stage.assertWhole();
});

test(
  'where nothing can be removed one question a sync is enough, and of what is held until a day none before it',
  needs('restic'),
  async () => {
    await using stage = await StorageCopyStage.open();
    for (let i = 0; i < 4; i++) await stage.original.backup();
    await stage.sync();
    await stage.original.prune();
    const asked: string[] = [];
    const refusing = (facts: object, abilities: object) => (storage: Storage) =>
      new OddStorage(storage, ({ location }) => ({
        abilities,
        remove: async ({ kind, name }) => {
          asked.push(`${kind}/${name}`);
          throw new CadanganError('storage.denied', { location, ...facts });
        },
      }));
    stage.front = refusing({ reason: 'append-only' }, { appendOnly: true });
    const { held } = await stage.sync();
    assert.equal(asked.length, 1);
    asked.length = 0;
    stage.front = refusing({ reason: 'object-lock', until: '2031-01-02T03:04:05.000Z' }, {});
    const reports = await stage.withCopy(async (target) => {
      const world = { source: stage.original.source, target, clock: systemClock };
      const options = { signal: neverAborted, origins: new Set([ours]) };
      return [await syncCopy(world, options), await syncCopy(world, options)];
    });
    assert.ok(asked.length === 2 && asked.every((name) => name.startsWith('snapshots/')), asked.join(' '));
    for (const report of reports) assert.deepEqual(report.held, { files: held?.files, untilMs: Date.parse('2031-01-02T03:04:05.000Z') });
  },
);

test('what a snapshot of somebody else may need stays with it', needs('restic'), async () => {
  await using stage = await StorageCopyStage.open();
  for (let i = 0; i < 4; i++) await stage.original.backup();
  await stage.sync();
  const ledger = readFileSync(stage.ledgerPath, 'latin1');
  writeFileSync(stage.ledgerPath, ledger.replaceAll(/^(server|read)\+ snapshots\//gm, '$1 snapshots/'));
  await stage.original.prune();
  const before = stage.files;
  const { doubts, trashedFiles, heldBackFiles } = await stage.sync();
  assert.deepEqual([doubts, trashedFiles], [['other-origin'], 0]);
  assert.ok(heldBackFiles > 2 && before.every((path) => stage.files.includes(path)));
  await resticChecks(stage);
});

test('a file with wrong bytes that nobody can remove keeps nothing else from the copy, and is named', async () => {
  await using stage = await StorageCopyStage.open();
  stage.front = appendOnly;
  await stage.original.backup();
  await stage.sync();
  const [torn, rotten] = stage.files.filter((path) => path.startsWith('data/'));
  const tornPath = join(stage.copyFolder, torn ?? '');
  chmodSync(tornPath, 0o600);
  truncateSync(tornPath, 100);
  rot(join(stage.copyFolder, rotten ?? ''));
  const refusing = (storage: Storage): Storage =>
    new OddStorage(appendOnly(storage), (inner) => ({
      write: async (file, bytes, signal) => {
        const there = await inner.sizeOf(file, signal);
        if (there !== undefined && there !== bytes.length) throw new CadanganError('storage.denied', { reason: 'append-only' });
        return inner.write(file, bytes, signal);
      },
    }));
  stage.front = refusing;
  await stage.original.backup();
  const distrusted = new Set([`data/${rotten?.slice(-64)}`]);
  const { stuck, lag, leftBehindFiles } = await stage.sync({ distrusted });
  assert.deepEqual(stuck.map(({ name }) => name).sort(), [torn?.slice(-64), rotten?.slice(-64)].sort());
  assert.deepEqual([lag.files, leftBehindFiles], [2, 2]);
  assert.deepEqual(stage.files, stage.original.sourceFiles.toSorted(), 'all that is new is there');
});

test('a copy of which nothing is left is not filled again in silence: its disk may be away', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  const { lag, listing } = await stage.sync();
  assert.equal(lag.files, 0);
  const expected = { folderIds: [], files: listing.files.length };
  renameSync(stage.copyFolder, `${stage.copyFolder}-away`);
  await assert.rejects(stage.sync({ expected }), failsWith('offsite.files-gone'));
  await stage.sync({ expected, mayBeginAnew: true });
  stage.assertWhole();
});

test('a sync that ends in the middle of a file is gone on with, and proves what was begun', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup(6);
  let left = 3;
  const lost = new CadanganError('storage.unreachable', { reason: 'ECONNRESET' });
  stage.front = (storage) =>
    new OddStorage(storage, (inner) => ({
      // The process ends after a pack was stored, and before that was known: half of them with wrong bytes.
      write: async (file, bytes, signal) => {
        if (file.kind !== 'data') return inner.write(file, bytes, signal);
        const sent = Uint8Array.from(bytes);
        if (left % 2 === 0) sent[7] = (sent[7] ?? 0) ^ 1;
        await inner.write(file, sent, signal);
        if (left-- <= 1) throw lost;
      },
    }));
  await assert.rejects(stage.sync({ uploadsAtOnce: 1 }), failsWith('storage.unreachable'));
  stage.front = (storage) => storage;
  const { lag, unconfirmedFiles, snapshots } = await stage.sync();
  assert.deepEqual([lag.files, unconfirmedFiles, snapshots.length], [0, 0, 1]);
  stage.assertWhole();
});

test('half a line at the end of the ledger, and a ledger of another place, say nothing', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  const text = readFileSync(stage.ledgerPath, 'latin1');
  writeFileSync(stage.ledgerPath, text.slice(0, -20));
  const torn = await stage.sync();
  assert.equal(torn.lag.files, 0);
  stage.assertWhole();
  writeFileSync(stage.ledgerPath, text.replace('cadangan-ledger 1 ', 'cadangan-ledger 1 elsewhere'));
  assert.ok((await stage.sync()).unconfirmedFiles > 0);
  // The one of that other place is not lost.
  const kept = readdirSync(stage.original.folder).filter((name) => name.startsWith(`${stage.ledgerName}-`));
  assert.deepEqual(
    kept.map((name) => readFileSync(join(stage.original.folder, name), 'latin1').includes(' elsewhere')),
    [true],
  );
});

test('the ledger comes back with its place', async () => {
  await using stage = await StorageCopyStage.open();
  await stage.original.backup();
  await stage.sync();
  const own = readFileSync(stage.ledgerPath, 'latin1');
  for (const about of ['elsewhere', stage.copyFolder]) {
    const ledger = await CopyLedger.open(stage.ledgerPath, { about, random: systemRandom });
    await ledger.close();
  }
  assert.equal(readFileSync(stage.ledgerPath, 'latin1'), own);
  assert.equal((await stage.sync()).unconfirmedFiles, 0);
});
