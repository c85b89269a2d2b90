import type { IndexTrouble } from '../repository/index.ts';
import type { JobException } from './job-result.ts';

/** What a reader of the repository is told when its index was read from the packs instead. */
export function exceptionsOfIndex(trouble: IndexTrouble | undefined): readonly JobException[] {
  if (trouble === undefined) return [];
  const { damaged, packsUnread } = trouble;
  const of = (item: string, kind: string): JobException => ({ item, kind, reason: insteadOfIndex, weight: 'note' });
  return [
    ...damaged.map((name) => of(`index/${name}`, 'index-damaged')),
    ...(damaged.length === 0 ? [of('index', 'index-missing')] : []),
    ...packsUnread.map((name): JobException => ({ item: `data/${name}`, kind: 'pack-header', reason: '', weight: 'note' })),
  ];
}

/** Who reads removes nothing, and so no broken index file either. */
const insteadOfIndex = 'its packs were asked instead; "cadangan repair index" makes it anew';
