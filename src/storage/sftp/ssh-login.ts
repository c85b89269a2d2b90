import type { AnyAuthMethod, BaseAgent, ParsedKey } from 'ssh2';
import { readFile } from '../../platform/index.ts';
import type { SftpAccess } from './sftp-access.ts';
import type { SshSettings } from './ssh-config.ts';
import type { ConfirmedHosts } from './ssh-host-check.ts';

/** The library, which is loaded when it is first needed: that takes a twentieth of a second. */
export type Ssh2 = typeof import('ssh2');

const passphraseTries = 3;
const agentMsMax = 10_000;

/** What was typed in and confirmed, for further connections to the same server. It never leaves this object but to be used. */
export class TypedSecrets {
  readonly keys = new Map<string, ParsedKey>();
  readonly hosts: ConfirmedHosts = new Map();
  password: string | undefined;
}

/** One way to show who we are; `needs` is the protocol's name for it (RFC 4252). */
interface Proof {
  readonly needs: 'publickey' | 'password' | 'keyboard-interactive';
  readonly label: string;
  /** Undefined where there is nothing to show after all. */
  make(): Promise<AnyAuthMethod | undefined>;
}

export interface LoginOptions {
  readonly ssh2: Ssh2;
  readonly settings: SshSettings;
  readonly access: SftpAccess;
  readonly secrets: TypedSecrets;
  /** Whether this is where the files lie, and not a host on the way there. */
  readonly isServer: boolean;
}

/** Logs in to one host: keys of the agent, keys in files, then a password, each only where the server takes such. */
export class SshLogin {
  readonly #options: LoginOptions;
  /** What was shown to the server, for messages: `agent`, the file of a key, `password`. */
  readonly tried: string[] = [];
  #proofs: Proof[] | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /**
   * What to show next. Nothing at first, so that the server tells what it takes and nobody is asked for a passphrase in vain.
   * @param taken the methods that the server takes still; null before the first. @returns false when there is nothing more to show
   */
  async next(taken: readonly string[] | null): Promise<AnyAuthMethod | false> {
    if (taken === null) return { type: 'none', username: this.#options.settings.user };
    this.#proofs ??= await this.#allProofs();
    for (;;) {
      const at = this.#proofs.findIndex(({ needs }) => taken.includes(needs));
      if (at < 0) return false;
      const [proof] = this.#proofs.splice(at, 1);
      const method = await proof?.make();
      if (proof === undefined || method === undefined) continue;
      this.tried.push(proof.label);
      return method;
    }
  }

  async #allProofs(): Promise<Proof[]> {
    const { settings, access, isServer } = this.#options;
    const offered = await this.#agentKeys();
    const inAgent = new Set(offered.keys.map((key) => publicText(key)));
    const files: Proof[] = [];
    for (const file of this.#identityFiles()) {
      const known = await this.#publicKeyOf(file);
      if (known !== undefined && inAgent.has(publicText(known))) continue;
      files.push({ needs: 'publickey', label: file, make: () => this.#keyProof(file) });
    }
    const username = settings.user;
    const { agent } = offered;
    const ofAgent: Proof[] =
      agent === undefined ? [] : [{ needs: 'publickey', label: 'agent', make: async () => ({ type: 'agent', username, agent }) }];
    return [...ofAgent, ...files, ...(isServer && access.password ? this.#passwordProofs() : [])];
  }

  #identityFiles(): readonly string[] {
    const { settings, access } = this.#options;
    return access.identityFile === undefined ? settings.identityFiles : [access.identityFile];
  }

  /** Those that the configuration names come first, since a server hears out few; where only named ones are wanted, no others do. */
  async #agentKeys(): Promise<{ readonly agent?: BaseAgent; readonly keys: ParsedKey[] }> {
    const { ssh2, settings, access } = this.#options;
    if (settings.agent === undefined) return { keys: [] };
    const agent = ssh2.createAgent(settings.agent);
    const all = await identitiesOf(agent);
    const named: ParsedKey[] = [];
    for (const file of this.#identityFiles()) {
      const known = await this.#publicKeyOf(file);
      named.push(...all.filter((key) => known !== undefined && publicText(key) === publicText(known)));
    }
    const onlyNamed = settings.identitiesOnly || access.identityFile !== undefined;
    const keys = onlyNamed ? named : [...named, ...all.filter((key) => !named.includes(key))];
    if (keys.length === 0) return { keys };
    agent.getIdentities = (callback) => callback(null, keys);
    return { agent, keys };
  }

  /** From `file.pub`, or from the file itself where it is no secret: so the agent's keys are told apart without a passphrase. */
  async #publicKeyOf(file: string): Promise<ParsedKey | undefined> {
    for (const path of [`${file}.pub`, file]) {
      const key = this.#parsed(await bytesOf(path));
      if (key !== undefined && !(key instanceof Error)) return key;
    }
    return undefined;
  }

  async #keyProof(file: string): Promise<AnyAuthMethod | undefined> {
    const { secrets, settings } = this.#options;
    const key = secrets.keys.get(file) ?? (await this.#privateKey(file));
    if (key === undefined) return undefined;
    secrets.keys.set(file, key);
    return { type: 'publickey', username: settings.user, key };
  }

  async #privateKey(file: string): Promise<ParsedKey | undefined> {
    const bytes = await bytesOf(file);
    let key = this.#parsed(bytes);
    for (let tries = 0; key instanceof Error && needsPassphrase(key, tries) && tries < passphraseTries; tries++) {
      const passphrase = await this.#options.access.passphrase?.(file);
      if (passphrase === undefined) return undefined;
      key = this.#parsed(bytes, passphrase);
    }
    return key === undefined || key instanceof Error || !key.isPrivateKey() ? undefined : key;
  }

