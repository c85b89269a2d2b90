import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ObjectStore } from '../test/s3/object-store.ts';
import type { S3Peer } from '../test/s3/s3-peer.ts';
import { makeData } from './data.ts';
import { measure, median, type Measurement } from './measure.ts';

/*
 * `node bench/s3.ts`: backup and restore beside restic over the same gateway of Ceph on loopback, which keeps all in memory. Both as whole
 * processes, in turn, each round in buckets of its own, which are removed. The ratio is the median of the rounds' ratios.
 */
const { values: options } = parseArgs({
  options: {
    'random-mb': { type: 'string', default: '256' },
    'text-mb': { type: 'string', default: '256' },
    'small-files': { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    work: { type: 'string', default: tmpdir() },
  },
});

const steps = ['backup', 'restore'] as const;
const programs = ['cadangan', 'restic'] as const;
type Program = (typeof programs)[number];
type Round = Record<Program, Record<(typeof steps)[number], Measurement>>;

const cli = join(import.meta.dirname, '..', 'dist', 'cli.js');
const work = mkdtempSync(join(options.work, 'cadangan-bench-s3-'));
const store = await ObjectStore.start();
try {
  console.log(await besideRestic(store.peer));
} finally {
  await store[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
}

async function besideRestic(peer: S3Peer): Promise<string> {
  const source = join(work, 'source');
  mkdirSync(source);
  makeData(source, {
    seed: 1,
    randomMb: Number(options['random-mb']),
    textMb: Number(options['text-mb']),
    smallFiles: Number(options['small-files']),
    smallFileBytes: 8192,
  });
  const rounds: Round[] = [];
  for (let at = 0; at < Number(options.rounds); at++) {
    const seen = new Map<Program, Round[Program]>();
    for (const program of at % 2 === 0 ? programs : programs.toReversed()) seen.set(program, await run(program, peer, source));
    const [cadangan, restic] = [seen.get('cadangan'), seen.get('restic')];
    if (cadangan && restic) rounds.push({ cadangan, restic });
  }
  return table(rounds);
}

async function run(program: Program, peer: S3Peer, source: string): Promise<Round[Program]> {
  const bucket = peer.freshName();
  const state = mkdtempSync(join(work, 'state-'));
  const env = { ...peer.environment, RESTIC_PASSWORD: 'bench', HOME: state, CADANGAN_STATE: state, CADANGAN_CONFIG: join(state, 'none') };
  const base = program === 'restic' ? ['restic', '--no-cache'] : [process.execPath, cli];
  const command = (...args: string[]): Promise<Measurement> =>
    measure({ argv: [...base, '-q', '-r', `s3:${peer.endpoint}/${bucket}/repository`, ...args], env });
  const target = mkdtempSync(join(work, 'target-'));
  await command('init');
  const backup = await command('backup', source);
  const restore = await command('restore', 'latest', '--target', target);
  rmSync(target, { recursive: true });
  await peer.removeBucket(bucket);
  return { backup, restore };
}

function table(rounds: readonly Round[]): string {
  const columns = steps.flatMap((step) => [`${step}`, `${step}, processor`, `${step}, peak memory`]);
  const cells = (program: Program): string[] =>
    steps.flatMap((step) => [
      secondsCell(rounds.map((round) => round[program][step].wallSeconds)),
      secondsCell(rounds.map((round) => round[program][step].cpuSeconds)),
      `${Math.max(...rounds.map((round) => round[program][step].peakMib)).toFixed(0)} MiB`,
    ]);
  const ratio = (step: (typeof steps)[number], of: 'wallSeconds' | 'cpuSeconds'): string =>
    `${median(rounds.map(({ cadangan, restic }) => restic[step][of] / cadangan[step][of])).toFixed(2)} x`;
  const ratios = steps.flatMap((step) => [ratio(step, 'wallSeconds'), ratio(step, 'cpuSeconds'), '']);
  return [
    `| over the same gateway | ${columns.join(' | ')} |`,
    `| --- | ${columns.map(() => '---').join(' | ')} |`,
    ...programs.map((program) => `| ${program} | ${cells(program).join(' | ')} |`),
    `| restic's figure by ours, median of the rounds | ${ratios.join(' | ')} |`,
    '',
  ].join('\n');
}

function secondsCell(seconds: readonly number[]): string {
  return `${median(seconds).toFixed(2)} s (${seconds.map((one) => one.toFixed(2)).join(', ')})`;
}
