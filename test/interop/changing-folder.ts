import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../fakes/seeded-random.ts';

/** A folder that lives on from day to day: what a seed decides is added, edited, moved and removed in it. */
export class ChangingFolder {
  readonly path: string;
  readonly #random: SeededRandom;
  #made = 0;

  constructor(path: string, random: SeededRandom) {
    this.path = path;
    this.#random = random;
    mkdirSync(path);
    for (let i = 0; i < 40; i++) this.#addFile();
    writeFileSync(join(path, 'database.dump'), random.bytes(3_000_000));
  }

  /** Another day's changes. */
  live(): void {
    for (let i = 0; i < 15; i++) this.#change();
    appendFileSync(join(this.path, 'database.dump'), this.#random.bytes(200_000));
  }

  #change(): void {
    const actions = [
      () => this.#addFile(),
      () => this.#onFile((path) => appendFileSync(path, this.#random.bytes(this.#random.below(20_000)))),
      () => this.#onFile((path) => writeFileSync(path, this.#random.bytes(this.#random.below(700_000)))),
      () => this.#onFile((path) => truncateSync(path, 0)),
      () => this.#onFile((path) => rmSync(path)),
      () => this.#onFile((path) => renameSync(path, join(this.#anyFolder(), this.#newName()))),
      () => this.#onFile((path) => linkSync(path, join(this.#anyFolder(), this.#newName()))),
      () => this.#onFile((path) => chmodSync(path, 0o600 | this.#random.below(0o200))),
      () => symlinkSync(this.#newName(), join(this.#anyFolder(), this.#newName())),
      () => mkdirSync(join(this.#anyFolder(), this.#newName())),
    ];
    actions[this.#random.below(actions.length)]?.();
  }

  #addFile(): void {
    const folder = this.#random.chance(0.3) ? join(this.#anyFolder(), this.#newName()) : this.#anyFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, this.#newName()), this.#random.bytes(this.#random.below(50_000)));
  }

  #onFile(change: (path: string) => void): void {
    const files = this.#paths((entry) => entry.isFile());
    const path = files[this.#random.below(Math.max(files.length, 1))];
    if (path !== undefined) change(path);
  }

  #anyFolder(): string {
    const folders = [this.path, ...this.#paths((entry) => entry.isDirectory())];
    return folders[this.#random.below(folders.length)] ?? this.path;
  }

  /** Sorted, so that the seed alone decides. */
  #paths(wanted: (entry: { isFile(): boolean; isDirectory(): boolean }) => boolean): string[] {
    const entries = readdirSync(this.path, { recursive: true, withFileTypes: true });
    return entries
      .filter(wanted)
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
  }

  #newName(): string {
    this.#made += 1;
    return ['file', 'catatan', '\u6587\u4ef6', 'with space', '\u{1f600}'][this.#random.below(5)] + `-${this.#made}`;
  }
}
