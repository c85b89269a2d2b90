import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listSnapshots, type Node } from '../../src/repository/index.ts';
import { repositoryStats, statsModes, type RepositoryStats, type StatsMode } from '../../src/upkeep/index.ts';
import { needs } from '../needs.ts';
import { ResticRepository } from './restic-repository.ts';
import { node, SmallRepository } from './small-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

describe('stats of what restic backed up', needs('restic'), () => {
  let repository: ResticRepository;

  before(async () => {
    repository = await ResticRepository.make();
    const write = (name: string, text: string): void => writeFileSync(join(repository.source, name), text);
    mkdirSync(join(repository.source, 'folder'));
    write('a', 'same content '.repeat(100));
    write('folder/b', 'same content '.repeat(100));
    write('large', Buffer.alloc(3 << 20, 'large').toString());
    write('changing', 'first content');
    write('empty', '');
    linkSync(join(repository.source, 'large'), join(repository.source, 'folder', 'hard'));
    symlinkSync('a', join(repository.source, 'link'));
    repository.backup();
    // Nobody else has what it had: restic takes snapshots in no certain order, and of twins the first counts.
    write('changing', 'another content');
    repository.backup('--tag', 'later');
  });
  after(() => repository[Symbol.asyncDispose]());

  async function stats(mode: StatsMode): Promise<RepositoryStats> {
    const opened = await repository.open();
    const snapshots = await listSnapshots(opened, neverAborted);
    await opened.loadIndex({ signal: neverAborted });
    return repositoryStats(opened, snapshots, mode, { signal: neverAborted });
  }

  for (const mode of statsModes) {
    test(`${mode} gives restic's numbers`, async () => {
      const { status, output, errors } = repository.restic('stats', '--json', '--mode', mode);
      assert.equal(status, 0, errors);
      const expected: Record<string, number> = JSON.parse(output);
      const { totalBytes, files, blobs, snapshots } = await stats(mode);
      assert.equal(Number(totalBytes), expected['total_size']);
      assert.equal(files, expected['total_file_count'] ?? 0);
      assert.equal(blobs, expected['total_blob_count'] ?? 0);
      assert.equal(snapshots, 2);
    });
  }

  test('raw-data tells what compression saves', async () => {
    const { totalBytes, uncompressedBytes, compressedBlobsBytes, compressedBlobsUncompressedBytes } = await stats('raw-data');
    assert.ok(uncompressedBytes > totalBytes);
    assert.ok(compressedBlobsUncompressedBytes > compressedBlobsBytes && compressedBlobsBytes <= totalBytes);
  });
});

test('a sum is refused where something is missing', async () => {
  await using small = await SmallRepository.make();
  const file = small.file('file', 'text');
  const lost: Node = {
    ...file,
    name: node('lost', 'file').name,
    content: [file.content?.[0]?.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) as never],
  };
  const root = small.tree([file, lost]);
  await small.flush();
  await small.snapshot(root, 1);
  const repository = await small.reopen();
  await repository.loadIndex({ signal: neverAborted });
  const snapshots = await small.snapshots();
  await assert.rejects(repositoryStats(repository, snapshots, 'raw-data', { signal: neverAborted }), { code: 'repository.damaged' });
  assert.equal((await repositoryStats(repository, snapshots, 'restore-size', { signal: neverAborted })).files, 2);
});
