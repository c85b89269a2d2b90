import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Measurement {
  readonly wallSeconds: number;
  /** Of the processor, by the process and its children: says more than the clock on a machine that has other work. */
  readonly cpuSeconds: number;
  /** Sum of the peaks of the process and its children, in MiB. */
  readonly peakMib: number;
  /** The peak of the process alone. */
  readonly ownPeakMib: number;
}

/** A command line and its surroundings. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const sampleMs = 10;
/** As Linux has it everywhere. */
const ticksPerSecond = 100;

/** Runs a command as a whole process. Peak memory and processor time are the kernel's, of every process in its tree while it runs. */
export async function measure({ argv, env, cwd }: Command): Promise<Measurement> {
  const [program = '', ...args] = argv;
  const startMs = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const [peaksKib, ticks] = [new Map<number, number>(), new Map<number, number>()];
  const timer = setInterval(() => child.pid && sample(child.pid, peaksKib, ticks), sampleMs);
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(timer);
  const wallSeconds = (performance.now() - startMs) / 1000;
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${errors.slice(-2000)}`);
  const ownPeakMib = (peaksKib.get(child.pid ?? 0) ?? 0) / 1024;
  return { wallSeconds, cpuSeconds: sumOf(ticks) / ticksPerSecond, peakMib: sumOf(peaksKib) / 1024, ownPeakMib };
}

function sumOf(values: ReadonlyMap<number, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0);
}

function sample(root: number, peaksKib: Map<number, number>, ticks: Map<number, number>): void {
  for (const pid of processTree(root)) {
    try {
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      // The last that it says: a child has the memory of its parent until it becomes another program.
      if (peak) peaksKib.set(pid, Number(peak));
      const [user, system] = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ').slice(11, 13).map(Number);
      ticks.set(pid, (user ?? 0) + (system ?? 0));
    } catch {
      // it just ended
    }
  }
}

function processTree(root: number): number[] {
  const found = [root];
  for (const pid of found) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        found.push(...readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
      }
    } catch {
      // it just ended
    }
  }
  return found;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function folderBytes(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).size;
  }
  return sum;
}
