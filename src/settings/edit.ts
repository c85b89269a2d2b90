import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { applyEdits } from 'jsonc-parser';
import { CadanganError } from '../platform/index.ts';
import { appendEntry, removeEntry, replaceNode } from './json-edits.ts';
import { nearestNode, parseJsonTree, propertyOf, valueOf, type Node } from './json-tree.ts';
import { parseConfiguration } from './parse.ts';
import { Positions } from './positions.ts';
import type { BackupSetInput, GeneralInput } from './schema.ts';

/** A change that a program makes. In `values` a key with the value `undefined` is taken out, a key that is absent stays. */
export type ConfigurationEdit =
  | { readonly kind: 'add-set'; readonly set: BackupSetInput }
  | { readonly kind: 'change-set'; readonly name: string; readonly values: Partial<BackupSetInput> }
  | { readonly kind: 'remove-set'; readonly name: string }
  | { readonly kind: 'change-general'; readonly values: Partial<GeneralInput> };

/**
 * The text with the change made, comments and layout kept outside the values that change. What is equal already is not touched.
 * @param text undefined or empty: there is no file yet
 * @throws `config.invalid` (line, column, reason) when the text has a mistake in its syntax, or the set would not be right afterwards;
 *   `set.unknown`, `set.exists`
 */
export function editConfiguration(text: string | undefined, edit: ConfigurationEdit): string {
  const start = text === undefined || isEmpty(text) ? newFile(text ?? '') : text;
  const before = valueOf(soundRoot(start));
  const [edited, expected] = make(start, edit, before);
  // Read back: a mistake in an edit must not reach the file.
  assert.ok(isDeepStrictEqual(valueOf(soundRoot(edited)), expected), 'the edited text does not say what was meant');
  refuseWrong(edited, edit);
  return edited;
}

function make(text: string, edit: ConfigurationEdit, before: unknown): readonly [text: string, expected: unknown] {
  const root = objectOf(before);
  const sets = Array.isArray(root['sets']) ? (root['sets'] as readonly unknown[]) : [];
  switch (edit.kind) {
    case 'add-set': {
      if (indexOf(sets, edit.set.name) >= 0) throw new CadanganError('set.exists', { set: edit.set.name });
      const set = withoutUndefined(edit.set);
      return [Array.isArray(root['sets']) ? appendAt(text, ['sets'], set) : setAt(text, ['sets'], [set]), { ...root, sets: [...sets, set] }];
    }
    case 'change-set': {
      const at = existing(sets, edit.name);
      const newName = edit.values.name;
      if (newName !== undefined && newName !== edit.name && ![-1, at].includes(indexOf(sets, newName))) throw new CadanganError('set.exists', { set: newName });
      return [changeAt(text, ['sets', at], edit.values), { ...root, sets: sets.with(at, changed(objectOf(sets[at]), edit.values)) }];
    }
    case 'remove-set': {
      const at = existing(sets, edit.name);
      return [setAt(text, ['sets', at], undefined), { ...root, sets: sets.toSpliced(at, 1) }];
    }
    case 'change-general':
      return [changeAt(text, [], edit.values), changed(root, edit.values)];
  }
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
  if (isPlainObject(old) && isPlainObject(wanted)) return changeAt(text, path, { ...Object.fromEntries(Object.keys(old).map((name) => [name, undefined])), ...wanted });
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
  if (tree?.root?.type !== 'object') throw new CadanganError('config.invalid', { line: 1, column: 1, reason: tree === undefined ? 'too-deep' : 'wrong-type' });
  const duplicate = parseConfiguration(text).problems.find(({ code }) => code === 'duplicate-key');
  if (duplicate !== undefined) throw new CadanganError('config.invalid', { line: duplicate.line, column: duplicate.column, reason: duplicate.code, key: duplicate.facts['key'] });
  return tree.root;
}

/** What a program writes must be right; what people wrote elsewhere in the file is theirs. */
function refuseWrong(text: string, edit: ConfigurationEdit): void {
  const { problems, sets } = parseConfiguration(text);
  const name = edit.kind === 'add-set' ? edit.set.name : edit.kind === 'change-set' ? (edit.values.name ?? edit.name) : undefined;
  const isOurs = (problem: (typeof problems)[number]): boolean =>
    edit.kind === 'change-general' ? Object.keys(edit.values).some((key) => problem.path === key) : name !== undefined && problem.set === name;
  const wrong = problems.find((problem) => problem.severity === 'error' && isOurs(problem));
  const isLost = edit.kind === 'add-set' && sets.at(-1)?.isUsable !== true;
  if (wrong === undefined && !isLost) return;
  const { line, column, path, code } = wrong ?? { line: sets.at(-1)?.line, column: sets.at(-1)?.column, path: 'sets', code: 'invalid-value' };
  throw new CadanganError('config.invalid', { line, column, key: path, reason: code });
}

/** Blanks and comments only. */
function isEmpty(text: string): boolean {
  const tree = parseJsonTree(text);
  return tree !== undefined && tree.root === undefined && tree.errors.length === 0;
}

function newFile(comments: string): string {
  const above = comments.trim() === '' ? '// Backup sets of this server. Passwords never stand in this file.\n' : `${comments.trimEnd()}\n`;
  return `${above}{\n  "version": 1,\n  "sets": []\n}\n`;
}

function existing(sets: readonly unknown[], name: string): number {
  const at = indexOf(sets, name);
  if (at < 0) throw new CadanganError('set.unknown', { set: name });
  return at;
}

function indexOf(sets: readonly unknown[], name: string): number {
  return sets.findIndex((set) => String(objectOf(set)['name']).toLowerCase() === name.toLowerCase());
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
