import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAbort, isCode, systemRandom, passwordFromText } from '../../src/platform/index.ts';
import {
  addKey,
  blobIdOf,
  findNode,
  listSnapshots,
  PackBuilder,
  PackStore,
  Repository,
  requireRepository,
  serializeIndexFile,
  walkTree,
  type BlobId,
  type PackedBlob,
  type PackId,
} from '../../src/repository/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { needs } from '../needs.ts';
import { failsWith } from '../storage/conformance.ts';
import { cheapKdf, newRepository, password, passwordTyped, reopen } from './new-repository.ts';

const tinyRepository = fileURLToPath(new URL('../fixtures/restic/tiny-0.14', import.meta.url));
const initOptions = { kdfCost: cheapKdf, signal: neverAborted } as const;

test('a new repository opens with its password, as version 2, with a polynomial and an id of its own', async () => {
  const { repository, storage } = await newRepository();
  const opened = await Repository.open({ storage }, password, neverAborted);
  assert.deepEqual(opened.config, repository.config);
  assert.deepEqual([opened.config.version, opened.polynomial, opened.keyId], [2, repository.polynomial, repository.keyId]);
  const { repository: other } = await newRepository();
  assert.notEqual(other.config.id, repository.config.id);
  assert.notEqual(other.polynomial, repository.polynomial);
  await assert.rejects(Repository.open({ storage }, passwordFromText('wrong'), neverAborted), failsWith('repository.wrong-password'));
  await assert.rejects(Repository.init({ storage }, password, initOptions), failsWith('repository.exists'));
  await assert.rejects(
    Repository.open({ storage: new SimulatedStorage({}, { created: true, files: new Map(), leftovers: [] }) }, password, neverAborted),
    failsWith('repository.missing'),
  );
  await assert.rejects(Repository.open({ storage: new SimulatedStorage() }, password, neverAborted), failsWith('repository.missing'));
  for (const fault of ['fail-before', 'denied'] as const) {
    const storage = new SimulatedStorage();
    await storage.create(neverAborted);
    storage.faults.order({ call: 'list', kind: 'keys', fault });
    const code = fault === 'denied' ? 'storage.denied' : 'storage.unreachable';
    await assert.rejects(requireRepository(storage, neverAborted), failsWith(code), 'that it cannot be told is not that it is missing');
    const stop = new AbortController();
    storage.faults.order({ call: 'list', kind: 'keys', fault: 'hang' });
    const looking = requireRepository(storage, stop.signal);
    stop.abort();
    await assert.rejects(looking, isAbort);
  }
});

test('every password of a repository opens it, and changing passwords changes no data', async () => {
  const { repository, storage } = await newRepository();
  const second = await addKey(repository.masterKey, passwordFromText('second'), { cost: cheapKdf }, repository.keyContext(neverAborted));
  assert.equal((await Repository.open({ storage }, passwordFromText('second'), neverAborted)).keyId, second);
  await storage.remove({ kind: 'keys', name: repository.keyId }, neverAborted);
  await assert.rejects(Repository.open({ storage }, password, neverAborted), failsWith('repository.wrong-password'));
  assert.deepEqual((await Repository.open({ storage }, passwordFromText('second'), neverAborted)).config, repository.config);
});

test('an init that is interrupted at any write can be repeated, and then opens', async () => {
  const { storage } = await newRepository();
  const count = storage.operations.length;
  assert.ok(count >= 3, 'create, key, config');
  for (let k = 0; k <= count; k++) {
    for (const variant of ['visible', 'lost', 'landed', { seed: k }] as const) {
      for (const moment of ['right-after', 'before-next'] as const) {
        const state = storage.stateAfter(k, variant, moment);
        const hasConfig = state.snapshotState().files.has('config');
        if (hasConfig) await assert.rejects(Repository.init({ storage: state }, password, initOptions), failsWith('repository.exists'));
        else await Repository.init({ storage: state }, password, initOptions);
        await Repository.open({ storage: state }, password, neverAborted);
        assert.equal((await state.list('keys', neverAborted)).length, 1, `${k} ${JSON.stringify(variant)} ${moment}`);
      }
    }
  }
});

