// `npm run package [-- --target win32-x64]`: makes the extension's package. With a target it is for that system alone and has what only
// runs there; without, it runs everywhere, and says on Windows what it cannot keep.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { koffiTargets, provideKoffi } from './koffi-binary.ts';

const projectFolder = join(import.meta.dirname, '..');

if (import.meta.main) {
  const args = process.argv.slice(2);
  const at = args.indexOf('--target');
  const target = at < 0 ? undefined : args[at + 1];
  if (target !== undefined && koffiTargets.includes(target)) provideKoffi(target);
  runNode('esbuild.js');
  runNode(...packageCommand(target), ...(target === undefined ? args : args.toSpliced(at, 2)));
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
    target === undefined ? 'cadangan.vsix' : `cadangan-${target}.vsix`,
  ];
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
