import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { backup, compileExcludeRules, type BackupOptions, type BackupResult, type ExcludeOptions } from '../../src/backup/index.ts';
import { snapshotPathOf, system, textOf } from '../../src/platform/index.ts';
import { listSnapshots, walkTree, type Node, type Repository, type TreeId } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import type { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { reopen } from '../repository/new-repository.ts';

/** A new folder that is gone at the end of the block. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'cadangan-backup-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export type RunOptions = Partial<BackupOptions> & { readonly exclude?: ExcludeOptions };

/** A run over `sources`, as the job does it. Two workers, whatever the machine has. */
export async function runBackup(repository: Repository, sources: readonly string[], options: RunOptions = {}): Promise<BackupResult> {
  const { exclude = {}, ...rest } = options;
  const rules = await compileExcludeRules(exclude, { environment: {}, windows: system.isWindows, ignoresCase: system.isWindows });
  return backup(repository, {
    sources,
    workingFolder: '/',
    rules,
    host: 'srv-uji',
    workerCount: 2,
    programVersion: 'test',
    signal: new AbortController().signal,
    ...rest,
  });
}

/** As a process of its own: opens the repository, loads the index, backs up. */
export async function nextRun(
  storage: SimulatedStorage,
  sources: readonly string[],
  options: RunOptions = {},
): Promise<BackupResult & { readonly repository: Repository }> {
  const repository = await reopen(storage);
  return { ...(await runBackup(repository, sources, options)), repository };
}

export interface StoredEntry {
  readonly node: Node;
  /** Of files, from the blobs in their order. */
  readonly content: Buffer | undefined;
}

/**
 * Everything in a snapshot, by path, with all content read back. Paths are text where the names are UTF-8.
 * @throws when anything is damaged, missing or out of order: this is what "complete" means
 */
export async function readSnapshot(repository: Repository, tree: TreeId): Promise<Map<string, StoredEntry>> {
  const entries = new Map<string, StoredEntry>();
  for await (const step of walkTree(repository, tree, { signal: neverAborted })) {
    if (step.kind === 'unreadable') throw step.error;
    if (step.kind !== 'node') continue;
    if (step.problems.length > 0) throw new Error(`problems at ${textOf(step.path)}: ${JSON.stringify(step.problems)}`);
    entries.set(textOf(step.path), {
      node: step.node,
      content: step.node.type === 'file' ? await contentOf(repository, step.node) : undefined,
    });
  }
  return entries;
}

/** Where a path of this machine stands among what `readSnapshot` gives. */
export function inSnapshot(path: string): string {
  return textOf(snapshotPathOf(path));
}

async function contentOf(repository: Repository, node: Node): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (const id of node.content ?? []) parts.push(await repository.loadBlob('data', id, neverAborted));
  const content = Buffer.concat(parts);
  if (content.length !== Number(node.size)) throw new Error(`${textOf(node.name)} says ${node.size} bytes and has ${content.length}`);
  return content;
}

/** Opens the repository anew, finds every snapshot complete, and returns how many there are. */
export async function assertEverySnapshotComplete(storage: SimulatedStorage): Promise<number> {
  const repository = await reopen(storage);
  const snapshots = await listSnapshots(repository, neverAborted);
  for (const { snapshot } of snapshots) await readSnapshot(repository, snapshot.tree);
  return snapshots.length;
}

export const rootOnly = {
  skip: process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux, to make device nodes and mount',
};

/** Runs `use` while a file system of its own lies at `path`; it notes every access. Skipped where mounting is not allowed. */
export async function withMount(t: TestContext, path: string, use: () => Promise<void>): Promise<void> {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,strictatime', 'tmpfs', path], { encoding: 'utf8' });
  if (mounted.status !== 0) return t.skip(`cannot mount a tmpfs here: ${mounted.stderr}`);
  try {
    await use();
  } finally {
    spawnSync('umount', [path]);
  }
}
