import process from 'node:process';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { cadanganVersion, keepHeapSmall, programVersion, systemClock, systemRandom } from '../platform/index.ts';
import { Engine } from './engine.ts';

/** A window's channel can break without an event; then its process is gone, or we have another parent. */
const parentCheckMs = 3_000;

/** The engine's process: takes up what a process has, and ends itself when its window is gone; nobody else would. */
function main(): void {
  keepHeapSmall();
  // Nobody reads them after the window is gone.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
  const world = {
    clock: systemClock,
    random: systemRandom,
    environment: process.env,
    version: cadanganVersion(),
    programVersion: programVersion(),
  };
  const engine = new Engine(connection, world, () => process.exit(process.exitCode ?? 0));
  const windowGone = (): void => engine.windowGone();
  process.on('disconnect', windowGone);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, windowGone);
  watchParent(windowGone);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      engine.logError(error);
      process.exitCode = 1;
      engine.windowGone();
    });
  }
  connection.listen();
}

function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && isAlive(parent)) return;
    clearInterval(timer);
    onGone();
  }, parentCheckMs).unref();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks only
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

main();
