import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { TestRepository } from './test-repository.ts';

/** A temporary folder for one test file, and the repositories in it. It is removed after the file's last test. */
export class Stage {
  readonly path = mkdtempSync(join(tmpdir(), 'cadangan-interop-'));
  #count = 0;

  constructor() {
    after(() => this.#clear());
  }

  /** A path that does not exist yet. */
  fresh(name: string): string {
    this.#count += 1;
    return join(this.path, `${this.#count}-${name}`);
  }

  folder(name: string): string {
    const path = this.fresh(name);
    mkdirSync(path);
    return path;
  }

  /** Made by `restic init`. */
  resticRepository(options: { readonly version?: 1 | 2 } = {}): Promise<TestRepository> {
    return TestRepository.initByRestic(this.fresh('restic-repository'), options.version);
  }

  /** Made by us. */
  ourRepository(): Promise<TestRepository> {
    return TestRepository.initByUs(this.fresh('our-repository'));
  }

  #clear(): void {
    spawnSync('chmod', ['-R', 'u+rwX', this.path]); // somebody who is not root cannot empty a read-only folder
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Makes something once, when a test first asks for it: tests of a file share what is slow to make. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
