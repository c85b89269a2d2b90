import { readFileSync, readlinkSync } from 'node:fs';
import { CadanganError, rawTextOf, system } from '../platform/index.ts';

/** The parts of `/proc/self` (proc(5)) that hold what Node has decoded; undefined where there is no such thing. */
export interface OwnProcess {
  readonly commandLine: () => Uint8Array | undefined;
  readonly workingFolder: () => Uint8Array | undefined;
}

/**
 * The arguments with the bytes that they have (see `rawTextOf`). Node decodes them as UTF-8, so that a name in another encoding comes as
 * that of its neighbour with U+FFFD in it; Linux has them as they were given, behind those of Node itself.
 * @param decoded of Node, without the names of node and the script. @throws `arguments.invalid` where their bytes cannot be known
 */
export function rawArguments(decoded: readonly string[], { commandLine }: OwnProcess = ownProcess): readonly string[] {
  if (!decoded.some(isDoubtful)) return decoded;
  const given = argumentsIn(commandLine() ?? new Uint8Array()).slice(-decoded.length);
  const isTheirs = given.length === decoded.length && given.every((bytes, at) => Buffer.from(bytes).toString('utf8') === decoded[at]);
  return isTheirs ? given.map(rawTextOf) : decoded.map(refuseDoubtful);
}

/** Likewise the folder that relative paths are seen from. @throws `arguments.invalid` */
export function rawWorkingFolder(decoded: string, { workingFolder }: OwnProcess = ownProcess): string {
  if (!isDoubtful(decoded)) return decoded;
  const bytes = workingFolder();
  return bytes === undefined ? refuseDoubtful(decoded) : rawTextOf(bytes);
}

/** macOS has no names that are no UTF-8, and the arguments of Windows are no bytes: there U+FFFD is what was written. */
function isDoubtful(text: string): boolean {
  return system.isLinux && text.includes('\ufffd');
}

function refuseDoubtful(text: string): string {
  if (isDoubtful(text))
    throw new CadanganError('arguments.invalid', { argument: text, reason: 'it is not UTF-8 text, and /proc cannot be read' });
  return text;
}

/** Each ends with a NUL. */
function argumentsIn(commandLine: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let from = 0; from < commandLine.length;) {
    const end = commandLine.indexOf(0, from);
    found.push(commandLine.subarray(from, end < 0 ? undefined : end));
    from = end < 0 ? commandLine.length : end + 1;
  }
  return found;
}

const ownProcess: OwnProcess = {
  commandLine: () => ifReadable(() => readFileSync('/proc/self/cmdline')),
  workingFolder: () => ifReadable(() => readlinkSync('/proc/self/cwd', 'buffer')),
};

function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
