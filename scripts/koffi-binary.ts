import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

const projectFolder = join(import.meta.dirname, '..');

/** The targets of `vsce package` whose packages carry koffi's binary: those whose functions we call (`src/platform/native/`). */
export const koffiTargets: readonly string[] = ['win32-x64', 'win32-arm64'];

/**
 * koffi's binary for a target, of the version that the lockfile has: npm leaves out packages of other systems, and what was brought
 * for an older lockfile stays in the cache. @param project the folder of the project
 * @returns undefined where it is not there
 */
export function koffiBinary(target: string, project = projectFolder): string | undefined {
  const { version } = lockedPackage(packageOf(target), project);
  const places = [join(project, 'node_modules', packageOf(target)), cachePlace(target, project)];
  const found = places.find((folder) => versionIn(folder) === version);
  return found === undefined ? undefined : join(found, target.replace('-', '_'), 'koffi.node');
}

/**
 * Brings it for another system than this one to where `esbuild.js` finds it: the one whose hash the lockfile has.
 * @returns the binary. @throws an `Error` for people
 */
export function provideKoffi(target: string): string {
  const found = koffiBinary(target);
  if (found !== undefined) return found;
  const [name, place] = [packageOf(target), cachePlace(target, projectFolder)];
  const { version, integrity } = lockedPackage(name, projectFolder);
  const cacheFolder = join(projectFolder, '.cache', 'koffi');
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, 'download-'));
  try {
    console.log(`Downloading ${name} ${version} ...`);
    const archive = join(folder, run(folder, 'npm', 'pack', '--silent', `${name}@${version}`).trim());
    const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`${name} ${version} came with another hash than package-lock.json has`);
    run(folder, 'tar', 'xzf', archive);
    mkdirSync(dirname(place), { recursive: true });
    rmSync(place, { recursive: true, force: true }); // of an older lockfile
    renameSync(join(folder, 'package'), place); // the last step: what is there is whole
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const brought = koffiBinary(target);
  if (brought === undefined) throw new Error(`${name} says another version of itself than package-lock.json has`);
  return brought;
}

function packageOf(target: string): string {
  return `@koromix/koffi-${target}`;
}

function cachePlace(target: string, project: string): string {
  return join(project, '.cache', 'koffi', target, 'node_modules', packageOf(target));
}

/** Of a package that is there. */
function versionIn(folder: string): unknown {
  const file = join(folder, 'package.json');
  return existsSync(file) ? fieldOf(JSON.parse(readFileSync(file, 'utf8')), 'version') : undefined;
}

function run(cwd: string, program: string, ...args: readonly string[]): string {
  const ran = spawnSync(program, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (ran.status !== 0) throw new Error(`${program} ${args[0]} failed: ${ran.error?.message ?? ran.stderr}`);
  return ran.stdout;
}

function lockedPackage(name: string, project: string): { readonly version: string; readonly integrity: string } {
  const lock: unknown = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  const entry = fieldOf(fieldOf(lock, 'packages'), `node_modules/${name}`);
  const [version, integrity] = [fieldOf(entry, 'version'), fieldOf(entry, 'integrity')];
  if (typeof version !== 'string' || typeof integrity !== 'string') throw new Error(`package-lock.json has no ${name}`);
  return { version, integrity };
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === field)?.[1] : undefined;
}
