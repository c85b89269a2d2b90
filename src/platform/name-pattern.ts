import type { ByteString } from './byte-string.ts';
import { CadanganError } from './errors.ts';
import { byteStringFromRaw } from './raw-text.ts';
import { runeAt, widthAt } from './rune.ts';

/**
 * A pattern for one name, with the meaning of Go's `filepath.Match`, which restic's patterns are defined by: `*` any
 * bytes, `?` one character, `[a-z]` or `[^a-z]` one character of a class, `\` takes the next character literally.
 * `shape` and `text` let a caller replace the match by a search for `text`: it is all of the name (`literal`), its
 * beginning, its end, or somewhere inside; `any` matches every name; `general` says that only `matches` knows.
 */
export interface NamePattern {
  readonly shape: 'any' | 'literal' | 'prefix' | 'suffix' | 'infix' | 'general';
  readonly text: string;
  /** `name` is one component, without `/`. Takes at most (length of the name × length of the pattern) steps. */
  matches(name: string): boolean;
}

/** @throws `arguments.invalid` where Go reports a bad pattern; facts: `reason`, and `within` as `pattern` */
export function compileNamePattern(pattern: string, within: string = pattern): NamePattern {
  const tokens = parseTokens(byteStringFromRaw(pattern), within);
  const stars = tokens.filter((token) => token === star).length;
  const bytes = tokens.filter((token) => typeof token === 'number' && token >= 0);
  const matches = (name: string): boolean => matchTokens(tokens, name);
  if (stars > 0 && stars === tokens.length) return { shape: 'any', text: '', matches: () => true };
  if (stars + bytes.length < tokens.length) return { shape: 'general', text: '', matches };

  const text = String.fromCharCode(...bytes.map(Number));
  const startsWithStar = tokens[0] === star;
  const endsWithStar = tokens.at(-1) === star;
  if (stars === 0) return { shape: 'literal', text, matches: (name) => name === text };
  if (stars === 1 && endsWithStar) return { shape: 'prefix', text, matches: (name) => name.startsWith(text) };
  if (stars === 1 && startsWithStar) return { shape: 'suffix', text, matches: (name) => name.endsWith(text) };
  if (stars === 2 && startsWithStar && endsWithStar) return { shape: 'infix', text, matches: (name) => name.includes(text) };
  return { shape: 'general', text: '', matches };
}

/** A literal byte, `star`, `anyRune`, or a class. */
type Token = number | RuneClass;

interface RuneClass {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

const star = -1;
const anyRune = -2;

function parseTokens(bytes: ByteString, pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === '[') {
      const parsed = parseClass(bytes, at + 1, pattern);
      tokens.push(parsed.class);
      at = parsed.end;
    } else if (byte === '\\') {
      if (at + 1 === bytes.length) throw badPattern(pattern, 'nothing follows the last \\');
      tokens.push(bytes.charCodeAt(at + 1));
      at += 2;
    } else {
      // Several stars in a row are one star.
      if (byte !== '*') tokens.push(byte === '?' ? anyRune : bytes.charCodeAt(at));
      else if (tokens.at(-1) !== star) tokens.push(star);
      at += 1;
    }
  }
  return tokens;
}

/** `start` is behind the `[`. The first range is read before a `]` may close the class, so `[]` and `[]a]` are errors. */
function parseClass(bytes: ByteString, start: number, pattern: string): { class: RuneClass; end: number } {
  const negated = bytes[start] === '^';
  const ranges: [number, number][] = [];
  let at = negated ? start + 1 : start;
  do {
    const low = parseClassRune(bytes, at, pattern);
    at = low.end;
    if (bytes[at] !== '-') {
      ranges.push([low.rune, low.rune]);
      continue;
    }
    const high = parseClassRune(bytes, at + 1, pattern);
    at = high.end;
    ranges.push([low.rune, high.rune]);
  } while (bytes[at] !== ']');
  return { class: { negated, ranges }, end: at + 1 };
}

function parseClassRune(bytes: ByteString, start: number, pattern: string): { rune: number; end: number } {
  if (start >= bytes.length) throw badPattern(pattern, 'no ] closes the [');
  if (bytes[start] === '-') throw badPattern(pattern, 'a - in [ ] stands without a character before or after it');
  if (bytes[start] === ']') throw badPattern(pattern, 'a range in [ ] is empty or has no end');
  const at = bytes[start] === '\\' ? start + 1 : start;
  if (at >= bytes.length) throw badPattern(pattern, 'no ] closes the [');
  return { rune: runeAt(bytes, at), end: at + widthAt(bytes, at) };
}

function badPattern(pattern: string, reason: string): CadanganError {
  return new CadanganError('arguments.invalid', { pattern, reason });
}

/**
 * Going back to the last star only is enough, and keeps a hostile name from costing exponential time. A star moves on
 * by bytes, as Go's does, even into a character.
 */
function matchTokens(tokens: readonly Token[], name: string): boolean {
  let token = 0;
  let at = 0;
  let retryToken = -1;
  let retryAt = 0;
  for (;;) {
    const wanted = tokens[token];
    if (wanted === star) {
      token += 1;
      retryToken = token;
      retryAt = at;
      continue;
    }
    const width = wanted === undefined || at >= name.length ? 0 : matchWidth(wanted, name, at);
    if (width > 0) {
      token += 1;
      at += width;
      continue;
    }
    if (wanted === undefined && at === name.length) return true;
    if (retryToken < 0 || retryAt >= name.length) return false;
    retryAt += 1;
    at = retryAt;
    token = retryToken;
  }
}

/** How many bytes of `name` the token takes at `at`; 0 when it does not match. */
function matchWidth(token: Token, name: string, at: number): number {
  if (token === anyRune) return widthAt(name, at);
  if (typeof token === 'number') return name.charCodeAt(at) === token ? 1 : 0;
  const rune = runeAt(name, at);
  const inside = token.ranges.some(([low, high]) => low <= rune && rune <= high);
  return inside === token.negated ? 0 : widthAt(name, at);
}
