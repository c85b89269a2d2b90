import type { Query } from './query.ts';

/** What a condition can ask of a file, as the index that answers knows it (which may be behind). */
export interface Searchable {
  readonly name: string;
  readonly parent: string | undefined;
  readonly owner: string | undefined;
  readonly mimeType: string;
  readonly isTrashed: boolean;
  readonly isStarred: boolean;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly appProperties: Readonly<Record<string, string>>;
  readonly shortcutTarget: string | undefined;
}

/** `rootId` is what the alias `root` stands for. */
export function matches(file: Searchable, query: Query, rootId: string): boolean {
  switch (query.kind) {
    case 'and':
      return query.parts.every((part) => matches(file, part, rootId));
    case 'or':
      return query.parts.some((part) => matches(file, part, rootId));
    case 'not':
      return !matches(file, query.part, rootId);
    case 'in':
      return query.collection === 'parents'
        ? file.parent === (query.value === 'root' ? rootId : query.value)
        : file.owner === (query.value === 'me' ? file.owner : query.value);
    case 'has':
      return file[query.field][query.key] === query.value;
    case 'compare':
      return compares(file, query.field, query.operator, query.value);
  }
}

/** Parents that every match must have one of; undefined: any. */
export function parentsWanted(query: Query): readonly string[] | undefined {
  if (query.kind === 'in') return query.collection === 'parents' ? [query.value] : undefined;
  if (query.kind === 'and') return query.parts.map(parentsWanted).find((wanted) => wanted !== undefined);
  if (query.kind !== 'or') return undefined;
  const each = query.parts.map(parentsWanted);
  return each.every((wanted) => wanted !== undefined) ? each.flat() : undefined;
}

/** Whether some part asks about `field`: each index is late in its own way. */
export function asksAbout(query: Query, field: string): boolean {
  if (query.kind === 'and' || query.kind === 'or') return query.parts.some((part) => asksAbout(part, field));
  if (query.kind === 'not') return asksAbout(query.part, field);
  if (query.kind === 'in') return query.collection === field;
  return 'field' in query && query.field === field;
}

function compares(file: Searchable, field: string, operator: string, value: string | boolean): boolean {
  switch (field) {
    case 'name':
      return operator === 'contains'
        ? hasWordStartingWith(file.name, String(value))
        : isEqual(file.name.toLowerCase(), String(value).toLowerCase(), operator);
    case 'mimeType':
      return operator === 'contains' ? file.mimeType.startsWith(String(value)) : isEqual(file.mimeType, value, operator);
    case 'trashed':
      return isEqual(file.isTrashed, value, operator);
    case 'starred':
      return isEqual(file.isStarred, value, operator);
    case 'sharedWithMe':
      return isEqual(false, value, operator);
    case 'shortcutDetails.targetId':
      return isEqual(file.shortcutTarget, value, operator);
    case 'createdTime':
      return isOrdered(file.createdMs, Date.parse(String(value)), operator);
    case 'modifiedTime':
      return isOrdered(file.modifiedMs, Date.parse(String(value)), operator);
    case 'fullText':
      return hasWordStartingWith(file.name, String(value)); // contents of binary files are not indexed
    default:
      return false;
  }
}

/** Only the beginning of a word is found, and only about the first 26 characters of a name are looked at (kopia's experience). */
function hasWordStartingWith(name: string, prefix: string): boolean {
  const seen = name.slice(0, 26).toLowerCase();
  const wanted = prefix.toLowerCase();
  return (
    seen.startsWith(wanted) || [...seen.matchAll(/[\s_\-./,;:()]+/g)].some((gap) => seen.startsWith(wanted, gap.index + gap[0].length))
  );
}

function isEqual(a: unknown, b: unknown, operator: string): boolean {
  return operator === '=' ? a === b : a !== b;
}

function isOrdered(a: number, b: number, operator: string): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      return isEqual(a, b, operator);
  }
}
