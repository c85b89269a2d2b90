import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { jsonLines } from '../interop/programs.ts';
import { giveToWindows, makeWindowsFolder, startCli, type WindowsFolder, type WineRan, type WineRunning } from './wine.ts';

export const password = 'kata sandi';

/** A company's server with Windows: a folder with data, a repository, a configuration with Windows' paths, and a state of its own. */
export class WindowsServer {
  readonly folder: WindowsFolder;
  /** What its commands get; a test may add to it. */
  readonly environment: Record<string, string>;

  constructor(t: TestContext) {
    this.folder = makeWindowsFolder(t, 'server');
    this.environment = {
      CADANGAN_CONFIG: this.windows('cadangan.jsonc'),
      CADANGAN_STATE: this.windows('state'),
      CADANGAN_LANG: 'en',
    };
    this.write('password', password);
    // Wine makes a list of rights of it that lets in nobody else; one that lets in everybody is refused.
    chmodSync(this.host('password'), 0o600);
    this.configure({});
  }

  /** As this side names it. @param path below the server's folder, with `/` */
  host(path: string): string {
    return join(this.folder.host, path);
  }

  /** As Windows names it. */
  windows(path: string): string {
    return `${this.folder.windows}\\${path.replaceAll('/', '\\')}`;
  }

  write(path: string, content: string | Uint8Array): void {
    const file = this.host(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    giveToWindows(this.folder.host);
  }

  /** One set, `accounting`, of the folder `data`. @param more of the configuration @param set more of the set */
  configure(more: object, set: object = {}): void {
    const repository = { location: this.windows('repository'), passwordFile: this.windows('password') };
    const sets = [{ name: 'accounting', sources: [this.windows('data')], repository, ...set }];
    const drill = { files: 5, scratchFolder: this.windows('scratch') };
    this.write('cadangan.jsonc', JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets, drill, ...more }));
  }

  /** A command on the repository itself, which a set needs not. */
  onRepository(...args: readonly string[]): readonly string[] {
    return [...args, '--repo', this.windows('repository'), '--password-file', this.windows('password')];
  }

  /** Content of every file below a folder by its path with `/`, and `null` for each folder. */
  contentOf(path: string): ReadonlyMap<string, string | null> {
    const folder = this.host(path);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const inside = entries.map((entry) => ({ file: join(entry.parentPath, entry.name), isFile: entry.isFile() }));
    return new Map(inside.map(({ file, isFile }) => [relative(folder, file), isFile ? readFileSync(file, 'latin1') : null]));
  }

  /** Where a snapshot has what lies here: restic makes `/C/a` of `C:\\a`. */
  inSnapshot(path: string): string {
    return `/${this.windows(path).replace(':', '').replaceAll('\\', '/')}`;
  }

  start(args: readonly string[]): WineRunning {
    return startCli(args, { cwd: this.folder.windows, env: this.environment });
  }

  /** Runs a command. @throws when it ends with another code than `code` */
  async run(args: readonly string[], code = 0): Promise<WineRan> {
    const ran = await this.start(args).ended;
    if (ran.code !== code) throw new Error(`${args.join(' ')} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran;
  }

  /** The last line of a command with `--json`. */
  async last(args: readonly string[], code = 0): Promise<Readonly<Record<string, unknown>>> {
    return jsonLines((await this.run([...args, '--json'], code)).stdout).at(-1) ?? {};
  }
}

/** Stock restic of this side at a repository, with nothing cached. @throws when it fails */
export function restic(repository: string, args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: password };
  const { status, stdout, stderr } = spawnSync('restic', ['--no-cache', ...args], { env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`restic ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}
