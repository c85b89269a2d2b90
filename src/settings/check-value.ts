import type * as z from 'zod';
import { suggestKey } from './check-keys.ts';
import { isSecretKey } from './forms.ts';
import { problemsOfIssues, type LooseProblem } from './issue-problems.ts';
import { nearestNode, propertyOf, valueOf, type Node } from './json-tree.ts';

export interface CheckedValue<Output> {
  /** Undefined when there are errors. */
  readonly output: Output | undefined;
  readonly errors: readonly LooseProblem[];
  /** Keys that nobody knows: a later version's, or slips. */
  readonly unknownKeys: readonly LooseProblem[];
}

/** Checks the value of `node` against a strict schema; unknown keys are taken out and told, all else must fit. */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  node: Node,
  knownKeysAt: (path: readonly PropertyKey[]) => readonly string[],
): CheckedValue<z.output<Schema>> {
  const value = valueOf(node);
  const unknownKeys: LooseProblem[] = [];
  let result = schema.safeParse(value);
  // Without them once more: only then the checks between keys run.
  for (const issue of result.error?.issues ?? []) {
    if (issue.code !== 'unrecognized_keys') continue;
    const { path } = issue;
    for (const key of issue.keys) {
      removeKey(value, path, key);
      const at = propertyOf(nearestNode(node, path).node, key)?.keyNode;
      if (at === undefined || isSecretKey(key)) continue; // a secret is told by `checkKeys`
      unknownKeys.push({ code: 'unknown-key', facts: { key, suggestion: suggestKey(key, knownKeysAt(path)) }, path: [...path, key], at });
    }
  }
  if (result.error?.issues.some(({ code }) => code === 'unrecognized_keys')) result = schema.safeParse(value);
  return result.success
    ? { output: result.data, errors: [], unknownKeys }
    : { output: undefined, errors: problemsOfIssues(result.error.issues, node), unknownKeys };
}

function removeKey(value: unknown, path: readonly PropertyKey[], key: string): void {
  let target: unknown = value;
  for (const part of path) target = typeof target === 'object' && target !== null ? Reflect.get(target, part) : undefined;
  if (typeof target === 'object' && target !== null) Reflect.deleteProperty(target, key);
}