test('an init that fails at any call, before or after its effect, can be repeated', async () => {
  for (const fault of ['fail-before', 'fail-after', 'full', 'denied'] as const) {
    for (let after = 0; after < 12; after++) {
      const storage = new SimulatedStorage();
      storage.faults.order({ fault, after });
      const outcome = await Repository.init({ storage }, password, initOptions).then(
        () => 'made',
        (error: unknown) => (isCode(error, 'storage.unreachable', 'storage.full', 'storage.denied') ? 'failed' : String(error)),
      );
      assert.match(outcome, /^(made|failed)$/);
      storage.faults.clear();
      // Where the storage did not tell that the config was written, the repository is there.
      await Repository.init({ storage }, password, initOptions).catch((error: unknown) =>
        assert.ok(isCode(error, 'repository.exists'), String(error)),
      );
      await Repository.open({ storage }, password, neverAborted);
    }
  }
});

test('init refuses a place where data lies without a config', async () => {
  const { storage } = await newRepository();
  storage.tamper({ kind: 'config', name: '' }, () => undefined);
  storage.tamper({ kind: 'data', name: 'a'.repeat(64) }, () => new Uint8Array(10));
  await assert.rejects(Repository.init({ storage }, password, initOptions), failsWith('repository.damaged'));
  assert.equal((await storage.list('keys', neverAborted)).length, 1, 'the key that still opens that data stays');
});

test('a config that is cut short at any length is damage, not another repository', async () => {
  const { storage } = await newRepository();
  const config = { kind: 'config', name: '' } as const;
  const whole = await storage.read(config, neverAborted);
  for (let length = 0; length < whole.length; length += 3) {
    storage.tamper(config, () => whole.subarray(0, length));
    await assert.rejects(
      Repository.open({ storage }, password, neverAborted),
      (error) => isCode(error, 'repository.damaged') && error.facts['kind'] === 'config',
      `${length} bytes`,
    );
  }
});

/** Stores blobs as one pack, without an index file. */
async function storePack(repository: Repository, blobs: readonly Uint8Array[]): Promise<{ id: PackId; entries: readonly PackedBlob[] }> {
  const builder = new PackBuilder({ ...repository.packBuilderOptions({ compression: 'auto', extraVerify: true }), capacityBytes: 8 << 20 });
  for (const blob of blobs) builder.add('data', blobIdOf(blob), blob);
  const { id, bytes, entries } = builder.finish();
  await repository.storage.write({ kind: 'data', name: id }, bytes.slice(), neverAborted);
  return { id, entries };
}

test('a blob that stands in two packs is read from the second when the first is damaged or gone', async () => {
  const random = new SeededRandom(1);
  const blobs = Array.from({ length: 5 }, () => random.bytes(20_000));
  const damages: readonly ((bytes: Uint8Array | undefined) => Uint8Array | undefined)[] = [
    () => undefined,
    (bytes) => bytes?.fill(0),
    (bytes) => bytes?.subarray(0, 30_000), // the first blob is still whole
    () => new Uint8Array(0),
  ];
  for (const damage of damages) {
    for (const damagedFirst of [0, 1]) {
      const { repository, storage } = await newRepository();
      const packs = [await storePack(repository, blobs), await storePack(repository, blobs)];
      await repository.saveUnpacked('index', serializeIndexFile(packs.map(({ id, entries }) => ({ id, blobs: entries }))), neverAborted);
      storage.tamper({ kind: 'data', name: packs[damagedFirst]?.id ?? '' }, damage);
      const opened = await reopen(storage);
      for (const blob of blobs)
        assert.deepEqual(Buffer.from(await opened.loadBlob('data', blobIdOf(blob), neverAborted)), Buffer.from(blob));
      storage.tamper({ kind: 'data', name: packs[1 - damagedFirst]?.id ?? '' }, () => undefined);
      await assert.rejects(
        reopen(storage).then((again) => again.loadBlob('data', blobIdOf(blobs[4] ?? new Uint8Array(0)), neverAborted)),
        (error) => isCode(error, 'repository.damaged') && typeof error.facts['pack'] === 'string',
      );
    }
  }
});

test('a blob that no index knows is missing, by its id', async () => {
  const { repository } = await newRepository();
  const id = 'e'.repeat(64) as BlobId;
  await assert.rejects(
    repository.loadBlob('data', id, neverAborted),
    (error) => isCode(error, 'repository.damaged') && error.facts['reason'] === 'missing' && error.facts['blob'] === id,
  );
});

