import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { applyEdits } from 'jsonc-parser';
import { CadanganError } from '../platform/index.ts';
import { appendEntry, removeEntry, replaceNode } from './json-edits.ts';
import { nearestNode, parseJsonTree, propertyOf, valueOf, type Node } from './json-tree.ts';
import { parseConfiguration } from './parse.ts';
import { Positions } from './positions.ts';
import { describeProblem } from './problem-text.ts';
import type { BackupSetInput, GeneralInput, OffsiteCopyInput } from './schema.ts';

/** A change that a program makes. In `values` a key with the value `undefined` is taken out, a key that is absent stays. */
export type ConfigurationEdit =
  | { readonly kind: 'add-set'; readonly set: BackupSetInput }
  | { readonly kind: 'change-set'; readonly name: string; readonly values: Partial<BackupSetInput> }
  | { readonly kind: 'remove-set'; readonly name: string }
  | { readonly kind: 'add-copy'; readonly copy: OffsiteCopyInput }
  | { readonly kind: 'change-copy'; readonly name: string; readonly values: Partial<OffsiteCopyInput> }
  | { readonly kind: 'remove-copy'; readonly name: string }
  | { readonly kind: 'change-general'; readonly values: Partial<GeneralInput> };

/**
 * The text with the change made, comments and layout kept outside the values that change. What is equal already is not touched.
 * @param text undefined or empty: there is no file yet
 * @param timeZone what a new file names: a machine that moves later must not judge the nights before anew
 * @throws `config.invalid` (line, column, reason) when the text has a mistake in its syntax, or the set would not be right afterwards;
 *   `set.unknown`, `set.exists`, and likewise for copies
 */
export function editConfiguration(text: string | undefined, edit: ConfigurationEdit, timeZone?: string): string {
  const start = text === undefined || isNewFile(text) ? newFile(text ?? '', timeZone) : text;
  const before = valueOf(soundRoot(start));
  const [edited, expected] = make(start, edit, before);
  // Read back: a mistake in an edit must not reach the file.
  assert.ok(isDeepStrictEqual(valueOf(soundRoot(edited)), expected), 'the edited text does not say what was meant');
  refuseWrong(edited, edit);
  return edited;
}

function make(text: string, edit: ConfigurationEdit, before: unknown): readonly [text: string, expected: unknown] {
  switch (edit.kind) {
    case 'add-set':
      return addEntry(text, before, 'sets', edit.set);
    case 'add-copy':
      return addEntry(text, before, 'offsiteCopies', edit.copy);
    case 'change-set':
      return changeEntry(text, before, 'sets', edit.name, edit.values);
    case 'change-copy':
      return changeEntry(text, before, 'offsiteCopies', edit.name, edit.values);
    case 'remove-set':
      return removeEntryNamed(text, before, 'sets', edit.name);
    case 'remove-copy':
      return removeEntryNamed(text, before, 'offsiteCopies', edit.name);
    case 'change-general':
      return [changeAt(text, [], edit.values), changed(objectOf(before), edit.values)];
  }
}

type ListKey = 'sets' | 'offsiteCopies';

function addEntry(text: string, before: unknown, key: ListKey, entry: BackupSetInput | OffsiteCopyInput): readonly [string, unknown] {
  const root = objectOf(before);
  const list = listOf(root, key);
  if (indexOf(list, entry.name) >= 0) throw existsAlready(key, entry.name);
  const added = withoutUndefined(entry);
  return [Array.isArray(root[key]) ? appendAt(text, [key], added) : setAt(text, [key], [added]), { ...root, [key]: [...list, added] }];
}

function changeEntry(text: string, before: unknown, key: ListKey, name: string, values: PlainObject): readonly [string, unknown] {
  const root = objectOf(before);
  const list = listOf(root, key);
  const at = existing(list, key, name);
  const newName = values['name'];
  if (typeof newName === 'string' && newName !== name && ![-1, at].includes(indexOf(list, newName))) throw existsAlready(key, newName);
  return [changeAt(text, [key, at], values), { ...root, [key]: list.with(at, changed(objectOf(list[at]), values)) }];
}

