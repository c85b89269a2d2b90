import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { passwordFromText } from '../../src/platform/index.ts';
import { addKey, listSnapshots, Repository } from '../../src/repository/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { message, startCadangan, startRestic, type ProgramOptions, type Ran, type Running } from './programs.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

export type Program = 'restic' | 'cadangan';

/** What both programs say of a backup, by restic's names. */
export interface BackupSummary {
  readonly data_blobs: number;
  readonly tree_blobs: number;
  readonly data_added: number;
  readonly files_new: number;
  readonly files_changed: number;
  readonly files_unmodified: number;
  readonly snapshot_id: string;
}

export const password = 'a password with spaces, \u00e9 and \u{1f511}';

/** Weak on purpose: restic calibrates its keys to half a second, which a hundred commands would each pay. */
const cheapCost = { N: 16, r: 1, p: 1 };

/** A repository that both programs are run on. */
export class TestRepository {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async initByRestic(path: string, version = 2): Promise<TestRepository> {
    const repository = new TestRepository(path);
    await repository.run('restic', ['init', '--repository-version', String(version)]);
    await repository.#makeKeyCheap();
    return repository;
  }

  static async initByUs(path: string): Promise<TestRepository> {
    await Repository.init({ storage: new FolderStorage(path) }, passwordFromText(password), { signal: neverAborted, kdfCost: cheapCost });
    return new TestRepository(path);
  }

  /** One that a test has made in its own way. */
  static at(path: string): TestRepository {
    return new TestRepository(path);
  }

  start(program: Program, args: readonly string[], options: ProgramOptions = {}): Running {
    const env = { RESTIC_REPOSITORY: this.path, RESTIC_PASSWORD: password, ...options.env };
    return program === 'restic' ? startRestic(args, { ...options, env }) : startCadangan(args, { ...options, env });
  }

  /** Whatever the exit code. */
  attempt(program: Program, args: readonly string[], options: ProgramOptions = {}): Promise<Ran> {
    return this.start(program, args, options).ended;
  }

  /** @returns standard output. Fails the test unless the exit code is 0, or another that is expected. */
  async run(program: Program, args: readonly string[], options: ProgramOptions = {}, expected = 0): Promise<string> {
    return (await this.runForBytes(program, args, options, expected)).toString();
  }

  async runForBytes(program: Program, args: readonly string[], options: ProgramOptions = {}, expected = 0): Promise<Buffer> {
    const { code, stdout, stderr } = await this.attempt(program, args, options);
    assert.equal(code, expected, `${program} ${args.join(' ')} ended with ${code}: ${stderr}${stdout.toString().slice(-2000)}`);
    return stdout;
  }

  async backup(program: Program, args: readonly string[], options: ProgramOptions = {}, expected = 0): Promise<BackupSummary> {
    const summary = message(await this.run(program, ['backup', '--json', ...args], options, expected), 'summary');
    // restic 0.14 shortens the id here.
    return { ...(summary as unknown as BackupSummary), snapshot_id: String(summary['snapshot_id']).slice(0, 8) };
  }

  /** Every byte, by both programs. */
  async check(...programs: Program[]): Promise<void> {
    for (const program of programs.length > 0 ? programs : (['restic', 'cadangan'] as const)) {
      assert.match(await this.run(program, ['check', '--read-data']), /no errors were found/);
    }
  }

  /** What is visible, oldest first: the tree of each. */
  async trees(): Promise<string[]> {
    return (await listSnapshots(await this.open(), neverAborted)).map(({ snapshot }) => snapshot.tree);
  }

  open(): Promise<Repository> {
    return Repository.open({ storage: new FolderStorage(this.path) }, passwordFromText(password), neverAborted);
  }

  /** Those that stand: both programs write a file under another name first, which nobody heeds, and a kill may leave that. */
  namesOf(kind: 'snapshots' | 'locks' | 'index' | 'keys'): string[] {
    return readdirSync(join(this.path, kind))
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .toSorted();
  }

  async #makeKeyCheap(): Promise<void> {
    const repository = await this.open();
    await addKey(repository.masterKey, passwordFromText(password), { cost: cheapCost }, repository.keyContext(neverAborted));
    await repository.storage.remove({ kind: 'keys', name: repository.keyId }, neverAborted);
  }
}