test('in a truncated pack every blob before the cut is still read', async () => {
  const { repository, storage } = await newRepository();
  const random = new SeededRandom(2);
  const blobs = Array.from({ length: 30 }, () => random.bytes(1 + random.below(60_000)));
  const { id, entries } = await storePack(repository, blobs);
  await repository.saveUnpacked('index', serializeIndexFile([{ id, blobs: entries }]), neverAborted);
  const cutAt = 400_000;
  storage.tamper({ kind: 'data', name: id }, (bytes) => bytes?.subarray(0, cutAt));
  const opened = await reopen(storage);
  for (const [at, entry] of entries.entries()) {
    const loaded = opened.loadBlob('data', entry.id, neverAborted);
    if (entry.offset + entry.length <= cutAt) assert.deepEqual(Buffer.from(await loaded), Buffer.from(blobs[at] ?? []));
    else await assert.rejects(loaded, failsWith('repository.damaged'));
  }
});

test('an index in several files is one index: packs split among files, told twice, superseded, and of an old form', async () => {
  const { repository, storage } = await newRepository();
  const random = new SeededRandom(3);
  const blobs = Array.from({ length: 40 }, () => random.bytes(2_000));
  const { id, entries } = await storePack(repository, blobs);
  const other = await storePack(repository, blobs.slice(0, 3));
  await repository.saveUnpacked('index', serializeIndexFile([{ id, blobs: entries.slice(0, 15) }]), neverAborted);
  await repository.saveUnpacked(
    'index',
    serializeIndexFile([
      { id: other.id, blobs: other.entries },
      { id, blobs: entries.slice(10, 30) },
    ]),
    neverAborted,
  );
  await repository.saveUnpacked(
    'index',
    Buffer.from(JSON.stringify({ supersedes: ['f'.repeat(64)], packs: [{ id, blobs: entries.slice(25).map(indexEntry) }] })),
    neverAborted,
  );
  const opened = await Repository.open({ storage }, password, neverAborted);
  assert.equal((await opened.loadIndex({ signal: neverAborted })).length, 3);
  assert.equal(opened.index.blobCount, 43);
  for (const blob of blobs) assert.deepEqual(Buffer.from(await opened.loadBlob('data', blobIdOf(blob), neverAborted)), Buffer.from(blob));
  assert.equal(opened.index.locateAll('data', blobIdOf(blobs[0] ?? new Uint8Array(0))).length, 2);
});

test('blobs of a pack that a later index file told are read after earlier ones were', async () => {
  const { repository } = await newRepository();
  const random = new SeededRandom(4);
  const blobs = Array.from({ length: 20 }, () => random.bytes(3_000));
  const { id, entries } = await storePack(repository, blobs);
  for (const [at, blob] of blobs.entries()) {
    repository.addToIndex(serializeIndexFile([{ id, blobs: entries.slice(at, at + 1) }]));
    assert.deepEqual(Buffer.from(await repository.loadBlob('data', blobIdOf(blob), neverAborted)), Buffer.from(blob));
  }
});

test('an index file that is damaged is named, and a listing that breaks off is an error', async () => {
  const { repository, storage } = await newRepository();
  const { id, entries } = await storePack(repository, [Buffer.from('x')]);
  const name = await repository.saveUnpacked('index', serializeIndexFile([{ id, blobs: entries }]), neverAborted);
  storage.faults.order({ call: 'list', kind: 'index', fault: 'fail-before' });
  await assert.rejects(repository.loadIndex({ signal: neverAborted }), failsWith('storage.unreachable'));
  storage.tamper({ kind: 'index', name }, (bytes) => bytes?.subarray(0, 40));
  await assert.rejects(
    repository.loadIndex({ signal: neverAborted }),
    (error) => isCode(error, 'repository.damaged') && error.facts['kind'] === 'index' && error.facts['name'] === name,
  );
});

test('an index that points outside of its pack, or far beyond, gives damage for that blob and nothing worse', async () => {
  const { repository, storage } = await newRepository();
  const blob = Buffer.from('the content');
  const { id, entries } = await storePack(repository, [blob]);
  const [entry] = entries;
  assert.ok(entry);
  const hostile: readonly Partial<PackedBlob>[] = [
    { offset: 1 },
    { offset: 4_000_000_000 },
    { length: 31 },
    { length: 2 ** 31 - 1 },
    { offset: 4_000_000_000, length: 2 ** 31 - 1 },
    { length: entry.length + 1 },
    { uncompressedLength: 5 },
    { uncompressedLength: 2 ** 32 - 1 },
    { length: 0 },
  ];
  for (const change of hostile) {
    const opened = await Repository.open({ storage }, password, neverAborted);
    opened.addToIndex(serializeIndexFile([{ id, blobs: [{ ...entry, ...change }] }]));
    await assert.rejects(opened.loadBlob('data', entry.id, neverAborted), failsWith('repository.damaged'), JSON.stringify(change));
  }
  assert.throws(
    () => repository.addToIndex(serializeIndexFile([{ id, blobs: [{ ...entry, length: 2 ** 31 }] }])),
    failsWith('repository.damaged'),
  );
});

