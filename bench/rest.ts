import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RcloneServer } from '../test/interop/rclone-server.ts';
import { makeData } from './data.ts';
import { measure, median, type Measurement } from './measure.ts';

/*
 * `node bench/rest.ts`: backup and restore beside restic's over the same `rclone serve restic` on loopback (`rest:`), and over the pipes of
 * a `rclone` of each program's own (`rclone:`), in turn. Both are whole processes, with their start.
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

const steps = ['full backup', 'restore'] as const;
const programs = {
  cadangan: [process.execPath, fileURLToPath(new URL('../dist/cli.js', import.meta.url))],
  restic: ['restic', '--no-cache'],
};
type Program = keyof typeof programs;

interface Seen {
  readonly step: (typeof steps)[number];
  readonly cadangan: Measurement;
  readonly restic: Measurement;
}

const work = mkdtempSync(join(options.work, 'cadangan-bench-rest-'));
const environment = {
  RESTIC_PASSWORD: 'bench',
  CADANGAN_STATE: join(work, 'state'),
  RCLONE_CONFIG: '/dev/null',
  RCLONE_CONFIG_HERE_TYPE: 'local',
};
const server = await RcloneServer.open(['restic', join(work, 'served')]);
try {
  const source = join(work, 'source');
  mkdirSync(source);
  makeData(source, {
    seed: 1,
    randomMb: Number(options['random-mb']),
    textMb: Number(options['text-mb']),
    smallFiles: Number(options['small-files']),
    smallFileBytes: 8192,
  });
  console.log(await table('rest:', (name) => `rest:${server.url.href}${name}/`, source));
  console.log(await table('rclone:', (name) => `rclone:here:${join(work, 'piped', name)}`, source));
} finally {
  await server[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
}

async function table(road: string, locationOf: (name: string) => string, source: string): Promise<string> {
  const seen: Seen[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const at = (program: Program): string => locationOf(`${program}-${round}`);
    for (const program of ['cadangan', 'restic'] as const) await run(program, at(program), 'init');
    const beside = async (step: Seen['step'], ...args: readonly string[]): Promise<void> => {
      const of = (program: Program) => run(program, at(program), ...args.map((arg) => (arg === 'TARGET' ? freshTarget() : arg)));
      // Who comes first finds what is read cold: they take turns.
      const order: readonly Program[] = round % 2 === 0 ? ['cadangan', 'restic'] : ['restic', 'cadangan'];
      const done = new Map<Program, Measurement>();
      for (const program of order) done.set(program, await of(program));
      const [cadangan, restic] = [done.get('cadangan'), done.get('restic')];
      if (cadangan && restic) seen.push({ step, cadangan, restic });
    };
    await beside('full backup', 'backup', source);
    await beside('restore', 'restore', 'latest', '--target', 'TARGET');
  }
  return rowsOf(road, seen);
}

function run(program: Program, location: string, ...args: readonly string[]): Promise<Measurement> {
  return measure({ argv: [...programs[program], '-q', '-r', location, ...args], env: environment });
}

function freshTarget(): string {
  return mkdtempSync(join(work, 'target-'));
}

function rowsOf(road: string, seen: readonly Seen[]): string {
  const rows = steps.map((step) => {
    const own = seen.filter((one) => one.step === step);
    const cell = (program: Program): string => {
      const seconds = own.map((one) => one[program].wallSeconds);
      return `${median(seconds).toFixed(2)} s (${seconds.map((one) => one.toFixed(2)).join(', ')})`;
    };
    const ratio = median(own.map(({ cadangan, restic }) => restic.wallSeconds / cadangan.wallSeconds));
    const peakMib = Math.max(...own.map(({ cadangan }) => cadangan.ownPeakMib));
    return `| ${step} | ${cell('cadangan')} | ${cell('restic')} | ${ratio.toFixed(2)} x | ${peakMib.toFixed(0)} MiB |`;
  });
  return [`| ${road} | cadangan | restic | times as fast | cadangan's peak |`, '| --- | --- | --- | --- | --- |', ...rows, ''].join('\n');
}
