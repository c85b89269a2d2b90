import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CadanganError, systemCode, throwIfAborted, type Environment } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { childEnvironment } from './child-environment.ts';

const run = promisify(execFile);
const passwordBytesMax = 64 * 1024;

/**
 * The password that the configuration knows a way to, without anybody there; undefined when it names none.
 * @throws `password.missing` when the way leads nowhere; `password.empty`; `aborted`
 */
export async function unattendedPassword(
  { passwordFile, passwordCommand }: BackupSet['repository'],
  environment: Environment,
  signal: AbortSignal,
): Promise<string | undefined> {
  throwIfAborted(signal);
  if (passwordCommand !== undefined) return nonEmpty(await outputOf(passwordCommand, environment, signal));
  if (passwordFile !== undefined) return nonEmpty(await contentOf(passwordFile));
  return undefined;
}

async function contentOf(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > passwordBytesMax)
      throw new CadanganError('password.missing', { file, reason: 'the password file is too large' });
    return (await readFile(file, 'utf8')).replace(/^\ufeff/, '').trim();
  } catch (cause) {
    if (cause instanceof CadanganError) throw cause;
    // The cause names the file and nothing of what is in it.
    throw new CadanganError(
      'password.missing',
      { file, reason: `the password file cannot be read (${systemCode(cause) ?? 'unknown'})` },
      { cause },
    );
  }
}

/** Without a cause: what the program wrote must not get into an error. */
async function outputOf([program = '', ...args]: readonly string[], environment: Environment, signal: AbortSignal): Promise<string> {
  try {
    const running = run(program, args, { signal, maxBuffer: passwordBytesMax, windowsHide: true, env: childEnvironment(environment) });
    running.child.stdin?.end();
    return (await running).stdout.trim();
  } catch (error) {
    if (signal.aborted) throw new CadanganError('aborted', {}, { cause: signal.reason });
    const code =
      error instanceof Error && 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
        ? error.code
        : 'unknown';
    throw new CadanganError('password.missing', { program, reason: `the command ${program} failed (${code})` });
  }
}

function nonEmpty(password: string): string {
  if (password === '') throw new CadanganError('password.empty');
  return password;
}
