import { byteStringFromText, textOf, type ByteString } from './byte-string.ts';
import { machinePath, type PathRules } from './machine-path.ts';
import { system } from './system.ts';
import { parseWindowsPath, type WindowsPath } from './windows-path.ts';

/** The path of a snapshot's root. */
export const snapshotRoot = '/' as ByteString;

/**
 * Where a path of this machine stands in its snapshots: `C:\srv` as `/C/srv`, `\\server\share` as `/server/share`. A path of a snapshot
 * stays what it is.
 */
export function snapshotPathOf(path: string, windows = system.isWindows): ByteString {
  const parsed = windows ? parseWindowsPath(path) : undefined;
  if (parsed?.kind === 'unusable' || parsed?.kind === 'of-drive' || isServerLikeDrive(parsed))
    return byteStringFromText(`/${path.replaceAll('/', '\\')}`); // one name, which no snapshot has
  const rest = parsed?.rest ?? path;
  const rootNames = parsed?.kind === 'absolute' ? parsed.rootNames : [];
  const names = [...rootNames, ...rest.split('/')].filter((name) => name !== '' && name !== '.');
  return byteStringFromText(`/${names.join('/')}`);
}

/**
 * A path of a snapshot as somebody types it, behind `SNAPSHOT:` say. On Windows it may be one of this machine, and have `\` between its
 * names; what begins with one `/` is as `ls` prints it. @throws `path.unsupported`
 */
export function typedSnapshotPath(text: string, rules: Partial<PathRules> = {}): string {
  const { windows = system.isWindows } = rules;
  if (!windows || text === '' || /^\/(?!\/)/.test(text)) return text;
  const { kind } = parseWindowsPath(text);
  if (kind === 'relative' || kind === 'of-root') return text.replaceAll('\\', '/');
  return textOf(snapshotPathOf(machinePath(text, rules), windows));
}

/** In a snapshot a server named by one letter would be a drive. */
function isServerLikeDrive(parsed: WindowsPath | undefined): boolean {
  return parsed?.kind === 'absolute' && parsed.rootNames.length > 1 && /^[A-Za-z]$/.test(parsed.rootNames[0] ?? '');
}

/** The other way. On Windows a first name of one letter is a drive, any other a server; restic writes `\\server\share` as one name. */
export function machinePathOf(path: ByteString, windows = system.isWindows): string {
  const text = textOf(path);
  if (!windows) return text;
  const [first = '', ...rest] = text.split('/').filter((name) => name !== '');
  if (/^[A-Za-z]$/.test(first)) return `${first.toUpperCase()}:\\${rest.join('\\')}`;
  return [first.startsWith('\\\\') ? first : `\\\\${first}`, ...rest].join('\\');
}

/** For people: a path to read from, in which names are joined with `/` on every system, as the system writes it. Not reversible. */
export function shownPathOf(path: ByteString, windows = system.isWindows): string {
  return windows ? textOf(path).replaceAll('/', '\\') : textOf(path);
}

/** Whether a source of a snapshot can be a path of this machine. */
export function isMachinePath(source: string, windows = system.isWindows): boolean {
  return windows ? parseWindowsPath(source).kind === 'absolute' : source.startsWith('/');
}

/**
 * Whether a path of a snapshot names something of this machine. On Windows neither the root, which holds the drives and servers, nor a
 * server does.
 */
export function hasMachinePath(path: ByteString, windows = system.isWindows): boolean {
  if (!windows) return true;
  const [first = '', second] = path.split('/').filter((name) => name !== '');
  return second !== undefined || /^[A-Za-z]$/.test(first) || first.startsWith('\\\\');
}

/** The names that a path consists of. Empty ones and a trailing `/` mean nothing. */
export function namesOf(path: ByteString): ByteString[] {
  return path.split('/').filter((name): name is ByteString => name !== '');
}

/** What is left of `path` below `folder`, beginning with `/`. The path must lie in the folder. */
export function pathBelow(folder: ByteString, path: ByteString): ByteString {
  return folder === snapshotRoot ? path : (path.slice(folder.length) as ByteString);
}

export function parentOf(path: ByteString): ByteString {
  return (path.slice(0, path.lastIndexOf('/')) || '/') as ByteString;
}

/** The highest folder of this machine above a path of a snapshot: `/`, on Windows a drive or a share. */
export function rootOf(path: ByteString, windows = system.isWindows): ByteString {
  if (!windows) return snapshotRoot;
  const [first = '', second] = path.split('/').filter((name) => name !== '');
  return (/^[A-Za-z]$/.test(first) || first.startsWith('\\\\') || second === undefined ? `/${first}` : `/${first}/${second}`) as ByteString;
}

/** A pattern of restic's that fits exactly this path. In names that are not UTF-8 a star stands for the bytes that are no text. */
export function literalPattern(path: ByteString, windows = system.isWindows): string {
  const isText = byteStringFromText(textOf(path)) === path;
  if (!isText) return escaped(path.replace(/[\x80-\xff]+/g, '\0') as string, windows).replaceAll('\0', '*');
  return escaped(textOf(path), windows);
}

function escaped(text: string, windows: boolean): string {
  return text.replace(/[*?[\\]/g, (char) => (char === '\\' ? (windows ? '?' : '\\\\') : `[${char}]`));
}
