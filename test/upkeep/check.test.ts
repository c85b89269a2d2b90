import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CadanganError, textOf, passwordFromText } from '../../src/platform/index.ts';
import { addKey, blobIdOf, PackStore, singleBlobPack, type Node, type PackId } from '../../src/repository/index.ts';
import { FolderStorage, type FileName } from '../../src/storage/index.ts';
import type { CheckOptions, CheckResult, Fault, FaultKind } from '../../src/upkeep/index.ts';
import { checkRepository } from '../../src/upkeep/index.ts';
import { mutations, rewritten } from './mutations.ts';
import { node, SmallRepository } from './small-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

async function check(small: SmallRepository, options: Partial<CheckOptions> = { readData: 'all' }): Promise<CheckResult> {
  return checkRepository(await small.reopen(), { workerCount: 1, signal: neverAborted, ...options });
}

function kindsOf(result: CheckResult): FaultKind[] {
  return [...new Set(result.errors.map(({ kind }) => kind))].sort();
}

function pathsOf(faults: readonly Fault[]): string[] {
  return [...new Set(faults.flatMap(({ affects }) => affects.map(({ path }) => textOf(path))))].sort();
}

function hintCount(result: CheckResult, kind: string): number {
  return result.hints.find((hint) => hint.kind === kind)?.count ?? 0;
}

