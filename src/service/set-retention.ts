import { hostname } from 'node:os';
import type { RetentionJobOptions, RetentionWish } from '../jobs/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { policyOfSet, thresholdsOfSet } from '../upkeep/index.ts';

export interface SetRule {
  readonly wish: Extract<RetentionWish, { readonly kind: 'rule' }>;
  readonly thresholds: NonNullable<RetentionJobOptions['thresholds']>;
}

/**
 * What the rule of a set wants of its snapshots: those of this machine that have its name as their first tag, whatever sources it had. A
 * repository may have sets of that name from other machines, which have rules of their own. Undefined for a set without a rule.
 */
export function setRetention({ name, retention }: BackupSet): SetRule | undefined {
  if (retention === undefined) return undefined;
  const host = hostname();
  return {
    wish: {
      kind: 'rule',
      policy: policyOfSet(retention),
      groupBy: { host: true, paths: false, tags: false, isEmpty: false },
      among: ({ snapshot }) => snapshot.hostname === host && snapshot.tags[0] === name,
    },
    thresholds: thresholdsOfSet(retention),
  };
}
