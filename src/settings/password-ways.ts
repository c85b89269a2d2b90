import type { LoadedConfiguration } from './load.ts';
import { parseJsonTree, propertyOf, type Node } from './json-tree.ts';
import { Positions, type Place } from './positions.ts';
import { pathText, type Problem, type ProblemCode } from './problem.ts';

/** How the password of a set comes when nobody is there, as its text says. */
export interface PasswordWay {
  /** The file that has it; undefined: the set runs by itself, and names no way at all. */
  readonly file: string | undefined;
  /** A warning at this place of the file. */
  readonly warn: (code: ProblemCode, facts: Problem['facts']) => Problem;
}

/** Of the sets that can be used: those that name a file, and those with a schedule that name nothing. Pure. */
export function passwordWaysOf({ text, configuration }: Pick<LoadedConfiguration, 'text' | 'configuration'>): readonly PasswordWay[] {
  if (text === undefined || configuration.sets.length === 0) return [];
  const positions = new Positions(text);
  const list = propertyOf(parseJsonTree(text)?.root, 'sets')?.value?.children ?? [];
  return configuration.sets.flatMap(({ name, schedule, repository }): PasswordWay[] => {
    const { passwordFile, passwordCommand } = repository;
    if (passwordFile === undefined && (passwordCommand !== undefined || schedule === undefined)) return [];
    const at = list.findIndex((node) => propertyOf(node, 'name')?.value?.value === name);
    const own = propertyOf(list[at], 'repository');
    const file = propertyOf(own?.value, 'passwordFile');
    const node = file?.value ?? own?.keyNode;
    if (node === undefined) return [];
    const path = ['sets', at, 'repository', ...(file === undefined ? [] : ['passwordFile'])];
    return [{ file: passwordFile, warn: warningAt(positions.placeOf(node satisfies Node), path, name) }];
  });
}

function warningAt(place: Place, path: readonly PropertyKey[], set: string): PasswordWay['warn'] {
  return (code, facts) => ({ severity: 'warning', code, facts, path: pathText(path), set, ...place });
}
