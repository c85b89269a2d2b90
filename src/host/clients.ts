import { orAborted, type Clock } from '../platform/index.ts';
import type { Audience, Notification, Procedure, protocol } from '../service/index.ts';
import type { HostLog } from './log-file.ts';

/** A window that starts a host connects to it a moment after the schedule begins, and one that is reloaded comes back. */
const comeMsMax = 10_000;

/** All who are connected: what happens is told to each of them. */
export class Clients implements Audience {
  readonly #each = new Set<Audience>();
  readonly #log: HostLog;
  readonly #clock: Clock;
  #someone = Promise.withResolvers<void>();

  constructor(log: HostLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  get count(): number {
    return this.#each.size;
  }

  add(client: Audience): void {
    this.#each.add(client);
    this.#someone.resolve();
  }

  remove(client: Audience): void {
    this.#each.delete(client);
    if (this.#each.size === 0) this.#someone = Promise.withResolvers();
  }

  tell<Params>(notification: Notification<Params>, params: NoInfer<Params>): void {
    for (const client of this.#each) client.tell(notification, params);
  }

  /** One after the other, until somebody knows. Where nobody is, somebody may be about to come. */
  async ask<Params, Result>(
    question: Procedure<Params, Result>,
    params: NoInfer<Params>,
    signal?: AbortSignal,
  ): Promise<Result | undefined> {
    await this.#untilSomeone(signal);
    for (const client of this.#each) {
      const answer = await client.ask(question, params, signal);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async #untilSomeone(signal: AbortSignal | undefined): Promise<void> {
    if (this.#each.size > 0) return;
    const patience = new AbortController();
    const waited = Promise.race([this.#someone.promise, this.#clock.sleep(comeMsMax, patience.signal).catch(() => undefined)]);
    await orAborted(waited, signal).finally(() => patience.abort());
  }

  log(level: protocol.LogLine['level'], message: string): void {
    this.#log(level, message);
    for (const client of this.#each) client.log(level, message);
  }
}

/**
 * A client that is told what happens and is asked for nothing: who may do little here is believed little, and a password of his would count
 * for everybody. What a log says is for administrators.
 */
export function onlyTold(client: Audience): Audience {
  return {
    tell: (notification, params) => client.tell(notification, params),
    ask: async () => undefined,
    log: () => undefined,
  };
}