  #parsed(bytes: Buffer | undefined, passphrase?: string): ParsedKey | Error | undefined {
    if (bytes === undefined) return undefined;
    // Files of the newer format come as a list, which the types do not say.
    const parsed: ParsedKey | Error | readonly ParsedKey[] = this.#options.ssh2.utils.parseKey(bytes, passphrase);
    return Array.isArray(parsed) ? (parsed[0] as ParsedKey | undefined) : (parsed as ParsedKey | Error);
  }

  /** Many servers ask for a password by a question of their own (PAM); of those only a single one with hidden answer is for it. */
  #passwordProofs(): Proof[] {
    const username = this.#options.settings.user;
    return [
      {
        needs: 'password',
        label: 'password',
        make: async () => {
          const password = await this.#password();
          return password === undefined ? undefined : { type: 'password', username, password };
        },
      },
      {
        needs: 'keyboard-interactive',
        label: 'password, asked for by the server',
        make: async () => {
          const password = await this.#password();
          if (password === undefined) return undefined;
          return {
            type: 'keyboard-interactive',
            username,
            prompt: (_name, _instructions, _language, prompts, finish) => {
              const isPassword = prompts.length === 1 && prompts[0]?.echo !== true;
              finish(isPassword ? [password] : prompts.map(() => ''));
            },
          };
        },
      },
    ];
  }

  async #password(): Promise<string | undefined> {
    const { secrets, access } = this.#options;
    secrets.password ??= await access.password?.();
    return secrets.password;
  }
}

/** Without a passphrase the library says that there is none; a wrong one shows in other words, and is asked for again. */
function needsPassphrase(error: Error, tries: number): boolean {
  return tries > 0 || /encrypted .*no passphrase/i.test(error.message);
}

function publicText(key: ParsedKey): string {
  return key.getPublicSSH().toString('base64');
}

async function bytesOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined; // as for ssh, a key that cannot be had is none
  }
}

/** An agent that is not there, or says nothing, has no keys. */
function identitiesOf(agent: BaseAgent): Promise<ParsedKey[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve([]), agentMsMax);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      resolve(error ? [] : (keys ?? []).flatMap((key) => (isParsedKey(key) ? [key] : [])));
    });
  });
}

function isParsedKey(key: unknown): key is ParsedKey {
  return typeof key === 'object' && key !== null && 'getPublicSSH' in key;
}
