import { nonconformityStateText, nonconformityText, ruleText, type Nonconformity } from '../records/index.ts';
import type { NonconformityInfo } from './protocol.ts';

export interface NonconformityContext {
  readonly timeZone: string | undefined;
  /** `2026-11-23` */
  readonly today: string;
  /** Parts of those whose condition lasts. */
  readonly lasting: ReadonlySet<string>;
}

/** What a window is told of a nonconformity, in the engine's language. */
export function nonconformityInfoOf(nonconformity: Nonconformity, { timeZone, today, lasting }: NonconformityContext): NonconformityInfo {
  const { id, rule, openedAt, openedBy, records, isOpen, owner, due, closed, parts } = nonconformity;
  return {
    id,
    ruleText: rule === undefined ? '' : ruleText(rule),
    text: nonconformityText(nonconformity, timeZone),
    openedAt,
    openedBy,
    records,
    isOpen,
    lasts: parts.some((part) => lasting.has(part)),
    stateText: nonconformityStateText(nonconformity, timeZone, today),
    ...(owner && { owner }),
    ...(due !== undefined && { due }),
    ...(closed && { closed }),
  };
}
