import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import {
  CadanganError,
  passwordFromFile,
  passwordFromOutput,
  passwordFromText,
  systemCode,
  systemPath,
  type Environment,
  type Password,
} from '../platform/index.ts';

const run = promisify(execFile);
const passwordBytesMax = 1 << 20;

/** What `runPasswordCommand` gives the program, and where it may speak to. */
export interface PasswordCommandWorld {
  readonly environment: Environment;
  /** Gets what the program says on its standard error; without it nobody hears. */
  readonly errors?: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** The password in a file, byte for byte as restic reads it. It may be a pipe. @throws `password.missing`, `password.empty`, `aborted` */
export async function readPasswordFile(file: string, signal: AbortSignal): Promise<Password> {
  return takenFrom(await contentOf(file, signal), passwordFromFile);
}

/** The password that a program prints, byte for byte as restic takes it. @throws `password.missing`, `password.empty`, `aborted` */
export async function runPasswordCommand([program = '', ...args]: readonly string[], world: PasswordCommandWorld): Promise<Password> {
  return takenFrom(await outputOf(program, args, world), passwordFromOutput);
}

/**
 * The password in a variable of the environment; undefined where it is not set, or empty. Node has decoded it as UTF-8 and lost what was
 * none, so that a key made of it would not be restic's: such a one is refused.
 * @throws `password.missing`
 */
export function passwordInVariable(name: string, environment: Environment): Password | undefined {
  const text = environment[name] ?? '';
  if (text.includes('\ufffd')) {
    throw new CadanganError('password.missing', { reason: `${name} is not UTF-8 text; a password of other bytes has to stand in a file` });
  }
  return text === '' ? undefined : passwordFromText(text);
}

/** @throws `password.empty` */
export function nonEmpty(password: Password): Password {
  if (password.length === 0) throw new CadanganError('password.empty');
  return password;
}

function takenFrom(content: Uint8Array, read: (content: Uint8Array) => Password): Password {
  try {
    return nonEmpty(read(content));
  } finally {
    content.fill(0);
  }
}

async function contentOf(file: string, signal: AbortSignal): Promise<Uint8Array> {
  let content: Uint8Array;
  try {
    // `end` is the last byte that is read: one more than may be there.
    content = await buffer(createReadStream(systemPath(file), { end: passwordBytesMax, signal }));
  } catch (cause) {
    if (signal.aborted) throw new CadanganError('aborted', {}, { cause: signal.reason });
    // The cause names the file and nothing of what is in it.
    throw new CadanganError('password.missing', { file, reason: systemCode(cause) ?? 'unreadable' }, { cause });
  }
  if (content.length > passwordBytesMax) throw new CadanganError('password.missing', { file, reason: 'it is too large for a password' });
  return content;
}

/** Without a cause: what the program printed must not get into an error. */
async function outputOf(program: string, args: readonly string[], world: PasswordCommandWorld): Promise<Uint8Array> {
  const { environment, errors, signal } = world;
  try {
    const running = run(program, args, { encoding: 'buffer', signal, maxBuffer: passwordBytesMax, windowsHide: true, env: environment });
    running.child.stdin?.end();
    if (errors) running.child.stderr?.pipe(errors);
    return (await running).stdout;
  } catch (error) {
    if (signal.aborted) throw new CadanganError('aborted', {}, { cause: signal.reason });
    throw new CadanganError('password.missing', { program, reason: `the command ${program} failed (${endOf(error)})` });
  }
}

/** The system's code where it could not be started, else its exit code. */
function endOf(error: unknown): string | number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? code : 'unknown';
}
