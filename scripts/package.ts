// `npm run package [-- --target win32-x64]`: makes the extension's package. With a target it is for that system alone and has what only
// runs there; without, it runs everywhere, and says on Windows what it cannot keep.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { koffiTargets, provideKoffi } from './koffi-binary.ts';

const projectFolder = join(import.meta.dirname, '..');

if (import.meta.main) {
  const target = targetOf(process.argv.slice(2));
  if (target !== undefined && koffiTargets.includes(target)) provideKoffi(target);
  runNode('esbuild.js');
  runNode(...packageCommand(target));
  assertBinaries(namesInZip(readFileSync(join(projectFolder, packageFile(target)))), target);
}

/**
 * The target that the arguments name. vsce takes it in more spellings than one; whatever it would take and this did not know would be a
 * package that is marked for a system and has nothing of it, so everything else is refused.
 * @throws an `Error` for people
 */
export function targetOf(args: readonly string[]): string | undefined {
  return parseArgs({ args: [...args], options: { target: { type: 'string', short: 't' } } }).values.target;
}

/** @param names of everything in a package. @throws when it lacks the binary of its target, or has one of another */
export function assertBinaries(names: readonly string[], target: string | undefined): void {
  const found = names.filter((name) => name.endsWith('.node'));
  const wanted = target !== undefined && koffiTargets.includes(target) ? [`extension/dist/koffi-${target}.node`] : [];
  if (found.join() !== wanted.join())
    throw new Error(`the package for ${target ?? 'every system'} has [${found.join()}], not [${wanted.join()}]`);
}

/** Of every entry, by the list at the end of a ZIP file (APPNOTE 4.3.12; no ZIP64, which begins at 65,535 entries). */
export function namesInZip(zip: Buffer): readonly string[] {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0) throw new Error('this is no ZIP file');
  const names: string[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count--) {
    const nameAt = at + 46;
    const nameEnd = nameAt + zip.readUInt16LE(at + 28);
    names.push(zip.toString('utf8', nameAt, nameEnd));
    at = nameEnd + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return names;
}

/** The command of vsce, but for the program that runs it. @param target of vsce's; undefined for the package for every system */
export function packageCommand(target: string | undefined): readonly string[] {
  const ofTarget = target === undefined ? [] : ['--target', target, '--ignoreFile', writeIgnoreFile(target)];
  return [
    'node_modules/@vscode/vsce/vsce',
    'package',
    // Everything is bundled, so no dependencies; the README is not shown on a site that would need absolute links.
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    ...ofTarget,
    '--out',
    packageFile(target),
  ];
}

function packageFile(target: string | undefined): string {
  return target === undefined ? 'cadangan.vsix' : `cadangan-${target}.vsix`;
}

/** The list of what goes in, and for a system with a binary that binary. @returns its path */
function writeIgnoreFile(target: string): string {
  const folder = join(projectFolder, '.cache', 'package');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `vscodeignore-${target}`);
  const binary = koffiTargets.includes(target) ? `!dist/koffi-${target}.node\n` : '';
  writeFileSync(file, readFileSync(join(projectFolder, '.vscodeignore'), 'utf8') + binary);
  return file;
}

function runNode(...args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, args, { cwd: projectFolder, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
