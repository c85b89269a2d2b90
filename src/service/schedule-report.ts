import { CadanganError, type Clock, type Random } from '../platform/index.ts';
import { describeUnled, readHistories, visitLeader, type SetStatus } from '../schedule/index.ts';
import { loadConfiguration, type Problem } from '../settings/index.ts';
import { LastGoodFile, usedFromStart } from './last-good-file.ts';
import { scheduledSetsOf } from './scheduled-sets.ts';

export interface ScheduleReportOptions {
  readonly configFile: string;
  readonly stateFolder: string;
  /** Of the program that asks. */
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ScheduleReport {
  /** Who answered; undefined when nobody did, and this is what is written down. */
  readonly leader: { readonly pid: number; readonly version: string } | undefined;
  /** Why somebody who is there could not be asked. */
  readonly trouble: string | undefined;
  /** In the order of the configuration. */
  readonly sets: readonly SetStatus[];
  /** What is wrong in the configuration; what keeps something from being used is an error. */
  readonly problems: readonly Problem[];
}

/**
 * What the schedule of this machine is at, asked of whoever runs it, else read from its file.
 * @throws `storage.denied`, `storage.unreachable` when that cannot be read
 */
export async function scheduleReport(options: ScheduleReportOptions): Promise<ScheduleReport> {
  const loaded = await loadConfiguration(options.configFile);
  const { answer, trouble } = await askLeader(options);
  if (answer) return { ...answer, trouble: undefined, problems: loaded.problems };
  const histories = await readHistories(options.stateFolder);
  const { configuration } = await usedFromStart(loaded, new LastGoodFile(options.stateFolder, options.random));
  const sets = await scheduledSetsOf(configuration, { stateFolder: options.stateFolder, onProblem: () => undefined });
  const nowMs = Number(options.clock.nowNs() / 1_000_000n);
  return {
    leader: undefined,
    trouble,
    sets: sets.map((set) => describeUnled(set, histories.get(set.id), nowMs)),
    problems: loaded.problems,
  };
}

async function askLeader(
  options: ScheduleReportOptions,
): Promise<{ readonly answer?: Pick<ScheduleReport, 'leader' | 'sets'>; readonly trouble?: string }> {
  try {
    const visit = await visitLeader(options);
    if (!visit) return {};
    try {
      return { answer: { leader: visit.leader, sets: await visit.client.status() } };
    } finally {
      visit.client.close();
    }
  } catch (error) {
    if (error instanceof CadanganError) return { trouble: String(error.facts['reason'] ?? error.code) };
    throw error;
  }
}
