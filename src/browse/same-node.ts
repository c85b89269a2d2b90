import { formatExact, sameInstant, type ExtendedAttribute, type JsonObject, type Node } from '../repository/index.ts';

export function sameContent(a: Node, b: Node): boolean {
  const [before, after] = [a.content ?? [], b.content ?? []];
  return before.length === after.length && before.every((id, at) => id === after[at]);
}

/** restic's equality of nodes: everything that a node says, times as instants, and of a folder also what lies in it. */
export function sameNode(a: Node, b: Node): boolean {
  return (
    plainFields.every((field) => a[field] === b[field]) &&
    sameInstant(a.mtime, b.mtime) &&
    sameInstant(a.atime, b.atime) &&
    sameInstant(a.ctime, b.ctime) &&
    sameContent(a, b) &&
    sameAttributes(a.extendedAttributes ?? [], b.extendedAttributes ?? []) &&
    sameGenericAttributes(a.genericAttributes ?? {}, b.genericAttributes ?? {})
  );
}

const plainFields = [
  'name',
  'type',
  'mode',
  'uid',
  'gid',
  'user',
  'group',
  'inode',
  'deviceId',
  'size',
  'links',
  'linkTarget',
  'device',
  'subtree',
  'error',
] as const satisfies readonly (keyof Node)[];

/** In whatever order. */
function sameAttributes(a: readonly ExtendedAttribute[], b: readonly ExtendedAttribute[]): boolean {
  if (a.length !== b.length) return false;
  const values = new Map(b.map(({ name, value }) => [name, value]));
  return a.every(({ name, value }) => values.has(name) && Buffer.compare(value ?? empty, values.get(name) ?? empty) === 0);
}

/** In whatever order; each value as it was written. */
function sameGenericAttributes(a: JsonObject, b: JsonObject): boolean {
  const [before, after] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    before.length === after.size &&
    before.every(([key, value]) => after.has(key) && formatExact(value) === formatExact(after.get(key) ?? null))
  );
}

const empty = new Uint8Array(0);
