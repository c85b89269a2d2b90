import process from 'node:process';
import { CadanganError, keepHeapSmall, systemClock } from '../platform/index.ts';
import { exitCode } from './exit-code.ts';
import { runProgram } from './program.ts';
import { stopOnSignals } from './stop-signals.ts';
import { Terminal } from './terminal.ts';

/** The command line: everything that a process has is taken up here and handed on. */
async function main(): Promise<void> {
  keepHeapSmall();
  const terminal = new Terminal(process.stdout, process.stderr);
  const { controller } = stopOnSignals(terminal);
  // A reader that has seen enough (`| head`) closes the pipe: nobody is left to write to.
  process.stdout.on('error', () => {
    terminal.mute();
    controller.abort(new CadanganError('aborted'));
  });
  process.stderr.on('error', () => undefined);
  // An error that nobody waits for must not end as a success.
  process.on('unhandledRejection', (error) => {
    console.error(error);
    process.exit(exitCode.failed);
  });
  const code = await runProgram(process.argv.slice(2), {
    terminal,
    input: process.stdin,
    environment: process.env,
    clock: systemClock,
    workingFolder: process.cwd(),
    signal: controller.signal,
  });
  await terminal.drain();
  // Not left to the event loop: a terminal that was asked for a password would keep the process.
  process.exit(code);
}

void main();
