import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { readFile, system, systemCode, type Environment } from '../../platform/index.ts';
import { matchesPatterns } from './known-hosts.ts';

/** Where ssh's files lie. */
export interface SshPlace {
  readonly home: string;
  /** `/etc/ssh`. */
  readonly systemFolder: string;
  readonly environment: Environment;
}

/** What somebody asks for: a host by the name that the configuration may explain. */
export interface SshTarget {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
}

/** How a host is reached, as ssh_config(5) has it. */
export interface SshSettings {
  /** As it was asked for. */
  readonly host: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  /** Absolute; those that ssh looks for by itself where none is named. */
  readonly identityFiles: readonly string[];
  readonly isIdentityNamed: boolean;
  /** Of the agent only the keys that are named. */
  readonly identitiesOnly: boolean;
  /** The agent's socket or pipe; undefined where there is none, or none is wanted. */
  readonly agent: string | undefined;
  /** The hosts on the way, first to last. */
  readonly jumps: readonly SshTarget[];
  /** New hosts are written into the first. */
  readonly knownHostsFiles: readonly string[];
  readonly systemKnownHostsFiles: readonly string[];
  /** Lists of keys that no host may have. */
  readonly revokedHostKeysFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  /** Nobody is asked about an unknown host. */
  readonly isStrict: boolean;
  readonly hashKnownHosts: boolean;
  /** A program that would connect in our place, which is not supported: where that stands. */
  readonly proxyCommand: string | undefined;
  /** What is written there and not heeded: `Match exec (~/.ssh/config:12)`. */
  readonly ignored: readonly string[];
}

const includeDepthMax = 16; // OpenSSH's READCONF_MAX_DEPTH
/** Of the OpenSSH that Windows comes with. */
const windowsAgent = '\\\\.\\pipe\\openssh-ssh-agent';
const identityNames = ['id_rsa', 'id_ecdsa', 'id_ed25519'];

/** That we do not heed them changes who or what is reached, or how strictly; of the others (forwarding, terminals) we have no use. */
const missed = new Set(
  (
    'bindaddress bindinterface canonicalizehostname canonicaldomains certificatefile casignaturealgorithms ciphers hostkeyalgorithms ' +
    'kexalgorithms knownhostscommand macs pkcs11provider pubkeyacceptedalgorithms pubkeyacceptedkeytypes addressfamily ' +
    'verifyhostkeydns proxyusefdpass preferredauthentications passwordauthentication pubkeyauthentication requiredrsasize'
  ).split(' '),
);

/**
 * What the user's and the machine's ssh_config say of a host. The first value of a setting is in force, as ssh has it. No program is run:
 * a block under `Match exec` is left out, and said to be.
 * @throws the system's error for a file that is there and cannot be read
 */
export async function sshSettings(target: SshTarget, place: SshPlace): Promise<SshSettings> {
  const reading = new Reading(target, place);
  await reading.file(join(place.home, '.ssh', 'config'), join(place.home, '.ssh'));
  await reading.file(join(place.systemFolder, 'ssh_config'), place.systemFolder);
  return reading.settings();
}

class Reading {
  readonly #target: SshTarget;
  readonly #place: SshPlace;
  /** By the setting's name in small letters; the first that was seen. */
  readonly #values = new Map<string, { readonly words: readonly string[]; readonly at: string }>();
  readonly #identityFiles = new Set<string>();
  readonly #ignored = new Set<string>();

  constructor(target: SshTarget, place: SshPlace) {
    this.#target = target;
    this.#place = place;
    if (target.user !== undefined) this.#values.set('user', { words: [target.user], at: 'location' });
    if (target.port !== undefined) this.#values.set('port', { words: [String(target.port)], at: 'location' });
  }

