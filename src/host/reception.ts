import type { Socket } from 'node:net';
import { CadanganError, inLocale, type Clock } from '../platform/index.ts';
import { protocol, type Answer, type Audience, type Service } from '../service/index.ts';
import { Channel } from './channel.ts';
import { onlyTold, type Clients } from './clients.ts';
import { greet, type Credentials, type Peer } from './handshake.ts';
import { MessageSocket } from './message-socket.ts';

export interface ReceptionOptions {
  readonly credentials: Credentials;
  readonly service: Service;
  readonly clients: Clients;
  readonly clock: Clock;
  readonly procedures: readonly Answer[];
  /** Who asks, by the system; what the client says of it counts only among processes of ours. */
  readonly userOf: (channel: Channel, said: string | undefined, peer: Peer) => Promise<string | undefined>;
  /** Its clients are processes of ours alone, which say why they cancel. */
  readonly believesReasons?: boolean;
  /** Somebody wants this process to end. @returns whether it does */
  readonly leaveFor: (peer: Peer) => boolean;
  /** How long to stay when nothing runs and the last client has gone. Undefined: for ever. */
  readonly lingerMs: number | undefined;
  /** It is over. */
  readonly onIdle: () => void;
}

/** At once; a greeting takes milliseconds. */
const strangersMax = 32;

/** Receives whoever connects to a process, has the service answer them, and knows when nobody needs the process any more. */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #connections = new Set<MessageSocket>();
  /** Who has not proven yet who they are. */
  readonly #strangers = new Set<MessageSocket>();
  #lingering: AbortController | undefined;
  #isEnding = false;
  #isClosed = false;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  async accept(socket: Socket): Promise<void> {
    const messages = new MessageSocket(socket);
    this.#makeRoom();
    this.#strangers.add(messages);
    const peer = await greet(messages, 'host', this.#options.credentials);
    this.#strangers.delete(messages);
    if (typeof peer === 'string' || this.#isEnding) return messages.end();
    this.#connections.add(messages);
    this.#stay();
    const { channel, audience } = this.#serve(messages, peer);
    await messages.closed;
    channel.close();
    channel.abandonQuestions();
    this.#options.clients.remove(audience);
    this.#connections.delete(messages);
    this.considerLeaving();
  }

  /** Something began or ended. */
  considerLeaving(): void {
    const { lingerMs, clock, onIdle } = this.#options;
    if (lingerMs === undefined || this.#isNeeded || this.#isClosed) return this.#stay();
    if (this.#lingering !== undefined) return; // something changed that needs nobody
    const lingering = new AbortController();
    this.#lingering = lingering;
    clock.sleep(lingerMs, lingering.signal).then(
      () => {
        this.#stay();
        if (!this.#isNeeded) onIdle();
      },
      () => undefined,
    );
  }

  /** What is asked from now on is for the next process. What was asked before is still answered. */
  beginNothing(): void {
    this.#isEnding = true;
  }

  /** Lets everybody go: those who are connected after what is still to be said to them. */
  close(): void {
    this.beginNothing();
    this.#isClosed = true;
    this.#stay();
    for (const connection of this.#connections) connection.end();
    for (const stranger of this.#strangers) stranger.close();
  }

  /** Something runs, or somebody is here. */
  get #isNeeded(): boolean {
    return this.#connections.size > 0 || this.#options.service.isBusy;
  }

  #stay(): void {
    this.#lingering?.abort();
    this.#lingering = undefined;
  }

  /** Any user of the machine may connect: who dawdles keeps nobody out. */
  #makeRoom(): void {
    const [oldest] = this.#strangers;
    if (oldest === undefined || this.#strangers.size < strangersMax) return;
    oldest.close();
    this.#strangers.delete(oldest);
  }

  /** Answers in the language that the client says at first. */
  #serve(messages: MessageSocket, peer: Peer): { readonly channel: Channel; readonly audience: Audience } {
    const { service, clients, procedures, userOf, leaveFor } = this.#options;
    const connection = messages.connection();
    const channel = new Channel(connection, { scrub: service.passwords.scrub, believesReasons: this.#options.believesReasons });
    const isMember = peer.isMember === true;
    const audience = isMember ? onlyTold(channel) : channel;
    let client: protocol.InitializeParams | undefined;
    connection.onError(() => messages.close());
    channel.answer(protocol.initialize, async (params) => {
      const user = await userOf(channel, params.user, peer);
      if (isMember && user === undefined) throw new CadanganError('rights.denied', { procedure: 'initialize' });
      const { user: _, ...said } = params;
      client = { ...said, ...(user !== undefined && { user }) };
      if (channel.gone.aborted) throw new CadanganError('aborted', { reason: 'client-gone' }); // nobody would take it away again
      clients.add(audience);
      return service.introduction;
    });
    channel.answer(protocol.leave, async () => {
      if (isMember) throw new CadanganError('rights.denied', { procedure: protocol.leave.name });
      return leaveFor(peer);
    });
    for (const { procedure, answer } of procedures) {
      channel.handle(procedure.name, async (params, call) => {
        if (client === undefined) throw new CadanganError('arguments.invalid', { argument: 'initialize', reason: 'it comes first' });
        if (this.#isEnding) await lostWith(messages);
        const { timeZone } = service.configuration;
        const signal = procedure.kind === 'read' ? AbortSignal.any([call.signal, channel.gone]) : call.signal;
        const { language, via, user } = client;
        const of = isMember ? { client: audience, mayAsk: false, isMember } : {};
        return inLocale({ language, timeZone }, () => answer(service, params, { ...call, ...of, via, user, signal }));
      });
    }
    connection.listen();
    return { channel, audience };
  }
}

/** Whoever asks a process that ends sees its connection close, and asks the next one. @throws `host.lost` */
async function lostWith(messages: MessageSocket): Promise<never> {
  await messages.closed;
  throw new CadanganError('host.lost');
}
