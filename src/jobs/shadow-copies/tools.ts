import { spawn } from 'node:child_process';
import { existsSync, realpath } from 'node:fs';
import { promisify } from 'node:util';
import { withoutSecrets } from '../child-environment.ts';
import { isOnNetwork, system, systemCode, unlessMountHangs, windowsProgram, type Environment } from '../../platform/index.ts';

/** A program of Windows, with the arguments that come before ours. */
export type Tool = readonly [program: string, ...args: readonly string[]];

/** What makes shadow copies, by full path: it runs with the rights of an administrator. */
export interface ShadowTools {
  readonly powershell: Tool;
  /** `mklink` is a word of cmd.exe alone. */
  readonly cmd: Tool;
  /** Windows Server has it; only it asks the applications to put their files in order. */
  readonly diskshadow: Tool | undefined;
  /** All that they get. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the letter is that of a volume of this machine, and stands for no share or folder (`net use`, `subst`). */
  readonly isVolume: (drive: string) => Promise<boolean>;
}

const limitMs = 10 * 60_000;
const finalPathOf = promisify(realpath.native);

/** Undefined where the system has no shadow copies. */
export function shadowToolsOf(environment: Environment): ShadowTools | undefined {
  if (!system.isWindows) return undefined;
  const diskshadow = windowsProgram('diskshadow.exe');
  return {
    powershell: [windowsProgram('WindowsPowerShell', 'v1.0', 'powershell.exe'), '-NoProfile', '-NonInteractive'],
    cmd: [windowsProgram('cmd.exe'), '/d', '/c'],
    diskshadow: existsSync(diskshadow) ? [diskshadow] : undefined,
    environment: withoutSecrets(environment),
    isVolume,
  };
}

async function isVolume(drive: string): Promise<boolean> {
  const root = `${drive}:\\`;
  if (await isOnNetwork(root)) return false;
  // `subst` gives a letter to a folder: the kernel's own name for the place is longer. What cannot be asked is left to who makes the copy.
  const final = await unlessMountHangs(finalPathOf(root), root);
  return final.toUpperCase() === root;
}

/**
 * Runs a program to its end. It is not ended when the run is stopped: half-way it may have made a copy that it has told nobody of.
 * @param output a descriptor: what it says outlives us, if we are killed while it works. @returns why it failed
 */
export async function runTool(
  [program, ...first]: Tool,
  args: readonly string[],
  { environment }: ShadowTools,
  { folder, output }: { readonly folder: string; readonly output: number | 'ignore' },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, [...first, ...args], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', output, output],
      windowsHide: true,
      timeout: limitMs,
    });
    child.once('error', (error) => resolve(systemCode(error) ?? String(error)));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? undefined : signal === null ? `exit code ${code}` : 'it took longer than it may'),
    );
  });
}
