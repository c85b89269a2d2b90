import { invalidValue } from './errors.ts';
import type { StoredFile } from './model.ts';
import { isFolder, quotaBytesOf } from './store.ts';

type Comparator = (a: StoredFile, b: StoredFile) => number;

const collator = new Intl.Collator('en');
const naturalCollator = new Intl.Collator('en', { numeric: true });

const keys: Readonly<Record<string, Comparator>> = {
  createdTime: (a, b) => a.createdMs - b.createdMs,
  folder: (a, b) => Number(isFolder(b)) - Number(isFolder(a)),
  modifiedByMeTime: (a, b) => a.modifiedMs - b.modifiedMs,
  modifiedTime: (a, b) => a.modifiedMs - b.modifiedMs,
  name: (a, b) => collator.compare(a.name, b.name),
  name_natural: (a, b) => naturalCollator.compare(a.name, b.name),
  quotaBytesUsed: (a, b) => quotaBytesOf(a) - quotaBytesOf(b),
  recency: (a, b) => a.modifiedMs - b.modifiedMs,
  sharedWithMeTime: () => 0,
  starred: (a, b) => Number(b.starred) - Number(a.starred),
  viewedByMeTime: (a, b) => a.modifiedMs - b.modifiedMs,
};

/** @throws 400 for a key that Google does not have */
export function comparatorOf(orderBy: string): Comparator {
  const parts = orderBy.split(',').map((part) => {
    const [, key = '', desc] = /^\s*([A-Za-z_]+)(\s+desc)?\s*$/.exec(part) ?? [];
    const compare = keys[key];
    if (compare === undefined) throw invalidValue('orderBy');
    return desc === undefined ? compare : (a: StoredFile, b: StoredFile): number => compare(b, a);
  });
  return (a, b) => {
    for (const compare of parts) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return a.id < b.id ? -1 : 1;
  };
}
