import type * as z from 'zod';
import type { ErrorFacts } from '../platform/index.ts';
import { nearestNode, propertyOf, valueOf, type Node } from './json-tree.ts';
import type { ProblemCode } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** A problem that does not know its line yet. */
export interface LooseProblem {
  readonly code: ProblemCode;
  readonly facts: ErrorFacts;
  /** From the value that was checked. */
  readonly path: readonly PropertyKey[];
  /** What to underline. */
  readonly at: { readonly offset: number; readonly length: number };
}

/** What zod says about the value of `root`, in our words and at the place of each. */
export function problemsOfIssues(issues: readonly Issue[], root: Node): LooseProblem[] {
  return issues.map(plainIssue).map((issue) => problemOf(issue, root));
}

/** The alternatives of a union each say what they miss; what the one says that came furthest is what was meant. */
function plainIssue(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const firsts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const furthest = firsts.toSorted((a, b) => b.path.length - a.path.length)[0];
  return furthest === undefined ? issue : plainIssue({ ...furthest, path: [...issue.path, ...furthest.path] });
}

function problemOf(issue: Issue, root: Node): LooseProblem {
  const { path } = issue;
  const { node, isExact } = nearestNode(root, path);
  const last = path.at(-1);
  const key = String(last ?? '');
  const problem = (code: ProblemCode, facts: ErrorFacts): LooseProblem => ({ code, facts, path, at: node });
  // The object that should have it is marked at its brace.
  if (!isExact || (issue.code === 'custom' && issue.message === 'missing'))
    return { ...problem('missing', { key }), at: { offset: node.offset, length: 1 } };
  switch (issue.code) {
    case 'invalid_type':
      return problem('wrong-type', {
        expected: issue.expected,
        actual: node.type === 'number' && !Number.isInteger(node.value) ? 'fraction' : node.type,
      });
    case 'invalid_value':
      return problem('invalid-value', { value: shown(node), allowed: issue.values.map(String) });
    case 'too_small':
      return problem('out-of-range', { origin: issue.origin, minimum: Number(issue.minimum) });
    case 'too_big':
      return problem('out-of-range', { origin: issue.origin, maximum: Number(issue.maximum) });
    case 'custom':
      if (issue.message === 'conflict')
        return { ...problem('conflict', { key, other: String(issue.params?.['other'] ?? '') }), at: keyNodeOf(root, path) ?? node };
      if (issue.message === 'secret') return problem('secret', { key });
      return problem('invalid-value', { value: shown(node), expected: issue.message });
    case 'invalid_format':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'unrecognized_keys': // taken out before
      return problem('invalid-value', { value: shown(node), expected: issue.message });
  }
}

function keyNodeOf(root: Node, path: readonly PropertyKey[]): Node | undefined {
  return propertyOf(nearestNode(root, path.slice(0, -1)).node, path.at(-1) ?? '')?.keyNode;
}

/** Enough of a value to recognise it by. */
function shown(node: Node): string {
  const value = valueOf(node);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)}…`;
}

const shownCharsMax = 60;
