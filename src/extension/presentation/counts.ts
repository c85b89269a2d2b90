import { formatCount, l10n } from '../../platform/index.ts';

/** What is counted. */
export type Noun = keyof typeof nouns;

/** `1 file`, `1,234 files`. */
export function countText(count: number, noun: Noun): string {
  const { one, many } = nouns[noun];
  return count === 1 ? one() : many({ count: formatCount(count) });
}

interface Count {
  readonly count: string;
}

const nouns = {
  file: { one: () => l10n.t('1 file'), many: (count: Count) => l10n.t('{count} files', { ...count }) },
  exception: { one: () => l10n.t('1 exception'), many: (count: Count) => l10n.t('{count} exceptions', { ...count }) },
  snapshot: { one: () => l10n.t('1 snapshot'), many: (count: Count) => l10n.t('{count} snapshots', { ...count }) },
  date: { one: () => l10n.t('1 date'), many: (count: Count) => l10n.t('{count} dates', { ...count }) },
  lock: { one: () => l10n.t('1 lock'), many: (count: Count) => l10n.t('{count} locks', { ...count }) },
  record: { one: () => l10n.t('1 record'), many: (count: Count) => l10n.t('{count} records', { ...count }) },
  nonconformity: {
    one: () => l10n.t('1 open nonconformity'),
    many: (count: Count) => l10n.t('{count} open nonconformities', { ...count }),
  },
  fault: { one: () => l10n.t('1 fault'), many: (count: Count) => l10n.t('{count} faults', { ...count }) },
} as const;
