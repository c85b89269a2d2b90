import { CadanganError, isAbort, type Clock, type Environment } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { withoutSecrets } from './child-environment.ts';
import { timeText, type JobException, type JobName, type JobResult } from './job-result.ts';
import { runSetProgram, type ProgramReport, type ProgramVet, type SetProgram } from './set-program.ts';

/** What a set and a copy have alike. */
export type Programs = Pick<BackupSet, 'before' | 'beforeLimitMinutes' | 'after' | 'afterLimitMinutes'>;

type RunFacts = Readonly<Record<string, string | number | undefined>>;

export interface AroundRun {
  readonly programs: Programs;
  readonly job: JobName;
  readonly clock: Clock;
  /** Of this process. */
  readonly environment: Environment;
  /** What the programs are told of the run; undefined is left out. Names without `CADANGAN_`. */
  readonly facts: RunFacts;
  readonly signal: AbortSignal;
  /** Comes first, and is kept until the work is done: without it, the program before would be for nothing. */
  readonly hold?: (() => Promise<AsyncDisposable>) | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
  readonly vet?: ProgramVet | undefined;
  readonly onException?: ((exception: JobException) => void) | undefined;
}

const limitMinutesDefault = 240;
/** Whoever stopped the run waits for its end, and ends its process after a minute. */
const afterStopMsMax = 30_000;

/**
 * Makes a run between its two programs. When the one before fails, there is no run; the one after comes in any case, and is told what came
 * of it, also when it came to neither. Never rejects.
 * @param work may throw, too
 */
export async function aroundRun<Details>(
  around: AroundRun,
  work: () => Promise<JobResult<Details>>,
  countsOf: (details: Details) => RunFacts = () => ({}),
): Promise<JobResult<Details>> {
  const { programs, clock, job } = around;
  const startedAt = timeText(clock);
  const reports: ProgramReport[] = [];
  let result: JobResult<Details>;
  try {
    await using _held = await around.hold?.();
    if (programs.before !== undefined) {
      const { report, error } = await runSetProgram(programOf('before', programs.before, around), worldOf(around), around.signal);
      reports.push(report);
      if (error) throw error;
    }
    result = { ...(await work()), startedAt };
  } catch (error) {
    result = failedJob(job, error, startedAt, clock);
  }
  if (programs.after !== undefined) {
    const counts = result.details === undefined ? {} : countsOf(result.details);
    const told = { ...around, facts: { ...around.facts, ...outcomeFacts(result), ...counts } };
    const report = await runAfter(told, programs.after, result.outcome === 'stopped');
    reports.push(report);
    result = withAfter(result, report, around);
  }
  return reports.length === 0 ? result : { ...result, programs: reports };
}

/** The program after a run whose process died, so that what the one before began is ended. Never rejects. */
export async function afterLostRun(around: Omit<AroundRun, 'signal'>, error: string): Promise<readonly ProgramReport[]> {
  const { after } = around.programs;
  if (after === undefined) return [];
  return [await runAfter({ ...around, facts: { ...around.facts, OUTCOME: 'stopped', ERROR: error } }, after, false)];
}

/** The run is over, whoever stopped it: its program after is ended by its own limit alone. */
async function runAfter(around: Omit<AroundRun, 'signal'>, command: readonly string[], isStopped: boolean): Promise<ProgramReport> {
  const program = programOf('after', command, around);
  const limitMs = isStopped ? Math.min(program.limitMs, afterStopMsMax) : program.limitMs;
  return (await runSetProgram({ ...program, limitMs }, worldOf(around), new AbortController().signal)).report;
}

function programOf(
  when: SetProgram['when'],
  command: readonly string[],
  { programs, job, environment, facts }: Omit<AroundRun, 'signal'>,
): SetProgram {
  const minutes = (when === 'before' ? programs.beforeLimitMinutes : programs.afterLimitMinutes) ?? limitMinutesDefault;
  const told = withoutSecrets(environment);
  const named: RunFacts = { WHEN: when, JOB: job, ...facts };
  for (const [name, value] of Object.entries(named)) if (value !== undefined) told[`CADANGAN_${name}`] = String(value);
  return { when, command, limitMs: minutes * 60_000, environment: told };
}

function outcomeFacts({ outcome, error, exceptionCount }: JobResult<unknown>): RunFacts {
  const code = error instanceof CadanganError ? error.code : 'internal';
  return { OUTCOME: outcome, ERROR: error === undefined ? undefined : code, EXCEPTIONS: exceptionCount };
}

/** The work has been done, or not: what comes after it can only be an exception of it. */
function withAfter<Details>(
  result: JobResult<Details>,
  { program, failure }: ProgramReport,
  { clock, onException }: AroundRun,
): JobResult<Details> {
  const endedAt = timeText(clock);
  if (failure === undefined) return { ...result, endedAt };
  const exception = { item: program, kind: 'after-command', reason: failure, weight: 'note' } as const;
  onException?.(exception);
  const outcome = result.outcome === 'success' ? 'success-with-exceptions' : result.outcome;
  return { ...result, outcome, endedAt, exceptions: [...result.exceptions, exception], exceptionCount: result.exceptionCount + 1 };
}

function worldOf({ clock, onLine = () => undefined, vet }: Omit<AroundRun, 'signal'>): Parameters<typeof runSetProgram>[1] {
  return { clock, onLine, vet };
}

/** The result of a job that did not begin. */
function failedJob(job: JobName, error: unknown, startedAt: string, clock: Clock): JobResult<never> {
  const outcome = isAbort(error) ? 'stopped' : 'failed';
  return { job, outcome, exceptions: [], exceptionCount: 0, startedAt, endedAt: timeText(clock), details: undefined, error };
}