function removeEntryNamed(text: string, before: unknown, key: ListKey, name: string): readonly [string, unknown] {
  const root = objectOf(before);
  const list = listOf(root, key);
  const at = existing(list, key, name);
  return [setAt(text, [key, at], undefined), { ...root, [key]: list.toSpliced(at, 1) }];
}

function listOf(root: PlainObject, key: ListKey): readonly unknown[] {
  return Array.isArray(root[key]) ? (root[key] as readonly unknown[]) : [];
}

function existsAlready(key: ListKey, name: string): CadanganError {
  return key === 'sets' ? new CadanganError('set.exists', { set: name }) : new CadanganError('offsite.exists', { copy: name });
}

type Path = readonly (string | number)[];
type PlainObject = Readonly<Record<string, unknown>>;

function changeAt(text: string, path: Path, values: PlainObject): string {
  return Object.entries(values).reduce((edited, [key, value]) => setAt(edited, [...path, key], value), text);
}

/** Puts `value` at `path`, or takes away what is there when it is undefined. Of objects and lists only what differs is touched. */
function setAt(text: string, path: Path, value: unknown): string {
  const root = soundRoot(text);
  const { node, isExact } = nearestNode(root, path);
  const container = nearestNode(root, path.slice(0, -1)).node;
  const key = path.at(-1) ?? '';
  if (value === undefined) return isExact ? applyEdits(text, removeEntry(text, container, entryOf(container, key))) : text;
  if (!isExact) return applyEdits(text, appendEntry(text, container, withoutUndefined(value), String(key)));
  const old = valueOf(node);
  const wanted = withoutUndefined(value);
  if (isDeepStrictEqual(old, wanted)) return text;
  if (isPlainObject(old) && isPlainObject(wanted))
    return changeAt(text, path, { ...Object.fromEntries(Object.keys(old).map((name) => [name, undefined])), ...wanted });
  if (Array.isArray(old) && Array.isArray(wanted)) return setListAt(text, path, old, wanted);
  return applyEdits(text, replaceNode(text, node, wanted));
}

/** Items that stay in their order keep their comments; others are taken out, and what is new is added at the end. */
function setListAt(text: string, path: Path, old: readonly unknown[], wanted: readonly unknown[]): string {
  let kept = 0;
  let edited = text;
  for (const item of old) {
    if (kept < wanted.length && isDeepStrictEqual(item, wanted[kept])) kept += 1;
    else edited = setAt(edited, [...path, kept], undefined);
  }
  return wanted.slice(kept).reduce<string>((result, item) => appendAt(result, path, item), edited);
}

function appendAt(text: string, path: Path, value: unknown): string {
  return applyEdits(text, appendEntry(text, nearestNode(soundRoot(text), path).node, value));
}

/** What stands between the commas: an item, or a property with its key. */
function entryOf(container: Node, key: string | number): Node {
  const entry = typeof key === 'number' ? container.children?.[key] : propertyOf(container, key)?.keyNode.parent;
  assert.ok(entry !== undefined);
  return entry;
}

/** The root object of a text without mistakes in its syntax: in any other an edit could land in the wrong place. */
function soundRoot(text: string): Node {
  const tree = parseJsonTree(text);
  const [first] = tree?.errors ?? [];
  if (first !== undefined) {
    const { line, column } = new Positions(text).placeOf(first);
    throw new CadanganError('config.invalid', { line, column, reason: first.reason });
  }
  if (tree?.root?.type !== 'object')
    throw new CadanganError('config.invalid', { line: 1, column: 1, reason: tree === undefined ? 'too-deep' : 'wrong-type' });
  const duplicate = parseConfiguration(text).problems.find(({ code }) => code === 'duplicate-key');
  if (duplicate !== undefined)
    throw new CadanganError('config.invalid', {
      line: duplicate.line,
      column: duplicate.column,
      reason: duplicate.code,
      key: duplicate.facts['key'],
    });
  return tree.root;
}

