// `npm run planted -- [part of a file's name ...]`: whether the tests notice what they are there for. Each defect of
// `test/planted/defects.ts` is planted in a copy of the tree, and the test file that should notice is run there; the tree itself is only
// read. The last line is `N of M planted defects were noticed`; the exit code is 1 when more than one of all, or any of some, was not.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { defects, type Defect } from '../test/planted/defects.ts';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));
/** Large, or nothing that a test reads. */
const notCopied: ReadonlySet<string> = new Set(['node_modules', '.git', '.cache']);
/** Far above any of the test files; a defect that lets one hang is noticed. */
const testMsMax = 10 * 60_000;

type Verdict = { readonly kind: 'killed'; readonly by: string } | { readonly kind: 'survived'; readonly why: string };

const chosen = defects.filter(({ file, test }) => {
  const parts = process.argv.slice(2);
  return parts.length === 0 || parts.some((part) => file.includes(part) || test.includes(part));
});
const survivorsMax = chosen.length === defects.length ? 1 : 0;
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ending.abort());
const copy = mkdtempSync(join(tmpdir(), 'cadangan-planted-'));
try {
  copyTree(copy);
  const killed = await plantAll(copy);
  process.exitCode = chosen.length > 0 && !ending.signal.aborted && chosen.length - killed <= survivorsMax ? 0 : 1;
  console.log(`${killed} of ${chosen.length} planted defects were noticed`);
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function copyTree(target: string): void {
  cpSync(projectFolder, target, { recursive: true, filter: (path) => !notCopied.has(relative(projectFolder, path)) });
  symlinkSync(join(projectFolder, 'node_modules'), join(target, 'node_modules'), 'junction');
}

/** @returns how many were noticed */
async function plantAll(folder: string): Promise<number> {
  let killed = 0;
  const soundTests = new Map<string, Promise<string | undefined>>();
  for (const defect of chosen) {
    if (ending.signal.aborted) return killed;
    const { file, test, rule } = defect;
    if (!soundTests.has(test)) soundTests.set(test, firstFailure(folder, test));
    const failure = await soundTests.get(test);
    const verdict = failure === undefined ? await plant(folder, defect) : survived(`${test} fails without it: ${failure}`);
    if (verdict.kind === 'killed') killed += 1;
    console.log(`${verdict.kind === 'killed' ? '\u2714' : '\u2716'} ${file}: ${rule}`);
    console.log(`  ${verdict.kind === 'killed' ? `noticed by "${verdict.by}"` : `NOT noticed: ${verdict.why}`} (${test})`);
  }
  return killed;
}

function survived(why: string): Verdict {
  return { kind: 'survived', why };
}

async function plant(folder: string, { file, before, after, test }: Defect): Promise<Verdict> {
  const path = join(folder, 'src', file);
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const at = lines.indexOf(before);
  if (at < 0 || lines.includes(before, at + 1)) return survived('its line is not there once');
  try {
    writeFileSync(path, lines.with(at, after).join('\n'));
    const by = await firstFailure(folder, test);
    return by === undefined ? survived('no test fails') : { kind: 'killed', by };
  } finally {
    writeFileSync(path, text);
  }
}

/**
 * Runs a test file in the copy, with a folder for what it leaves behind when it ends early.
 * @returns the name of the first test that fails, `undefined` when all is well
 */
async function firstFailure(folder: string, test: string): Promise<string | undefined> {
  const args = ['--disable-warning=ExperimentalWarning', '--test-reporter=tap', join('test', test)];
  const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(testMsMax)]);
  const run = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], signal, killSignal: 'SIGKILL' });
  let output = '';
  run.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
  const code = await new Promise<number | 'hangs'>((resolve) => {
    run.once('error', () => resolve('hangs'));
    run.once('close', (exitCode) => resolve(exitCode ?? 'hangs'));
  });
  if (code === 0) return undefined;
  // Of tests inside others the innermost comes first.
  return /^ *not ok \d+ - (.*?)(?: # .*)?$/m.exec(output)?.[1] ?? (code === 'hangs' ? 'it hangs' : `exit code ${code}`);
}