  /** @param base what relative names of Include are in */
  async file(path: string, base: string, depth = 0, isWanted = true): Promise<void> {
    const text = await textOf(path);
    if (text === undefined) return;
    let isActive = isWanted;
    for (const [i, line] of text.split(/\r?\n/).entries()) {
      const [key = '', ...words] = wordsOf(line);
      const at = `${this.#shortened(path)}:${i + 1}`;
      const name = key.toLowerCase();
      if (name === '' || words.length === 0) continue;
      if (name === 'host') isActive = isWanted && matchesPatterns(words, this.#target.host);
      else if (name === 'match') isActive = isWanted && this.#matches(words, at);
      else if (name === 'include') await this.#include(words, base, depth, isActive, at);
      else if (isActive) this.#take(name, words, at, key);
    }
  }

  settings(): SshSettings {
    const { host } = this.#target;
    const hostName = this.#expanded(this.#word('hostname') ?? host, { h: host });
    const port = portOf(this.#word('port')) ?? 22;
    const user = this.#word('user') ?? localUser();
    const hostKeyAlias = this.#word('hostkeyalias');
    const tokens = this.#tokens(hostName, port, user, hostKeyAlias);
    const pathOf = (text: string): string => this.#placeOf(this.#expanded(text, tokens));
    const ssh = join(this.#place.home, '.ssh');
    const named = [...this.#identityFiles].filter((file) => file.toLowerCase() !== 'none');
    const jump = this.#values.get('proxyjump')?.words.join(' ');
    const command = this.#values.get('proxycommand');
    return {
      host,
      hostName,
      port,
      user,
      identityFiles: this.#identityFiles.size > 0 ? named.map(pathOf) : identityNames.map((name) => join(ssh, name)),
      isIdentityNamed: named.length > 0,
      identitiesOnly: this.#isYes('identitiesonly'),
      agent: this.#agent(tokens),
      jumps: jump === undefined || jump.toLowerCase() === 'none' ? [] : jumpsOf(jump),
      knownHostsFiles: this.#files('userknownhostsfile', [join(ssh, 'known_hosts'), join(ssh, 'known_hosts2')], pathOf),
      systemKnownHostsFiles: this.#files(
        'globalknownhostsfile',
        ['ssh_known_hosts', 'ssh_known_hosts2'].map((name) => join(this.#place.systemFolder, name)),
        pathOf,
      ),
      revokedHostKeysFiles: this.#files('revokedhostkeys', [], pathOf),
      hostKeyAlias,
      isStrict: this.#isYes('stricthostkeychecking'),
      hashKnownHosts: this.#isYes('hashknownhosts'),
      proxyCommand: command === undefined || command.words[0]?.toLowerCase() === 'none' ? undefined : command.at,
      ignored: [...this.#ignored],
    };
  }

  #take(name: string, words: readonly string[], at: string, shown: string): void {
    if (name === 'identityfile') this.#identityFiles.add(words.join(' '));
    else if ((name === 'proxyjump' && this.#values.has('proxycommand')) || (name === 'proxycommand' && this.#values.has('proxyjump')))
      return;
    else if (missed.has(name)) {
      if (!/^(?:no|none)$/i.test(words[0] ?? '')) this.#ignored.add(`${shown} (${at})`);
    } else if (!this.#values.has(name)) this.#values.set(name, { words, at });
  }

  /** A condition that we cannot tell makes the block one that is not for us, and is said. */
  #matches(words: readonly string[], at: string): boolean {
    let isMatched = true;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? '';
      const isNegated = word.startsWith('!');
      const name = word.replace(/^!/, '').toLowerCase();
      if (name === 'all') continue;
      const patterns = (words[++i] ?? '').split(',');
      const value = this.#valueForMatch(name);
      if (value === undefined) {
        this.#ignored.add(`Match ${name} (${at})`);
        return false;
      }
      if (matchesPatterns(patterns, value) === isNegated) isMatched = false;
    }
    return isMatched;
  }

  #valueForMatch(name: string): string | undefined {
    switch (name) {
      case 'host':
        return this.#expanded(this.#word('hostname') ?? this.#target.host, { h: this.#target.host });
      case 'originalhost':
        return this.#target.host;
      case 'user':
        return this.#word('user') ?? localUser();
      case 'localuser':
        return localUser();
      default:
        return undefined;
    }
  }

  async #include(words: readonly string[], base: string, depth: number, isActive: boolean, at: string): Promise<void> {
    if (depth + 1 >= includeDepthMax) return void this.#ignored.add(`Include (${at})`);
    for (const word of words) {
      const path = this.#withHome(this.#expanded(word, {}));
      for (const file of await filesLike(isAbsolute(path) ? path : join(base, path))) await this.file(file, base, depth + 1, isActive);
    }
  }

  #agent(tokens: Readonly<Record<string, string>>): string | undefined {
    const named = this.#word('identityagent');
    const { SSH_AUTH_SOCK } = this.#place.environment;
    if (named === undefined || named === 'SSH_AUTH_SOCK') return SSH_AUTH_SOCK || (system.isWindows ? windowsAgent : undefined);
    if (named.toLowerCase() === 'none') return undefined;
    if (named.startsWith('$') && !named.startsWith('${')) return this.#place.environment[named.slice(1)] || undefined;
    return this.#placeOf(this.#expanded(named, tokens));
  }

  #files(name: string, otherwise: readonly string[], pathOf: (text: string) => string): string[] {
    const words = this.#values.get(name)?.words;
    if (words === undefined) return [...otherwise];
    return words[0]?.toLowerCase() === 'none' ? [] : words.map(pathOf);
  }

  #word(name: string): string | undefined {
    return this.#values.get(name)?.words[0];
  }

  #isYes(name: string): boolean {
    return ['yes', 'true'].includes(this.#word(name)?.toLowerCase() ?? '');
  }

  /** ssh_config(5), "TOKENS". */
  #tokens(hostName: string, port: number, user: string, alias: string | undefined): Readonly<Record<string, string>> {
    const local = hostname();
    const tokens = { h: hostName, p: String(port), r: user, n: this.#target.host, d: this.#place.home, u: localUser(), l: local };
    const jump = this.#values.get('proxyjump')?.words.join(' ') ?? '';
    return {
      ...tokens,
      L: local.split('.')[0] ?? local,
      i: String(process.getuid?.() ?? ''),
      j: jump,
      k: alias ?? this.#target.host,
      C: createHash('sha1').update(`${local}${hostName}${port}${user}${jump}`).digest('hex'),
    };
  }

  #expanded(text: string, tokens: Readonly<Record<string, string>>): string {
    return text
      .replace(/\$\{(\w+)\}/g, (whole, name: string) => this.#place.environment[name] ?? whole)
      .replace(/%(.)/g, (whole, token: string) => (token === '%' ? '%' : (tokens[token] ?? whole)));
  }

  /** Relative ones are seen from the home folder: the folder that a service happens to run in is nobody's. */
  #placeOf(text: string): string {
    const path = this.#withHome(text);
    return isAbsolute(path) ? path : join(this.#place.home, path);
  }

  #withHome(text: string): string {
    if (text === '~') return this.#place.home;
    return /^~[\\/]/.test(text) ? join(this.#place.home, text.slice(2)) : text;
  }

  #shortened(path: string): string {
    return path.startsWith(this.#place.home + sep) ? `~${path.slice(this.#place.home.length)}` : path;
  }
}

/** Words of a line, the setting's name first; `=` may stand behind it, `"` around words, and `#` begins a comment. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  const text = line.trim().replace(/^(\w+)\s*=\s*/, '$1 ');
  let [word, quote]: [string | undefined, string] = [undefined, ''];
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === '' && word === undefined && char === '#') return words;
    else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) [quote, word] = [char, word ?? ''];
    else if (char === '\\' && /["'\\]/.test(text.charAt(i + 1))) word = (word ?? '') + text.charAt(++i);
    else word = (word ?? '') + char;
  }
  return word === undefined ? words : [...words, word];
}

/** `[user@]host[:port]` or `ssh://…`, with commas between. What is none is left to fail as the host that it then is. */
export function jumpsOf(text: string): SshTarget[] {
  return text.split(',').map((hop) => {
    const [, login, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:(.*)@)?(?:\[([^\]]+)\]|([^:]*(?::[^:]*:.*)?))(?::(\d+))?\/?$/.exec(hop.trim()) ?? [];
    return { host: bracketed ?? plain ?? hop.trim(), user: login, port: portOf(port) };
  });
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text ?? NaN);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'root'; // a container may have no entry for whoever runs this
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** The files that a pattern of Include means, in the order of their names. */
async function filesLike(pattern: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return [pattern];
  const parent = dirname(pattern);
  const name = pattern.slice(parent.length).replace(/^[\\/]/, '');
  const found: string[] = [];
  for (const folder of await filesLike(parent)) {
    const names = await readdir(folder).catch(() => []);
    const fitting = names.filter(
      (other) => matchesPatterns([name.replace(/^!/, '?')], other) && (name.startsWith('.') || !other.startsWith('.')),
    );
    found.push(...fitting.toSorted().map((other) => join(folder, other)));
  }
  return found;
}
