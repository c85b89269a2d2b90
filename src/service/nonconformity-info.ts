import { nonconformityText, ruleText, type Nonconformity } from '../records/index.ts';
import type { NonconformityInfo } from './protocol.ts';

/** What a window is told of a nonconformity, in the engine's language. */
export function nonconformityInfoOf(nonconformity: Nonconformity, timeZone: string | undefined): NonconformityInfo {
  const { id, rule, openedAt, openedBy, records, closed } = nonconformity;
  return {
    id,
    ruleText: rule === undefined ? '' : ruleText(rule),
    text: nonconformityText(nonconformity, timeZone),
    openedAt,
    openedBy,
    records,
    ...(closed && { closed }),
  };
}
