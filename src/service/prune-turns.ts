import type { Clock, Random } from '../platform/index.ts';
import { listNonconformities, type HistoryRecord } from '../records/index.ts';
import { PeriodicTask, TaskTimes, trustIn, type TaskLoop, type TaskStatus } from '../schedule/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import type { RepositoryTurns } from './repository-turns.ts';

export interface PruneTurnsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly stateFolder: string;
  readonly tasks: Pick<TaskLoop, 'add' | 'remove'>;
  /** As they are in force. */
  readonly sets: () => readonly BackupSet[];
  readonly records: (signal: AbortSignal) => Promise<readonly HistoryRecord[]>;
  readonly turns: RepositoryTurns;
  /** @returns false when it could not be done now */
  readonly prune: (location: string, signal: AbortSignal) => Promise<boolean>;
  /** It could not be done for so long; said again when it has lasted as long again. */
  readonly onOverdue: (location: string, days: number) => Promise<void>;
  readonly signal: AbortSignal;
}

const dayMs = 24 * 3_600_000;
const everyMs = 7 * dayMs;
/** A busy week or two is no matter, a repository that only grows is. */
const overdueMs = 30 * dayMs;

/**
 * Once a week each repository is pruned whose sets have a rule: what the rule removes is only then what makes it smaller. A prune has the
 * repository for itself (`RepositoryTurns`), so it begins while nobody needs it and gives way to whoever comes; cut short anywhere, the
 * next one goes on. While a person still has to decide about a removal in it, it waits: what was removed by somebody else may still be
 * recovered.
 */
export class PruneTurns {
  readonly #options: PruneTurnsOptions;
  readonly #times: TaskTimes;
  /** By the key of its repository. */
  readonly #planned = new Map<string, { readonly location: string; readonly task: PeriodicTask }>();
  #hasBegun = false;

  constructor(options: PruneTurnsOptions) {
    this.#options = options;
    this.#times = new TaskTimes(options.stateFolder, options.random);
  }

  async begin(): Promise<void> {
    this.#hasBegun = true;
    await this.configurationChanged();
  }

  async configurationChanged(): Promise<void> {
    if (!this.#hasBegun) return;
    const { tasks, turns, sets } = this.#options;
    const wanted = prunedLocations(sets());
    for (const [key, location] of wanted) {
      if (this.#planned.has(key)) continue;
      const task = this.#taskOf(key, location);
      this.#planned.set(key, { location, task });
      tasks.add(task);
    }
    for (const [key, { location, task }] of this.#planned) {
      if (wanted.has(key)) continue;
      this.#planned.delete(key);
      await turns.stop(location);
      await tasks.remove(task);
    }
  }

  #taskOf(key: string, location: string): PeriodicTask {
    const { clock } = this.#options;
    const run = async (): Promise<boolean> => {
      const isDone = await this.#prune(key, location);
      if (isDone === false) await this.#tellOverdue(location);
      return isDone === true;
    };
    return new PeriodicTask({ clock, about: aboutPrune(location), work: 'prune', everyMs, times: this.#times, waitsFirst: true, run });
  }

  /** @returns undefined while it waits for a person */
  async #prune(key: string, location: string): Promise<boolean | undefined> {
    const { turns, prune, records, sets, signal } = this.#options;
    if (!turns.isFree(location)) return false;
    if (await isPruneHeld(await records(signal), key, setsAt(key, sets()))) return undefined;
    return (await turns.alone(location, signal, (stopped) => prune(location, stopped))) ?? false;
  }

  async #tellOverdue(location: string): Promise<void> {
    const { clock, onOverdue } = this.#options;
    const { kind, name } = aboutPrune(location);
    const [last, planned, told = 0] = await Promise.all(
      [`${kind} ${name}`, `${kind} ${name} planned`, `${kind} ${name} overdue`].map((key) => this.#times.lastMs(key)),
    );
    const nowMs = Number(clock.nowNs() / 1_000_000n);
    const sinceMs = last ?? planned ?? nowMs;
    if (nowMs - Math.max(sinceMs, told) < overdueMs || !trustIn(clock).isSettled) return;
    await onOverdue(location, Math.floor((nowMs - sinceMs) / dayMs));
    await this.#times.note(`${kind} ${name} overdue`, nowMs);
  }
}

/** When each was last done, as it is written down: for when no host runs that could be asked. */
export async function unhostedPrunes(
  { stateFolder, random }: Pick<PruneTurnsOptions, 'stateFolder' | 'random'>,
  sets: readonly BackupSet[],
): Promise<readonly TaskStatus[]> {
  const times = new TaskTimes(stateFolder, random);
  const known = await Promise.all(
    [...prunedLocations(sets).values()].map(async (location) => {
      const about = aboutPrune(location);
      return { ...about, lastMs: await times.lastMs(`${about.kind} ${about.name}`) };
    }),
  );
  return known.filter(({ lastMs }) => lastMs !== undefined);
}

function aboutPrune(location: string): { readonly kind: 'repository'; readonly name: string } {
  return { kind: 'repository', name: location };
}

/** By the key of the repository: as the first of its sets names it. */
function prunedLocations(sets: readonly BackupSet[]): Map<string, string> {
  const locations = new Map<string, string>();
  for (const { retention, repository } of sets) {
    const key = retention && repositoryKeyIfAny(repository.location);
    if (key !== undefined && !locations.has(key)) locations.set(key, repository.location);
  }
  return locations;
}

/** Names of the sets that have their snapshots there. */
function setsAt(key: string, sets: readonly BackupSet[]): string[] {
  return sets.filter(({ repository }) => repositoryKeyIfAny(repository.location) === key).map(({ name }) => name);
}

/** Whether a prune could take what a person still has to decide about: a removal that is held back, backups that somebody else removed. */
export async function isPruneHeld(records: readonly HistoryRecord[], key: string, sets: readonly string[]): Promise<boolean> {
  return (await listNonconformities(records)).some(({ isOpen, rule, facts }) => {
    if (!isOpen) return false;
    if (rule === 'retention-held') return sets.includes(String(facts['set'] ?? ''));
    return rule === 'backup-removed' && repositoryKeyIfAny(String(facts['location'] ?? '')) === key;
  });
}
