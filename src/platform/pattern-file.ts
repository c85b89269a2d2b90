import { readFile } from './patient-files.ts';
import { encodingOf, textOfFile } from './byte-order-mark.ts';
import type { Environment } from './environment.ts';
import { CadanganError, systemCode } from './errors.ts';
import { compilePatterns, type PatternOptions } from './path-pattern.ts';
import { systemPath } from './raw-text.ts';

/**
 * Reads a file of patterns as restic's `--exclude-file` and `--include-file` do: one pattern a line, white space around
 * it dropped, empty lines and lines that begin with `#` left out, variables replaced (see `expandVariables`). UTF-8, or
 * UTF-16 with a byte order mark. A name that begins with `#` or `!` is written `[#]...`, `[!]...`.
 * @throws `arguments.invalid` with `file` and `reason`: not readable, not UTF-8, or (with `pattern`) a bad pattern
 */
export async function readPatternFile(file: string, environment: Environment, options: PatternOptions): Promise<string[]> {
  const patterns = parsePatternLines(decodeText(await readBytes(file), file), environment);
  try {
    compilePatterns(patterns, options);
  } catch (error) {
    if (!(error instanceof CadanganError)) throw error;
    throw new CadanganError(error.code, { file, ...error.facts }, { cause: error });
  }
  return patterns;
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(systemPath(file));
  } catch (cause) {
    throw new CadanganError('arguments.invalid', { file, reason: systemCode(cause) ?? 'unreadable' }, { cause });
  }
}

/** restic takes bytes that are not UTF-8 as they are. We refuse: a pattern that is read wrongly leaves out the wrong files. */
function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return textOfFile(bytes);
  } catch (cause) {
    throw new CadanganError('arguments.invalid', { file, reason: `not ${encodingOf(bytes).toUpperCase()} text` }, { cause });
  }
}

const outerSpace = /^\p{White_Space}+|\p{White_Space}+$/gu;

/** The patterns in the text of a pattern file. */
export function parsePatternLines(text: string, environment: Environment): string[] {
  return listedLines(text).map((line) => expandVariables(line, environment));
}

/** The lines of a list, without white space around them, empty ones and those that begin with `#`. */
export function listedLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(outerSpace, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** `$$`; `${name}`; a `${` without end; `$name`; `$1` and the shell's other one-character names. */
const variable = /\$(?:\{([^}]*)\}|(\{)|(\w+)|([*#$@!?-]))/g;

/**
 * Replaces `$name` and `${name}` by the variable's value, or by nothing where it is not set, and `$$` by `$`, as restic
 * does (Go's `os.Expand`). A `$` before anything else stays; a digit is a name by itself, so `$1a` is `$1` and `a`.
 */
export function expandVariables(text: string, environment: Environment): string {
  return text.replace(variable, (_whole, braced?: string, openBrace?: string, plain?: string, special?: string) => {
    if (openBrace !== undefined) return '';
    if (plain !== undefined && /^\d/.test(plain)) return valueOf(plain.slice(0, 1), environment) + plain.slice(1);
    return valueOf(braced ?? plain ?? special ?? '', environment);
  });
}

function valueOf(name: string, environment: Environment): string {
  return name === '$' ? '$' : (environment[name] ?? '');
}
