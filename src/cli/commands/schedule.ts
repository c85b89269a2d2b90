import { Argument } from 'commander';
import { missedFacts, missedText, PasswordOutlook, protocol, unhostedSchedule, unhostedTasks } from '../../service/index.ts';
import { safeText } from '../../jobs/index.ts';
import { CadanganError, formatPercent, l10n, placeOfWork, systemRandom, type Clock } from '../../platform/index.ts';
import { formatTimestamp, type JsonValue } from '../../repository/index.ts';
import type { RunOutcome, SetStatus, TaskStatus, TaskWork } from '../../schedule/index.ts';
import { concernsWhole, describeProblem, loadConfiguration, type Problem } from '../../settings/index.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import { shareDone } from '../progress-line.ts';
import { tableLines, type Column } from '../table.ts';
import { localTimeText } from '../time-argument.ts';

interface ScheduleReport {
  /** Who answered; undefined when nobody did, and this is what is written down. */
  readonly host: { readonly pid: number; readonly version: string; readonly runsSchedule: boolean } | undefined;
  /** Why somebody who is there could not be asked. */
  readonly trouble: string | undefined;
  /** In the order of the configuration. */
  readonly sets: readonly SetStatus[];
  /** What is planned beside them. */
  readonly tasks: readonly TaskStatus[];
  /** What is wrong in the configuration; what keeps something from being used is an error. */
  readonly problems: readonly Problem[];
}

