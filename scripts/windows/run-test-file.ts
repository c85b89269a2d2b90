import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { driveC, nodeExe } from './wine-place.ts';
import { endPrograms, startWine } from './wine-process.ts';

const testEvent = z.object({
  type: z.enum(['test:pass', 'test:fail']),
  data: z.object({
    name: z.string(),
    nesting: z.int(),
    file: z.string().optional(),
    skip: z.union([z.string(), z.boolean()]).optional(),
    todo: z.union([z.string(), z.boolean()]).optional(),
    details: z.object({ type: z.string().optional(), error: z.object({ failureType: z.string().optional() }).optional() }),
  }),
});

/** What node:test tells of a test, as far as `test-tally.mjs` looks at it. */
export type TestEvent = z.infer<typeof testEvent>;

export interface WindowsTestRun {
  readonly events: readonly TestEvent[];
  /** For people: what the reporter `spec` wrote, and what went to standard error. */
  readonly text: string;
}

export interface WindowsTestOptions {
  readonly timeoutMs: number;
  /** Beginnings of the names of tests that are left out. */
  readonly leftOut?: readonly string[];
}

/**
 * Runs one test file in Windows' Node, in a process of its own. Never throws: a file that dies, hangs, declares no test or cannot be
 * started at all gives the event that `node:test` gives for it. What it started does not outlive it.
 * @param file relative to the project, with `/`
 */
export async function runWindowsTestFile(file: string, options: WindowsTestOptions): Promise<WindowsTestRun> {
  try {
    return await runToEnd(file, options);
  } catch (error) {
    return { events: ofTheFile(file, [], null), text: error instanceof Error ? String(error.stack) : String(error) };
  }
}

async function runToEnd(file: string, { timeoutMs, leftOut = [] }: WindowsTestOptions): Promise<WindowsTestRun> {
  const told = `told-${file.replaceAll('/', '-')}.jsonl`;
  const events = join(driveC, 'users', 'Public', told);
  rmSync(events, { force: true });
  const id = randomUUID();
  const running = startWine(
    [
      nodeExe(),
      '--no-warnings', // of types that are stripped, in every process
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=file:///W:/scripts/windows/tell-events.mjs',
      `--test-reporter-destination=C:\\users\\Public\\${told}`,
      ...leftOut.map((name) => `--test-skip-pattern=/^${escaped(name)}/`),
      `W:\\${file.replaceAll('/', '\\')}`,
    ],
    { env: { NODE_COMPILE_CACHE: 'C:\\users\\Public\\compiled', CADANGAN_TEST_FILE: id, ...passedOn() } },
  );
  const timer = setTimeout(() => running.process.kill('SIGKILL'), timeoutMs);
  const { code, stdout, stderr } = await running.ended.finally(() => clearTimeout(timer));
  endPrograms('CADANGAN_TEST_FILE', id);
  const lines = existsSync(events) ? readFileSync(events, 'utf8').split('\n').slice(0, -1) : []; // without what a killed one began to write
  rmSync(events, { force: true });
  const tests = lines.map((line) => testEvent.parse(JSON.parse(line)));
  return { events: [...tests, ...ofTheFile(file, tests, code)], text: `${stdout}${stderr}` };
}

/** What `node:test` says of a file under the file's own name. */
function ofTheFile(file: string, tests: readonly TestEvent[], code: number | null): readonly TestEvent[] {
  const data = { name: file, file, nesting: 0 };
  if (code !== 0 && !tests.some(({ type, data: { todo } }) => type === 'test:fail' && todo === undefined))
    return [{ type: 'test:fail', data: { ...data, details: { error: { failureType: 'testCodeFailure' } } } }];
  return tests.length === 0 ? [{ type: 'test:pass', data: { ...data, details: {} } }] : [];
}

/** Of our own variables a test is to have those that choose what it does. */
function passedOn(): Record<string, string> {
  const names = ['CADANGAN_TEST_SEED', 'CADANGAN_TEST_ROUNDS', 'CI'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
