import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { after } from 'node:test';

/** A file system of its own, in memory, that can be full or read-only. */
export class SmallDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
    after(() => spawnSync('umount', ['-l', path]));
  }

  /** @param path a folder that does not exist yet. @returns why it cannot be had here, in words, for a test to be skipped */
  static mount(path: string, sizeMib: number): SmallDisk | string {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux, to mount a tmpfs';
    mkdirSync(path);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', path], { encoding: 'utf8' });
    return mounted.status === 0 ? new SmallDisk(path) : `cannot mount a tmpfs here: ${mounted.stderr.trim()}`;
  }

  remount(mode: 'ro' | 'rw'): void {
    this.#remount(mode);
  }

  grow(sizeMib: number): void {
    this.#remount(`size=${sizeMib}m`);
  }

  #remount(how: string): void {
    const remounted = spawnSync('mount', ['-o', `remount,${how}`, this.path], { encoding: 'utf8' });
    if (remounted.status !== 0) throw new Error(`cannot remount: ${remounted.stderr}`);
  }
}
