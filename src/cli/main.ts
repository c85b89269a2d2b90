import process from 'node:process';
import { CadanganError, keepHeapSmall, systemClock } from '../platform/index.ts';
import { processOutput } from './output-stream.ts';
import { reportError, runProgram } from './program.ts';
import { rawArguments, rawWorkingFolder } from './raw-arguments.ts';
import { stopOnSignals } from './stop-signals.ts';
import { isClosedPipe, Terminal } from './terminal.ts';

/** The command line: everything that a process has is taken up here and handed on. */
async function main(): Promise<void> {
  keepHeapSmall();
  const terminal = new Terminal(processOutput(process.stdout, 1), processOutput(process.stderr, 2));
  const endWith = (error: unknown): never =>
    process.exit(reportError(error, terminal, { json: process.argv.includes('--json'), verbosity: 0 }));
  // An error that nobody waits for must not end as a success.
  process.on('unhandledRejection', endWith);
  const { controller } = stopOnSignals(terminal);
  process.stdout.on('error', (error) => {
    if (!isClosedPipe(error)) return terminal.failOutput(error);
    // Nobody is left to write to.
    terminal.mute();
    controller.abort(new CadanganError('aborted'));
  });
  process.stderr.on('error', () => undefined);
  const code = await runProgram(rawArguments(process.argv.slice(2)), {
    terminal,
    input: process.stdin,
    environment: process.env,
    clock: systemClock,
    workingFolder: rawWorkingFolder(process.cwd()),
    signal: controller.signal,
  });
  await terminal.drain();
  if (terminal.outputError) endWith(terminal.outputError);
  // Not left to the event loop: a terminal that was asked for a password would keep the process.
  process.exit(code);
}

void main();
