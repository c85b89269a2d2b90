import { system } from '../platform/index.ts';

/**
 * The words of a command as a shell would separate them: blanks between words, quotes of both kinds around blanks, a backslash before a
 * character that means itself. On Windows a backslash belongs to paths and is an ordinary character. Nothing is expanded, no shell runs.
 * @returns undefined when a quote is not closed
 */
export function splitCommand(text: string, windows = system.isWindows): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\' && !windows && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word = (word ?? '') + text.charAt(at);
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
