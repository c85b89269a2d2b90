import { isCode, throwIfAborted, type Clock, type Random } from '../platform/index.ts';
import { Attempts, type Patience, type Wait } from './attempts.ts';
import { DriveFault } from './fault.ts';
import type { HttpPlane } from '../http/index.ts';
import type { CallKind, Pacer } from './pacer.ts';
import type { GoogleSession } from './session.ts';

/** For error messages: what was attempted. */
export type CallFacts = Readonly<Record<string, string>>;

export interface WireParts {
  readonly plane: HttpPlane;
  readonly session: GoogleSession;
  readonly pacer: Pacer;
  readonly patience: Patience;
  readonly clock: Clock;
  readonly random: Random;
  readonly onWait?: ((wait: Wait) => void) | undefined;
}

/** What metadata calls, uploads and downloads have in common: a token, the pace, and patience. */
export class Wire {
  readonly plane: HttpPlane;
  readonly clock: Clock;
  readonly #parts: WireParts;

  constructor(parts: WireParts) {
    this.#parts = parts;
    this.plane = parts.plane;
    this.clock = parts.clock;
  }

  attempts(facts: CallFacts, signal: AbortSignal | undefined): Attempts {
    return new Attempts(this.#parts, facts, signal);
  }

  /** One request: waits its turn, then does it with a token. @throws DriveFault, `aborted`, and what `GoogleSession.token` throws */
  async once<T>(kind: CallKind, signal: AbortSignal | undefined, request: (token: string) => Promise<T>): Promise<T> {
    await this.#parts.pacer.take(kind, signal);
    const token = await this.#parts.session.token(signal);
    try {
      return await request(token);
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof DriveFault && error.kind === 'token') this.#parts.session.drop(token);
      throw error;
    }
  }

  /**
   * One request, repeated while that makes sense. It must be one that may be repeated.
   * @throws the `CadanganError` for the last fault; `aborted`
   */
  async call<T>(kind: CallKind, facts: CallFacts, signal: AbortSignal | undefined, request: (token: string) => Promise<T>): Promise<T> {
    for (const attempts = this.attempts(facts, signal); ;) {
      try {
        return await this.once(kind, signal, request);
      } catch (error) {
        await this.recover(attempts, error);
      }
    }
  }

  /** Returns when the request may be tried again. @throws otherwise */
  async recover(attempts: Attempts, error: unknown): Promise<void> {
    if (!(error instanceof DriveFault)) throw error;
    if (error.kind === 'token' && attempts.mayRenewToken()) return;
    await attempts.failed(error);
  }

  /** A moment for something to appear, longer with each turn. @throws `aborted` */
  async pause(turn: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.clock.sleep(this.#parts.patience.firstWaitMsMax * 2 ** (turn - 1), signal);
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    }
  }

  /** Like `call`, but *gone* is an answer: undefined. */
  async callOrGone<T>(
    kind: CallKind,
    facts: CallFacts,
    signal: AbortSignal | undefined,
    request: (token: string) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.call(kind, facts, signal, request);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }
}

export function isGone(error: unknown): boolean {
  return isCode(error, 'drive.not-found');
}

/** What is not there is the folder itself: the repository's own, or the one that was written to. */
export function isFolderGone(error: unknown): boolean {
  return isCode(error, 'drive.not-found') && error.facts['missing'] === 'folder';
}
