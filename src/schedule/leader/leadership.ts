import type { Server, Socket } from 'node:net';
import type { Clock } from '../../platform/index.ts';
import type { CopiesService, LeadingService, ScheduleService } from '../schedule-service.ts';
import type { ScheduleEvent } from '../scheduler-events.ts';
import type { SetStatus } from '../set-status.ts';
import type { LeaderAddress } from './address.ts';
import { claimAddress } from './claim.ts';
import { LeaderClient, noLeader } from './client.ts';
import { greet, type Credentials, type HandshakeFailure, type Peer } from './handshake.ts';
import { LineChannel } from './line-channel.ts';
import { LeaderServer } from './server.ts';

/** What this process is. `seeking`: neither, and why, when it is not just the moment between two leaders. */
export type Role =
  | { readonly kind: 'seeking'; readonly trouble?: HandshakeFailure | 'no-socket' | 'cannot-lead'; readonly reason?: string }
  | { readonly kind: 'leader' }
  | { readonly kind: 'follower'; readonly leader: Peer };

export interface LeadershipOptions {
  readonly address: LeaderAddress;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /**
   * Begins to run the schedule; nobody else on this machine does until its service is closed.
   * @param publish tells this process and all followers
   */
  readonly lead: (publish: (event: ScheduleEvent) => void) => Promise<LeadingService>;
  /** What happens in the schedule, whoever leads. Events may get lost between two leaders: ask for the status whenever the role changes. */
  readonly onEvent: (event: ScheduleEvent) => void;
  readonly onRole: (role: Role) => void;
}

const patienceMs = 15_000;
const troubledRetryMs = 5_000;
const greetingMsMax = 9_000;
const ownershipCheckMs = 10_000;

/**
 * One leader per user, configuration and machine. Each process asks for a name that the system gives to one and takes back when that one
 * dies, whatever it dies of; the others connect to it, and ask again the moment the connection ends. No clock is in it, no lease and no
 * heartbeat.
 *
 * This is a convenience, not what keeps data safe: that is what the repository's locks are for.
 */
