import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CadanganError, systemCode, throwIfAborted, type Clock, system } from '../platform/index.ts';
import { endProcessTree } from './end-process-tree.ts';

/** A program that stands in the configuration, to be run around a run. */
export interface SetProgram {
  readonly when: 'before' | 'after';
  /** Program and arguments; no shell runs. */
  readonly command: readonly string[];
  readonly limitMs: number;
  /** All that it gets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Refuses a program that may not be run here, as the configuration names it: what others could change, under a service of the machine. */
export type ProgramVet = (command: readonly string[]) => Promise<void>;

/** What a program came to. Its arguments are left out: one of them may be a secret. */
export interface ProgramReport {
  readonly when: SetProgram['when'];
  readonly program: string;
  readonly seconds: number;
  /** Why it failed; undefined when it did not. */
  readonly failure: string | undefined;
  /** The end of what it said on both of its outputs, in the order in which it came. */
  readonly output: string;
}

export interface ProgramWorld {
  readonly clock: Clock;
  /** What it says, line by line. */
  readonly onLine: (line: string) => void;
  /** Default: any may be run. */
  readonly vet?: ProgramVet | undefined;
}

/** A program that writes without an end must not fill the log. */
const outputLinesMax = 1000;
/** More than a record keeps, so that a secret is taken out of it before the rest is cut off. */
const outputBytesMax = 16 * 1024;
/** Something that it left running may hold its outputs open for ever. */
const outputWaitMs = 1_000;

/** The reason of one that was ended for its time. */
export const overTime = 'it took longer than it may';
/** Node starts no batch file by itself (EINVAL): by the rules of cmd.exe an argument could become a command (CVE-2024-27980). */
const batchFile = 'Windows runs a batch file only as an argument of "cmd.exe /c"';

/**
 * Runs a program of the server's own configuration file, without a shell, and waits for its end; nothing of a workspace gets here. At its
 * time limit, and when the signal says so, it is ended with all that it has started.
 * @returns also of one that failed: `command.failed` or `aborted` is then beside its report
 */
export async function runSetProgram(
  { when, command, limitMs, environment }: SetProgram,
  { clock, onLine, vet }: ProgramWorld,
  signal: AbortSignal,
): Promise<{ readonly report: ProgramReport; readonly error?: CadanganError }> {
  throwIfAborted(signal);
  const [program = '', ...args] = command;
  const startMs = clock.monotonicMs();
  // A group of its own, so that it can be ended with its children; without a terminal nobody is asked for a password.
  const detached = system.hasProcessGroups;
  const output = new OutputEnd();
  let failure: string | undefined;
  try {
    await vet?.(command);
    const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, detached });
    const ending = endOf(child, { clock, limitMs, signal }); // listens for errors first
    followOutput(child, output, onLine);
    failure = await ending;
  } catch (error) {
    if (error instanceof CadanganError) return { report: { when, program, seconds: 0, failure: reasonOf(error), output: '' }, error };
    // Node emits the usual reasons why a program cannot be started, and throws all others (ENOTDIR, ELOOP, ESTALE of a dead mount ...).
    failure = system.isWindows && /\.(?:bat|cmd)$/i.test(program) ? batchFile : systemCode(error);
    if (failure === undefined) throw error;
  }
  const seconds = Math.round((clock.monotonicMs() - startMs) / 100) / 10;
  const report = { when, program, seconds, failure, output: output.text() };
  if (signal.aborted) return { report, error: abortedBy(signal) };
  return failure === undefined ? { report } : { report, error: new CadanganError('command.failed', { program, reason: failure }) };
}

function reasonOf({ code, facts }: CadanganError): string {
  return [code, facts.path, facts.reason].filter((part) => part !== undefined).join(': ');
}

/** @returns why it failed */
async function endOf(
  child: ChildProcess,
  { clock, limitMs, signal }: { readonly clock: Clock; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const ended = Promise.withResolvers<string | undefined>();
  const silent = Promise.withResolvers<void>();
  child.once('error', (error) => ended.resolve(systemCode(error) ?? 'unknown'));
  child.once('exit', (code, name) => ended.resolve(code === 0 ? undefined : name === null ? `exit code ${code}` : String(name)));
  child.once('close', () => silent.resolve());
  const over = new AbortController();
  const overOrStopped = AbortSignal.any([signal, over.signal]);
  const limit = clock.sleep(limitMs, overOrStopped).then(
    () => overTime,
    () => (signal.aborted ? 'stopped' : undefined),
  );
  const first = await Promise.race([limit.then((why) => ({ why })), ended.promise.then(() => undefined)]);
  if (first?.why !== undefined) await endProcessTree(child, clock);
  const failure = await ended.promise;
  const waited = clock.sleep(outputWaitMs, over.signal).catch(() => undefined);
  await Promise.race([silent.promise, waited]);
  over.abort();
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  return first?.why ?? failure;
}

function followOutput({ stdout, stderr }: ChildProcess, output: OutputEnd, onLine: (line: string) => void): void {
  let lines = 0;
  for (const stream of [stdout, stderr]) {
    if (!stream) continue; // Node leaves them out where no descriptor is left
    stream.on('data', (bytes: Buffer) => output.add(bytes));
    createInterface({ input: stream }).on('line', (line) => {
      lines += 1;
      if (lines <= outputLinesMax) onLine(line);
    });
  }
}

/** The last bytes of an output, however long that is. */
class OutputEnd {
  #bytes: Buffer = Buffer.alloc(0);

  add(more: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, more]).subarray(-outputBytesMax);
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}

function abortedBy({ reason }: AbortSignal): CadanganError {
  return reason instanceof CadanganError ? reason : new CadanganError('aborted', {}, { cause: reason });
}
