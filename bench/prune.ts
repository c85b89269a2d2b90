import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeData } from './data.ts';
import { folderBytes, measure, median, type Command } from './measure.ts';

/*
 * Prune beside restic's, on copies of the same repository in the same run: `node bench/prune.ts [--rounds 5] [--files 40000]
 * [--random-mb 600] [--work FOLDER]`, after `node esbuild.js`. And how much memory a plan takes above the index, in a process of its own
 * for each size: `node bench/prune.ts --blobs 1000000,10000000`.
 */
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    files: { type: 'string', default: '40000' },
    'random-mb': { type: 'string', default: '600' },
    work: { type: 'string', default: tmpdir() },
    blobs: { type: 'string' },
  },
});
const works = [
  { name: 'repack all that is partly used', args: ['--max-unused', '0'] },
  { name: 'only look, and drop', args: ['--max-unused', 'unlimited', '--max-repack-size', '0'] },
] as const;

if (options.blobs === undefined) await compareWithRestic(mkdtempSync(join(options.work, 'cadangan-bench-prune-')));
else for (const blobs of options.blobs.split(',')) tellMemory(blobs);

function tellMemory(blobs: string): void {
  const script = fileURLToPath(new URL('prune-memory.ts', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, blobs], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  process.stdout.write(stdout);
}

interface Measured {
  readonly seconds: number[];
  readonly peaksMib: number[];
  leftMib: number;
}

async function compareWithRestic(work: string): Promise<void> {
  const [master, copy] = [join(work, 'master'), join(work, 'copy')];
  const env = { RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: join(work, 'cache'), CADANGAN_STATE: join(work, 'state') };
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
  const programs = [
    { tool: 'restic', command: (args: readonly string[]): Command => ({ argv: ['restic', '-q', '-r', copy, 'prune', ...args], env }) },
    {
      tool: 'Cadangan',
      command: (args: readonly string[]): Command => ({
        argv: [process.execPath, cli, '-q', '-r', copy, 'prune', '--instant-delete', ...args],
        env,
      }),
    },
  ];
  try {
    makeRepository(master, join(work, 'source'), env);
    console.log(
      '| | tool | wall, median | peak memory | times as long as restic, round by round | left |\n| --- | --- | --- | --- | --- | --- |',
    );
    for (const { name, args } of works) {
      const results = new Map(programs.map(({ tool }): [string, Measured] => [tool, { seconds: [], peaksMib: [], leftMib: 0 }]));
      for (let round = 0; round < Number(options.rounds); round++)
        for (const { tool, command } of programs) {
          rmSync(copy, { recursive: true, force: true });
          cpSync(master, copy, { recursive: true });
          spawnSync('sync'); // what the one before left is not this one's to wait for
          const { wallSeconds, peakMib } = await measure(command(args));
          const result = results.get(tool);
          result?.seconds.push(wallSeconds);
          result?.peaksMib.push(peakMib);
          if (result) result.leftMib = folderBytes(copy) / 2 ** 20;
          console.error(`${name}, round ${round}: ${tool} ${wallSeconds.toFixed(2)} s, ${peakMib.toFixed(0)} MiB`);
        }
      const base = results.get('restic')?.seconds ?? [];
      for (const [tool, { seconds, peaksMib, leftMib }] of results) {
        const ratios = seconds.map((one, at) => (one / (base[at] ?? one)).toFixed(2)).join(', ');
        console.log(
          `| ${name} | ${tool} | ${median(seconds).toFixed(2)} s | ${median(peaksMib).toFixed(0)} MiB | ${ratios} | ${leftMib.toFixed(0)} MiB |`,
        );
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Two days of which the first is forgotten: a third of the small files changed, and half of the large ones. */
function makeRepository(repository: string, source: string, env: Readonly<Record<string, string>>): void {
  const restic = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('restic', ['-q', '-r', repository, ...args], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  };
  const [smallFiles, randomMb] = [Number(options.files), Number(options['random-mb'])];
  makeData(source, { seed: 1, randomMb, textMb: 100, smallFiles, smallFileBytes: 8192 });
  restic('init');
  restic('backup', source);
  let at = 0;
  for (const entry of readdirSync(source, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && ++at % 3 === 0) writeFileSync(join(entry.parentPath, entry.name), `changed ${at} `.repeat(900));
  }
  restic('backup', source);
  restic('forget', '--keep-last', '1');
  console.log(`repository: ${(folderBytes(repository) / 2 ** 20).toFixed(0)} MiB, ${smallFiles} small files\n`);
}
