import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { system } from '../platform/index.ts';

/** Names of users and groups, which restic stores beside the numbers. */
export interface AccountNames {
  /** Empty when the system knows none. */
  user(uid: number): string;
  group(gid: number): string;
}

/**
 * The names of this system, each looked up once: `/etc/passwd` and `/etc/group`, and `getent` for numbers that are not there (accounts of
 * a directory service). Node itself can name only the user who runs it.
 */
export function systemAccountNames(): AccountNames {
  if (!system.hasModes) return { user: () => '', group: () => '' };
  const users = new Directory('passwd');
  const groups = new Directory('group');
  return { user: (uid) => users.name(uid), group: (gid) => groups.name(gid) };
}

class Directory {
  readonly #database: 'passwd' | 'group';
  #names: Map<number, string> | undefined;

  constructor(database: 'passwd' | 'group') {
    this.#database = database;
  }

  name(id: number): string {
    this.#names ??= parseNames(readOrEmpty(`/etc/${this.#database}`));
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const asked = parseNames(askSystem(this.#database, id)).get(id) ?? '';
    this.#names.set(id, asked);
    return asked;
  }
}

/** `name:password:id:…` a line, in both files. The first line of a number counts. */
function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name && id && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function askSystem(database: string, id: number): string {
  try {
    return execFileSync('getent', [database, String(id)], { encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return ''; // no such entry, or no such command
  }
}