export class Leadership implements ScheduleService {
  readonly #options: LeadershipOptions;
  #role: Role = { kind: 'seeking' };
  /** Answers here or at the leader's; undefined while seeking. */
  #service: ScheduleService | undefined;
  #waiters: (() => void)[] = [];
  readonly #ending = new AbortController();
  #closeMode: 'stop' | 'finish' = 'stop';
  /** Ends the role that is held now. */
  #resign: (() => void) | undefined;
  readonly #loop: Promise<void>;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#loop = this.#runLoop();
  }

  get role(): Role {
    return this.#role;
  }

  async status(): Promise<readonly SetStatus[]> {
    return (await this.#someService()).status();
  }

  async run(set: string, trigger: 'manual' | 'catch-up', run?: string): Promise<'accepted' | 'running'> {
    return (await this.#someService()).run(set, trigger, run);
  }

  async stop(set: string): Promise<boolean> {
    return (await this.#someService()).stop(set);
  }

  async dismissMissed(set: string): Promise<void> {
    await (await this.#someService()).dismissMissed(set);
  }

  readonly copies: CopiesService = {
    states: async () => (await (await this.#someService()).copies?.states()) ?? {},
    ask: async (copy, wish, run) => (await this.#someService()).copies?.ask(copy, wish, run),
  };

  /** Ends the schedule when it is here (`LeadingService.close`), and only then frees the name. */
  async close(mode: 'stop' | 'finish' = 'stop'): Promise<void> {
    this.#closeMode = mode;
    this.#ending.abort();
    this.#resign?.();
    await this.#loop;
  }

  async #runLoop(): Promise<void> {
    while (!this.#isEnding) {
      const trouble = await this.#holdSomeRole().catch(
        (error: unknown) => ({ kind: 'seeking', trouble: 'no-socket', reason: String(error) }) as const,
      );
      this.#setRole(trouble ?? { kind: 'seeking' }, undefined);
      await this.#pause(trouble ? troubledRetryMs : this.#shortPauseMs());
    }
    this.#wakeWaiters();
  }

  /** Resolves when the role that was found is over. */
  async #holdSomeRole(): Promise<Role | undefined> {
    const { address, credentials } = this.#options;
    const leading = Promise.withResolvers<LeadingService>();
    leading.promise.catch(() => undefined); // told by #leadAt
    const server = new LeaderServer(credentials, leading.promise);
    const claim = await claimAddress(address, credentials.random, (socket) => void server.accept(socket));
    switch (claim.kind) {
      case 'leading':
        return this.#leadAt(claim, server, leading);
      case 'connected':
        return this.#followAt(claim.socket);
      case 'neither':
        // Its owner is just dying, or just listening.
        return claim.reason === 'ECONNREFUSED' || claim.reason === 'ENOENT'
          ? undefined
          : { kind: 'seeking', trouble: 'no-socket', reason: claim.reason };
    }
  }

  async #leadAt(
    claim: { readonly server: Server; readonly isOurs: () => Promise<boolean> },
    server: LeaderServer,
    leading: PromiseWithResolvers<LeadingService>,
  ): Promise<Role | undefined> {
    try {
      const service = await this.#options.lead((event) => {
        this.#options.onEvent(event);
        server.broadcast(event);
      });
      leading.resolve(service);
      this.#setRole({ kind: 'leader' }, service);
      const isLost = await this.#untilResigned(claim.isOurs);
      await service.close(isLost ? 'stop' : this.#closeMode);
      return undefined;
    } catch (error) {
      leading.reject(error);
      return { kind: 'seeking', trouble: 'cannot-lead', reason: error instanceof Error ? error.message : String(error) };
    } finally {
      server.close();
      await new Promise<void>((resolve) => claim.server.close(() => resolve()));
    }
  }

  /** @returns true when the name was lost, false when it is to be given up */
  async #untilResigned(isOurs: () => Promise<boolean>): Promise<boolean> {
    while (!this.#isEnding) {
      await this.#pause(ownershipCheckMs);
      if (!(await isOurs().catch(() => true))) return true; // a folder that cannot be looked at says nothing
    }
    return false;
  }

  async #followAt(socket: Socket): Promise<Role | undefined> {
    const channel = new LineChannel(socket);
    this.#resign = () => channel.close();
    const sinceMs = this.#options.clock.monotonicMs();
    try {
      if (this.#isEnding) return undefined;
      const leader = await greet(channel, 'follower', this.#options.credentials);
      // A leader that dies in the greeting is no trouble; one that hangs is.
      const isDead = leader === 'silent' && this.#options.clock.monotonicMs() - sinceMs < greetingMsMax;
      if (typeof leader === 'string') return isDead ? undefined : { kind: 'seeking', trouble: leader };
      this.#setRole({ kind: 'follower', leader }, new LeaderClient(channel, { onEvent: this.#options.onEvent }));
      await channel.closed;
      return undefined;
    } finally {
      this.#resign = undefined;
      channel.close();
    }
  }

  #setRole(role: Role, service: ScheduleService | undefined): void {
    this.#service = service;
    if (JSON.stringify(role) !== JSON.stringify(this.#role)) {
      this.#role = role;
      this.#options.onRole(role);
    }
    if (service) this.#wakeWaiters();
  }

  /** @throws `schedule.no-leader` when there is none for a while */
  async #someService(): Promise<ScheduleService> {
    if (!this.#service && !this.#isEnding) {
      const found = new AbortController();
      this.#waiters.push(() => found.abort());
      await this.#options.clock.sleep(patienceMs, found.signal).catch(() => undefined);
    }
    if (this.#service) return this.#service;
    throw noLeader(this.#role.kind === 'seeking' ? (this.#role.trouble ?? 'there is none') : 'it ended');
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Ends early when this process ends. */
  async #pause(ms: number): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, this.#ending.signal);
    } catch (error) {
      if (!this.#isEnding) throw error;
    }
  }

  /** Different for each, so that of many that lost their leader not all ask in the same instant. */
  #shortPauseMs(): number {
    const [byte = 0] = this.#options.credentials.random.fill(new Uint8Array(1));
    return 50 + byte;
  }
}
