import type { MessageConnection } from 'vscode-jsonrpc';
import { CadanganError, isAbort } from '../platform/index.ts';
import { Passwords, procedures, protocol, Session, type EngineWorld } from '../service/index.ts';
import { Channel } from './channel.ts';

/** Why the engine ends. */
export type EndReason = 'shutdown' | 'window-gone';

/** Stopping takes seconds. Beyond, something does not answer (a dead mount), and nobody is there to end us. */
const stopMsMax = 120_000;

/** The service on one connection: from the first message to the end. */
export class Engine {
  readonly #channel: Channel;
  readonly #world: EngineWorld;
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #ending: Promise<void> | undefined;
  #passwords: Passwords | undefined;
  readonly #onEnd: () => void;

  /** @param onEnd all has ended and is written down: the process may exit */
  constructor(connection: MessageConnection, world: EngineWorld, onEnd: () => void) {
    this.#world = world;
    this.#onEnd = onEnd;
    this.#channel = new Channel(connection, (text) => this.#passwords?.scrub(text) ?? text);
    // With a message it is one that could not be sent. To send what went wrong would fail too, in a circle that lets no other event
    // through, that of the closed channel included.
    connection.onError(([error, unsent]) => (unsent === undefined ? this.logError(error) : this.windowGone()));
    this.#channel.answer(protocol.initialize, (params) => this.#initialize(params));
    this.#channel.answer(protocol.shutdown, () => this.#shutDown());
    for (const { procedure, answer } of procedures)
      this.#channel.handle(procedure.name, async (params, call) => answer(this.#ready(), params, call));
  }

  /** Ends at the next safe point; when a set wants its scheduled run finished, after that. Safe to repeat. */
  end(reason: EndReason): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  /** There is nobody to speak with any more. Safe to repeat. */
  windowGone(): void {
    this.#channel.close();
    void this.end('window-gone');
  }

  /** For what nobody caught. */
  logError(error: unknown): void {
    this.#channel.log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  async #initialize(params: protocol.InitializeParams): Promise<protocol.InitializeResult> {
    if (this.#opening || this.#ending)
      throw new CadanganError('arguments.invalid', { argument: 'initialize', reason: 'it comes once, and first' });
    const { environment } = this.#world;
    this.#opening = Session.open(
      params,
      this.#world,
      this.#channel,
      (sets, originalOf) =>
        (this.#passwords = new Passwords({ ask: (wish) => this.#channel.ask(protocol.password, wish), sets, originalOf, environment })),
    );
    this.#session = await this.#opening;
    return this.#session.initializeResult;
  }

  #ready(): Session {
    if (!this.#session || this.#ending)
      throw new CadanganError('arguments.invalid', {
        argument: 'initialize',
        reason: this.#ending ? 'the engine is ending' : 'it comes first',
      });
    return this.#session;
  }

  /** Answers when all has ended. A run that is to be finished may take hours: then at once. */
  async #shutDown(): Promise<void> {
    const finishes = (await this.#session?.wantsToFinish()) ?? false;
    const ended = this.end('shutdown');
    if (!finishes) await ended;
  }

  async #end(reason: EndReason): Promise<void> {
    try {
      const session = await this.#opening?.catch(() => undefined);
      const finishes = (await session?.wantsToFinish()) ?? false;
      this.#channel.log('info', `the engine ends (${reason})${finishes ? ' when the scheduled run is done' : ''}`);
      const closing = session?.close(finishes ? 'finish' : 'stop');
      this.#channel.abandonQuestions(); // after what asks was stopped: then it was not for lack of an answer
      await this.#inTime(closing, finishes ? Infinity : stopMsMax);
    } finally {
      // The answer to `shutdown` leaves first.
      setImmediate(this.#onEnd);
    }
  }
  async #inTime(closing: Promise<void> | undefined, msMax: number): Promise<void> {
    if (!closing || msMax === Infinity) return await closing;
    const { clock } = this.#world;
    const giveUp = new AbortController();
    const patience = clock.sleep(msMax, giveUp.signal).catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
    try {
      await Promise.race([closing, patience]);
    } finally {
      giveUp.abort();
    }
  }
}
