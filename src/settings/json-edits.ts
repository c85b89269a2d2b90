import { createScanner, type Edit } from 'jsonc-parser';
import { formatJson, layoutOf } from './json-text.ts';
import { token } from './json-tokens.ts';
import type { Node } from './json-tree.ts';

/*
 * Edits of a text with comments that leave every comment outside the edited value where its reader expects it. jsonc-parser's own `modify`
 * takes a comment behind the previous entry away with the removed one, and hangs the comment behind the last entry on the added one
 * (microsoft/node-jsonc-parser, issues 10 and 125, open in 3.3.1), and makes `{,}` of `{"a": 1,}`.
 */

/** Puts another value in place of `node`. */
export function replaceNode(text: string, node: Node, value: unknown): Edit[] {
  const content = formatJson(value, layoutOf(text), indentationAt(text, node.offset));
  return [{ offset: node.offset, length: node.length, content }];
}

/** Adds an entry at the end of an object or array. @param key for an object */
export function appendEntry(text: string, container: Node, value: unknown, key?: string): Edit[] {
  const layout = layoutOf(text);
  const outer = indentationAt(text, container.offset);
  const last = container.children?.at(-1);
  const inner =
    last === undefined ? outer + layout.indent : startsLine(text, last.offset) ? indentationAt(text, last.offset) : outer + layout.indent;
  const entry = `${key === undefined ? '' : `${JSON.stringify(key)}: `}${formatJson(value, layout, inner)}`;
  const end = container.offset + container.length - 1; // before the closing bracket
  const isOneLine = !/[\r\n]/.test(text.slice(container.offset, end)) && !/[\r\n]/.test(entry);
  if (last === undefined) {
    const at = lastTokenEnd(text, container.offset + 1, end);
    if (isOneLine) return [{ offset: at, length: 0, content: entry }];
    const rest = startsLine(text, end) ? '' : layout.lineEnd + outer;
    return [{ offset: at, length: 0, content: `${layout.lineEnd}${inner}${entry}${rest}` }];
  }
  const comma = commaAfter(text, last);
  const lastEnd = last.offset + last.length;
  const edits: Edit[] = comma === undefined ? [{ offset: lastEnd, length: 0, content: ',' }] : [];
  // Behind the comments that stand there: they speak of what is before them.
  const at = lastTokenEnd(text, comma === undefined ? lastEnd : comma + 1, end);
  const content = `${entry}${comma === undefined ? '' : ','}`;
  if (isOneLine) return [...edits, { offset: at, length: 0, content: ` ${content}` }];
  const rest = startsLine(text, end) ? '' : layout.lineEnd + outer;
  return [...edits, { offset: at, length: 0, content: `${layout.lineEnd}${inner}${content}${rest}` }];
}

/** Takes an entry (an item, or a property with its key) out of its object or array, and the line that it leaves empty. */
export function removeEntry(text: string, container: Node, entry: Node): Edit[] {
  const end = entry.offset + entry.length;
  const comma = commaAfter(text, entry);
  const previous = container.children?.[container.children.indexOf(entry) - 1];
  const previousComma = comma === undefined && previous !== undefined ? commaAfter(text, previous) : undefined;
  const edits: Edit[] = previousComma === undefined ? [] : [{ offset: previousComma, length: 1, content: '' }];
  if (comma === undefined || /^[ \t]*$/.test(text.slice(end, comma)))
    return [...edits, wholeLines(text, entry.offset, comma === undefined ? end : comma + 1)];
  return [...edits, { offset: entry.offset, length: entry.length, content: '' }, { offset: comma, length: 1, content: '' }];
}

/** Blanks around what is removed go with it: the whole line where nothing else is in it, else those on one side. */
function wholeLines(text: string, start: number, end: number): Edit {
  const blanksAfter = /^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0;
  const lineEnd = /^(?:\r\n|\n|\r)/.exec(text.slice(end + blanksAfter))?.[0].length ?? 0;
  if (startsLine(text, start)) {
    const lineStart = start - indentationAt(text, start).length;
    return lineEnd === 0
      ? { offset: start, length: end + blanksAfter - start, content: '' }
      : { offset: lineStart, length: end + blanksAfter + lineEnd - lineStart, content: '' };
  }
  if (text[end - 1] === ',' && lineEnd === 0) return { offset: start, length: end + blanksAfter - start, content: '' };
  const blanksBefore = /[ \t]*$/.exec(text.slice(Math.max(0, start - 200), start))?.[0].length ?? 0;
  return { offset: start - blanksBefore, length: end - start + blanksBefore, content: '' };
}

/** The offset of the comma that follows `node`, comments skipped. */
function commaAfter(text: string, node: Node): number | undefined {
  const scanner = createScanner(text, true); // skips blanks and comments
  scanner.setPosition(node.offset + node.length);
  const kind: number = scanner.scan();
  return kind === token.comma ? scanner.getTokenOffset() : undefined;
}

/** The end of the last comment between `start` and `end`, where there is nothing but comments and blanks; `start` when there is none. */
function lastTokenEnd(text: string, start: number, end: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(start);
  let last = start;
  for (let kind: number = scanner.scan(); kind !== token.end && scanner.getTokenOffset() < end; kind = scanner.scan()) {
    if (kind === token.lineComment || kind === token.blockComment) last = scanner.getTokenOffset() + scanner.getTokenLength();
  }
  return last;
}

/** The blanks at the beginning of the line that `offset` is in. */
function indentationAt(text: string, offset: number): string {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

/** Nothing but blanks stands before `offset` in its line. */
function startsLine(text: string, offset: number): boolean {
  return /(?:^|[\r\n])[ \t]*$/.test(text.slice(Math.max(0, offset - 200), offset));
}
