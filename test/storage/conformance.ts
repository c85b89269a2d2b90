import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ErrorCode } from '../../src/platform/index.ts';
import { isAbort, isCode } from '../../src/platform/index.ts';
import type { FileName, Storage } from '../../src/storage/index.ts';
import { listedKinds } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

export interface StorageUnderTest extends AsyncDisposable {
  /** Nothing is in it, `create` was not called. */
  readonly storage: Storage;
  /** Puts a file past the interface, at a path inside the repository. Left out where strangers cannot exist. */
  readonly plant?: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Takes the place itself away, as a lost mount or a server that is down. */
  takeAway(): Promise<void>;
  /** What is there then: a place without the folder, or nobody who answers. */
  readonly leaves: 'no-folder' | 'no-answer';
}

const awayCode = { 'no-folder': 'storage.no-repository', 'no-answer': 'storage.unreachable' } as const;

const mib = 1024 * 1024;

/** A file named by its hash, as in a repository. */
export function fileOf(bytes: Uint8Array, kind: Exclude<FileName['kind'], 'config'> = 'data'): FileName {
  return { kind, name: createHash('sha256').update(bytes).digest('hex') };
}

export function failsWith(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert(isCode(error, code), `wanted ${code}, got ${String(error)}`);
    return true;
  };
}

