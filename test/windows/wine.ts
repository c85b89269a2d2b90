import { chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { driveC, hostPathOf, nodeExe, prefixFolder, whyNoWindows, wineUser } from '../../scripts/windows/wine-place.ts';
import { startWine, type WineOptions, type WineRan, type WineRunning } from '../../scripts/windows/wine-process.ts';

export { hostPathOf, prefixFolder, startWine, type WineOptions, type WineRan, type WineRunning };

/** Options of a test that runs Windows' programs: where they cannot run it is skipped, which fails on a build server. */
export const needsWindows: { readonly skip: string | false } = { skip: whyNoWindows() };

/** The command line as it is packaged, seen from Windows: `npm run build` makes it. */
const cliPath = 'W:\\dist\\cli.js';

/** Starts Windows' Node. @param args its options, a script as Windows names it (`W:\\test\\...`), and that one's arguments */
export function startNode(args: readonly string[], options: WineOptions = {}): WineRunning {
  return startWine([nodeExe(), '--disable-warning=ExperimentalWarning', ...args], options);
}

/** Starts the packaged command line in Windows' Node. It finds no configuration of anybody; `env` may name one. */
export function startCli(args: readonly string[], options: WineOptions = {}): WineRunning {
  return startNode([cliPath, ...args], options);
}

/** As `startCli`, to its end. */
export function runCli(args: readonly string[], options: WineOptions = {}): Promise<WineRan> {
  return startCli(args, options).ended;
}

/** A folder on `C:`, as both sides name it. */
export interface WindowsFolder {
  /** From here. */
  readonly host: string;
  /** `C:\...` */
  readonly windows: string;
}

/** A folder that Windows' programs may write into. After the test it is removed, and what still runs and names it is ended before. */
export function makeWindowsFolder(t: TestContext, name = 'test'): WindowsFolder {
  const parent = join(driveC, 'tests');
  mkdirSync(parent, { recursive: true });
  const host = mkdtempSync(join(parent, `${name}-`));
  giveToWindows(parent, false);
  giveToWindows(host);
  const windows = `C:\\tests\\${host.slice(parent.length + 1)}`;
  t.after(() => {
    endProcessesWith(windows); // a program that lives on would make its files anew
    rmSync(host, { recursive: true, force: true, maxRetries: 5 });
  });
  return { host, windows };
}

/** What we wrote as root becomes the property of the user that Windows' programs run as. @param path a file or folder of this side */
export function giveToWindows(path: string, isDeep = true): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = wineUser();
  const status = lstatSync(path);
  if (status.isSymbolicLink()) return;
  chownSync(path, uid, gid);
  if (isDeep && status.isDirectory()) for (const name of readdirSync(path)) giveToWindows(join(path, name));
}

/** Ends every process of Windows that has a text among its arguments: what a test leaves running. @param text of this test alone */
function endProcessesWith(text: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      continue; // it has ended by itself
    }
  }
}

/**
 * The folder that Windows' programs see as the share `\\SERVER\NAME`: Wine has no network, a folder of the prefix stands for it.
 * Removed after the test.
 * @returns its path of this side
 */
export function makeShare(t: TestContext, server: string, name: string): string {
  const unc = join(prefixFolder, 'dosdevices', 'unc');
  const share = join(unc, server, name);
  if (existsSync(share)) throw new Error(`there is a share \\\\${server}\\${name}: a test needs one of its own`);
  mkdirSync(share, { recursive: true });
  giveToWindows(unc, false);
  giveToWindows(join(unc, server));
  t.after(() => rmSync(join(unc, server), { recursive: true, force: true, maxRetries: 5 }));
  return share;
}