test("restic's repository of 2022 opens, and every blob, tree and snapshot of it is proven", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-tiny-'));
  try {
    cpSync(tinyRepository, folder, { recursive: true });
    const repository = await Repository.open({ storage: new FolderStorage(folder) }, passwordFromText('kata-sandi Uji 😀'), neverAborted);
    const snapshots = await listSnapshots(repository, neverAborted);
    assert.equal(snapshots.length, 2);
    await repository.loadIndex({ signal: neverAborted });
    await loadEverything(repository);
    for (const { snapshot } of snapshots) {
      assert.deepEqual([snapshot.hostname, snapshot.tags], ['srv-contoh', ['uji']]);
      assert.ok((await walkAll(repository, snapshot.tree)) > 5);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a repository of version 1, made by restic, is read and written without compression', needs('restic'), async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-v1-'));
  const restic = (...args: string[]) =>
    execFileSync('restic', ['-r', join(folder, 'repo'), '--no-cache', ...args], {
      env: { ...process.env, RESTIC_PASSWORD: passwordTyped },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  try {
    restic('init', '--repository-version', '1');
    mkdirSync(join(folder, 'source', 'sub'), { recursive: true });
    writeFileSync(join(folder, 'source', 'zeros'), Buffer.alloc(700_000));
    writeFileSync(join(folder, 'source', 'sub', 'text'), 'text '.repeat(1_000));
    restic('backup', join(folder, 'source'));
    const repository = await Repository.open({ storage: new FolderStorage(join(folder, 'repo')) }, password, neverAborted);
    assert.equal(repository.config.version, 1);
    const [stored] = await listSnapshots(repository, neverAborted);
    assert.ok(stored);
    await repository.loadIndex({ signal: neverAborted });
    await loadEverything(repository);
    assert.equal((await findNode(repository, stored.snapshot.tree, join(folder, 'source', 'zeros'), neverAborted)).size, 700_000);

    const packStore = new PackStore(repository);
    const builder = new PackBuilder(repository.packBuilderOptions({ compression: 'max', extraVerify: true }));
    const blob = Buffer.from('compressible '.repeat(1_000));
    assert.equal(builder.add('data', blobIdOf(blob), blob).uncompressedLength, 0);
    await packStore.save(builder.finish(), neverAborted);
    await packStore.flush(neverAborted);
    assert.match(restic('check', '--read-data'), /no errors were found/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what a repository seals is sealed with the random source it was given', async () => {
  let asked = 0;
  const random = {
    fill<T extends Uint8Array>(target: T): T {
      asked += 1;
      return systemRandom.fill(target);
    },
  };
  const { repository } = await newRepository({ random });
  assert.ok(asked >= 6, 'master key, salt, id, polynomial, nonces');
  const before = asked;
  await repository.saveUnpacked('index', Buffer.from('{"packs":[]}'), neverAborted);
  assert.ok(asked > before);
});

function indexEntry({ id, type, offset, length, uncompressedLength }: PackedBlob): object {
  return { id, type, offset, length, ...(uncompressedLength === 0 ? {} : { uncompressed_length: uncompressedLength }) };
}

/** Every blob of the index, from every place. @returns how many */
async function loadEverything(repository: Repository): Promise<number> {
  let count = 0;
  for (let number = 1; number <= repository.index.blobCount; number++) {
    const entry = repository.index.entryAt(number);
    if (!entry) continue;
    const bytes = await repository.loadBlob(entry.type, entry.id, neverAborted);
    assert.equal(bytes.length, repository.index.plainLengthBytes(entry.type, entry.id));
    if (entry.type === 'tree') await repository.loadTree(entry.id, neverAborted);
    count += 1;
  }
  assert.ok(count > 0);
  return count;
}

async function walkAll(repository: Repository, tree: BlobId): Promise<number> {
  let nodes = 0;
  for await (const step of walkTree(repository, tree, { signal: neverAborted })) {
    assert.notEqual(step.kind, 'unreadable');
    if (step.kind !== 'node') continue;
    nodes += 1;
    assert.deepEqual(step.problems, []);
    for (const id of step.node.content ?? []) await repository.loadBlob('data', id, neverAborted);
  }
  return nodes;
}