/** The promises of `Storage`, asked of one implementation. */
export function describeStorage(
  name: string,
  makeStorage: () => Promise<StorageUnderTest>,
  {
    takesStrangers = true,
    foldsNames = false,
    appendOnly = false,
  }: {
    readonly takesStrangers?: boolean;
    readonly foldsNames?: boolean;
    /** It removes and replaces nothing but locks. */
    readonly appendOnly?: boolean;
  } = {},
): void {
  const random = new SeededRandom(20260803);
  const missing: FileName = { kind: 'data', name: '0'.repeat(64) };
  const config: FileName = { kind: 'config', name: '' };

  const ready = async (): Promise<StorageUnderTest> => {
    const underTest = await makeStorage();
    await underTest.storage.create(neverAborted);
    return underTest;
  };

  describe(`${name} keeps the promises of a storage`, () => {
    for (const size of [0, 1, mib, 16 * mib]) {
      test(`a file of ${size} bytes comes back as it was written`, async () => {
        await using it = await ready();
        const bytes = random.bytes(size);
        const file = fileOf(bytes);
        await it.storage.write(file, bytes, neverAborted);
        assert(Buffer.from(await it.storage.read(file, neverAborted)).equals(bytes));
        assert.equal(await it.storage.sizeOf(file, neverAborted), size);
        assert.deepEqual(await it.storage.list('data', neverAborted), [{ name: file.name, sizeBytes: size }]);
      });
    }

    test('a storage that knows when a file was written says it, and of one that is not there nothing', async () => {
      await using it = await ready();
      const files = [random.bytes(100), random.bytes(100)];
      const times: number[] = [];
      if (it.storage.writtenMs === undefined) return;
      for (const bytes of files) {
        assert.equal(await it.storage.writtenMs(fileOf(bytes), neverAborted), undefined);
        await it.storage.write(fileOf(bytes), bytes, neverAborted);
        times.push((await it.storage.writtenMs(fileOf(bytes), neverAborted)) ?? NaN);
      }
      const [first = NaN, second = NaN] = times;
      assert.ok(first > 0 && second >= first, times.join());
    });

    test('a storage that knows of locks says none of a file that nobody locked, nor of one that is not there', async () => {
      await using it = await ready();
      if (it.storage.lockedUntilMs === undefined) return;
      const bytes = random.bytes(100);
      for (const kind of listedKinds) {
        assert.equal(await it.storage.lockedUntilMs(fileOf(bytes, kind), neverAborted), undefined);
        await it.storage.write(fileOf(bytes, kind), bytes, neverAborted);
        assert.equal(await it.storage.lockedUntilMs(fileOf(bytes, kind), neverAborted), undefined);
      }
      await assert.rejects(it.storage.lockedUntilMs(missing, AbortSignal.abort()), failsWith('aborted'));
      await assert.rejects(it.storage.lockedUntilMs({ kind: 'keys', name: '../x' }, neverAborted), { name: 'AssertionError' });
    });

    test('every kind has its own files, and the config is one of them', async () => {
      await using it = await ready();
      const bytes = random.bytes(100);
      const { name: sameName } = fileOf(bytes);
      await it.storage.write(config, bytes, neverAborted);
      await it.storage.write({ kind: 'keys', name: sameName }, bytes, neverAborted);
      for (const kind of listedKinds)
        assert.deepEqual(await it.storage.list(kind, neverAborted), kind === 'keys' ? [{ name: sameName, sizeBytes: 100 }] : []);
      assert(Buffer.from(await it.storage.read(config, neverAborted)).equals(bytes));
    });

    test('create() may be repeated and keeps what is there', async () => {
      await using it = await ready();
      const bytes = random.bytes(10);
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
      await it.storage.create(neverAborted);
      assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), 10);
    });

    test('writing an existing name again changes nothing', async () => {
      await using it = await ready();
      const bytes = random.bytes(1000);
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
      assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
      assert.equal((await it.storage.list('data', neverAborted)).length, 1);
    });

    test('a file of another size under the name is replaced, unless nothing can be', async () => {
      await using it = await ready();
      const bytes = random.bytes(1000);
      const { kind, name: whole } = fileOf(bytes);
      const torn = bytes.subarray(0, 400); // as a program leaves it that does not write atomically
      if (it.plant) await it.plant(`${kind}/${whole.slice(0, 2)}/${whole}`, torn);
      else await it.storage.write({ kind, name: whole }, torn, neverAborted);
      if (appendOnly) {
        await assert.rejects(it.storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.denied'));
        return;
      }
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
      assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
    });

    test('a config is never replaced by another one', async () => {
      await using it = await ready();
      const [first, sameSize, longer] = [random.bytes(155), random.bytes(155), random.bytes(156)];
      await it.storage.write(config, first, neverAborted);
      await it.storage.write(config, first, neverAborted);
      await assert.rejects(it.storage.write(config, sameSize, neverAborted), failsWith('repository.exists'));
      await assert.rejects(it.storage.write(config, longer, neverAborted), failsWith('repository.exists'));
      assert(Buffer.from(await it.storage.read(config, neverAborted)).equals(first));
    });

    test('of several who make a config at once, one has made it where the storage sees to that, and it is whole anywhere', async () => {
      await using it = await ready();
      const configs = Array.from({ length: 8 }, (_, at) => random.bytes(150 + at));
      const written = await Promise.allSettled(configs.map((bytes) => it.storage.write(config, bytes, neverAborted)));
      const stored = Buffer.from(await it.storage.read(config, neverAborted));
      assert.ok(configs.some((bytes, at) => written[at]?.status === 'fulfilled' && stored.equals(bytes)));
      for (const write of written) if (write.status === 'rejected') failsWith('repository.exists')(write.reason);
      if (!it.storage.abilities.conditionalWrite) return;
      assert.equal(written.filter(({ status }) => status === 'fulfilled').length, 1);
    });

    test('what it says of itself holds', async () => {
      await using it = await ready();
      const { abilities } = it.storage;
      assert.notEqual(abilities.appendOnly, !appendOnly);
      if (abilities.rename)
        assert.equal(typeof it.storage.removeLeftovers, 'function', 'what a write leaves that is cut short can be removed');
    });

    test('readRange() gives exactly the bytes of any range inside the file', async () => {
      await using it = await ready();
      const bytes = random.bytes(70_000);
      const file = fileOf(bytes);
      await it.storage.write(file, bytes, neverAborted);
      const range = fc
        .tuple(fc.nat(bytes.length), fc.nat(bytes.length))
        .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
      await fc.assert(
        fc.asyncProperty(range, fc.boolean(), async ([from, to], withTarget) => {
          const target = withTarget ? new Uint8Array(bytes.length + 7).fill(0x55) : undefined;
          const got = await it.storage.readRange(file, from, to - from, { signal: neverAborted, ...(target && { target }) });
          assert(Buffer.from(got).equals(bytes.subarray(from, to)));
          if (!target) return;
          assert.equal(got.buffer, target.buffer, 'the answer lies in the target');
          assert(
            target.subarray(to - from).every((byte) => byte === 0x55),
            'nothing is written behind the range',
          );
        }),
        { numRuns: 60 },
      );
    });

    test('readRange() past the end says that the file is damaged', async () => {
      await using it = await ready();
      const bytes = random.bytes(1000);
      const file = fileOf(bytes);
      await it.storage.write(file, bytes, neverAborted);
      for (const [offset, length] of [
        [0, 1001],
        [999, 2],
        [1000, 1],
        [5000, 10],
        [0, 2 ** 52],
      ] as const) {
        await assert.rejects(
          it.storage.readRange(file, offset, length, { signal: neverAborted }),
          failsWith('repository.damaged'),
          `${offset} ${length}`,
        );
      }
      await assert.rejects(
        it.storage.readRange(file, 999, 2, { signal: neverAborted, target: new Uint8Array(2) }),
        failsWith('repository.damaged'),
      );
    });

    test('a name that does not exist is not found, has no size, and can be removed', async () => {
      await using it = await ready();
      for (const file of [missing, config, { kind: 'keys', name: missing.name } as const]) {
        await assert.rejects(it.storage.read(file, neverAborted), failsWith('storage.not-found'));
        await assert.rejects(it.storage.readRange(file, 0, 1, { signal: neverAborted }), failsWith('storage.not-found'));
        assert.equal(await it.storage.sizeOf(file, neverAborted), undefined);
        if (!appendOnly) await it.storage.remove(file, neverAborted);
      }
    });

    test('remove() takes the name away, and a second time is no error; where only locks can be removed it says so', async () => {
      await using it = await ready();
      for (const kind of listedKinds) {
        const bytes = random.bytes(64);
        const file = fileOf(bytes, kind);
        await it.storage.write(file, bytes, neverAborted);
        if (appendOnly && kind !== 'locks') {
          await assert.rejects(it.storage.remove(file, neverAborted), failsWith('storage.denied'));
          assert.equal(await it.storage.sizeOf(file, neverAborted), 64);
          continue;
        }
        await it.storage.remove(file, neverAborted);
        await it.storage.remove(file, neverAborted);
        assert.deepEqual(await it.storage.list(kind, neverAborted), []);
        assert.equal(await it.storage.sizeOf(file, neverAborted), undefined);
      }
    });

    test('an empty repository has empty lists, a storage that is away has none', async () => {
      await using it = await ready();
      for (const kind of listedKinds) assert.deepEqual(await it.storage.list(kind, neverAborted), []);
      await it.takeAway();
      const isAway = failsWith(awayCode[it.leaves]);
      const bytes = random.bytes(10);
      for (const kind of listedKinds) await assert.rejects(it.storage.list(kind, neverAborted), isAway);
      await assert.rejects(it.storage.read(missing, neverAborted), isAway);
      await assert.rejects(it.storage.readRange(missing, 0, 1, { signal: neverAborted }), isAway);
      await assert.rejects(it.storage.sizeOf(missing, neverAborted), isAway);
      await assert.rejects(it.storage.write(fileOf(bytes), bytes, neverAborted), isAway);
      await assert.rejects(it.storage.remove(missing, neverAborted), isAway);
    });

    test('where there is no folder there is no config, and where nobody answers nobody can tell', async () => {
      await using it = await ready();
      await it.storage.write(config, random.bytes(100), neverAborted);
      await it.takeAway();
      const isAway = failsWith(awayCode[it.leaves]);
      if (it.leaves === 'no-folder') assert.equal(await it.storage.sizeOf(config, neverAborted), undefined);
      else await assert.rejects(it.storage.sizeOf(config, neverAborted), isAway);
      await assert.rejects(it.storage.read(config, neverAborted), isAway);
      await assert.rejects(it.storage.write(config, random.bytes(100), neverAborted), isAway);
    });

    test('of a storage that was not created nothing can be asked but whether there is a config', async () => {
      await using it = await makeStorage();
      const isNotMade = failsWith('storage.no-repository');
      await assert.rejects(it.storage.list('snapshots', neverAborted), isNotMade);
      await assert.rejects(it.storage.read(missing, neverAborted), isNotMade);
      await assert.rejects(it.storage.write(missing, new Uint8Array(1), neverAborted), isNotMade);
      assert.equal(await it.storage.sizeOf(config, neverAborted), undefined);
    });

    if (takesStrangers)
      test('list() leaves out temporary files and strangers', async () => {
        await using it = await ready();
        assert(it.plant !== undefined);
        const bytes = random.bytes(20);
        const file = fileOf(bytes);
        await it.storage.write(file, bytes, neverAborted);
        const folder = `data/${file.name.slice(0, 2)}`;
        const upper = foldsNames ? [] : [file.name.toUpperCase()]; // which would be the file itself
        for (const stranger of [
          `${file.name}-tmp-1a2b`,
          `${file.name}.part`,
          'readme.txt',
          file.name.slice(1),
          `${file.name}0`,
          ...upper,
        ]) {
          await it.plant(`${folder}/${stranger}`, random.bytes(5));
          await it.plant(`keys/${stranger}`, random.bytes(5));
          await it.plant(`data/${stranger}`, random.bytes(5));
        }
        await it.plant(`data/zz/${file.name}`, random.bytes(5));
        await it.plant(`snapshots/${file.name}/inside`, random.bytes(5));
        assert.deepEqual(await it.storage.list('data', neverAborted), [{ name: file.name, sizeBytes: 20 }]);
        assert.deepEqual(await it.storage.list('keys', neverAborted), []);
        assert.deepEqual(await it.storage.list('snapshots', neverAborted), []);
      });

    test('list() gives all of 2,500 names, each once', async () => {
      await using it = await ready();
      const names = new Map<string, number>();
      const pending = Array.from({ length: 2500 }, () => random.bytes(16 + random.below(40)));
      for (const bytes of pending) names.set(fileOf(bytes).name, bytes.length);
      const queue = pending.values();
      const writer = async (): Promise<void> => {
        for (const bytes of queue) await it.storage.write(fileOf(bytes), bytes, neverAborted);
      };
      await Promise.all(Array.from({ length: 16 }, writer));
      const listed = await it.storage.list('data', neverAborted);
      assert.equal(listed.length, 2500);
      assert.deepEqual(new Map(listed.map(({ name, sizeBytes }) => [name, sizeBytes])), names);
    });

    test('50 writes, reads and removals side by side do not disturb each other', async () => {
      await using it = await ready();
      const contents = Array.from({ length: 50 }, () => random.bytes(random.below(200_000)));
      await Promise.all([...contents, ...contents.slice(0, 10)].map((bytes) => it.storage.write(fileOf(bytes), bytes, neverAborted)));
      const read = await Promise.all(contents.map((bytes) => it.storage.read(fileOf(bytes), neverAborted)));
      assert(read.every((bytes, i) => Buffer.from(bytes).equals(contents[i] ?? Buffer.of())));
      if (appendOnly) return;
      const removed = contents.slice(0, 25);
      await Promise.all([...removed, ...removed].map((bytes) => it.storage.remove(fileOf(bytes), neverAborted)));
      assert.equal((await it.storage.list('data', neverAborted)).length, 25);
    });

    test('an aborted write leaves no name, at whatever moment it is aborted', async () => {
      await using it = await ready();
      let aborted = 0;
      const bytes = random.bytes(9 * mib);
      for (let turns = 0; turns < 12; turns++) {
        random.fill(bytes.subarray(0, 32));
        const file = fileOf(bytes);
        const controller = new AbortController();
        const write = it.storage.write(file, bytes, controller.signal);
        void (async () => {
          for (let i = 0; i < turns; i++) await new Promise(setImmediate);
          controller.abort();
        })();
        const error: unknown = await write.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) {
          assert.equal(await it.storage.sizeOf(file, neverAborted), bytes.length);
          continue;
        }
        assert(isAbort(error), error instanceof Error ? error.message : 'not an Error');
        assert.equal(await it.storage.sizeOf(file, neverAborted), undefined);
        aborted++;
      }
      assert(aborted > 0, 'at least the first abort comes before the end');
    });

    test('every call heeds a signal that is aborted already', async () => {
      await using it = await ready();
      const signal = AbortSignal.abort();
      const calls = [
        it.storage.create(signal),
        it.storage.list('data', signal),
        it.storage.list('keys', signal),
        it.storage.sizeOf(missing, signal),
        it.storage.read(missing, signal),
        it.storage.readRange(missing, 0, 1, { signal }),
        it.storage.write(missing, new Uint8Array(1), signal),
        it.storage.remove(missing, signal),
      ];
      for (const call of calls) await assert.rejects(call, failsWith('aborted'));
    });

    test('names that are not hashes are refused before anything is touched', async () => {
      await using it = await ready();
      const hostile: FileName[] = [
        '../x',
        '',
        '/etc/passwd',
        '..',
        'A'.repeat(64),
        `${'0'.repeat(63)}/`,
        `${'0'.repeat(64)}\n`,
        `../${'0'.repeat(61)}`,
      ].map((bad) => ({ kind: 'keys', name: bad }));
      for (const file of [...hostile, { kind: 'config', name: 'x' } as const]) {
        await assert.rejects(it.storage.write(file, new Uint8Array(1), neverAborted), { name: 'AssertionError' });
        await assert.rejects(it.storage.read(file, neverAborted), { name: 'AssertionError' });
        await assert.rejects(it.storage.readRange(file, 0, 1, { signal: neverAborted }), { name: 'AssertionError' });
        await assert.rejects(it.storage.sizeOf(file, neverAborted), { name: 'AssertionError' });
        await assert.rejects(it.storage.remove(file, neverAborted), { name: 'AssertionError' });
      }
    });

    test('ranges that make no sense are refused', async () => {
      await using it = await ready();
      for (const [offset, length] of [
        [-1, 1],
        [0, -1],
        [0.5, 1],
        [0, NaN],
        [2 ** 60, 1],
      ] as const) {
        await assert.rejects(it.storage.readRange(missing, offset, length, { signal: neverAborted }), { name: 'AssertionError' });
      }
      await assert.rejects(it.storage.readRange(missing, 0, 2, { signal: neverAborted, target: new Uint8Array(1) }), {
        name: 'AssertionError',
      });
    });
  });
}
