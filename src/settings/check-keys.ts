import { isSecretKey } from './forms.ts';
import type { LooseProblem } from './issue-problems.ts';
import { propertiesOf, type Node } from './json-tree.ts';

/**
 * Keys that stand twice in one object, and keys under which somebody put a secret, anywhere beneath `root`. Values never get into the
 * facts.
 */
export function checkKeys(root: Node, path: readonly PropertyKey[] = []): LooseProblem[] {
  const problems: LooseProblem[] = [];
  const seen = new Set<string>();
  for (const { key, keyNode, value } of propertiesOf(root)) {
    const ownPath = [...path, key];
    if (seen.has(key)) problems.push({ code: 'duplicate-key', facts: { key }, path: ownPath, at: keyNode });
    seen.add(key);
    if (isSecretKey(key)) problems.push({ code: 'secret', facts: { key }, path: ownPath, at: keyNode });
    if (value !== undefined) problems.push(...checkKeys(value, ownPath));
  }
  if (root.type === 'array') (root.children ?? []).forEach((item, at) => problems.push(...checkKeys(item, [...path, at])));
  return problems;
}

/** The known key that `key` is likely meant to be: the same in another spelling, or one or two letters away. */
export function suggestKey(key: string, known: readonly string[]): string | undefined {
  const plain = (word: string) => word.toLowerCase().replaceAll(/[_-]/g, '');
  const wanted = plain(key).slice(0, 40);
  const distances = known.map((candidate) => ({ candidate, distance: editDistance(wanted, plain(candidate)) }));
  const nearest = distances.toSorted((a, b) => a.distance - b.distance)[0];
  return nearest !== undefined && nearest.distance <= (wanted.length <= 4 ? 1 : 2) ? nearest.candidate : undefined;
}

/** How many letters must be added, dropped or replaced (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
