import type * as z from 'zod';
import { checkKeys } from './check-keys.ts';
import { checkValue } from './check-value.ts';
import { collisionsOfCopies } from './copy-places.ts';
import type { LooseProblem } from './issue-problems.ts';
import { depthMax, parseJsonTree, propertiesOf, propertyOf, type Node, type SyntaxProblem } from './json-tree.ts';
import { knownKeys } from './known-keys.ts';
import { Positions, type Place } from './positions.ts';
import { pathText, type Problem } from './problem.ts';
import {
  copiesMax,
  copySchema,
  fileBytesMax,
  generalSchema,
  setSchema,
  setsMax,
  type Configuration,
  type GeneralSettings,
  type OffsiteCopy,
} from './schema.ts';

export interface ParsedConfiguration {
  /** What can be used: general values that are right, and the sets and off-site copies without an error. */
  readonly configuration: Configuration;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** Every set of the file, also those that cannot be used. */
  readonly sets: readonly SetEntry[];
  /** Likewise the off-site copies. */
  readonly copies: readonly SetEntry[];
  /** Nothing is written there that could say what is gone: a file that a full disk left empty. */
  readonly saysNothing?: true;
}

/** A set or copy in the file, to show and to jump to. */
export interface SetEntry extends Place {
  /** Undefined when it has none that could be read. */
  readonly name: string | undefined;
  readonly isUsable: boolean;
}

/** Reads the text of a configuration file. Never throws: what is wrong is a problem, and stops only the set or copy that it stands in. */
export function parseConfiguration(text: string): ParsedConfiguration {
  const positions = new Positions(text);
  if (text.length > fileBytesMax) return nothing(wholeFile('too-large', { maxBytes: fileBytesMax }));
  if (text.trim() === '') return blank();
  const tree = parseJsonTree(text);
  if (tree === undefined) return nothing(wholeFile('too-deep', { max: depthMax }));
  return new Reading(positions, tree.errors).read(tree.root);
}

export const emptyConfiguration: Configuration = { ...generalSchema.parse({}), sets: [], offsiteCopies: [] };

/** A problem of the file as a whole, told at its beginning. */
export function wholeFile(code: Problem['code'], facts: Problem['facts']): Problem {
  return { severity: 'error', code, facts, path: '', set: undefined, line: 1, column: 1, length: 0 };
}

export function nothing(...problems: readonly Problem[]): ParsedConfiguration {
  return { configuration: emptyConfiguration, problems, sets: [], copies: [] };
}

function blank(): ParsedConfiguration {
  return { ...nothing({ ...wholeFile('blank', {}), severity: 'warning' }), saysNothing: true };
}

/** The lists whose entries stand each for itself, with a name that is unique in the list. */
const namedLists = {
  sets: { schema: setSchema, max: setsMax },
  offsiteCopies: { schema: copySchema, max: copiesMax },
} as const;

type ListKey = keyof typeof namedLists;

/** Random bytes are full of mistakes; nobody reads more of them. */
const problemsMax = 1000;

/** One reading of one text. */
class Reading {
  readonly #positions: Positions;
  readonly #syntax: readonly SyntaxProblem[];
  readonly #found: { readonly offset: number; readonly problem: Problem }[] = [];

  constructor(positions: Positions, syntax: readonly SyntaxProblem[]) {
    this.#positions = positions;
    this.#syntax = syntax;
  }

