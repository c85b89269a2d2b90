import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const projectFolder = join(import.meta.dirname, '..');
const cacheFolder = join(projectFolder, '.cache', 'koffi');

/** The targets of `vsce package` whose packages carry koffi's binary, as `esbuild.js` has them. */
export const koffiTargets: readonly string[] = ['win32-x64', 'win32-arm64'];

/**
 * Brings the binary for another system than this one to where `esbuild.js` looks for it: npm leaves out packages of other systems. It is
 * the one whose hash the lockfile has.
 * @returns the binary. @throws an `Error` for people
 */
export function provideKoffi(target: string): string {
  const name = `@koromix/koffi-${target}`;
  const inside = join('node_modules', name);
  const place = join(cacheFolder, target, inside);
  const binaryIn = (folder: string): string => join(folder, target.replace('-', '_'), 'koffi.node');
  const found = [join(projectFolder, inside), place].find((folder) => existsSync(folder));
  if (found !== undefined) return binaryIn(found);
  const { version, integrity } = lockedPackage(name);
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, 'download-'));
  try {
    console.log(`Downloading ${name} ${version} ...`);
    const archive = join(folder, run(folder, 'npm', 'pack', '--silent', `${name}@${version}`).trim());
    const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`${name} ${version} came with another hash than package-lock.json has`);
    run(folder, 'tar', 'xzf', archive);
    mkdirSync(dirname(place), { recursive: true });
    renameSync(join(folder, 'package'), place); // the last step: what is there is whole
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return binaryIn(place);
}

function run(cwd: string, program: string, ...args: readonly string[]): string {
  const ran = spawnSync(program, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (ran.status !== 0) throw new Error(`${program} ${args[0]} failed: ${ran.error?.message ?? ran.stderr}`);
  return ran.stdout;
}

function lockedPackage(name: string): { readonly version: string; readonly integrity: string } {
  const lock: unknown = JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8'));
  const entry = fieldOf(fieldOf(lock, 'packages'), `node_modules/${name}`);
  const [version, integrity] = [fieldOf(entry, 'version'), fieldOf(entry, 'integrity')];
  if (typeof version !== 'string' || typeof integrity !== 'string') throw new Error(`package-lock.json has no ${name}`);
  return { version, integrity };
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === field)?.[1] : undefined;
}
