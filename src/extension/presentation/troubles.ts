import type { SetInfo, SetStateKind } from '../../service/index.ts';

/** States that somebody should look at. */
const troubled: ReadonlySet<SetStateKind> = new Set(['failed', 'missed', 'overdue']);

export function isTroubled({ state }: Pick<SetInfo, 'state'>): boolean {
  return troubled.has(state);
}

/** Something that a notification should say once: a failed run, or missed windows. */
export interface Trouble {
  readonly kind: 'failed' | 'missed';
  readonly set: SetInfo;
  /** The same for the same event, in every window and after a reload. */
  readonly key: string;
}

/**
 * What is to be told of these sets, beside what was told already (`told`: the last key of each set). Runs that the user started tell of
 * themselves; the keys of those are noted by `troubleKey` when they end.
 */
export function newTroubles(sets: readonly SetInfo[], told: Readonly<Record<string, string>>): readonly Trouble[] {
  return sets.flatMap((set) => {
    const kind = set.missedWindows.length > 0 ? 'missed' : set.lastRun?.outcome === 'failed' ? 'failed' : undefined;
    const key = troubleKey(set);
    return kind === undefined || key === undefined || told[set.name] === key ? [] : [{ kind, set, key }];
  });
}

/** Names the newest trouble of a set; undefined when it has none. */
export function troubleKey({ missedWindows, lastRun }: SetInfo): string | undefined {
  const missed = missedWindows.at(-1);
  if (missed !== undefined) return `missed ${missed}`;
  return lastRun?.outcome === 'failed' ? `failed ${lastRun.endedAt}` : undefined;
}
