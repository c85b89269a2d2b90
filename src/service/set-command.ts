import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CadanganError, systemCode, throwIfAborted, type Environment } from '../platform/index.ts';
import { childEnvironment } from './child-environment.ts';

/** A program that writes without an end must not fill the log. */
const outputLinesMax = 1000;

/**
 * Runs a program that a set names, without a shell, and waits for its end. It stands in the server's own configuration file; nothing of a
 * workspace gets here.
 * @param onLine what it says
 * @throws `command.failed` with the program and the reason; `aborted`, after the program was ended
 */
export async function runSetCommand(
  command: readonly string[],
  environment: Environment,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: childEnvironment(environment), stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  let lines = 0;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines += 1;
      if (lines <= outputLinesMax) onLine(line);
    });
  }
  const onAbort = (): void => void child.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const reason = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(systemCode(error) ?? 'unknown'));
      child.once('close', (code, name) => resolve(code === 0 ? undefined : name === null ? `exit code ${code}` : String(name)));
    });
    throwIfAborted(signal);
    if (reason !== undefined) throw new CadanganError('command.failed', { program, reason });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
