import type { KeeperState } from '../offsite/index.ts';
import { isCode, type Clock } from '../platform/index.ts';
import type { Due, Task } from '../schedule/index.ts';
import { credentialStoreOf, signInTrouble } from './drive-account.ts';
import type { StoragePlace } from './storage-place.ts';

const everyMs = 3_000;

export interface SignInWatchOptions {
  readonly place: StoragePlace;
  readonly clock: Clock;
  /** Of whoever waits for somebody to sign in. */
  readonly state: () => KeeperState;
  /** The sign-in is another one. */
  readonly onSignIn: () => void;
}

/**
 * Looks every few seconds whether somebody has signed in, perhaps by the command line in another process, while a copy stands still for the
 * lack of it; at any other time it looks at nothing. To be woken when the copy's state is another.
 */
export class SignInWatch implements Task {
  readonly #options: SignInWatchOptions;
  /** Before the work that failed, then at each look. */
  #seen: string | undefined;

  constructor(options: SignInWatchOptions) {
    this.#options = options;
  }

  /** A work begins. Should it fail, another sign-in may come before that is known: it is another than this one. Never rejects. */
  async workBegins(): Promise<void> {
    this.#seen = await signInNow(this.#options.place).catch(() => undefined);
  }

  async look(): Promise<Due> {
    const { state, place, clock, onSignIn } = this.#options;
    const kind = state().trouble?.kind;
    if (kind !== 'signed-out' && kind !== 'wrong-account') return { atMs: Infinity };
    const before = this.#seen;
    this.#seen = await signInNow(place);
    if (before !== undefined && before !== this.#seen) onSignIn();
    return { atMs: Number(clock.nowNs() / 1_000_000n) + everyMs };
  }
}

/** What can be seen here of who is signed in, and with which program. Never shown: it has the token in it. */
async function signInNow(place: StoragePlace): Promise<string> {
  const trouble = await signInTrouble(place);
  const signIn = await credentialStoreOf(place)
    .load()
    .catch((error: unknown) => {
      if (isCode(error, 'drive.signed-out')) return undefined;
      throw error;
    });
  return JSON.stringify([trouble?.code, trouble?.facts, signIn]);
}
