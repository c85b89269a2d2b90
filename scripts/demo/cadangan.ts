import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const builtCli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** What one command wrote and how long it took. */
export interface Run {
  readonly exitCode: number;
  /** Every line of standard output, parsed. */
  readonly messages: readonly unknown[];
  readonly errors: string;
  readonly durationMs: number;
}

/** Shows the command as one would type it, and runs the built program with `--json` added. */
export async function cadangan(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<Run> {
  console.log(`\n$ cadangan ${args.map(shellWord).join(' ')}`);
  const startMs = performance.now();
  const child = spawn(process.execPath, [builtCli, ...args, '--json'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const messages = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  return { exitCode, messages, errors, durationMs: performance.now() - startMs };
}

/** The number `name` of the summary that ended a run; 0 where it says nothing of it. */
export function summaryNumber(run: Run, name: string): number {
  const value = summaryOf(run)[name];
  return typeof value === 'number' ? value : 0;
}

export function summaryText(run: Run, name: string): string {
  const value = summaryOf(run)[name];
  return typeof value === 'string' ? value : '';
}

/** Paths that a run named as exceptions: not stored, or not restored. */
export function exceptionItems(run: Run): string[] {
  return run.errors
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      const message: unknown = JSON.parse(line);
      return isRecord(message) && typeof message['item'] === 'string' ? [message['item']] : [];
    });
}

function summaryOf(run: Run): Readonly<Record<string, unknown>> {
  const summary = run.messages.findLast((message) => isRecord(message) && message['message_type'] === 'summary');
  return isRecord(summary) ? summary : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
