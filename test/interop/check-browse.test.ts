import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { textOf } from '../../src/platform/index.ts';
import { listSnapshots, type Repository, type StoredSnapshot } from '../../src/repository/index.ts';
import { compareTrees, findInSnapshots, listEntries, type FindOptions } from '../../src/browse/index.ts';
import { needs } from '../needs.ts';
import { ResticRepository } from '../upkeep/restic-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

describe('looking into snapshots as restic does', needs('restic'), () => {
  let made: ResticRepository;
  let repository: Repository;
  let snapshots: StoredSnapshot[];

  before(async () => {
    made = await ResticRepository.make();
    const at = (...names: string[]) => join(made.source, ...names);
    mkdirSync(at('docs', 'Sub'), { recursive: true });
    mkdirSync(at('gone', 'deep'), { recursive: true });
    mkdirSync(at('calm'));
    for (const [name, text] of [
      ['docs/a.txt', 'a'],
      ['docs/B.TXT', 'b'],
      ['docs/Sub/c.txt', 'c'],
      ['gone/deep/g', 'g'],
      ['calm/same', 's'],
      ['keep', 'k'],
      ['\u00fcber "all"', 'u'],
    ] as const) {
      writeFileSync(at(name), text.repeat(50));
    }
    symlinkSync('a.txt', at('docs', 'link'));
    made.backup();
    writeFileSync(at('docs', 'a.txt'), 'changed');
    renameSync(at('gone', 'deep', 'g'), at('docs', 'came'));
    rmSync(at('gone'), { recursive: true });
    rmSync(at('keep'));
    mkdirSync(at('keep', 'below'), { recursive: true });
    rmSync(at('docs', 'link'));
    symlinkSync('B.TXT', at('docs', 'link'));
    chmodSync(at('docs', 'Sub', 'c.txt'), 0o600);
    utimesSync(at('docs', 'B.TXT'), 1, 1);
    mkdirSync(at('fresh'));
    writeFileSync(at('fresh', 'copy of same'), 's'.repeat(50));
    made.backup();
    repository = await made.open();
    snapshots = await listSnapshots(repository, neverAborted);
    await repository.loadIndex({ signal: neverAborted });
  });
  after(() => made[Symbol.asyncDispose]());

  test('listEntries() lists what `restic ls` lists, in its order', async () => {
    for (const { id, snapshot } of snapshots) {
      const theirs = made
        .restic('ls', '--json', id)
        .output.trim()
        .split('\n')
        .slice(1)
        .map((line) => String(JSON.parse(line).path));
      const ours: string[] = [];
      for await (const { path } of listEntries(repository, snapshot.tree, { signal: neverAborted, recursive: true }))
        ours.push(textOf(path));
      assert.deepEqual(ours, theirs);
    }
  });

  const questions: readonly (readonly [args: readonly string[], options: FindOptions])[] = [
    [['*.txt'], { signal: neverAborted, patterns: ['*.txt'] }],
    [['docs'], { signal: neverAborted, patterns: ['docs'] }],
    [['-i', 'B.txt', 'SUB'], { signal: neverAborted, patterns: ['B.txt', 'SUB'], ignoreCase: true }],
    [['/source/docs/*'], { signal: neverAborted, patterns: ['/source/docs/*'] }],
    [['source/*/Sub', 'nothing'], { signal: neverAborted, patterns: ['source/*/Sub', 'nothing'] }],
    [['/**/g'], { signal: neverAborted, patterns: ['/**/g'] }],
    [['!keep'], { signal: neverAborted, patterns: ['!keep'] }],
    [['?ber*'], { signal: neverAborted, patterns: ['?ber*'] }],
    [['-N', '1999-01-01', '*'], { signal: neverAborted, patterns: ['*'], newestNs: BigInt(new Date(1999, 0, 1).getTime()) * 1_000_000n }],
    [
      ['-O', '1999-01-01', 'docs/*'],
      { signal: neverAborted, patterns: ['docs/*'], oldestNs: BigInt(new Date(1999, 0, 1).getTime()) * 1_000_000n },
    ],
  ];
  for (const [args, options] of questions) {
    test(`findInSnapshots() finds what \`restic find ${args.join(' ')}\` finds`, async () => {
      // Of several snapshots restic 0.14 shows the newest first.
      const theirs: { snapshot: string; matches: { path: string }[] }[] = JSON.parse(made.restic('find', '--json', ...args).output);
      const expected = theirs.flatMap(({ snapshot, matches }) => matches.map(({ path }) => `${snapshot} ${path}`)).sort();
      const ours: string[] = [];
      for await (const match of findInSnapshots(repository, snapshots, options)) ours.push(`${match.snapshot.id} ${textOf(match.path)}`);
      assert.deepEqual(ours.sort(), expected);
    });
  }

  for (const metadata of [false, true]) {
    test(`compareTrees() says what \`restic diff${metadata ? ' --metadata' : ''}\` says`, async () => {
      const [a, b] = snapshots;
      assert.ok(a && b);
      for (const [before, after] of [
        [a, b],
        [b, a],
        [a, a],
      ] as const) {
        const lines = made
          .restic('diff', '--json', ...(metadata ? ['--metadata'] : []), before.id, after.id)
          .output.trim()
          .split('\n')
          .map((line) => JSON.parse(line));
        const statistics = lines.pop();
        const ours: object[] = [];
        const { changedFiles, added, removed } = await compareTrees(repository, before.snapshot.tree, after.snapshot.tree, {
          signal: neverAborted,
          metadata,
          onChange: ({ path, modifier }) => void ours.push({ message_type: 'change', path: textOf(path), modifier }),
        });
        assert.deepEqual(ours, lines);
        const shown = ({ files, dirs, others, dataBlobs, treeBlobs, bytes }: typeof added) => ({
          files,
          dirs,
          others,
          data_blobs: dataBlobs,
          tree_blobs: treeBlobs,
          bytes,
        });
        assert.deepEqual(
          { changedFiles, added: shown(added), removed: shown(removed) },
          { changedFiles: statistics.changed_files, added: statistics.added, removed: statistics.removed },
        );
      }
    });
  }
});