describe('a small repository', () => {
  let small: SmallRepository;
  const packs: string[] = [];

  before(async () => {
    small = await SmallRepository.make();
    const shared = small.file('old.txt', 'in both snapshots '.repeat(20));
    const first = small.tree([small.folder('docs', [shared]), small.file('top.txt', 'top')]);
    packs.push(...(await small.flush()));
    await small.snapshot(first, 1);
    const docs = small.folder('docs', [small.file('new.txt', 'only in the second '.repeat(30)), shared]);
    const second = small.tree([docs, small.file('top.txt', 'top')]);
    packs.push(...(await small.flush()));
    await small.snapshot(second, 2);
    const { masterKey } = small.repository;
    await addKey(masterKey, passwordFromText('another'), { cost: { N: 16, r: 8, p: 1 } }, small.repository.keyContext(neverAborted));
  });
  after(() => small[Symbol.asyncDispose]());

  /** All files of one kind; of keys only those that the test's password does not need. */
  function filesOf(kind: 'keys' | 'snapshots' | 'index' | 'data'): string[] {
    const folder = join(small.path, kind);
    if (kind === 'data') return packs.map((name) => join(folder, name.slice(0, 2), name));
    return readdirSync(folder)
      .filter((name) => name !== small.repository.keyId)
      .map((name) => join(folder, name));
  }

  test('check finds nothing wrong with a sound repository, and counts what is there', async () => {
    const result = await check(small);
    assert.deepEqual(result.errors, []);
    assert.equal(result.errorCount, 0);
    const { bytesRead, ...counts } = result.counts;
    assert.deepEqual(counts, { keys: 2, snapshots: 2, indexFiles: 2, trees: 4, blobs: 8, packs: 4, packsRead: 4 });
    assert.ok(bytesRead > 0);
    // `top.txt` was packed a second time.
    assert.deepEqual(
      result.hints.map(({ kind, count }) => [kind, count]),
      [['blob-duplicate', 1]],
    );
  });

  test('check without data reads no pack whole', async () => {
    const { counts } = await check(small, { signal: neverAborted });
    assert.deepEqual([counts.packsRead, counts.bytesRead], [0, 0]);
  });

  test('a part of the packs is read, and the parts together are all', async () => {
    let packsRead = 0;
    for (const part of [1, 2, 3])
      packsRead += (await check(small, { signal: neverAborted, readData: { kind: 'part', part, parts: 3 } })).counts.packsRead;
    assert.equal(packsRead, 4);
    assert.equal((await check(small, { signal: neverAborted, readData: { kind: 'percent', percent: 50 } })).counts.packsRead, 2);
    assert.equal((await check(small, { signal: neverAborted, readData: { kind: 'bytes', bytes: 1 } })).counts.packsRead, 1);
  });

  for (const mutation of mutations) {
    if (mutation.name !== 'deleted') {
      test(`a snapshot ${mutation.name} is found and named`, async () => {
        const [file = '', other = ''] = filesOf('snapshots');
        const undo = mutation.apply(file, other);
        try {
          const result = await check(small, { signal: neverAborted });
          assert.deepEqual(kindsOf(result), ['snapshot-damaged']);
          assert.equal(result.errors[0]?.affects[0]?.snapshotId, result.errors[0]?.file?.name);
          assert.equal(result.counts.snapshots + result.errorCount, 2, 'the other snapshot is checked all the same');
        } finally {
          undo();
        }
      });
    }

    // There is one key besides the one that the test opens the repository with, so none to swap it with.
    if (mutation.name !== 'deleted' && mutation.name !== 'swapped with another') {
      test(`a key ${mutation.name} is found and named`, async () => {
        const [file = ''] = filesOf('keys');
        const undo = mutation.apply(file, file);
        try {
          assert.deepEqual(kindsOf(await check(small, { signal: neverAborted })), ['key-damaged']);
        } finally {
          undo();
        }
      });
    }

    test(`an index file ${mutation.name} is found, with what cannot be reached any more`, async () => {
      for (const [at, file] of filesOf('index').entries()) {
        const undo = mutation.apply(file, filesOf('index')[1 - at] ?? '');
        try {
          const result = await check(small);
          const kinds = kindsOf(result);
          if (mutation.name !== 'deleted') assert.ok(kinds.includes('index-damaged'), String(kinds));
          assert.ok(kinds.includes('blob-missing'), String(kinds));
          assert.ok(hintCount(result, 'pack-orphan') >= 2);
          assert.ok(pathsOf(result.errors).length > 0);
        } finally {
          undo();
        }
      }
    });

    test(`a pack ${mutation.name} is found, with the files that need it`, async () => {
      const files = filesOf('data');
      for (const [at, file] of files.entries()) {
        const undo = mutation.apply(file, files[(at + 2) % 4] ?? '');
        try {
          const result = await check(small);
          const faults = result.errors.filter((fault) => fault.file?.name === packs[at]);
          assert.ok(faults.length > 0, `pack ${at}`);
          if (mutation.name === 'deleted') assert.equal(faults[0]?.kind, 'pack-missing');
          if (/truncated|appended/.test(mutation.name)) assert.equal(faults[0]?.kind, 'pack-size');
          if (/flipped/.test(mutation.name)) assert.equal(faults[0]?.kind, 'pack-hash');
          if (mutation.name === 'under a wrong name') assert.equal(hintCount(result, 'pack-orphan'), 1);
        } finally {
          undo();
        }
      }
    });
  }

  test('a key or a snapshot that was removed cannot be told from one that never was', async () => {
    const deleted = mutations.find(({ name }) => name === 'deleted');
    for (const kind of ['keys', 'snapshots'] as const) {
      const undo = deleted!.apply(filesOf(kind)[0] ?? '', '');
      try {
        assert.equal((await check(small, { signal: neverAborted })).errorCount, 0);
      } finally {
        undo();
      }
    }
  });

  test('a pack that the storage cannot read is a fault with its files, and the check goes on', async () => {
    const result = await checkRepository(await small.reopen(new OneBadFile(small.path, packs[0] ?? '')), {
      signal: neverAborted,
      readData: 'all',
      workerCount: 1,
    });
    assert.deepEqual(kindsOf(result), ['unreadable']);
    assert.equal(result.errors[0]?.file?.name, packs[0]);
    assert.deepEqual(pathsOf(result.errors), ['/docs/old.txt']);
    assert.equal(result.counts.packsRead, 3);
  });

  test('a tree that the storage cannot read is a fault too', async () => {
    const result = await checkRepository(await small.reopen(new OneBadFile(small.path, packs[1] ?? '')), { signal: neverAborted });
    assert.deepEqual(kindsOf(result), ['unreadable']);
    // All trees of the first snapshot lie in this pack, its root too.
    assert.deepEqual(pathsOf(result.errors), ['/']);
    assert.equal(new Set(result.errors.flatMap(({ affects }) => affects.map(({ snapshotId }) => snapshotId))).size, 1);
  });

  test('a storage that is away stops the check', async () => {
    const away = new OneBadFile(small.path, packs[0] ?? '');
    const repository = await small.reopen(away);
    away.isAway = true;
    await assert.rejects(checkRepository(repository, { signal: neverAborted, readData: 'all', workerCount: 1 }), {
      code: 'storage.unreachable',
    });
  });

  test('a damaged data blob names its file in every snapshot, and nothing else', async () => {
    const [file = ''] = filesOf('data');
    const undo = mutations[0]!.apply(file, '');
    try {
      const result = await check(small);
      const blob = result.errors.find(({ kind }) => kind === 'blob-damaged');
      assert.equal(blob?.reason, 'mac');
      assert.equal(blob.affectsCount, 2);
      assert.deepEqual(pathsOf(result.errors), ['/docs/old.txt']);
      assert.equal(new Set(blob.affects.map(({ snapshotId }) => snapshotId)).size, 2);
    } finally {
      undo();
    }
  });

  test('a blob that has an intact copy elsewhere affects nothing', async () => {
    const [, , file = ''] = filesOf('data');
    const result = await withBlobFlipped(file, 'top');
    assert.deepEqual(kindsOf(result), ['blob-damaged', 'pack-hash']);
    assert.deepEqual(pathsOf(result.errors), []);
  });

  async function withBlobFlipped(file: string, text: string): Promise<CheckResult> {
    const repository = await small.reopen();
    await repository.loadIndex({ signal: neverAborted });
    const place = repository.index.locateAll('data', blobIdOf(Buffer.from(text))).find(({ packId }) => file.endsWith(packId));
    assert.ok(place);
    const undo = rewritten('flip', (bytes) => {
      bytes[place.offset + 20] = (bytes[place.offset + 20] ?? 0) ^ 1;
      return bytes;
    }).apply(file, '');
    try {
      return await check(small);
    } finally {
      undo();
    }
  }

  test('a damaged tree is found without reading data, and stands for all that lies in it', async () => {
    const [, trees = ''] = filesOf('data');
    const undo = mutations[0]!.apply(trees, '');
    try {
      const result = await check(small, { signal: neverAborted });
      assert.deepEqual(kindsOf(result), ['tree-damaged']);
      assert.deepEqual(pathsOf(result.errors), ['/docs']);
      const withData = await check(small);
      assert.deepEqual(kindsOf(withData), ['pack-hash', 'tree-damaged'], 'the damaged tree is told once');
    } finally {
      undo();
    }
  });

  test('check stops when it is aborted, before and on the way', async () => {
    await assert.rejects(check(small, { signal: AbortSignal.abort() }), { code: 'aborted' });
    const stop = new AbortController();
    await assert.rejects(check(small, { readData: 'all', signal: stop.signal, progress: () => stop.abort() }), { code: 'aborted' });
  });

  test('progress tells each phase to its end', async () => {
    const phases: string[] = [];
    let last = { done: -1, total: 0 };
    await check(small, {
      signal: neverAborted,
      readData: 'all',
      progress: (progress) => {
        phases.push(progress.phase);
        last = progress;
      },
    });
    assert.deepEqual([...new Set(phases)], ['files', 'data']);
    assert.deepEqual([last.done, last.total], [4, 4]);
  });
});

