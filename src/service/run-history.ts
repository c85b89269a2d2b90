import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, systemCode, type Random } from '../platform/index.ts';
import { runResult, type RunResult } from './protocol.ts';

/** Exceptions of one run that are kept. */
const exceptionsKeptMax = 100;
const runsKept = 2000;
/** A file beyond that is made smaller; one beyond eight times that is not ours to read. */
const fileBytesWanted = 8 * 1024 * 1024;

/**
 * What ran, with its result: `runs.jsonl` in the state folder, one line a run, written by whichever process ran it. It serves the views;
 * nothing depends on it, and it may be deleted at any time.
 */
export class RunHistory {
  readonly path: string;
  readonly #folder: string;
  readonly #random: Random;
  #read: { readonly stamp: string; readonly runs: readonly RunResult[] } | undefined;

  constructor(stateFolder: string, random: Random) {
    this.#folder = stateFolder;
    this.path = join(stateFolder, 'runs.jsonl');
    this.#random = random;
  }

  /** @throws the system's errors */
  async append(run: RunResult): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const kept = { ...run, exceptions: run.exceptions.slice(0, exceptionsKeptMax) };
    const handle = await open(this.path, 'a', 0o600);
    try {
      // One write of one line: several processes may append, and a line that somebody left torn must not take ours with it.
      await handle.writeFile(`${(await this.#endsTorn()) ? '\n' : ''}${JSON.stringify(kept)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** Oldest first. Lines that cannot be read are left out. @throws the system's errors */
  async runs(): Promise<readonly RunResult[]> {
    try {
      const { size, mtimeMs, ino } = await stat(this.path);
      const stamp = `${size} ${mtimeMs} ${ino}`;
      if (this.#read?.stamp === stamp) return this.#read.runs;
      if (size > 8 * fileBytesWanted) return [];
      const runs = (await readFile(this.path, 'utf8')).split('\n').flatMap(parseLine);
      this.#read = { stamp, runs };
      return runs;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** The last run of each set that `isWanted`. */
  async lastBySet(isWanted: (run: RunResult) => boolean = () => true): Promise<ReadonlyMap<string, RunResult>> {
    const last = new Map<string, RunResult>();
    for (const run of await this.runs()) if (run.set !== undefined && run.job === 'backup' && isWanted(run)) last.set(run.set, run);
    return last;
  }

  /** Leaves the newest, and the last of every set. To be called by one process of the machine. */
  async trim(): Promise<void> {
    const size = await stat(this.path).then(
      (stats) => stats.size,
      () => 0,
    );
    if (size < fileBytesWanted) return;
    const runs = await this.runs();
    const last = new Set((await this.lastBySet()).values());
    const kept = runs.filter((run, at) => at >= runs.length - runsKept || last.has(run));
    await replaceFile(this.path, kept.map((run) => `${JSON.stringify(run)}\n`).join(''), this.#random);
  }

  async #endsTorn(): Promise<boolean> {
    const handle = await open(this.path, 'r');
    try {
      const { size } = await handle.stat();
      if (size === 0) return false;
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
      return buffer[0] !== 0x0a;
    } finally {
      await handle.close();
    }
  }
}

function parseLine(line: string): readonly RunResult[] {
  if (line === '') return [];
  try {
    const parsed = runResult.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
