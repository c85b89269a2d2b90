import assert from 'node:assert/strict';
import type { ByteString } from './byte-string.ts';
import { bytesOf } from './byte-string.ts';
import type { NamePattern } from './name-pattern.ts';
import { compileNamePattern } from './name-pattern.ts';
import { byteStringFromRaw } from './raw-text.ts';
import { lowerCaseBytes } from './rune.ts';
import { slashedWindowsPath } from './windows-path.ts';

export interface PatternMatch {
  /** The path, or a folder above it, matches, and no later `!` pattern takes it back. */
  readonly matched: boolean;
  /** Something beneath the path may match. False only when that is certain: a restore need not go into the folder. */
  readonly childMayMatch: boolean;
}

/** Paths are absolute, with `/` between names and none at the end, as bytes; on Windows `/C/Users/x` for `C:\Users\x`. */
export interface PatternSet {
  /** No patterns: nothing matches, and nothing beneath may. */
  readonly isEmpty: boolean;
  /** Only `matched`, for those who ask a million times. */
  matches(path: ByteString): boolean;
  match(path: ByteString): PatternMatch;
}

export interface PatternOptions {
  /** Compare in lower case (restic's `--iexclude`, `--iinclude`). */
  readonly caseInsensitive?: boolean;
  /** The patterns are written as on Windows: `\` separates names and escapes nothing, `C:` is the drive. */
  readonly windows?: boolean;
}

/**
 * Compiles a list of patterns with restic's meaning. A pattern is a path whose names are name patterns (see
 * `compileNamePattern`); `**` stands for any number of names. One that begins with `/` starts at the root, another at any
 * depth. What matches also matches with all that lies beneath it. `!` in front takes back what earlier patterns
 * matched; the last pattern that matches decides. Empty patterns are left out, and `.`, `..`, doubled and trailing `/`
 * are resolved first. `/` alone matches everything.
 * @throws `arguments.invalid` with `pattern` and `reason`
 */
export function compilePatterns(patterns: readonly string[], options: PatternOptions = {}): PatternSet {
  const compiled = patterns.filter((pattern) => pattern !== '').map((pattern) => compilePattern(pattern, options));
  const last = compiled.length - 1;
  const subjectOf = (path: ByteString): Subject => new Subject(options.caseInsensitive ? lowerCaseBytes(path) : path);

  const matched = (subject: Subject): boolean => {
    for (let i = last; i >= 0; i -= 1) {
      const pattern = compiled[i];
      if (pattern?.matches(subject)) return !pattern.negated;
    }
    return false;
  };
  // Not the same loop: a `!` pattern closes a folder only when it matches the folder itself.
  const childMayMatch = (subject: Subject): boolean => {
    for (let i = last; i >= 0; i -= 1) {
      const pattern = compiled[i];
      if (pattern?.negated ? pattern.matches(subject) : pattern?.childMayMatch(subject)) return !pattern?.negated;
    }
    return false;
  };
  return {
    isEmpty: compiled.length === 0,
    matches: (path) => compiled.length > 0 && matched(subjectOf(path)),
    match: (path) => {
      const subject = subjectOf(path);
      return { matched: matched(subject), childMayMatch: childMayMatch(subject) };
    },
  };
}

interface PathPattern {
  readonly negated: boolean;
  matches(subject: Subject): boolean;
  childMayMatch(subject: Subject): boolean;
}

/** A path that is asked about, in the two forms that patterns look at. */
class Subject {
  /** The path with a `/` behind every name. */
  readonly padded: string;
  #names: readonly string[] | undefined;

  constructor(path: ByteString) {
    assert(path.charCodeAt(0) === 0x2f, 'a path to match is absolute');
    this.padded = path === '/' ? path : `${path}/`;
  }

  /** Split only when a pattern needs it. The root has no names. */
  get names(): readonly string[] {
    this.#names ??= this.padded
      .slice(1, -1)
      .split('/')
      .filter((name) => name !== '');
    return this.#names;
  }
}

/** `undefined` stands for `**`. */
type Part = NamePattern | undefined;

function compilePattern(pattern: string, options: PatternOptions): PathPattern {
  const negated = pattern.startsWith('!');
  const written = negated ? pattern.slice(1) : pattern;
  const text = options.windows ? fromWindows(written) : written;
  const folded = options.caseInsensitive ? bytesOf(lowerCaseBytes(byteStringFromRaw(text))).toString('utf8') : text;
  const { absolute, names } = cleanPath(folded);
  const parts = names.map((name) => (name === '**' ? undefined : compileNamePattern(name, pattern)));
  const search = absolute ? anchoredSearch(parts) : floatingSearch(parts);
  return {
    negated,
    matches: search ?? ((subject) => matchParts(parts, absolute, subject.names)),
    childMayMatch: absolute ? (subject) => mayReach(parts, subject.names) : () => true,
  };
}

