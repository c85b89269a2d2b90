import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { system, textOf } from '../../src/platform/index.ts';
import {
  loadSnapshot,
  parsePackId,
  walkTree,
  type BlobId,
  type Node,
  type PackId,
  Repository,
  type SnapshotId,
} from '../../src/repository/index.ts';
import { FolderStorage, listedKinds, type FileName } from '../../src/storage/index.ts';
import { checkRepository, type CheckResult, type Losses } from '../../src/upkeep/index.ts';
import type { StorageState, StoredFile } from '../fakes/crash-model.ts';
import { needs } from '../needs.ts';
import { node, password, passwordTyped, SmallRepository } from './small-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** What a snapshot has: content by path, as a restore below `/` would give it. */
export type Contents = Readonly<Record<string, string>>;

/** For what restic judges. There is none of Windows here: our own check and reading judge there what the same steps made. */
export const judged = system.isWindows ? { skip: false as const } : needs('restic');

/** A small repository with two snapshots of which a test knows every byte, and a judge of what becomes of it. */
export class RepairStage {
  readonly small: SmallRepository;
  /** In the order of storing: data and trees of the first snapshot, data and trees of the second. */
  readonly packs: readonly PackId[];
  readonly first: SnapshotId;
  readonly second: SnapshotId;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cadangan-repair-'));

  private constructor(small: SmallRepository, packs: readonly PackId[], snapshots: readonly [SnapshotId, SnapshotId]) {
    this.small = small;
    this.packs = packs;
    [this.first, this.second] = snapshots;
  }

  static async make(): Promise<RepairStage> {
    const small = await SmallRepository.make();
    const old = small.file('old.txt', oldText, { mode: 0o600 });
    const big = largeFile(small, 'big.bin');
    const top = small.file('top.txt', topText);
    const firstTree = small.tree([small.folder('docs', [big, old]), top]);
    const packs = await small.flush();
    const first = await small.snapshot(firstTree, 1);
    const later = small.file('new.txt', newText);
    const secondTree = small.tree([small.folder('docs', [big, later, old]), small.folder('notes', [small.file('n.txt', noteText)]), top]);
    packs.push(...(await small.flush()));
    const second = await small.snapshot(secondTree, 2);
    return new RepairStage(small, packs.map(parsePackId), [first, second]);
  }

  get path(): string {
    return this.small.path;
  }

  get firstContents(): Contents {
    return { '/docs/big.bin': bigParts.join(''), '/docs/old.txt': oldText, '/top.txt': topText };
  }

  get secondContents(): Contents {
    return { ...this.firstContents, '/docs/new.txt': newText, '/notes/n.txt': noteText };
  }

  /** A file of the repository on disk. */
  file(kind: FileName['kind'], name: string): string {
    return kind === 'data' ? join(this.path, 'data', name.slice(0, 2), name) : join(this.path, kind, name);
  }

  names(kind: 'index' | 'snapshots' | 'data'): string[] {
    const folder = join(this.path, kind);
    return kind === 'data' ? readdirSync(folder).flatMap((sub) => readdirSync(join(folder, sub))) : readdirSync(folder);
  }

  /** A copy of all files, to begin again from. */
  state(): StorageState {
    return RepairStage.stateOf(this.path);
  }

  static stateOf(repository: string): StorageState {
    const files = new Map<string, StoredFile>();
    const take = (file: FileName, path: string): void =>
      void files.set(file.name === '' ? 'config' : `${file.kind}/${file.name}`, { file, bytes: readFileSync(path) });
    take({ kind: 'config', name: '' }, join(repository, 'config'));
    for (const kind of listedKinds) {
      const folder = join(repository, kind);
      for (const entry of existsSync(folder) ? readdirSync(folder) : []) {
        const path = join(folder, entry);
        for (const name of statSync(path).isDirectory() ? readdirSync(path) : []) take({ kind, name }, join(path, name));
        if (statSync(path).isFile()) take({ kind, name: entry }, path);
      }
    }
    return { created: true, files, leftovers: [] };
  }

  /** Stock restic, on this repository or another one with its password. */
  restic(args: readonly string[], path = this.path): { readonly status: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync('restic', ['--repo', path, '--no-cache', ...args], {
      env: { ...process.env, RESTIC_PASSWORD: passwordTyped },
      encoding: 'utf8',
    });
    return { status, output: `${stdout}${stderr}` };
  }

  /** The judge reads every byte and finds nothing wrong. */
  async assertSound(what = '', path = this.path): Promise<void> {
    if (system.isWindows) return assert.equal((await this.check(await openAt(path))).errorCount, 0, what);
    const { status, output } = this.restic(['check', '--read-data'], path);
    assert.equal(status, 0, `${what}\n${output}`);
    assert.match(output, /no errors were found/);
  }

  /** What the judge restores of a snapshot. */
  async restored(snapshot: SnapshotId, path = this.path): Promise<Contents> {
    if (system.isWindows) return readable(await openAt(path), snapshot);
    const target = mkdtempSync(join(this.#folder, 'restored-'));
    const { status, output } = this.restic(['restore', snapshot, '--target', target], path);
    assert.equal(status, 0, output);
    return Object.fromEntries(
      readdirSync(target, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((file) => [file.slice(target.length), readFileSync(file, 'utf8')]),
    );
  }

  async check(repository?: Repository): Promise<CheckResult> {
    return checkRepository(repository ?? (await this.small.reopen()), { signal: neverAborted, readData: 'all', workerCount: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true }); // not `rmSync`: under Wine it removes nothing that is read-only
    await this.small[Symbol.asyncDispose]();
  }
}

/** What can be read of a snapshot by the index, which is loaded if it is not, without another thread; what cannot is `lost`. */
export async function readable(repository: Repository, snapshot: SnapshotId): Promise<Contents> {
  if (repository.index.blobCount === 0) await repository.loadIndex({ signal: neverAborted });
  const contents: Record<string, string> = {};
  const textOfBlob = (id: BlobId): Promise<string> =>
    repository.loadBlob('data', id, neverAborted).then((bytes) => Buffer.from(bytes).toString());
  for await (const step of walkTree(repository, (await loadSnapshot(repository, snapshot, neverAborted)).snapshot.tree, {
    signal: neverAborted,
  })) {
    if (step.kind === 'unreadable') contents[textOf(step.path)] = 'lost';
    if (step.kind !== 'node' || step.node.type !== 'file') continue;
    const parts = (step.node.content ?? []).map((id) => textOfBlob(id).catch(() => undefined));
    const texts = await Promise.all(parts);
    contents[textOf(step.path)] = texts.includes(undefined) ? 'lost' : texts.join('');
  }
  return contents;
}

function openAt(path: string): Promise<Repository> {
  return Repository.open({ storage: new FolderStorage(path) }, password, neverAborted);
}

/** Paths that are named as lost, each once. */
export function pathsLost({ faults }: Losses): string[] {
  return [...new Set(faults.flatMap(({ affects }) => affects.map(({ path }) => textOf(path))))].sort();
}

const oldText = 'in both snapshots '.repeat(20);
const topText = 'top';
const newText = 'only in the second '.repeat(30);
const noteText = 'a note';
/** Not one of them compresses to the same length as another. */
const bigParts = ['first part '.repeat(3), 'second part, longer '.repeat(9), 'the third and last part '.repeat(5)];

function largeFile(small: SmallRepository, name: string): Node {
  const parts = bigParts.map((text) => Buffer.from(text));
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return node(name, 'file', { content: parts.map((part) => small.blob('data', part)), size, links: 1 });
}
