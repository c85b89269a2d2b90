import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { passwordFromText } from '../src/platform/index.ts';
import { listSnapshots, Repository } from '../src/repository/index.ts';
import { restore } from '../src/restore/index.ts';
import { FolderStorage } from '../src/storage/index.ts';
import { makeData } from './data.ts';
import { measure, median } from './measure.ts';
import { tools } from './tools.ts';
import { neverAborted } from '../test/fakes/never-aborted.ts';

/*
 * What it costs that nothing is called restored before the disk has it: `node bench/restore-sync.ts [--files 40000] [--file-bytes 8192]
 * [--rounds 5] [--ways none,...] [--work FOLDER]`, after `node esbuild.js`. The same snapshot is restored in turn without any sync, by file
 * system, and file by file; read the ratios. The work folder must lie on a disk: in memory a sync costs nothing.
 */
const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '40000' },
    'file-bytes': { type: 'string', default: '8192' },
    rounds: { type: 'string', default: '5' },
    ways: { type: 'string', default: 'none,by file system,each file' },
    work: { type: 'string', default: tmpdir() },
  },
});
const work = mkdtempSync(join(options.work, 'cadangan-bench-sync-'));

try {
  const ways = [
    { name: 'none', program: script('none', 'exit 0') },
    { name: 'by file system', program: 'sync' },
    { name: 'each file', program: script('missing', 'exit 1') },
  ].filter(({ name }) => options.ways.split(',').includes(name));
  const repository = await makeRepository();
  const seconds = new Map(ways.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const { name, program } of ways) {
      spawnSync('sync'); // what the one before left is not this one's to wait for
      const took = await secondsOfRestore(repository, join(work, `${name}-${round}`), program);
      seconds.get(name)?.push(took);
      console.error(`round ${round}  ${name.padEnd(16)} ${took.toFixed(2)} s`);
    }
  }
  const without = seconds.get('none') ?? [];
  console.log(
    `| sync | ${options.files} files of ${options['file-bytes']} bytes, median | times as long as without, round by round |\n| --- | --- | --- |`,
  );
  for (const [name, all] of seconds) {
    const ratios = all.map((one, at) => (one / (without[at] ?? one)).toFixed(2)).join(', ');
    console.log(`| ${name} | ${median(all).toFixed(2)} s | ${ratios} |`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** A program that says that it knows file systems, or does not. */
function script(name: string, does: string): string {
  const path = join(work, name);
  writeFileSync(path, `#!/bin/sh\n${does === 'exit 0' ? 'echo --file-system\n' : ''}${does}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function makeRepository(): Promise<Repository> {
  const [cadangan] = tools;
  const [source, path] = [join(work, 'source'), join(work, 'repository')];
  makeData(source, {
    seed: 1,
    randomMb: 0,
    textMb: 0,
    smallFiles: Number(options.files),
    smallFileBytes: Number(options['file-bytes']),
  });
  if (!cadangan) throw new Error('there is nothing to measure');
  cadangan.init(path);
  await measure(cadangan.backup(path, source));
  const repository = await Repository.open({ storage: new FolderStorage(path) }, passwordFromText('bench'), neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  return repository;
}

async function secondsOfRestore(repository: Repository, target: string, syncProgram: string): Promise<number> {
  const snapshot = (await listSnapshots(repository, neverAborted)).at(-1);
  if (!snapshot) throw new Error('there is no snapshot');
  const startMs = performance.now();
  const { exceptionCounts, counts } = await restore(repository, snapshot.snapshot, { signal: neverAborted, target, syncProgram });
  if (counts.filesRestored !== Number(options.files)) throw new Error(`not all was restored: ${JSON.stringify(exceptionCounts)}`);
  return (performance.now() - startMs) / 1000;
}
