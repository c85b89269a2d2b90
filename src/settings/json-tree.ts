import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { token } from './json-tokens.ts';

export type { Node } from 'jsonc-parser';

/** A text as far as it can be understood. */
export interface JsonTree {
  /** Undefined when there is no value at all. */
  readonly root: Node | undefined;
  readonly errors: readonly SyntaxProblem[];
}

export interface SyntaxProblem {
  /** The parser's word: `CommaExpected`, `InvalidSymbol` ... */
  readonly reason: string;
  readonly offset: number;
  readonly length: number;
}

/** No configuration is nested deeper; the parser calls itself for each level and would run out of stack. */
export const depthMax = 32;

/** JSON with comments and trailing commas. Never throws; goes on behind a mistake. @returns undefined when it is nested too deep */
export function parseJsonTree(text: string): JsonTree | undefined {
  if (isTooDeep(text)) return undefined;
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  return { root, errors: errors.map(({ error, offset, length }) => ({ reason: printParseErrorCode(error), offset, length })) };
}

/** The value of a node. Unlike the parser's own it makes `__proto__` a key like any other. */
export function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf);
  if (node.type !== 'object') return node.value as unknown;
  return Object.fromEntries(propertiesOf(node).flatMap(({ key, value }) => (value === undefined ? [] : [[key, valueOf(value)]])));
}

export interface Property {
  readonly key: string;
  readonly keyNode: Node;
  /** Undefined when the text breaks off behind the key. */
  readonly value: Node | undefined;
}

export function propertiesOf(node: Node): Property[] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children = [] }) => {
    const [keyNode, value] = children;
    return keyNode === undefined ? [] : [{ key: String(keyNode.value), keyNode, value }];
  });
}

/** Where keys stand twice, the last one counts, as in `JSON.parse`. */
export function propertyOf(node: Node | undefined, key: PropertyKey): Property | undefined {
  return node === undefined ? undefined : propertiesOf(node).findLast((property) => property.key === key);
}

/** The node at `path`, or the nearest one above it that exists. */
export function nearestNode(root: Node, path: readonly PropertyKey[]): { readonly node: Node; readonly isExact: boolean } {
  let node = root;
  for (const part of path) {
    const next = typeof part === 'number' ? (node.type === 'array' ? node.children?.[part] : undefined) : propertyOf(node, part)?.value;
    if (next === undefined) return { node, isExact: false };
    node = next;
  }
  return { node, isExact: true };
}

function isTooDeep(text: string): boolean {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let kind: number = scanner.scan(); kind !== token.end; kind = scanner.scan()) {
    if (kind === token.openBrace || kind === token.openBracket) depth += 1;
    else if (kind === token.closeBrace || kind === token.closeBracket) depth -= 1;
    if (depth > depthMax) return true;
  }
  return false;
}
