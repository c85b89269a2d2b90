import { system, textOf, upperCaseOfWindows, type ByteString } from '../platform/index.ts';
import type { Node } from './format/index.ts';

/** Where the first names of a path lead, and how many of them it took. */
export interface RootStep {
  readonly node: Node;
  readonly taken: 1 | 2;
  /** It is a drive, server or share of Windows: what lies below is one thing in every case (`stepBelow`). */
  readonly isOfWindows: boolean;
}

/**
 * The first step of a path from the root of a snapshot. Exactly as written, else the same drive or share of Windows as others write it:
 * restic and older versions store a drive in the case that it was given in (`/c`), and restic makes one name of a share
 * (`/\\server\share`), of which we make two. What was backed up on Linux has owners with names there, and is never found by another case.
 * @param windows whether a path of Windows was typed: elsewhere the first name of a folder of Linux can look like a server
 */
export function rootStepOf(
  nodes: readonly Node[],
  [first, second]: readonly ByteString[],
  windows = system.isWindows,
): RootStep | undefined {
  if (first === undefined) return undefined;
  const isRoot = (node: Node): boolean => node.name.startsWith('\\\\') || (isOfWindows(node) && (windows || isLetter(node.name)));
  const node = nodes.find(({ name }) => name === first) ?? nodes.find((other) => isRoot(other) && isAlike(other.name, first));
  if (node) return { node, taken: 1, isOfWindows: isRoot(node) };
  const share = second === undefined ? undefined : nodeAlike(nodes, shareName(first, second));
  return share && { node: share, taken: 2, isOfWindows: true };
}

/** The next step of a path. @param isOfWindows what `rootStepOf` said of its first one */
export function stepBelow(nodes: readonly Node[], name: ByteString, isOfWindows: boolean): RootStep | undefined {
  const node = isOfWindows ? nodeAlike(nodes, name) : nodes.find((other) => other.name === name);
  return node && { node, taken: 1, isOfWindows };
}

/** The names of a path from the root, with a share as two of them: `/\\server\share\x` is what restic prints. */
export function rootNamesOf(nodes: readonly Node[], names: readonly ByteString[]): readonly ByteString[] {
  const [first, ...rest] = names;
  const [, server, share] = /^\\\\([^\\]+)\\([^\\]+)$/.exec(first ?? '') ?? [];
  if (server === undefined || share === undefined || nodes.some(({ name }) => name === first)) return names;
  return [server as ByteString, share as ByteString, ...rest];
}

/** Of that name, else of one that differs in case alone: for names that are known to be of Windows. */
export function nodeAlike(nodes: readonly Node[], wanted: ByteString): Node | undefined {
  return nodes.find(({ name }) => name === wanted) ?? nodes.find(({ name }) => isAlike(name, wanted));
}

/** Of the shares that restic stored as one name each, those of this server, under their own names. */
export function sharesOf(nodes: readonly Node[], server: ByteString): readonly Node[] {
  return nodes.flatMap((node) => {
    const [, named, share] = /^\\\\([^\\]+)\\([^\\]+)$/.exec(node.name) ?? [];
    return share !== undefined && isAlike(named as ByteString, server) ? [{ ...node, name: share as ByteString }] : [];
  });
}

function shareName(server: ByteString, share: ByteString): ByteString {
  return `\\\\${server}\\${share}` as ByteString;
}

function isLetter(name: ByteString): boolean {
  return /^[A-Za-z]$/.test(name);
}

/** Neither restic nor we store owners of Windows as numbers, or by name. */
function isOfWindows({ type, uid, user }: Node): boolean {
  return type === 'dir' && uid === 0 && user === '';
}

function isAlike(one: ByteString, other: ByteString): boolean {
  return upperCaseOfWindows(textOf(one)) === upperCaseOfWindows(textOf(other));
}
