import { execFileSync } from 'node:child_process';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFolder } from '../../scripts/vscode/installed-server.ts';
import type { Stage } from './stage.ts';

export interface PreparedSet {
  readonly source: string;
  readonly repository: string;
  readonly passwordFile: string;
  /** Where the command line finds configuration and records: those of the window. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface PreparedSetOptions {
  /** False: the password is not on the server, and has to be asked for. */
  readonly hasPasswordFile?: boolean | undefined;
  /** Added to the set in the configuration. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
}

export const password = 'kuda lari di pantai pagi';

/**
 * A backup set with snapshots of 20 November, of 21 November and of yesterday; `ledger.txt` is another one in each. Call it before the
 * window opens.
 */
export function prepareSet({ server: { folders } }: Stage, { hasPasswordFile = true, set = {} }: PreparedSetOptions = {}): PreparedSet {
  const [source, repository, passwordFile] = [
    join(folders.workspace, 'accounting'),
    join(folders.root, 'repository'),
    join(folders.root, 'password'),
  ];
  mkdirSync(join(source, '2026'), { recursive: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  writeFileSync(join(source, 'invoice.json'), '{ "total": 1 }\n');
  writeFileSync(join(source, '2026', 'notes.md'), '# Notes\n');
  const prepared = {
    source,
    repository,
    passwordFile,
    environment: { CADANGAN_CONFIG: folders.configFile, CADANGAN_STATE: folders.stateFolder },
  };
  runCli(prepared, 'init');
  for (const [line, time] of [
    ['first', '2026-11-20 21:00:00'],
    ['second', '2026-11-21 21:00:00'],
    ['third', yesterday()],
  ] as const) {
    writeFileSync(join(source, 'ledger.txt'), `${line}\n`);
    utimesSync(join(source, 'ledger.txt'), new Date(time), new Date(time));
    runCli(prepared, 'backup', '--time', time, '--tag', 'accounting', source);
  }
  writeFileSync(join(source, 'ledger.txt'), 'today\n');
  writeConfiguration(folders.configFile, [
    {
      name: 'accounting',
      title: 'Accounting',
      sources: [source],
      repository: { location: repository, ...(hasPasswordFile ? { passwordFile } : {}) },
      ...set,
    },
  ]);
  return prepared;
}

/** The command line as it is in the package, on the repository. */
export function runCli(
  { repository, passwordFile, environment }: Pick<PreparedSet, 'repository' | 'passwordFile' | 'environment'>,
  ...args: readonly string[]
): string {
  return execFileSync(
    process.execPath,
    [join(projectFolder, 'dist', 'cli.js'), '--repo', repository, '--password-file', passwordFile, ...args],
    { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, ...environment } },
  );
}

/** @param more beside the sets */
export function writeConfiguration(file: string, sets: readonly Readonly<Record<string, unknown>>[], more: object = {}): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ version: 1, sets, ...more }, undefined, 2));
}

function yesterday(): string {
  const date = new Date(Date.now() - 86_400_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} 12:00:00`;
}
