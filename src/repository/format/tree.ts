import assert from 'node:assert/strict';
import type { ByteString } from '../../platform/index.ts';
import { isCode } from '../../platform/index.ts';
import { damaged, shown } from './damaged.ts';
import type { JsonValue } from './go-json.ts';
import {
  checkDepth,
  formatExact,
  isArray,
  isJsonObject,
  jsonString,
  mayLoseNumbers,
  parseExactText,
  parseFast,
  textOfJson,
} from './go-json.ts';
import type { Node, UnknownFields } from './node.ts';
import { readNode } from './node-reader.ts';
import { serializeNode } from './node-writer.ts';

/** Why a name cannot be a name in a folder. Restoring such an entry would write elsewhere. */
export type NameProblem = 'empty' | 'dot' | 'dotdot' | 'slash' | 'nul';

/** What is wrong with a tree that could be read all the same. */
export interface TreeProblem {
  /** `name`: see `nameProblem`. `unsorted` and `duplicate` are seen against the node before it. */
  readonly kind: 'unsorted' | 'duplicate' | 'name' | 'unknown-type';
  /** The entry concerned. */
  readonly name: ByteString;
  /** Its place among the nodes, from 0. */
  readonly position: number;
}

export interface Tree {
  /** In the order of the blob, which is byte order with every name once unless `problems` says otherwise. */
  readonly nodes: readonly Node[];
  readonly problems: readonly TreeProblem[];
  readonly unknown?: UnknownFields;
}

/**
 * @param bytes a tree blob's plaintext
 * @throws `repository.damaged` when the bytes are not a tree; hostile names and wrong order are reported in `problems`
 */
export function parseTree(bytes: Uint8Array): Tree {
  const text = textOfJson(bytes, 'tree');
  const fast = readQuickly(text);
  return fast ?? readTree(parseExactText(text, 'tree'), text);
}

/**
 * The canonical bytes: what restic would write, and so the same id. The nodes stand in strict byte order of their names
 * (asserted).
 */
export function serializeTree(nodes: readonly Node[], unknown?: UnknownFields): Uint8Array {
  for (let i = 1; i < nodes.length; i++) assert(nameAt(nodes, i - 1) < nameAt(nodes, i), 'nodes are in strict byte order');
  return treeFromSerializedNodes(nodes.map(serializeNode), unknown);
}

/** Joins what `serializeNode` gave, for callers that close a folder entry by entry. They vouch for order and uniqueness. */
export function treeFromSerializedNodes(parts: readonly string[], unknown: UnknownFields = []): Uint8Array {
  const pieces: Buffer[] = [];
  let text = '{"nodes":[';
  for (const [i, part] of parts.entries()) {
    text += i === 0 ? part : `,${part}`;
    // A folder of millions would not fit into one string.
    if (text.length < pieceLength) continue;
    pieces.push(Buffer.from(text));
    text = '';
  }
  const others = unknown.map(([key, value]) => `,${jsonString(key)}:${formatExact(value)}`);
  // Go's encoder ends a value with a newline, and restic hashes it with the rest.
  pieces.push(Buffer.from(`${text}]${others.join('')}}\n`));
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

/** Undefined for a name that can stand in a folder. A backslash is an ordinary byte here; Windows has its own rules. */
export function nameProblem(name: ByteString): NameProblem | undefined {
  if (name === '') return 'empty';
  if (name === '.') return 'dot';
  if (name === '..') return 'dotdot';
  if (name.includes('/')) return 'slash';
  return name.includes('\0') ? 'nul' : undefined;
}

const pieceLength = 4 << 20;

/**
 * Undefined when the tree must be read again exactly. Numbers that `JSON.parse` rounds are outside the safe integers and
 * fail the checks of their fields; values that nobody checks are kept only when no number in the text is at risk.
 */
function readQuickly(text: string): Tree | undefined {
  const json = parseFast(text, 'tree');
  try {
    const tree = readTree(json, text);
    const unchecked = tree.unknown ?? tree.nodes.find((node) => node.unknown ?? node.genericAttributes);
    return unchecked && mayLoseNumbers(text) ? undefined : tree;
  } catch (error) {
    if (isCode(error, 'repository.damaged') && mayLoseNumbers(text)) return undefined;
    throw error;
  }
}

function readTree(json: JsonValue, text: string): Tree {
  if (!isJsonObject(json)) throw damaged('tree', `it is ${shown(json)}`);
  const list = json['nodes'] ?? [];
  if (!isArray(list)) throw damaged('tree', `nodes is ${shown(list)}`);
  const lossyTargets = text.includes('\\ufffd') ? lossyTargetsOf(text) : undefined;
  const nodes = list.map((item) => readNode(item, lossyTargets));
  const unknown = unknownOf(Object.entries(json).filter(([key]) => key !== 'nodes'));
  return { nodes, problems: problemsOf(nodes), ...(unknown && { unknown }) };
}

const knownTypes: ReadonlySet<string> = new Set(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket']);

function problemsOf(nodes: readonly Node[]): readonly TreeProblem[] {
  const problems: TreeProblem[] = [];
  for (const [position, { name, type }] of nodes.entries()) {
    if (nameProblem(name)) problems.push({ kind: 'name', name, position });
    if (!knownTypes.has(type)) problems.push({ kind: 'unknown-type', name, position });
    if (position === 0) continue;
    const before = nameAt(nodes, position - 1);
    if (before === name) problems.push({ kind: 'duplicate', name, position });
    else if (before > name) problems.push({ kind: 'unsorted', name, position });
  }
  return problems;
}

/** Link targets whose literal holds the escape `\ufffd`, which Go writes for bytes it could not encode. */
function lossyTargetsOf(text: string): ReadonlyMap<string, string> {
  const targets = new Map<string, string>();
  // Inside a string the quotes would be escaped, so this finds keys only.
  for (const [, literal] of text.matchAll(/"linktarget":("(?:[^"\\]|\\.)*")/g)) {
    if (literal?.includes('\\ufffd')) targets.set(JSON.parse(literal) as string, literal);
  }
  return targets;
}

function unknownOf(entries: ReadonlyArray<[string, JsonValue]>): UnknownFields | undefined {
  if (entries.length === 0) return undefined;
  for (const [, value] of entries) checkDepth(value, 'tree');
  return entries;
}

function nameAt(nodes: readonly Node[], position: number): string {
  return nodes[position]?.name ?? '';
}