/** A bad sector: the storage answers, but not for this one file. */
class OneBadFile extends FolderStorage {
  readonly #name: string;
  isAway = false;

  constructor(path: string, name: string) {
    super(path);
    this.#name = name;
  }

  override async read(file: FileName): Promise<Uint8Array> {
    if (this.isAway) throw new CadanganError('storage.unreachable', { reason: 'EIO' });
    return super.read(file, neverAborted);
  }

  override async readRange(...args: Parameters<FolderStorage['readRange']>): Promise<Uint8Array> {
    if (args[0].name === this.#name) throw new CadanganError('storage.unreachable', { reason: 'EIO' });
    return super.readRange(...args);
  }
}

describe('packs larger than a slot of the workers', () => {
  test('are proven, and their damage is found', async () => {
    await using small = await SmallRepository.make();
    const { repository } = small;
    const large = randomBytes(33 << 20);
    const id = blobIdOf(large);
    const pack = singleBlobPack('data', id, large, repository.packBuilderOptions({ compression: 'auto', extraVerify: false }));
    const store = new PackStore(repository);
    await store.save(pack, neverAborted);
    await store.flush(neverAborted);
    const root = small.tree([node('large', 'file', { content: [id], size: large.length }), small.file('little', 'text')]);
    await small.flush();
    await small.snapshot(root, 1);
    const sound = await check(small);
    assert.deepEqual(sound.errors, []);
    assert.equal(sound.counts.packsRead, 3);
    mutations[1]!.apply(join(small.path, 'data', pack.id.slice(0, 2), pack.id), '');
    const damaged = await check(small);
    assert.deepEqual(kindsOf(damaged), ['blob-damaged', 'pack-hash']);
    assert.deepEqual(pathsOf(damaged.errors), ['/large']);
  });
});

describe('hostile repositories', () => {
  async function checkWith(fill: (small: SmallRepository) => Promise<unknown>): Promise<CheckResult> {
    await using small = await SmallRepository.make();
    await fill(small);
    return await check(small);
  }

  test('names that would leave the folder, twins and wrong order are faults with their paths', async () => {
    const result = await checkWith(async (small) => {
      const file = small.file('b', 'text');
      const named = (name: string) => ({ ...file, name: node(name, 'file').name });
      const hostile = small.folder('bad', [named('..'), named('a/b'), named('z'), named('y'), named('y')]);
      const root = small.tree([hostile, small.folder('good', [file])]);
      await small.flush();
      await small.snapshot(root, 1);
    });
    assert.deepEqual(kindsOf(result), ['duplicate-name', 'hostile-name', 'unsorted-tree']);
    assert.deepEqual(pathsOf(result.errors), ['/bad/..', '/bad/a/b', '/bad/y']);
  });

  test('a file with a missing blob, without a list, and a folder without a tree are faults', async () => {
    const result = await checkWith(async (small) => {
      const missing = small.file('kept', 'kept');
      const root = small.tree([
        node('bare', 'dir'),
        missing,
        node('listless', 'file'),
        {
          ...missing,
          name: node('lost', 'file').name,
          content: [...(missing.content ?? []), missing.content![0]!.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) as never],
        },
      ]);
      await small.flush();
      await small.snapshot(root, 1);
    });
    assert.deepEqual(result.errors.map(({ kind }) => kind).sort(), ['blob-missing', 'tree-inconsistent', 'tree-inconsistent']);
    assert.deepEqual(pathsOf(result.errors), ['/bare', '/listless', '/lost']);
  });

  test('a file whose size is not that of its blobs, and a type nobody knows, are hints', async () => {
    const result = await checkWith(async (small) => {
      const root = small.tree([small.file('grown', 'abc', { size: 2n ** 60n }), node('odd', 'irregular' as Node['type'])]);
      await small.flush();
      await small.snapshot(root, 1);
    });
    assert.equal(result.errorCount, 0);
    assert.deepEqual(result.hints.map(({ kind }) => kind).sort(), ['size-mismatch', 'unknown-node-type']);
  });

  test('a file that looks like a tree is not taken for one', async () => {
    const result = await checkWith(async (small) => {
      const tree = small.file('fake', '{"nodes":[]}\n').content?.[0];
      assert.ok(tree);
      await small.flush();
      await small.snapshot(tree, 1);
    });
    assert.deepEqual(kindsOf(result), ['blob-missing']);
    assert.deepEqual(pathsOf(result.errors), ['/']);
  });

  test('a tree that is no JSON is damaged although its hash is right', async () => {
    const result = await checkWith(async (small) => {
      const tree = small.blob('tree', Buffer.from('no tree'));
      await small.flush();
      await small.snapshot(tree, 1);
    });
    assert.deepEqual(kindsOf(result), ['tree-damaged']);
  });

  test('an index that describes impossible and overlapping blobs is a fault, not a crash', async () => {
    const result = await checkWith(async (small) => {
      const root = small.tree([small.file('a', 'text')]);
      const [data = '', trees = ''] = await small.flush();
      await small.snapshot(root, 1);
      const id = '00'.repeat(32);
      const blob = (offset: number, length: number, extra = '') =>
        `{"id":"${id}","type":"data","offset":${offset},"length":${length}${extra}}`;
      const json = `{"packs":[{"id":"${data}","blobs":[${blob(4294967295, 100)},${blob(0, 5)},${blob(10, 40, ',"uncompressed_length":4294967295')}]},{"id":"${trees}","blobs":[]}]}`;
      await small.repository.saveUnpacked('index', Buffer.from(json), neverAborted);
    });
    assert.ok(kindsOf(result).includes('index-inconsistent'));
    assert.equal(result.errors.filter(({ kind }) => kind === 'index-inconsistent').length, 3);
    assert.deepEqual(pathsOf(result.errors), [], 'the file itself is whole');
  });

  test('packs and blobs that no snapshot needs are hints', async () => {
    const result = await checkWith(async (small) => {
      const root = small.tree([small.file('a', 'text')]);
      await small.flush();
      await small.snapshot(root, 1);
      small.file('unused', 'nobody needs this');
      await small.flush();
    });
    assert.equal(result.errorCount, 0);
    assert.deepEqual(
      result.hints.map(({ kind, count }) => [kind, count]),
      [
        ['blob-unused', 1],
        ['pack-unused', 1],
      ],
    );
  });

  test('of very many damaged blobs in one pack the first are told one by one, and all their files are named', async () => {
    await using small = await SmallRepository.make();
    const files = Array.from({ length: 60 }, (_, number) => small.file(`f${100 + number}`, `content ${number} ${'x'.repeat(number)}`));
    const root = small.tree(files);
    const [data = ''] = await small.flush();
    await small.snapshot(root, 1);
    const dataEnd = small.repository.index.packDataEnd(data as PackId);
    rewritten('zeroed', (bytes) => bytes.fill(0, 0, dataEnd)).apply(join(small.path, 'data', data.slice(0, 2), data), '');
    const result = await check(small);
    assert.ok(result.errorCount < 60);
    assert.equal(pathsOf(result.errors).length, 60);
  });
});