  read(root: Node | undefined): ParsedConfiguration {
    for (const { reason, ...at } of this.#syntax) this.#add('error', { code: 'syntax', facts: { reason }, path: [], at });
    if (root === undefined) return this.#finish(emptyConfiguration, [], []);
    if (root.type !== 'object') {
      this.#add('error', { code: 'wrong-type', facts: { expected: 'object', actual: root.type }, path: [], at: root });
      return this.#finish(emptyConfiguration, [], []);
    }
    const general = this.#readGeneral(root);
    const { usable: sets, entries } = this.#readList(root, 'sets', namedLists.sets.schema, general !== undefined);
    const { usable: copies, entries: copyEntries } = this.#readList(
      root,
      'offsiteCopies',
      namedLists.offsiteCopies.schema,
      general !== undefined,
    );
    const stopped = this.#refuseSharedFolders(root, copies);
    const offsiteCopies = [...copies].flatMap(([at, copy]) => (stopped.has(at) ? [] : [copy]));
    return this.#finish(
      { ...(general ?? emptyConfiguration), sets: [...sets.values()], offsiteCopies },
      entries,
      copyEntries.map((entry, at) => ({ ...entry, isUsable: entry.isUsable && !stopped.has(at) })),
    );
  }

  /** @returns the places of the copies that stop for it */
  #refuseSharedFolders(root: Node, copies: ReadonlyMap<number, OffsiteCopy>): ReadonlySet<number> {
    const collisions = collisionsOfCopies(root, copies, (node) => this.#positions.placeOf(node).line);
    for (const { problem } of collisions) this.#add('error', problem);
    return new Set(collisions.map(({ copy }) => copy));
  }

  /** Undefined when the file is of a version whose meaning we cannot know. */
  #readGeneral(root: Node): GeneralSettings | undefined {
    const lists = new Set(Object.keys(namedLists).map((key) => propertyOf(root, key)?.keyNode));
    const isList = (key: unknown): boolean => typeof key === 'string' && Object.hasOwn(namedLists, key);
    for (const problem of checkKeys(root)) if (!isList(problem.path[0]) || problem.path.length === 1) this.#add('error', problem);
    const version = propertyOf(root, 'version');
    if (version === undefined)
      this.#add('warning', { code: 'missing', facts: { key: 'version' }, path: ['version'], at: { offset: root.offset, length: 1 } });
    else if (version.value?.value !== 1) {
      this.#add('error', {
        code: 'unsupported-version',
        facts: { version: String(version.value?.value ?? '') },
        path: ['version'],
        at: version.value ?? version.keyNode,
      });
      return undefined;
    }
    const isElsewhere = (keyNode: Node | undefined): boolean =>
      lists.has(keyNode) || keyNode?.value === '$schema' || isList(keyNode?.value);
    const withoutLists = { ...root, children: (root.children ?? []).filter(({ children }) => !isElsewhere(children?.[0])) };
    return this.#readFitting(generalSchema, withoutLists) ?? emptyConfiguration;
  }

  /** Leaves out what is wrong, so that the rest counts. */
  #readFitting<Schema extends z.ZodType>(schema: Schema, node: Node): z.output<Schema> | undefined {
    const { output, errors, unknownKeys } = checkValue(schema, node, knownKeys);
    for (const problem of unknownKeys) this.#add('warning', problem);
    for (const problem of errors) this.#add('error', problem);
    if (output !== undefined) return output;
    const wrong = new Set(errors.map(({ path: [key] }) => key));
    const fitting = { ...node, children: (node.children ?? []).filter(({ children }) => !wrong.has(String(children?.[0]?.value))) };
    return checkValue(schema, fitting, knownKeys).output;
  }

  /** What can be used, by its place in the list. */
  #readList<Schema extends z.ZodType>(
    root: Node,
    key: ListKey,
    schema: Schema,
    isVersionKnown: boolean,
  ): { usable: ReadonlyMap<number, z.output<Schema>>; entries: SetEntry[] } {
    const { value: list } = propertyOf(root, key) ?? {};
    if (list === undefined) return { usable: new Map(), entries: [] };
    if (list.type !== 'array') {
      this.#add('error', { code: 'wrong-type', facts: { expected: 'array', actual: list.type }, path: [key], at: list });
      return { usable: new Map(), entries: [] };
    }
    const { max } = namedLists[key];
    const nodes = list.children ?? [];
    if (nodes.length > max) this.#add('error', { code: 'out-of-range', facts: { origin: 'array', maximum: max }, path: [key], at: list });
    const usable = new Map<number, z.output<Schema>>();
    const names = new Map<string, number>();
    const entries = nodes.slice(0, max).map((node, at): SetEntry => {
      const name = nameOf(node);
      const entry = isVersionKnown ? this.#readEntry(node, [key, at], schema, names) : undefined;
      if (entry !== undefined) usable.set(at, entry);
      return { ...this.#positions.placeOf(node), name, isUsable: entry !== undefined };
    });
    return { usable, entries };
  }

  /** Undefined when anything in it is wrong. Of two sets with one name the first counts: snapshots are found by it. */
  #readEntry<Schema extends z.ZodType>(
    node: Node,
    place: readonly [ListKey, number],
    schema: Schema,
    names: Map<string, number>,
  ): z.output<Schema> | undefined {
    const { output, errors, unknownKeys } = checkValue(schema, node, (path) => knownKeys([...place, ...path]));
    const name = nameOf(node);
    const set = place[0] === 'sets' ? name : undefined;
    const inEntry = (problem: LooseProblem): LooseProblem => ({ ...problem, path: [...place, ...problem.path] });
    const wrong = [...errors, ...checkKeys(node)];
    const otherLine = name === undefined ? undefined : names.get(name.toLowerCase());
    const nameNode = propertyOf(node, 'name')?.value;
    if (name !== undefined && nameNode !== undefined) {
      if (otherLine === undefined) names.set(name.toLowerCase(), this.#positions.placeOf(nameNode).line);
      else wrong.push({ code: 'duplicate-name', facts: { name, otherLine }, path: ['name'], at: nameNode });
    }
    for (const problem of unknownKeys) this.#add('warning', inEntry(problem), set);
    for (const problem of wrong) this.#add('error', inEntry(problem), set);
    // What the parser understood around a mistake is a guess.
    const isGuess = this.#syntax.some(({ offset }) => offset >= node.offset && offset <= node.offset + node.length);
    return wrong.length > 0 || isGuess ? undefined : output;
  }

  #add(severity: Problem['severity'], { code, facts, path, at }: LooseProblem, set?: string): void {
    this.#found.push({ offset: at.offset, problem: { severity, code, facts, path: pathText(path), set, ...this.#positions.placeOf(at) } });
  }

  #finish(configuration: Configuration, sets: readonly SetEntry[], copies: readonly SetEntry[]): ParsedConfiguration {
    const problems = this.#found
      .toSorted((a, b) => a.offset - b.offset)
      .slice(0, problemsMax)
      .map(({ problem }) => problem);
    return { configuration, problems, sets, copies };
  }
}

function nameOf(set: Node): string | undefined {
  const name: unknown = propertyOf(set, 'name')?.value?.value;
  return typeof name === 'string' && name !== '' && propertiesOf(set).length > 0 ? name : undefined;
}
