import type { z } from 'zod';
import { CadanganError } from '../../platform/index.ts';
import type { CopiesService, PastRun, ScheduleService } from '../schedule-service.ts';
import type { ScheduleEvent } from '../scheduler-events.ts';
import type { SetProgress, SetStatus } from '../set-status.ts';
import type { LineChannel } from './line-channel.ts';
import { answerSchemas, messageSchema, type Request } from './messages.ts';

export interface LeaderClientEvents {
  readonly onEvent?: (event: ScheduleEvent) => void;
  /** Of a guest: its run of the set is to be stopped. */
  readonly onStop?: (set: string) => void;
}

type Question = Request extends infer One ? (One extends Request ? Omit<One, 'id'> : never) : never;

interface Pending {
  readonly set: string | undefined;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: CadanganError) => void;
}

/**
 * A follower's end of the connection to the leader, after the greeting. Questions fail with `schedule.no-leader` when the leader goes away.
 */
export class LeaderClient implements ScheduleService {
  readonly #channel: LineChannel;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #isClosed = false;

  constructor(channel: LineChannel, events: LeaderClientEvents = {}) {
    this.#channel = channel;
    channel.receive((value) => this.#take(value, events));
    void channel.closed.then(() => this.#abandon());
  }

  status(): Promise<readonly SetStatus[]> {
    return this.#ask({ ask: 'status' }, answerSchemas.status);
  }

  run(set: string, trigger: 'manual' | 'catch-up', run?: string): Promise<'accepted' | 'running'> {
    return this.#ask({ ask: 'run', set, trigger, run }, answerSchemas.run);
  }

  stop(set: string): Promise<boolean> {
    return this.#ask({ ask: 'stop', set }, answerSchemas.stop);
  }

  async dismissMissed(set: string): Promise<void> {
    await this.#ask({ ask: 'dismiss', set }, answerSchemas.dismiss);
  }

  readonly copies: CopiesService = {
    states: () => this.#ask({ ask: 'copies' }, answerSchemas.copies),
    ask: (copy, wish, run) => this.#ask({ ask: 'copy', copy, wish, run }, answerSchemas.copy),
  };

  /** A run that this process makes. @returns false when the set runs already */
  adopt(set: string, startedMs: number): Promise<boolean> {
    return this.#ask({ ask: 'adopt', set, startedMs }, answerSchemas.adopt);
  }

  async progress(set: string, progress: SetProgress): Promise<void> {
    await this.#ask({ ask: 'progress', set, progress }, answerSchemas.done);
  }

  /** The end of a run that was adopted, or all of one that was not. */
  async end(run: PastRun): Promise<void> {
    await this.#ask({ ask: 'end', ...run }, answerSchemas.done);
  }

  get closed(): Promise<void> {
    return this.#channel.closed;
  }

  close(): void {
    this.#channel.close();
  }

  async #ask<Answer>(question: Question, schema: z.ZodType<Answer>): Promise<Answer> {
    if (this.#isClosed) throw noLeader('it ended');
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { set: 'set' in question ? question.set : undefined, resolve, reject });
    });
    this.#channel.send({ id, ...question });
    const parsed = schema.safeParse(await answer);
    if (!parsed.success) throw noLeader('its answer is not understood');
    return parsed.data;
  }

  #take(value: unknown, { onEvent, onStop }: LeaderClientEvents): void {
    const message = messageSchema.safeParse(value).data;
    if (!message) return; // of a newer leader
    if ('event' in message) return onEvent?.(message.event);
    if ('stop' in message) return onStop?.(message.stop);
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) pending?.reject(errorOf(message.error, pending.set));
    else pending?.resolve(message.answer);
  }

  #abandon(): void {
    this.#isClosed = true;
    for (const { reject } of this.#pending.values()) reject(noLeader('it ended'));
    this.#pending.clear();
  }
}

export function noLeader(reason: string): CadanganError {
  return new CadanganError('schedule.no-leader', { reason });
}

/** The one error that a question can meet by itself; the rest is the leader's trouble. */
function errorOf(error: { readonly code: string; readonly reason: string }, set: string | undefined): CadanganError {
  return error.code === 'set.unknown' ? new CadanganError('set.unknown', { set }) : noLeader(error.reason);
}
