import { spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { byteStringFromText, bytesOf, fsPath, joinBytes, type ByteString } from '../../src/platform/index.ts';

/** One kind of nastiness. `make` puts it somewhere under the zoo's folder; items do not know of each other. */
export interface ZooItem {
  readonly name: string;
  /** @throws `NotHere`, or a system error that says the same, where this machine cannot have such a thing */
  readonly make: (zoo: ByteString) => void | Promise<void>;
}

/** This machine cannot have it: an old file system, a missing program, a user without the right. */
export class NotHere extends Error {}

/** A folder of the zoo, made when needed. */
export function enclosure(zoo: ByteString, ...names: string[]): ByteString {
  const path = names.reduce<ByteString>((parent, name) => at(parent, name), zoo);
  mkdirSync(fsPath(path), { recursive: true });
  return path;
}

/** `name` is text, or the name's very bytes. */
export function at(folder: ByteString, name: string | Uint8Array): ByteString {
  return joinBytes(folder, typeof name === 'string' ? byteStringFromText(name) : (Buffer.from(name).toString('latin1') as ByteString));
}

export function put(path: ByteString, content: string | Uint8Array): ByteString {
  writeFileSync(fsPath(path), content, { flag: 'wx' });
  return path;
}

export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new NotHere('needs root');
}

/** The owner before the mode: changing the owner takes setuid and setgid away. */
export function give(path: ByteString, uid: number, gid: number, mode?: number): void {
  lchownSync(fsPath(path), uid, gid);
  if (mode !== undefined) setMode(path, mode);
}

export function setMode(path: ByteString, mode: number): void {
  chmodSync(fsPath(path), mode);
  const actual = lstatSync(fsPath(path)).mode & 0o7777;
  if (actual !== mode) throw new NotHere(`mode ${mode.toString(8)} became ${actual.toString(8)}`);
}

/** Runs a system program in `folder`; its arguments are bytes too. */
export function use(program: string, args: readonly string[], folder: ByteString): void {
  const ran = spawnSync(program, args, { cwd: bytesOf(folder).toString(), encoding: 'utf8' });
  if (ran.error) throw new NotHere(`no program ${program}`);
  if (ran.status !== 0) throw new NotHere(`${program}: ${ran.stderr.trim()}`);
}
