import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { restore, type RestoreOptions, type RestoreResult } from '../../src/restore/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';

/** A maker of a repository, and a target that does not exist yet with a folder around it that nothing may be written into. */
export interface Scene {
  readonly maker: RepositoryMaker;
  readonly repositoryPath: string;
  readonly around: string;
  readonly target: string;
  readonly restore: (snapshot: Parameters<typeof restore>[1], options?: Partial<RestoreOptions>) => Promise<RestoreResult>;
}

const folders: string[] = [];
// Not `rmSync`: under Wine it removes nothing that is read-only.
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

export function temporaryPath(): string {
  const path = mkdtempSync(join(tmpdir(), 'cadangan-restore-'));
  folders.push(path);
  return path;
}

/** Whether links to folders can be made: on Windows junctions, which need no right, but Wine 8 has none. */
export function makesFolderLinks(): boolean {
  const folder = temporaryPath();
  try {
    symlinkSync(folder, join(folder, 'link'), 'junction');
    return true;
  } catch {
    return false;
  }
}

export async function scene(): Promise<Scene> {
  const repositoryPath = join(temporaryPath(), 'repository');
  const maker = await RepositoryMaker.create(repositoryPath);
  const around = temporaryPath();
  const target = join(around, 'target');
  return {
    maker,
    repositoryPath,
    around,
    target,
    restore: (snapshot, options = {}) =>
      restore(maker.repository, snapshot, { target, workers: 2, repositoryFolder: repositoryPath, signal: neverAborted, ...options }),
  };
}

/** What lies beneath a folder: paths to content, `-> target` of links, `/` for folders. */
export function contentOf(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) found[`${prefix}${name}`] = 'a name that is not UTF-8';
    else if (stats.isDirectory()) Object.assign(found, { [`${prefix}${name}`]: '/' }, contentOf(path, `${prefix}${name}/`));
    else if (stats.isSymbolicLink()) found[`${prefix}${name}`] = `-> ${readlinkSync(path)}`;
    else found[`${prefix}${name}`] = stats.isFile() ? readFileSync(path, 'utf8') : 'special';
  }
  return found;
}

/** Exceptions as `reason path`, sorted. */
export function reasonsOf({ exceptions }: RestoreResult): string[] {
  return exceptions.map(({ reason, path }) => `${reason} ${path}`).sort();
}

export function assertNothingUnfinished(folder: string): void {
  const left = Object.keys(contentOf(folder)).filter((path) => path.includes('.cadangan-'));
  assert.deepEqual(left, []);
}
