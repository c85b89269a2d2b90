import assert from 'node:assert/strict';
import { realpath } from 'node:fs/promises';
import { repositoryFolderOf } from '../jobs/index.ts';
import { CadanganError, isOnNetwork, unlessMountHangs } from '../platform/index.ts';
import type { ScheduledSet } from '../schedule/index.ts';
import type { BackupSet, Configuration } from '../settings/index.ts';
import { repositoryKey } from './repository-key.ts';
import { windowRuleOf } from './window-rule-of.ts';

export interface ScheduledSetsOptions {
  readonly stateFolder: string;
  /** A set that cannot be planned is left to be started by hand. */
  readonly onProblem: (set: string, reason: string) => void;
}

/** The sets of the configuration as the schedule wants them. Those whose location is not understood are left out: they can never run. */
export async function scheduledSetsOf(configuration: Configuration, options: ScheduledSetsOptions): Promise<ScheduledSet[]> {
  const sets = await Promise.all(configuration.sets.map((set) => scheduledSetOf(set, configuration, options)));
  return sets.filter((set) => set !== undefined);
}

async function scheduledSetOf(
  set: BackupSet,
  configuration: Configuration,
  options: ScheduledSetsOptions,
): Promise<ScheduledSet | undefined> {
  try {
    const timing = await timingOf(set, configuration, options.stateFolder);
    return {
      id: set.name,
      repository: repositoryKey(set.repository.location),
      timing,
      rpoMs: set.rpoHours === undefined ? undefined : set.rpoHours * 3_600_000,
    };
  } catch (error) {
    if (!(error instanceof CadanganError)) throw error;
    options.onProblem(set.name, error.message);
    return undefined;
  }
}

async function timingOf(set: BackupSet, { timeZone }: Configuration, stateFolder: string): Promise<ScheduledSet['timing']> {
  const { schedule, sources, repository } = set;
  if (schedule === undefined) return { kind: 'manual' };
  const rule = windowRuleOf(set, timeZone);
  if (schedule.kind === 'window') {
    assert(rule);
    return { kind: 'window', rule, atWindowEnd: schedule.atWindowEnd };
  }
  const ours = [stateFolder, repositoryFolderOf(repository.location)].filter((folder) => folder !== undefined);
  return {
    kind: 'change',
    sources,
    ignored: [...new Set((await Promise.all(ours.map(waysTo))).flat())],
    polling: (await Promise.all(sources.map(isOnNetwork))).includes(true),
    settleMs: schedule.settleSeconds * 1000,
    minIntervalMs: schedule.minIntervalSeconds * 1000,
  };
}

/** A watch meets a folder under its own path, the configuration may name it through a link. */
async function waysTo(folder: string): Promise<string[]> {
  return [folder, await unlessMountHangs(realpath(folder), folder)];
}
