import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../storage/temporary-folder.ts';

/**
 * Rclone as a program of its own for one test: it tells its process ids, so that it can be killed, and can be taken away. Its one remote,
 * `somewhere`, is the machine's own disk.
 */
export class RcloneOfTest implements AsyncDisposable {
  readonly folder: string;
  /** Where the repository lies, below the remote. */
  readonly root: string;
  readonly access: { readonly program: string; readonly environment: Readonly<Record<string, string | undefined>> };
  readonly #dispose: () => PromiseLike<void>;

  private constructor(folder: string, dispose: () => PromiseLike<void>) {
    this.folder = folder;
    this.#dispose = dispose;
    this.root = join(folder, 'remote', 'repo');
    const settings = { RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_SOMEWHERE_TYPE: 'local', RCLONE_LOW_LEVEL_RETRIES: '1' };
    this.access = { program: join(folder, 'rclone'), environment: { ...process.env, ...settings } };
  }

  static async open(): Promise<RcloneOfTest> {
    const temporary = await temporaryFolder();
    const it = new RcloneOfTest(temporary.path, () => temporary[Symbol.asyncDispose]());
    await mkdir(join(temporary.path, 'remote'));
    await writeFile(it.access.program, `#!/bin/sh\necho $$ >>'${temporary.path}/pids'\nexec rclone "$@"\n`);
    await chmod(it.access.program, 0o755);
    return it;
  }

  /** Of every rclone that was started, oldest first. */
  async pids(): Promise<number[]> {
    const text = await readFile(join(this.folder, 'pids'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** Those that run. */
  async running(): Promise<number[]> {
    return (await this.pids()).filter((pid) => isAlive(pid));
  }

  async kill(): Promise<void> {
    for (const pid of await this.running()) endGroup(pid);
  }

  /** Rclone ends, and cannot be started again. */
  async takeAway(): Promise<void> {
    await rm(this.access.program);
    await this.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#dispose();
  }
}

/** Each leads a group of its own. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/** One that has ended and that nobody has asked for (`Z`) runs no more: whose parent died may stay so for long. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