/** `C:\Users\*` becomes `/C/Users/*`, which is where a snapshot holds that folder; `\\server\share\*` is `/server/share/*`. */
function fromWindows(pattern: string): string {
  return slashedWindowsPath(pattern).replace(/^([A-Za-z]):(?=\/|$)/, '/$1');
}

/** Resolves `.`, `..` and empty names by spelling alone, before any name is read as a pattern, as Go's `filepath.Clean`. */
function cleanPath(path: string): { absolute: boolean; names: string[] } {
  const absolute = path.startsWith('/');
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else if (name !== '..' || !absolute) names.push(name);
  }
  if (names.length > 0) return { absolute, names };
  // The bare root means everything beneath it; a bare `.` is the name `.`, which no path has.
  return { absolute, names: absolute ? ['**'] : ['.'] };
}

/** `/a/b` without wildcards: the padded path begins with `/a/b/`. */
function anchoredSearch(parts: readonly Part[]): PathPattern['matches'] | undefined {
  if (!parts.every((part) => part?.shape === 'literal')) return undefined;
  const beginning = `/${parts.map((part) => part?.text).join('/')}/`;
  return (subject) => subject.padded.startsWith(beginning);
}

/**
 * Most patterns that people write are one search in the padded path: `name` is `/name/`, `*.tmp` is `.tmp/`, `a/b*` is
 * `/a/b`. That is what makes 20 patterns cost less than the split of a path would.
 */
function floatingSearch(parts: readonly Part[]): PathPattern['matches'] | undefined {
  const alone = parts.length === 1;
  if (alone && parts[0]?.shape === 'any') return (subject) => subject.padded !== '/';
  const start = leftEdge(parts[0], alone);
  const end = rightEdge(parts.at(-1), alone);
  const inner = parts.slice(1, -1);
  if (start === undefined || end === undefined || !inner.every((part) => part?.shape === 'literal')) return undefined;
  const needle = `${start}${parts.map((part) => part?.text).join('/')}${end}`;
  return (subject) => subject.padded.includes(needle);
}

/** What must stand before the text of the first part; `undefined` when a search cannot say it. */
function leftEdge(part: Part, alone: boolean): string | undefined {
  if (part?.shape === 'literal' || (alone && part?.shape === 'prefix')) return '/';
  return part?.shape === 'suffix' || (alone && part?.shape === 'infix') ? '' : undefined;
}

function rightEdge(part: Part, alone: boolean): string | undefined {
  if (part?.shape === 'literal' || (alone && part?.shape === 'suffix')) return '/';
  return part?.shape === 'prefix' || (alone && part?.shape === 'infix') ? '' : undefined;
}

/** The general case: the parts fit some run of names, from the root if `absolute`. What follows the run does not matter. */
function matchParts(parts: readonly Part[], absolute: boolean, names: readonly string[]): boolean {
  // restic replaces the first `**` by 0, 1, 2 ... `*`, as long as what then is written is no longer than the path, root
  // included and every other `**` counted as one name; then the second, and so on. So `/a/**/b/**/c` matches neither
  // `/a/b/c` nor `/a/x/b/c`, but `/a/x/b/c/file`. A set must mean the same to both programs, so we keep that.
  const room = names.length - parts.length + (absolute ? 0 : 1);
  const lastStart = absolute ? 0 : names.length;
  for (let start = 0; start <= lastStart; start += 1) {
    if (matchFrom(parts, 0, names, start, room)) return true;
  }
  return false;
}

/** The next `**` stands for at most `room` + 1 names; below 0 it cannot even stand for none. */
function matchFrom(parts: readonly Part[], firstPart: number, names: readonly string[], start: number, room: number): boolean {
  let at = start;
  for (let p = firstPart; p < parts.length; p += 1) {
    const part = parts[p];
    if (part === undefined) {
      for (let taken = 0; taken <= room + 1 && at + taken <= names.length; taken += 1) {
        if (matchFrom(parts, p + 1, names, at + taken, room + 1 - taken)) return true;
      }
      return false;
    }
    const name = names[at];
    if (name === undefined || !part.matches(name)) return false;
    at += 1;
  }
  return true;
}

/** Whether the path leads towards the pattern or lies within it; behind a `**` everything may. */
function mayReach(parts: readonly Part[], names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i += 1) {
    const part = parts[i];
    const name = names[i];
    if (part === undefined || name === undefined) return true;
    if (!part.matches(name)) return false;
  }
  return true;
}
