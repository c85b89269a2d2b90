import { CadanganError, isCode, passwordFromBytes, passwordFromText, type Environment, type Password } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import type { Audience } from './audience.ts';
import type { PasswordAnswer, PasswordParams } from './protocol.ts';
import { repositoryKey, repositoryKeyIfAny } from './repository-key.ts';
import { unattendedPassword } from './unattended-password.ts';

export interface PasswordsOptions {
  /** Asks a client, or all of them for what they have stored; undefined when nobody can say. */
  readonly ask: (params: PasswordParams, client: Audience | undefined) => Promise<PasswordAnswer>;
  /** The sets as they are configured now. */
  readonly sets: () => readonly BackupSet[];
  readonly environment: Environment;
  /** A copy has the password of its original, and is asked for by that one's name. */
  readonly originalOf?: (location: string) => string;
}

export interface PasswordWish {
  /** A person is waiting and may be asked. */
  readonly mayAsk: boolean;
  /** Who wants it: nobody else is asked for a secret. Undefined: nobody in particular, as at night. */
  readonly client?: Audience | undefined;
  /** Who wants it was given a password, which counts more than what is configured. */
  readonly asksFirst?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Somebody who types wrongly three times needs to go and look. */
const typedAttemptsMax = 3;
/** Shorter ones would tear words apart that have nothing to do with them. */
const scrubbedLengthMin = 4;

/** Finds the passwords of repositories. They stay in this process's memory, and nowhere else. */
export class Passwords {
  readonly #options: PasswordsOptions;
  /** Those that have opened their repository. */
  readonly #proven = new Map<string, Password>();
  /** Every one that was ever tried here, as it would stand in a text. */
  readonly #seen = new Set<string>();

  constructor(options: PasswordsOptions) {
    this.#options = options;
  }

  /**
   * Opens something with the repository's password: as the configuration has it, else as it opened before, else as the window says.
   * @param open throws `repository.wrong-password` for a wrong one
   * @throws what `open` throws; `password.missing` when nobody knows it
   */
  async open<T>(
    location: string,
    { mayAsk, client, asksFirst, signal }: PasswordWish,
    open: (password: Password) => Promise<T>,
  ): Promise<T> {
    const original = this.#originalOf(location);
    const key = repositoryKey(original);
    const attempt = async (password: Password): Promise<T> => {
      this.#see(password);
      const opened = await open(password);
      this.#proven.set(key, password);
      return opened;
    };
    if (asksFirst) return this.#openAsking(original, { mayAsk, client, attemptsMax: 1 }, attempt);
    const set = this.#options
      .sets()
      .find(
        ({ repository }) =>
          repositoryKeyIfAny(repository.location) === key && (repository.passwordFile ?? repository.passwordCommand) !== undefined,
      );
    const unattended = set && (await unattendedPassword(set.repository, this.#options.environment, signal));
    if (unattended !== undefined) return attempt(unattended);
    const proven = this.#proven.get(key);
    if (proven !== undefined) {
      const opened = await unlessWrong(attempt(proven));
      if (opened !== wrong) return opened;
      this.#proven.delete(key);
    }
    return this.#openAsking(original, { mayAsk, client }, attempt);
  }

  /** The one that opened the repository last. */
  proven(location: string): Password | undefined {
    return this.#proven.get(repositoryKey(this.#originalOf(location)));
  }

  forget(location: string): void {
    this.#proven.delete(repositoryKey(this.#originalOf(location)));
  }

  /** A password that was just made. */
  remember(location: string, password: Password): void {
    this.#see(password);
    this.#proven.set(repositoryKey(this.#originalOf(location)), password);
  }

  /** The text without any password that was used here, whatever way it may have got into it. */
  readonly scrub = (text: string): string => {
    let scrubbed = text;
    for (const password of this.#seen) if (password.length >= scrubbedLengthMin) scrubbed = scrubbed.replaceAll(password, '***');
    return scrubbed;
  };

  /** Whatever program of ours or another's prints it decodes it in one of these ways. */
  #see(password: Password): void {
    for (const encoding of ['utf8', 'latin1'] as const) this.#seen.add(Buffer.from(password).toString(encoding));
  }

  #originalOf(location: string): string {
    return this.#options.originalOf?.(location) ?? location;
  }

  async #openAsking<T>(
    location: string,
    { mayAsk, client, attemptsMax = typedAttemptsMax }: Omit<PasswordWish, 'signal'> & { readonly attemptsMax?: number },
    attempt: (password: Password) => Promise<T>,
  ): Promise<T> {
    for (let tried = 0; ; tried++) {
      const password = await this.#options.ask({ location, wasWrong: tried > 0, mayAsk }, client);
      if (password === undefined || password.length === 0) throw new CadanganError('password.missing', { location });
      try {
        return await attempt(passwordOf(password));
      } catch (error) {
        if (!mayAsk || tried + 1 >= attemptsMax || !isCode(error, 'repository.wrong-password')) throw error;
      }
    }
  }
}

function passwordOf(answer: NonNullable<PasswordAnswer>): Password {
  return typeof answer === 'string' ? passwordFromText(answer) : passwordFromBytes(answer);
}

const wrong = Symbol('wrong');

async function unlessWrong<T>(opening: Promise<T>): Promise<T | typeof wrong> {
  try {
    return await opening;
  } catch (error) {
    if (isCode(error, 'repository.wrong-password')) return wrong;
    throw error;
  }
}
