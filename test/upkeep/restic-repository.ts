import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Repository } from '../../src/repository/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { password, passwordTyped } from './small-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/**
 * A folder with a repository that the real restic fills, and a source beside it. The key is cheap, so that each call takes tenths of a
 * second.
 */
export class ResticRepository {
  readonly folder: string;
  readonly path: string;
  readonly source: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'repository');
    this.source = join(folder, 'source');
  }

  static async make(): Promise<ResticRepository> {
    const made = new ResticRepository(await mkdtemp(join(tmpdir(), 'cadangan-restic-')));
    await mkdir(made.source);
    await Repository.init({ storage: new FolderStorage(made.path) }, password, { signal: neverAborted, kdfCost: { N: 16, r: 8, p: 1 } });
    return made;
  }

  open(): Promise<Repository> {
    return Repository.open({ storage: new FolderStorage(this.path) }, password, neverAborted);
  }

  restic(...args: readonly string[]): { readonly status: number | null; readonly output: string; readonly errors: string } {
    const environment = { ...process.env, RESTIC_PASSWORD: passwordTyped, RESTIC_CACHE_DIR: join(this.folder, 'cache') };
    const { status, stdout, stderr } = spawnSync('restic', ['--repo', this.path, '--no-cache', ...args], {
      cwd: this.folder,
      env: environment,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    return { status, output: stdout, errors: stderr };
  }

  backup(...args: readonly string[]): void {
    const { status, errors } = this.restic('backup', '--quiet', 'source', ...args);
    if (status !== 0) throw new Error(`restic backup: ${errors}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
