import type { Snapshot } from '../repository/index.ts';

/** Why a snapshot may not be removed, whatever the rule says and whoever asks. */
export type Protection =
  | { readonly kind: 'protected' }
  /** To the end of the day `until` (`2027-01-31`); undefined: until somebody takes the tag away. */
  | { readonly kind: 'held'; readonly until: string | undefined };

/** The tag of a snapshot that stays. */
export const keepTag = 'keep';
const holdWord = 'hold';

/** The tag of a legal hold. @param until the last day of it; without one it lasts until the tag is taken away */
export function holdTag(until?: string): string {
  return until === undefined ? holdWord : `${holdWord}:${until}`;
}

/** Those of the tags that protect a snapshot, or did until a day that is over. */
export function protectionTags(tags: readonly string[]): string[] {
  return tags.filter((tag) => tag === keepTag || isHold(tag));
}

/**
 * What protects a snapshot. A hold that names no day of the calendar lasts: whoever wrote it meant something. Of several the longest
 * counts.
 * @param today `2026-11-29`, in the zone that the company counts its days in
 */
export function protectionOf({ tags }: Pick<Snapshot, 'tags'>, today: string): Protection | undefined {
  if (tags.includes(keepTag)) return { kind: 'protected' };
  const holds = tags.filter(isHold).map((tag) => tag.slice(holdWord.length + 1));
  if (holds.length === 0) return undefined;
  if (!holds.every(isDay)) return { kind: 'held', until: undefined };
  const until = holds.toSorted().at(-1) ?? '';
  return until < today ? undefined : { kind: 'held', until };
}

function isHold(tag: string): boolean {
  return tag === holdWord || tag.startsWith(`${holdWord}:`);
}

export function isDay(text: string): boolean {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** In restic's manner, for JSON and records. */
export function protectionWords(protection: Protection): string {
  if (protection.kind === 'protected') return `protected: ${keepTag}`;
  return protection.until === undefined ? 'on hold' : `on hold until ${protection.until}`;
}
