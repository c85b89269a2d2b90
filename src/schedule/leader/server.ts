import type { Socket } from 'node:net';
import { CadanganError } from '../../platform/index.ts';
import type { ScheduleService } from '../schedule-service.ts';
import type { ScheduleEvent } from '../scheduler-events.ts';
import { greet, type Credentials } from './handshake.ts';
import { LineChannel } from './line-channel.ts';
import { requestSchema, type Request } from './messages.ts';

/** The leader's end of all connections: answers what followers ask, and tells them what happens. */
export class LeaderServer {
  readonly #credentials: Credentials;
  readonly #service: Promise<ScheduleService>;
  readonly #channels = new Set<LineChannel>();
  /** Those that proved who they are. */
  readonly #followers = new Set<LineChannel>();

  /** @param service questions wait until it is there */
  constructor(credentials: Credentials, service: Promise<ScheduleService>) {
    this.#credentials = credentials;
    this.#service = service;
  }

  async accept(socket: Socket): Promise<void> {
    const channel = new LineChannel(socket);
    this.#channels.add(channel);
    void channel.closed.then(() => {
      this.#channels.delete(channel);
      this.#followers.delete(channel);
    });
    const peer = await greet(channel, 'leader', this.#credentials);
    if (typeof peer === 'string') return channel.end();
    this.#followers.add(channel);
    channel.receive((value) => void this.#answer(channel, value));
  }

  broadcast(event: ScheduleEvent): void {
    for (const follower of this.#followers) follower.send({ event });
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  async #answer(channel: LineChannel, value: unknown): Promise<void> {
    const request = requestSchema.safeParse(value).data;
    if (!request) return channel.close();
    try {
      channel.send({ id: request.id, answer: await answerOf(await this.#service, request) });
    } catch (error) {
      const code = error instanceof CadanganError ? error.code : 'internal';
      channel.send({ id: request.id, error: { code, reason: error instanceof Error ? error.message : String(error) } });
    }
  }
}

async function answerOf(service: ScheduleService, request: Request): Promise<unknown> {
  switch (request.ask) {
    case 'status':
      return service.status();
    case 'run':
      return service.run(request.set, request.trigger);
    case 'stop':
      return service.stop(request.set);
    case 'dismiss':
      await service.dismissMissed(request.set);
      return null;
  }
}
