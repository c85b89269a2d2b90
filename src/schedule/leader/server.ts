import type { Socket } from 'node:net';
import { CadanganError } from '../../platform/index.ts';
import type { AdoptedRun, LeadingService } from '../schedule-service.ts';
import type { ScheduleEvent } from '../scheduler-events.ts';
import { greet, type Credentials, type Peer } from './handshake.ts';
import { LineChannel } from './line-channel.ts';
import { requestSchema, type Request } from './messages.ts';

/** Somebody who proved who they are. */
interface Follower {
  readonly channel: LineChannel;
  readonly peer: Peer;
  /** By set: the runs that it makes as a guest. */
  readonly runs: Map<string, AdoptedRun>;
}

/** The leader's end of all connections: answers what followers ask, and tells them what happens. */
export class LeaderServer {
  readonly #credentials: Credentials;
  readonly #service: Promise<LeadingService>;
  readonly #channels = new Set<LineChannel>();
  readonly #followers = new Set<Follower>();

  /** @param service questions wait until it is there */
  constructor(credentials: Credentials, service: Promise<LeadingService>) {
    this.#credentials = credentials;
    this.#service = service;
  }

  async accept(socket: Socket): Promise<void> {
    const channel = new LineChannel(socket);
    this.#channels.add(channel);
    void channel.closed.then(() => this.#channels.delete(channel));
    const peer = await greet(channel, 'leader', this.#credentials);
    if (typeof peer === 'string') return channel.end();
    const follower: Follower = { channel, peer, runs: new Map() };
    this.#followers.add(follower);
    void channel.closed.then(() => {
      this.#followers.delete(follower);
      for (const run of follower.runs.values()) run.lose();
    });
    channel.receive((value) => void this.#answer(follower, value));
  }

  broadcast(event: ScheduleEvent): void {
    for (const { channel } of this.#followers) channel.send({ event });
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  async #answer(follower: Follower, value: unknown): Promise<void> {
    const { channel } = follower;
    const request = requestSchema.safeParse(value).data;
    if (!request) return channel.close();
    try {
      channel.send({ id: request.id, answer: await answerOf(await this.#service, request, follower) });
    } catch (error) {
      const code = error instanceof CadanganError ? error.code : 'internal';
      channel.send({ id: request.id, error: { code, reason: error instanceof Error ? error.message : String(error) } });
    }
  }
}

async function answerOf(service: LeadingService, request: Request, follower: Follower): Promise<unknown> {
  switch (request.ask) {
    case 'status':
      return service.status();
    case 'run':
      return service.run(request.set, request.trigger, request.run);
    case 'stop':
      return service.stop(request.set);
    case 'dismiss':
      await service.dismissMissed(request.set);
      return null;
    case 'copies':
      return (await service.copies?.states()) ?? {};
    case 'copy':
      return (await service.copies?.ask(request.copy, request.wish, request.run)) ?? null;
    case 'adopt':
      return adopt(service, request, follower);
    case 'progress':
      follower.runs.get(request.set)?.progress(request.progress);
      return null;
    case 'end': {
      const { set, startedMs, endedMs, outcome } = request;
      const run = follower.runs.get(set);
      follower.runs.delete(set);
      if (run) run.end(outcome);
      else await service.noteRun({ set, startedMs, endedMs, outcome });
      return null;
    }
  }
}

async function adopt(
  service: LeadingService,
  { set, startedMs }: Extract<Request, { ask: 'adopt' }>,
  { channel, peer, runs }: Follower,
): Promise<boolean> {
  const run = await service.adopt({ set, startedMs, pid: peer.pid, onStop: () => channel.send({ stop: set }) });
  if (!run) return false;
  runs.set(set, run);
  if (channel.isClosed) run.lose(); // it was gone before we knew of its run
  return true;
}
