import {
  CadanganError,
  isCode,
  passwordFromBytes,
  passwordFromText,
  wipePassword,
  type Environment,
  type Password,
  type Random,
} from '../platform/index.ts';
import type { ProgramVet } from '../jobs/index.ts';
import type { BackupSet } from '../settings/index.ts';
import type { Audience } from './audience.ts';
import type { PasswordAnswer, PasswordParams } from './protocol.ts';
import { repositoryKey, repositoryKeyIfAny } from './repository-key.ts';
import { SecretMarks } from './secret-marks.ts';
import { unattendedPassword } from './unattended-password.ts';

export interface PasswordsOptions {
  /** Asks a client, or all of them for what they have stored; undefined when nobody can say. @throws `aborted` */
  readonly ask: (params: PasswordParams, client: Audience | undefined, signal: AbortSignal) => Promise<PasswordAnswer>;
  /** The sets as they are configured now. */
  readonly sets: () => readonly BackupSet[];
  readonly environment: Environment;
  readonly vetProgram?: ProgramVet | undefined;
  readonly random: Random;
  /** A copy has the password of its original, and is asked for by that one's name. */
  readonly originalOf?: (location: string) => string;
}

export interface PasswordWish {
  /** A person is waiting and may be asked. */
  readonly mayAsk: boolean;
  /** Who wants it: nobody else is asked for a secret. Undefined: nobody in particular, as at night. */
  readonly client?: Audience | undefined;
  /** Came with the wish, and is tried before anybody is asked. It stays the caller's, who wipes it. */
  readonly given?: Password | undefined;
  /** The client has a password that counts more than what is configured. */
  readonly asksFirst?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Somebody who types wrongly three times needs to go and look. */
const attemptsMax = 3;

/**
 * Finds the passwords of repositories, each time anew: they live as long as something is opened with them, and are wiped then. What remains
 * of one that has opened a repository is a mark, by which it is kept out of texts.
 */
export class Passwords {
  readonly #options: PasswordsOptions;
  readonly #marks: SecretMarks;

  constructor(options: PasswordsOptions) {
    this.#options = options;
    this.#marks = new SecretMarks(options.random);
  }

  /**
   * Opens something with the repository's password: as the configuration has it, else as it was given, else as the client says.
   * @param open throws `repository.wrong-password` for a wrong one; the password is gone when it has ended
   * @throws what `open` throws; `password.missing` when nobody knows it; `aborted`
   */
  async open<T>(location: string, wish: PasswordWish, open: (password: Password) => Promise<T>): Promise<T> {
    const original = this.#options.originalOf?.(location) ?? location;
    const unattended = wish.asksFirst ? undefined : await this.#unattended(original, wish.signal);
    if (unattended !== undefined) return onceWith(unattended, open);
    return wish.given === undefined ? this.#openAsking(original, wish, open) : open(wish.given);
  }

  /** No text that leaves shows this password, until what is returned is disposed of. */
  mark(password: Password): Disposable {
    return this.#marks.add(password);
  }

  /** The text without the passwords of what is open, whatever way they may have got into it. */
  get scrub(): (text: string) => string {
    return this.#marks.scrub;
  }

  async #unattended(original: string, signal: AbortSignal): Promise<Password | undefined> {
    const key = repositoryKey(original);
    const set = this.#options
      .sets()
      .find(
        ({ repository }) =>
          repositoryKeyIfAny(repository.location) === key && (repository.passwordFile ?? repository.passwordCommand) !== undefined,
      );
    return set && unattendedPassword(set.repository, this.#options.environment, signal, this.#options.vetProgram);
  }

  async #openAsking<T>(location: string, wish: PasswordWish, open: (password: Password) => Promise<T>): Promise<T> {
    const { mayAsk, client, asksFirst, signal } = wish;
    let wrong: CadanganError | undefined;
    for (let tried = 0; ; tried++) {
      const answer = await this.#options.ask({ location, wasWrong: tried > 0, mayAsk }, client, signal);
      // Who knows no other one than that has said all.
      if ((answer === undefined || answer.length === 0) && wrong) throw wrong;
      if (answer === undefined || answer.length === 0) throw new CadanganError('password.missing', { location });
      try {
        return await onceWith(typeof answer === 'string' ? passwordFromText(answer) : passwordFromBytes(answer), open);
      } catch (error) {
        // One that was given to a command does not become another by asking.
        if (!mayAsk || asksFirst || tried + 1 >= attemptsMax || !isCode(error, 'repository.wrong-password')) throw error;
        wrong = error;
      }
    }
  }
}

async function onceWith<T>(password: Password, open: (password: Password) => Promise<T>): Promise<T> {
  try {
    return await open(password);
  } finally {
    wipePassword(password);
  }
}
