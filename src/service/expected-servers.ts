import { CadanganError } from '../platform/index.ts';
import { defaultRpoMs } from '../schedule/index.ts';
import type { BackupSet, Configuration } from '../settings/index.ts';
import type { Expectation, Measure } from '../upkeep/index.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import { windowRuleOf } from './window-rule-of.ts';

export interface ExpectedServersOptions {
  /** The name of this machine, as its snapshots have it. */
  readonly ownHost: string;
  /** The repositories that are looked at. Sets with others are left out. */
  readonly locations: readonly string[];
  /** These are all that are configured: a server of which nothing is there is silent. */
  readonly isWhole: boolean;
}

const hourMs = 3_600_000;

/**
 * What the configuration says of servers: of this one by its sets, each against its own objective, then by `servers`. A set that names no
 * objective is held against its schedule, as in the view of sets.
 */
export function expectedServers(
  { sets, servers = [], timeZone }: Configuration,
  { ownHost, locations, isWhole }: ExpectedServersOptions,
): readonly Expectation[] {
  const spelt = new Map(locations.map((location) => [repositoryKeyIfAny(location), location]));
  const own = sets.flatMap((set): Expectation[] => {
    const key = repositoryKeyIfAny(set.repository.location);
    const location = key === undefined ? undefined : spelt.get(key);
    if (location === undefined) return [];
    const measure = measureOf(set, timeZone);
    return [{ host: ownHost, set: set.name, location, measure, isRetired: false, isWanted: true }];
  });
  const others = servers.map(({ host, set, rpoHours, retired = false }): Expectation => ({
    host,
    set,
    location: undefined,
    measure: rpoHours === undefined ? undefined : { hours: rpoHours, by: 'configuration' },
    isRetired: retired,
    isWanted: isWhole && !retired,
  }));
  return [...own, ...others];
}

function measureOf(set: BackupSet, timeZone: string | undefined): Measure | undefined {
  if (set.rpoHours !== undefined) return { hours: set.rpoHours, by: 'configuration' };
  const ms = scheduledMs(set, timeZone);
  return ms === undefined ? undefined : { hours: ms / hourMs, by: 'schedule' };
}

/** Undefined also where the set cannot be planned; its row in the view of sets says so. */
function scheduledMs(set: BackupSet, timeZone: string | undefined): number | undefined {
  try {
    const rule = windowRuleOf(set, timeZone);
    if (rule !== undefined) return defaultRpoMs({ kind: 'window', rule, atWindowEnd: 'finish' });
    return set.schedule === undefined ? undefined : 24 * hourMs;
  } catch (error) {
    if (error instanceof CadanganError) return undefined;
    throw error;
  }
}
