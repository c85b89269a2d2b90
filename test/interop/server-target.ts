import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { restore, type RestoreOptions, type RestoreResult } from '../../src/restore/index.ts';
import { ServerFiles, type SftpAccess } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import type { Stage } from './stage.ts';

/** How the server is reached, and where on it paths of this machine lie. */
export interface Reached {
  readonly user: string;
  readonly port: number;
  readonly access: SftpAccess;
  /** Of a folder of this machine. Default: the same path. */
  readonly pathOn?: (path: string) => string;
}

type Restored = (snapshot: Parameters<typeof restore>[1], options?: Partial<RestoreOptions>) => Promise<RestoreResult>;

/** A repository of this machine, and a folder of the server that nothing has made yet, in one that nothing else may be written into. */
export interface ServerScene extends AsyncDisposable {
  readonly maker: RepositoryMaker;
  readonly repositoryPath: string;
  /** Where the server's folders lie on this machine. */
  readonly around: string;
  readonly target: string;
  readonly restore: Restored;
  filesAt(path: string, port?: number, access?: Partial<SftpAccess>): ServerFiles;
}

/** @param around an empty folder that the server shows */
export async function serverScene(
  stage: Stage,
  around: string,
  { user, port, access, pathOn = (path) => path }: Reached,
): Promise<ServerScene> {
  const repositoryPath = stage.fresh('repository');
  const maker = await RepositoryMaker.create(repositoryPath);
  const target = join(around, 'target');
  const opened: ServerFiles[] = [];
  const filesAt: ServerScene['filesAt'] = (path, at = port, more = {}) => {
    const location = { user, host: '127.0.0.1', port: at, path: pathOn(path) };
    // As often as in earnest, without the time.
    const files = new ServerFiles(location, { ...access, ...more }, { patience: { firstWaitMsMax: 1, waitMsMax: 20 } });
    opened.push(files);
    return files;
  };
  return {
    maker,
    repositoryPath,
    around,
    target,
    filesAt,
    restore: (snapshot, options = {}) => {
      const server = options.server ?? { files: filesAt(target) };
      return restore(maker.repository, snapshot, { target, workers: 2, signal: neverAborted, ...options, server });
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of opened) await each.close();
    },
  };
}

/** All that `find` sees: kind, mode, owner, size of files, time of change, name, target of a link. */
export function listing(folder: string): string[] {
  const format = '%y %m %U:%G %s %T@ %P -> %l\\n';
  const found = spawnSync('find', [folder, '-mindepth', '1', '-printf', format], { encoding: 'latin1', env: { LC_ALL: 'C' } });
  assert.equal(found.status, 0, found.stderr);
  // Of folders the file system decides the size.
  const lines = found.stdout.trimEnd().split('\n');
  return lines.map((line) => (line.startsWith('d') ? line.replace(/^(d \S+ \S+) \d+/, '$1') : line)).sort();
}

/** As a server of whole seconds has it. */
export function inSeconds(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ (\d+)\.\d+ /, ' $1.0000000000 '));
}

/** The names below a folder that are ours, of what is unfinished. */
export function unfinishedIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => name.includes('.cadangan-'))
    : [];
}

/** Every file under its own name has its content. @returns how many there are */
export function assertWhole(folder: string, expected: ReadonlyMap<string, Buffer>, message = ''): number {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.cadangan-')) : [];
  for (const name of names) assert(readFileSync(join(folder, name)).equals(expected.get(name) ?? Buffer.of()), `${name} ${message}`);
  return names.length;
}

/** Says where they differ; of so many lines the runner's own comparison takes minutes. */
export function assertSameLines(actual: readonly string[], expected: readonly string[], message = ''): void {
  const others = (lines: readonly string[], known: ReadonlySet<string>): string[] => lines.filter((line) => !known.has(line)).slice(0, 5);
  const [surplus, missing] = [others(actual, new Set(expected)), others(expected, new Set(actual))];
  assert.deepEqual({ surplus, missing, count: actual.length }, { surplus: [], missing: [], count: expected.length }, message);
}
