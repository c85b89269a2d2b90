import type * as z from 'zod';
import { checkKeys } from './check-keys.ts';
import { checkValue } from './check-value.ts';
import type { LooseProblem } from './issue-problems.ts';
import { depthMax, parseJsonTree, propertiesOf, propertyOf, type Node, type SyntaxProblem } from './json-tree.ts';
import { knownKeys } from './known-keys.ts';
import { Positions, type Place } from './positions.ts';
import { pathText, type Problem } from './problem.ts';
import { fileBytesMax, generalSchema, setSchema, setsMax, type BackupSet, type Configuration, type GeneralSettings } from './schema.ts';

export interface ParsedConfiguration {
  /** What can be used: general values that are right, and the sets without an error. */
  readonly configuration: Configuration;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** Every set of the file, also those that cannot be used. */
  readonly sets: readonly SetEntry[];
}

/** A set in the file, to show and to jump to. */
export interface SetEntry extends Place {
  /** Undefined when it has none that could be read. */
  readonly name: string | undefined;
  readonly isUsable: boolean;
}

/** Reads the text of a configuration file. Never throws: what is wrong is a problem, and stops only the set that it stands in. */
export function parseConfiguration(text: string): ParsedConfiguration {
  const positions = new Positions(text);
  if (text.length > fileBytesMax) return nothing(wholeFile('too-large', { maxBytes: fileBytesMax }));
  if (text.trim() === '') return nothing();
  const tree = parseJsonTree(text);
  if (tree === undefined) return nothing(wholeFile('too-deep', { max: depthMax }));
  return new Reading(positions, tree.errors).read(tree.root);
}

export const emptyConfiguration: Configuration = { ...generalSchema.parse({}), sets: [] };

/** A problem of the file as a whole, told at its beginning. */
export function wholeFile(code: Problem['code'], facts: Problem['facts']): Problem {
  return { severity: 'error', code, facts, path: '', set: undefined, line: 1, column: 1, length: 0 };
}

export function nothing(...problems: readonly Problem[]): ParsedConfiguration {
  return { configuration: emptyConfiguration, problems, sets: [] };
}

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
    if (root === undefined) return this.#finish(emptyConfiguration, []);
    if (root.type !== 'object') {
      this.#add('error', { code: 'wrong-type', facts: { expected: 'object', actual: root.type }, path: [], at: root });
      return this.#finish(emptyConfiguration, []);
    }
    const general = this.#readGeneral(root);
    const { sets, entries } = this.#readSets(root, general !== undefined);
    return this.#finish({ ...(general ?? emptyConfiguration), sets }, entries);
  }

  /** Undefined when the file is of a version whose meaning we cannot know. */
  #readGeneral(root: Node): GeneralSettings | undefined {
    const sets = propertyOf(root, 'sets');
    for (const problem of checkKeys(root)) if (problem.path[0] !== 'sets' || problem.path.length === 1) this.#add('error', problem);
    const version = propertyOf(root, 'version');
    if (version === undefined) this.#add('warning', { code: 'missing', facts: { key: 'version' }, path: ['version'], at: { offset: root.offset, length: 1 } });
    else if (version.value?.value !== 1) {
      this.#add('error', { code: 'unsupported-version', facts: { version: String(version.value?.value ?? '') }, path: ['version'], at: version.value ?? version.keyNode });
      return undefined;
    }
    const withoutSets = { ...root, children: (root.children ?? []).filter(({ children }) => children?.[0] !== sets?.keyNode && children?.[0]?.value !== '$schema' && children?.[0]?.value !== 'sets') };
    return this.#readFitting(generalSchema, withoutSets) ?? emptyConfiguration;
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

  #readSets(root: Node, isVersionKnown: boolean): { sets: BackupSet[]; entries: SetEntry[] } {
    const { value: list } = propertyOf(root, 'sets') ?? {};
    if (list === undefined) return { sets: [], entries: [] };
    if (list.type !== 'array') {
      this.#add('error', { code: 'wrong-type', facts: { expected: 'array', actual: list.type }, path: ['sets'], at: list });
      return { sets: [], entries: [] };
    }
    const nodes = list.children ?? [];
    if (nodes.length > setsMax) this.#add('error', { code: 'out-of-range', facts: { origin: 'array', maximum: setsMax }, path: ['sets'], at: list });
    const sets: BackupSet[] = [];
    const names = new Map<string, number>();
    const entries = nodes.slice(0, setsMax).map((node, at): SetEntry => {
      const name = nameOf(node);
      const set = isVersionKnown ? this.#readSet(node, at, names) : undefined;
      if (set !== undefined) sets.push(set);
      return { ...this.#positions.placeOf(node), name, isUsable: set !== undefined };
    });
    return { sets, entries };
  }

  /** Undefined when anything in it is wrong. Of two sets with one name the first counts: snapshots are found by it. */
  #readSet(node: Node, at: number, names: Map<string, number>): BackupSet | undefined {
    const { output, errors, unknownKeys } = checkValue(setSchema, node, (path) => knownKeys(['sets', at, ...path]));
    const set = nameOf(node);
    const inSet = (problem: LooseProblem): LooseProblem => ({ ...problem, path: ['sets', at, ...problem.path] });
    const wrong = [...errors, ...checkKeys(node)];
    const otherLine = set === undefined ? undefined : names.get(set.toLowerCase());
    const nameNode = propertyOf(node, 'name')?.value;
    if (set !== undefined && nameNode !== undefined) {
      if (otherLine === undefined) names.set(set.toLowerCase(), this.#positions.placeOf(nameNode).line);
      else wrong.push({ code: 'duplicate-name', facts: { name: set, otherLine }, path: ['name'], at: nameNode });
    }
    for (const problem of unknownKeys) this.#add('warning', inSet(problem), set);
    for (const problem of wrong) this.#add('error', inSet(problem), set);
    // What the parser understood around a mistake is a guess.
    const isGuess = this.#syntax.some(({ offset }) => offset >= node.offset && offset <= node.offset + node.length);
    return wrong.length > 0 || isGuess ? undefined : output;
  }

  #add(severity: Problem['severity'], { code, facts, path, at }: LooseProblem, set?: string): void {
    this.#found.push({ offset: at.offset, problem: { severity, code, facts, path: pathText(path), set, ...this.#positions.placeOf(at) } });
  }

  #finish(configuration: Configuration, sets: readonly SetEntry[]): ParsedConfiguration {
    const problems = this.#found.toSorted((a, b) => a.offset - b.offset).slice(0, problemsMax).map(({ problem }) => problem);
    return { configuration, problems, sets };
  }
}

function nameOf(set: Node): string | undefined {
  const name: unknown = propertyOf(set, 'name')?.value?.value;
  return typeof name === 'string' && name !== '' && propertiesOf(set).length > 0 ? name : undefined;
}
