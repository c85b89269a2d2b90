import { byteStringFromRaw, textOf, type ByteString } from '../../platform/index.ts';
import { goQuote } from '../../repository/index.ts';

/**
 * What came from a repository, a file system or a command line, made fit for a terminal and a log: as it is when it is harmless, else
 * between quotes with every character that does not print as an escape (`"a\x1b[2J"`), as restic shows such names. One line always,
 * and no way to move the cursor, to recolour, to reorder (bidirectional controls) or to hide text.
 */
export function safeText(text: string): string {
  return harmful.test(text) ? quoted(byteStringFromRaw(text)) : text;
}

/** As `safeText`, for names as bytes: those that are not UTF-8 show as `\xff`. */
export function safeName(name: ByteString): string {
  const text = textOf(name);
  // U+FFFD in the decoded text may stand for bytes that two different names have in its place.
  return harmful.test(text) || text.includes('\ufffd') ? quoted(name) : text;
}

/**
 * Control characters, lone surrogates, format characters (which reorder and hide), line and paragraph separators. The two joiners U+200C
 * and U+200D are format characters too, but emoji and several scripts are spelled with them.
 */
const harmful = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function quoted(name: ByteString): string {
  return `"${goQuote(name)}"`;
}
