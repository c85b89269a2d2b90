import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderBytes, type Command } from './measure.ts';

/** A backup program under test. Commands get folders that they own; `undefined` where the program has no such step. */
export interface Tool {
  readonly name: string;
  /** What is compared, for the reader of the table. */
  readonly note: string;
  isThere(): boolean;
  /** Not measured: makes an empty repository. */
  init(repository: string): void;
  backup(repository: string, source: string): Command;
  again(repository: string, source: string): Command | undefined;
  restore(repository: string, target: string): Command | undefined;
  check(repository: string): Command | undefined;
  sizeBytes(repository: string): number;
}

const password = 'bench';
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

const cadangan: Tool = resticLike('cadangan', 'extra verification on', [process.execPath, cli], () => true);
const restic: Tool = resticLike('restic', 'Debian, stock settings', ['restic'], () => runs('restic', 'version'));

export const tools: readonly Tool[] = [
  cadangan,
  restic,
  {
    name: 'borg',
    note: 'zstd 3, repokey',
    isThere: () => runs('borg', '--version'),
    init: (repository) => must(['borg', 'init', '-e', 'repokey', repository], borgEnv),
    backup: (repository, source) => ({ argv: ['borg', 'create', '-C', 'zstd,3', `${repository}::first`, source], env: borgEnv }),
    again: (repository, source) => ({ argv: ['borg', 'create', '-C', 'zstd,3', `${repository}::again`, source], env: borgEnv }),
    restore: (repository, target) => ({ argv: ['borg', 'extract', `${repository}::first`], env: borgEnv, cwd: target }),
    check: (repository) => ({ argv: ['borg', 'check', '--verify-data', repository], env: borgEnv }),
    sizeBytes: folderBytes,
  },
  {
    name: 'tar | zstd -T0',
    note: 'no encryption, no deduplication, no verification',
    isThere: () => runs('zstd', '--version'),
    init: (repository) => mkdirSync(repository, { recursive: true }),
    backup: (repository, source) => ({
      argv: ['sh', '-c', `tar -C "$1" -cf - . | zstd -q -3 -T0 -o "$2"`, 'sh', source, join(repository, 'all.tar.zst')],
    }),
    again: () => undefined,
    restore: (repository, target) => ({
      argv: ['sh', '-c', `zstd -q -d -c "$1" | tar -C "$2" -xf -`, 'sh', join(repository, 'all.tar.zst'), target],
    }),
    check: () => undefined,
    sizeBytes: (repository) => statSync(join(repository, 'all.tar.zst')).size,
  },
];

const borgEnv = { BORG_PASSPHRASE: password, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes', BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes' };

/** The two programs share options, and so the way of calling them. */
function resticLike(name: string, note: string, program: readonly string[], isThere: () => boolean): Tool {
  const env = { RESTIC_PASSWORD: password, CADANGAN_STATE: join(tmpdir(), 'cadangan-bench-state') }; // its records are none of this machine's
  const command = (repository: string, ...args: string[]): Command => ({ argv: [...program, '-q', '-r', repository, ...args], env });
  return {
    name,
    note,
    isThere,
    init: (repository) => {
      rmSync(repository, { recursive: true, force: true });
      must([...program, '-r', repository, 'init'], env);
    },
    backup: (repository, source) => command(repository, 'backup', source),
    again: (repository, source) => command(repository, 'backup', source),
    restore: (repository, target) => command(repository, 'restore', 'latest', '--target', target),
    check: (repository) => command(repository, 'check', '--read-data'),
    sizeBytes: folderBytes,
  };
}

function runs(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function must(argv: readonly string[], env: Record<string, string>): void {
  const [program = '', ...args] = argv;
  const { status, stderr } = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
}