export const scheduleCommand: CliCommand = {
  name: 'schedule',
  declare: (command) =>
    command
      .description(l10n.t('Show what the schedule of this machine is at: last and next runs, what was missed, what is running.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(['status'])),
  run: async (context) => {
    const { environment, clock, globals, terminal } = context;
    const { serviceConfigFile } = await import('../../host/index.ts'); // as for a backup
    const configFile = serviceConfigFile(environment) ?? placeOfWork(environment).configFile;
    const report = await reportOf(context, configFile);
    if (globals.json) printJson(terminal, jsonOf(report, clock));
    else print(report, context);
    if (!globals.json) for (const problem of report.problems) terminal.note(problemLine(problem, configFile));
    return isUnknown(report) ? exitCode.failed : exitCode.done;
  },
};

/** Which sets there are cannot be read, and nobody knows it from before. */
function isUnknown({ sets, problems }: ScheduleReport): boolean {
  return sets.length === 0 && problems.some(concernsWhole);
}

/** Asked of the host, else what is written down. @throws `state.unusable` when that cannot be read */
async function reportOf(context: CommandContext, configFile: string): Promise<ScheduleReport> {
  const { environment, clock } = context;
  const problems = await new PasswordOutlook({ clock, environment }).problemsOf(await loadConfiguration(configFile));
  let trouble: string | undefined;
  try {
    const { askHostOf } = await import('../with-host.ts'); // as for a backup
    const asked = await askHostOf(context, protocol.scheduleStatus, undefined);
    if (asked) {
      const { runsSchedule, ...planned } = asked.answer;
      return { host: { ...asked.host, runsSchedule }, trouble, ...planned, problems };
    }
  } catch (error) {
    if (!(error instanceof CadanganError)) throw error;
    trouble = String(error.facts['reason'] ?? error.code);
  }
  const place = { configFile, stateFolder: placeOfWork(environment).stateFolder, clock, random: systemRandom };
  const [sets, tasks] = await Promise.all([unhostedSchedule(place), unhostedTasks(place)]);
  return { host: undefined, trouble, sets, tasks, problems };
}

function print(report: ScheduleReport, { terminal, clock }: CommandContext): void {
  terminal.print(headline(report));
  const columns: Column[] = [
    { title: l10n.t('Set') },
    { title: l10n.t('State') },
    { title: l10n.t('Last run') },
    { title: l10n.t('Next run') },
    { title: l10n.t('Missed'), align: 'right' },
  ];
  const rows = report.sets.map((status) => [
    safeText(status.set),
    stateCell(status),
    lastRunCell(status, clock),
    nextRunCell(status, clock),
    String(status.missed.length),
  ]);
  if (isUnknown(report)) terminal.print(l10n.t('Which backup sets there are is not known: the configuration cannot be read.'));
  else if (rows.length === 0) terminal.print(l10n.t('There are no backup sets.'));
  else for (const line of tableLines(columns, rows)) terminal.print(line);
  for (const { set, missed } of report.sets)
    for (const window of missed.slice(-missedToldMax))
      terminal.print(
        l10n.t('{set}, missed on {day}: {why}', { set: safeText(set), day: window.day, why: safeText(missedText(window, clock)) }),
      );
  if (report.tasks.length > 0) for (const line of taskLines(report.tasks, clock)) terminal.print(line);
}

function taskLines(tasks: readonly TaskStatus[], clock: Clock): string[] {
  const columns: Column[] = [
    { title: l10n.t('Also planned') },
    { title: l10n.t('State') },
    { title: l10n.t('Last time') },
    { title: l10n.t('Next time') },
  ];
  const rows = tasks.map(({ kind, name = '', running, lastMs, next }) => [
    subjectText(kind, safeText(name)),
    running === undefined ? '-' : l10n.t('running: {work}', { work: workText(running) }),
    lastMs === undefined ? '-' : minuteText(lastMs, clock),
    next === undefined ? '-' : `${minuteText(next.atMs, clock)} ${workText(next.work)}`,
  ]);
  return tableLines(columns, rows);
}

function subjectText(kind: TaskStatus['kind'], name: string): string {
  switch (kind) {
    case 'copy':
      return l10n.t('copy {name}', { name });
    case 'repository':
      return l10n.t('repository {name}', { name });
    case 'records':
      return l10n.t('records');
  }
}

function workText(work: TaskWork): string {
  switch (work) {
    case 'look':
    case 'sync':
      return l10n.t('sync');
    case 'scrub':
      return l10n.t('scrub');
    case 'sample':
      return l10n.t('sample');
    case 'readable':
      return l10n.t('readable copy');
    case 'verify':
      return l10n.t('verification');
    case 'prune':
      return l10n.t('prune');
  }
}

/** The newest of a set; all stand in the records. */
const missedToldMax = 3;

function headline({ host, trouble }: ScheduleReport): string {
  if (host?.runsSchedule === false)
    return l10n.t('Nobody runs the schedule at this moment: process {pid} makes a backup that somebody asked for.', { pid: host.pid });
  if (host) return l10n.t('Process {pid} runs the schedule (Cadangan {version}).', { pid: host.pid, version: safeText(host.version) });
  if (trouble !== undefined)
    return l10n.t('The process that runs the schedule cannot be asked ({reason}). This is what is written down.', {
      reason: safeText(trouble),
    });
  return l10n.t('Nobody runs the schedule at this moment: VS Code with Cadangan is not open. This is what is written down.');
}

function stateCell({ state, running }: SetStatus): string {
  const share = running?.progress && shareDone(running.progress);
  return share === undefined ? stateText(state) : `${stateText(state)} ${formatPercent(share)}`;
}

function stateText(state: SetStatus['state']): string {
  switch (state) {
    case 'running':
      return l10n.t('running');
    case 'waiting':
      return l10n.t('waiting');
    case 'overdue':
      return l10n.t('overdue');
    case 'missed':
      return l10n.t('missed');
    case 'idle':
      return l10n.t('in order');
  }
}

function lastRunCell({ lastRun }: SetStatus, clock: Clock): string {
  return lastRun === undefined ? l10n.t('never') : `${minuteText(lastRun.startedMs, clock)} ${outcomeText(lastRun.outcome)}`.trimEnd();
}

function outcomeText(outcome: RunOutcome | undefined): string {
  switch (outcome) {
    case 'success':
      return l10n.t('successful');
    case 'success-with-exceptions':
      return l10n.t('completed with exceptions');
    case 'failed':
      return l10n.t('failed');
    case 'stopped':
      return l10n.t('stopped');
    case 'interrupted':
      return l10n.t('interrupted');
    case undefined:
      return '';
  }
}

function nextRunCell({ next, watch }: SetStatus, clock: Clock): string {
  if (next) return minuteText(next.startMs, clock);
  return watch ? l10n.t('when something changes') : '-';
}

function minuteText(instantMs: number, clock: Clock): string {
  return localTimeText(nsOf(instantMs), clock).slice(0, 16);
}

function problemLine(problem: Problem, file: string): string {
  return `${safeText(file)}:${problem.line}:${problem.column}: ${safeText(describeProblem(problem))}`;
}

/** Names as in restic's JSON; a time that is not known is left out. */
function jsonOf({ host, trouble, sets, tasks, problems }: ScheduleReport, clock: Clock): JsonValue {
  return jsonObject({
    host: host ? { pid: host.pid, version: host.version, runs_schedule: host.runsSchedule } : null,
    trouble,
    sets: sets.map((status) => jsonOfSet(status, clock)),
    tasks: tasks.map((status) => jsonOfTask(status, clock)),
    problems: problems.map((problem) =>
      jsonObject({
        severity: problem.severity,
        line: problem.line,
        column: problem.column,
        path: problem.path,
        code: problem.code,
        set: problem.set,
        message: describeProblem(problem),
      }),
    ),
  });
}

function jsonOfTask({ kind, name, running, lastMs, next }: TaskStatus, clock: Clock): JsonValue {
  const last = lastMs === undefined ? undefined : timeText(lastMs, clock);
  return jsonObject({ kind, name, running, last, next: next && { work: next.work, start: timeText(next.atMs, clock) } });
}

function jsonOfSet(
  { set, state, next, running, waiting, missed, overdueSinceMs, lastRun, lastSuccess, watch }: SetStatus,
  clock: Clock,
): JsonValue {
  const time = (ms: number): string => timeText(ms, clock);
  const window = ({ day, startMs, endMs }: NonNullable<SetStatus['next']>) => ({ day, start: time(startMs), end: time(endMs) });
  const run = ({ trigger, startedMs, endedMs, outcome }: NonNullable<SetStatus['lastRun']>): JsonValue =>
    jsonObject({ trigger, start: time(startedMs), end: endedMs === undefined ? undefined : time(endedMs), outcome });
  return jsonObject({
    name: set,
    state,
    running:
      running &&
      jsonObject({
        trigger: running.trigger,
        start: time(running.startedMs),
        percent_done: running.progress && shareDone(running.progress),
        files_done: running.progress?.filesDone,
        total_files: running.progress?.filesTotal,
        bytes_done: running.progress?.bytesDone,
        total_bytes: running.progress?.bytesTotal,
      }),
    waiting,
    last_run: lastRun && run(lastRun),
    last_success: lastSuccess && run(lastSuccess),
    next_run: next && window(next),
    missed: missed.map((one) => jsonObject({ ...window(one), ...missedFacts(one, clock) })),
    overdue_since: overdueSinceMs === undefined ? undefined : time(overdueSinceMs),
    watch: watch?.mode,
  });
}

function timeText(instantMs: number, clock: Clock): string {
  return formatTimestamp(nsOf(instantMs), clock.offsetMinutes(nsOf(instantMs)));
}

function nsOf(instantMs: number): bigint {
  return BigInt(Math.round(instantMs)) * 1_000_000n;
}