/** What a program writes must be right; what people wrote elsewhere in the file is theirs. */
function refuseWrong(text: string, edit: ConfigurationEdit): void {
  const { problems, sets, copies } = parseConfiguration(text);
  const [key, name] = placeOf(edit);
  const entries = key === 'sets' ? sets : copies;
  const at = name === undefined ? -1 : entries.findIndex((entry) => entry.name === name);
  // A repository that comes into the way of a copy stops the copy, and is told there.
  const isInTheWay = ({ code, facts }: (typeof problems)[number]): boolean =>
    key === 'sets' && name !== undefined && code === 'shared-folder' && facts['other'] === 'set' && facts['name'] === name;
  const isOurs = ({ path }: (typeof problems)[number]): boolean =>
    edit.kind === 'change-general'
      ? Object.keys(edit.values).some((general) => path === general || path.startsWith(`${general}.`))
      : at >= 0 && (path === `${key}[${at}]` || path.startsWith(`${key}[${at}].`));
  const wrong = problems.find((problem) => problem.severity === 'error' && (isOurs(problem) || isInTheWay(problem)));
  const isLost = (edit.kind === 'add-set' || edit.kind === 'add-copy') && entries.at(-1)?.isUsable !== true;
  if (wrong === undefined && !isLost) return;
  const { line, column, path, code } = wrong ?? {
    line: entries.at(-1)?.line,
    column: entries.at(-1)?.column,
    path: key,
    code: 'invalid-value',
  };
  throw new CadanganError('config.invalid', {
    line,
    column,
    key: path,
    reason: wrong?.code === 'shared-folder' ? describeProblem(wrong).replace(/\.$/, '') : code,
  });
}

/** The list that an edit is about, and the name of its entry afterwards, if there is one. */
function placeOf(edit: ConfigurationEdit): readonly [ListKey, string | undefined] {
  switch (edit.kind) {
    case 'add-set':
      return ['sets', edit.set.name];
    case 'add-copy':
      return ['offsiteCopies', edit.copy.name];
    case 'change-set':
      return ['sets', edit.values.name ?? edit.name];
    case 'change-copy':
      return ['offsiteCopies', edit.values.name ?? edit.name];
    case 'remove-copy':
      return ['offsiteCopies', undefined];
    case 'remove-set':
    case 'change-general':
      return ['sets', undefined];
  }
}

/** Blanks and comments only. */
/** Whether an edit begins a file. */
export function isNewFile(text: string | undefined): boolean {
  if (text === undefined) return true;
  const tree = parseJsonTree(text);
  return tree !== undefined && tree.root === undefined && tree.errors.length === 0;
}

function newFile(comments: string, timeZone: string | undefined): string {
  const above = comments.trim() === '' ? '// Backup sets of this server. Passwords never stand in this file.\n' : `${comments.trimEnd()}\n`;
  const zone = timeZone === undefined ? '' : `  "timeZone": ${JSON.stringify(timeZone)},\n`;
  return `${above}{\n  "version": 1,\n${zone}  "sets": []\n}\n`;
}

function existing(list: readonly unknown[], key: ListKey, name: string): number {
  const at = indexOf(list, name);
  if (at < 0) throw key === 'sets' ? new CadanganError('set.unknown', { set: name }) : new CadanganError('offsite.unknown', { copy: name });
  return at;
}

function indexOf(list: readonly unknown[], name: string): number {
  return list.findIndex((entry) => String(objectOf(entry)['name']).toLowerCase() === name.toLowerCase());
}

function changed(before: PlainObject, values: PlainObject): unknown {
  return withoutUndefined({ ...before, ...values });
}

/** As JSON has it: no key without a value. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, withoutUndefined(item)]])));
}

function objectOf(value: unknown): PlainObject {
  return isPlainObject(value) ? value : {};
}

function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
