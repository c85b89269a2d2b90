import { loadConfiguration, updateConfiguration, type BackupSet, type BackupSetInput, type ConfigurationEdit } from '../settings/index.ts';
import { CadanganError, type Clock } from '../platform/index.ts';
import type { SetStatus } from '../schedule/index.ts';
import { answer, answerAt } from './answer.ts';
import { keepPasswordFile } from './keep-password.ts';
import type { ParamsOf } from './procedure.ts';
import * as protocol from './protocol.ts';
import type { Service } from './service.ts';
import { missedText } from './missed-window.ts';
import { offsiteStates } from './offsite-states.ts';
import { runProgressOf } from './run-progress.ts';
import { keepCountsOf, withKeepCounts } from './set-keep-counts.ts';
import { setStateOf } from './set-state.ts';

/** Sets, their state, and the file they stand in. */
export const setProcedures = [
  answer(protocol.scheduleStatus, async ({ schedule, tasks }) => ({
    runsSchedule: !schedule.scheduler.isPassive,
    sets: schedule.scheduler.status(),
    tasks: tasks.statuses(),
  })),
  answer(protocol.listSets, listSets),
  answer(protocol.configuration, (service) => service.configurationInfo()),
  answer(protocol.addSet, (service, params) => change(service, { kind: 'add-set', set: backupSetInputOf(params) })),
  answerAt(protocol.keepPasswordFile, ({ set }, service) => service.setNamed(set).repository.location, keepPasswordFile),
  answer(protocol.changeRetention, changeRetention),
  answer(protocol.removeSet, (service, { set }) => change(service, { kind: 'remove-set', name: set })),
  answer(protocol.dismissMissed, async (service, { set }) => {
    service.setNamed(set);
    service.schedule.scheduler.dismissMissed(set);
    service.changed();
  }),
];

async function change(service: Service, edit: ConfigurationEdit): Promise<void> {
  await service.take(await updateConfiguration(service.configFile, edit, { random: service.world.random }));
}

async function changeRetention(service: Service, { set: name, counts }: ParamsOf<typeof protocol.changeRetention>): Promise<void> {
  // As it stands in the file: the service may go on with the set as it was before somebody made a mistake there, which is theirs to mend.
  const { configuration, problems } = await loadConfiguration(service.configFile);
  const wrong = problems.find(({ set, severity }) => set === name && severity === 'error');
  if (wrong !== undefined)
    throw new CadanganError('config.invalid', { line: wrong.line, column: wrong.column, key: wrong.path, reason: wrong.code });
  const { retention } = configuration.sets.find((set) => set.name === name) ?? service.setNamed(name);
  await change(service, { kind: 'change-set', name, values: { retention: withKeepCounts(retention, counts) } });
}

function backupSetInputOf({ name, sources, location, window, onChange, passwordFile }: protocol.AddSetParams): BackupSetInput {
  return {
    name,
    sources,
    repository: { location, ...(passwordFile !== undefined && { passwordFile }) },
    ...(onChange === true ? { schedule: { onChange: {} } } : window !== undefined && { schedule: { window } }),
  };
}

async function listSets(service: Service): Promise<readonly protocol.SetInfo[]> {
  const statuses = service.schedule.status();
  const lastRuns = await service.list.lastBackups(service.sets.map(({ name }) => name));
  const offsite = await offsiteStates(service, await service.drive.copies.infos());
  const { clock } = service.world;
  return service.sets.map((set) =>
    setInfoOf(set, {
      status: statuses.get(set.name),
      lastRun: lastRuns.get(set.name),
      progress: service.runs.progressOf(set.name),
      offsite: offsite.get(set.name),
      clock,
    }),
  );
}

interface KnownOfSet {
  readonly status: SetStatus | undefined;
  readonly lastRun: protocol.RunResult | 'unknown' | undefined;
  readonly progress: protocol.RunProgress | undefined;
  readonly offsite: protocol.OffsiteState | undefined;
  readonly clock: Clock;
}

function setInfoOf(set: BackupSet, { status, lastRun, progress, offsite, clock }: KnownOfSet): protocol.SetInfo {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const missed = status?.missed ?? [];
  const running = progress ?? (status?.running && progressOfRunning(set.name, status.running, nowMs));
  return {
    name: set.name,
    title: set.title ?? set.name,
    sources: set.sources,
    location: set.repository.location,
    state: setStateOf({ status, lastRun, isRunningHere: progress !== undefined }),
    ...(typeof lastRun === 'object' && { lastRun }),
    ...(running && { running }),
    ...(status?.next && { nextRun: timeText(status.next.startMs) }),
    ...(offsite && { offsite }),
    missedWindows: missed.map(({ startMs }) => timeText(startMs)),
    ...(missed.length > 0 && { missedReasons: missed.map((window) => missedText(window, clock)) }),
    ...(set.retention && { retention: keepCountsOf(set.retention) }),
    hasUnattendedPassword: (set.repository.passwordFile ?? set.repository.passwordCommand) !== undefined,
  };
}

/** Of a run that has told nothing yet but that it goes on. */
function progressOfRunning(set: string, { startedMs, progress }: NonNullable<SetStatus['running']>, nowMs: number): protocol.RunProgress {
  return runProgressOf(
    set,
    progress ?? { elapsedMs: Math.max(0, nowMs - startedMs), filesDone: 0, bytesDone: 0, errorCount: 0, currentPath: '' },
  );
}

function timeText(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
