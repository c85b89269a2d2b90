import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BackupResult } from '../../src/backup/index.ts';
import { listSnapshots } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import type { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { newRepository } from '../repository/new-repository.ts';
import { nextRun, rootOnly, temporaryFolder, withMount, type RunOptions } from './run-backup.ts';

/** Sources `disk`, `other` and `third` with a file each, and a run over them a night. */
class Nights implements Disposable {
  readonly #folder = temporaryFolder();
  readonly storage: SimulatedStorage;
  readonly sources: readonly string[];

  private constructor(storage: SimulatedStorage, names: readonly string[]) {
    this.storage = storage;
    this.sources = names.map((name) => join(this.#folder.path, name));
    for (const source of this.sources) this.write(source);
  }

  static async of(...names: string[]): Promise<Nights> {
    return new Nights((await newRepository()).storage, names);
  }

  get disk(): string {
    return this.sources[0] ?? '';
  }

  write(source: string): void {
    mkdirSync(join(source, 'deep'), { recursive: true });
    writeFileSync(join(source, 'deep', 'file'), 'x');
  }

  /** What is left where a disk was mounted. */
  unmount(source = this.disk): void {
    rmSync(source, { recursive: true });
    mkdirSync(source);
  }

  run(options: RunOptions = {}, sources = this.sources): Promise<BackupResult> {
    return nextRun(this.storage, sources, options);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

const told = ({ issues }: BackupResult): (readonly string[])[] => issues.map(({ path, kind, reason }) => [path, kind, reason]);

function emptied(source: string, before: BackupResult): string[] {
  return [
    source,
    'source-empty',
    `snapshot ${before.snapshotId?.slice(0, 8)}, ${before.summary.backupStart?.slice(0, 10)}, had files in it; is the disk mounted?`,
  ];
}

test('a source that became empty is named, with the last snapshot that had something of it; a snapshot is made', async () => {
  using nights = await Nights.of('disk');
  const full = await nights.run();
  assert.deepEqual(told(full), []);
  nights.unmount();
  const empty = await nights.run();
  assert.deepEqual(told(empty), [emptied(nights.disk, full)]);
  assert.deepEqual([empty.issueCount, empty.emptySources, empty.snapshotId !== undefined], [1, [], true]);
});

test('it is named every night until something lies in it again, whatever the parent is', async () => {
  using nights = await Nights.of('disk');
  const full = await nights.run();
  nights.unmount();
  const wishes: readonly RunOptions[] = [
    {},
    {},
    { force: true },
    { skipIfUnchanged: 'same-sources' },
    { skipIfUnchanged: 'same-tree' },
    { dryRun: true },
  ];
  for (const options of wishes) assert.deepEqual(told(await nights.run(options)), [emptied(nights.disk, full)], JSON.stringify(options));
  nights.write(nights.disk);
  const again = await nights.run();
  assert.deepEqual(told(again), []);
  nights.unmount();
  assert.deepEqual(told(await nights.run()), [emptied(nights.disk, again)], 'the newest one that can bring it back');
});

test('one of three sources is enough, and each is named by itself', async () => {
  using nights = await Nights.of('disk', 'other', 'third');
  const full = await nights.run();
  const [, other = '', third = ''] = nights.sources;
  nights.unmount(third);
  const partly = await nights.run();
  assert.deepEqual(told(partly), [emptied(third, full)]);
  nights.unmount(other);
  const result = await nights.run();
  assert.deepEqual(told(result), [emptied(other, partly), emptied(third, full)]);
  assert.equal(result.summary.totalFilesProcessed, 1);
});

test('a source with nothing left but empty folders is as empty', async () => {
  using nights = await Nights.of('disk');
  const full = await nights.run();
  nights.unmount();
  mkdirSync(join(nights.disk, 'a', 'b'), { recursive: true });
  mkdirSync(join(nights.disk, 'c'));
  assert.deepEqual(told(await nights.run()), [emptied(nights.disk, full)]);
});

test('a mount point inside another source is asked when it is a source by name', async () => {
  using nights = await Nights.of('srv', 'srv/disk');
  const full = await nights.run();
  const [, mounted = ''] = nights.sources;
  nights.unmount(mounted);
  assert.deepEqual(told(await nights.run()), [emptied(mounted, full)]);
});

test('an empty folder that never had anything is a hint and no exception, at the first run and later', async () => {
  using nights = await Nights.of('inbox', 'other');
  nights.unmount();
  for (let night = 0; night < 3; night++) {
    const result = await nights.run();
    assert.deepEqual([told(result), result.emptySources], [[], [nights.disk]]);
  }
  nights.write(nights.disk);
  assert.deepEqual((await nights.run()).emptySources, []);
});

test('what another host, another folder, or a later snapshot had says nothing of this source', async () => {
  using nights = await Nights.of('disk', 'other');
  const [, other = ''] = nights.sources;
  await nights.run({ host: 'another' });
  await nights.run({ timeNs: BigInt(Date.now()) * 1_000_000n + 10n ** 15n });
  await nights.run({}, [other]);
  nights.unmount();
  assert.deepEqual(told(await nights.run()), []);
});

test('a source that was backed up together with others counts, too', async () => {
  using nights = await Nights.of('disk', 'other');
  const full = await nights.run();
  nights.unmount();
  assert.deepEqual(told(await nights.run({}, [nights.disk])), [emptied(nights.disk, full)]);
});

test('what the rules leave out shows that the disk is there', async () => {
  using nights = await Nights.of('disk', 'other');
  await nights.run();
  const result = await nights.run({ exclude: { excludes: ['disk/**'] } });
  assert.deepEqual([told(result), result.emptySources], [[], []]);
});

for (const [what, put] of [
  ['a link', (path: string) => symlinkSync('nowhere', path)],
  ['an empty file', (path: string) => writeFileSync(path, '')],
] as const)
  test(`${what} shows it as well, since it is no folder`, async () => {
    using nights = await Nights.of('disk');
    await nights.run();
    nights.unmount();
    mkdirSync(join(nights.disk, 'keep'));
    put(join(nights.disk, 'keep', 'here'));
    assert.deepEqual(told(await nights.run()), []);
  });

test('the working folder itself, given as ".", is a source like any other', async () => {
  using nights = await Nights.of('disk');
  const options = { workingFolder: nights.disk };
  const full = await nights.run(options, ['.']);
  nights.unmount();
  assert.deepEqual(told(await nights.run(options, ['.'])), [emptied(nights.disk, full)]);
});

test('a damaged snapshot tells nothing, an older whole one does', async () => {
  using nights = await Nights.of('disk');
  const full = await nights.run();
  const damaged = await nights.run();
  nights.storage.tamper({ kind: 'snapshots', name: damaged.snapshotId ?? '' }, (bytes) =>
    bytes?.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
  );
  nights.unmount();
  assert.deepEqual(told(await nights.run()), [emptied(nights.disk, full)]);
});

test('a disk that is mounted on one night and not on the next', rootOnly, async (t) => {
  using nights = await Nights.of('disk');
  nights.unmount();
  let full: BackupResult | undefined;
  await withMount(t, nights.disk, async () => {
    nights.write(nights.disk);
    full = await nights.run({ oneFileSystem: true });
    assert.deepEqual(told(full), []);
  });
  if (full) assert.deepEqual(told(await nights.run({ oneFileSystem: true })), [emptied(nights.disk, full)]);
});

test('the snapshots of empty nights are whole, and the first still has the files', async () => {
  using nights = await Nights.of('disk');
  const full = await nights.run();
  nights.unmount();
  const { repository } = await nextRun(nights.storage, nights.sources);
  const snapshots = await listSnapshots(repository, neverAborted);
  assert.deepEqual(
    snapshots.map(({ snapshot }) => snapshot.summary?.totalFilesProcessed),
    [1, 0],
  );
  assert.equal(snapshots[0]?.id, full.snapshotId);
});
