import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock, Environment } from '../platform/index.ts';

/** How the engine's process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const shutdownMsMax = 10_000;
const terminateMsMax = 5_000;

/** The process of an engine, from its start to its end. */
export class EngineProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<ProcessEnd>;

  /** @param onOutput what it writes to its standard output and error, a line at a time: only what nobody meant to be seen */
  constructor(path: string, environment: Environment, onOutput: (line: string) => void) {
    // The host's own flags (--inspect, --dns-result-order) are not for the engine.
    this.child = fork(path, [], {
      silent: true,
      serialization: 'advanced',
      execArgv: [],
      env: engineEnvironment(environment),
      windowsHide: true,
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', () => resolve({ code: null, signal: null })); // it could not even be started
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    for (const stream of [this.child.stdout, this.child.stderr]) if (stream) createInterface({ input: stream }).on('line', onOutput);
  }

  /** After it was asked to end: gives it ten seconds, then asks the system, and at last does not ask. */
  async waitOrKill(clock: Clock): Promise<ProcessEnd> {
    const waits = [
      [shutdownMsMax, 'SIGTERM'],
      [terminateMsMax, 'SIGKILL'],
    ] as const;
    for (const [ms, signal] of waits) {
      const end = await this.#endWithin(ms, clock);
      if (end) return end;
      this.child.kill(signal);
    }
    return this.ended;
  }

  async #endWithin(ms: number, clock: Clock): Promise<ProcessEnd | undefined> {
    const stop = new AbortController();
    try {
      return await Promise.race([
        this.ended,
        clock
          .sleep(ms, stop.signal)
          .catch(() => undefined)
          .then(() => undefined),
      ]);
    } finally {
      stop.abort();
    }
  }
}

/**
 * The environment of the engine: the host's, without what the editor keeps there for itself (an IPC socket among it). Electron is to be
 * plain Node, and to leave files named `*.asar` the files that they are: its `fs` would show them as folders, and the backup would be
 * wrong.
 */
export function engineEnvironment(environment: Environment): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(?:VSCODE_|ELECTRON_|NODE_OPTIONS$)/i.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1' };
}
