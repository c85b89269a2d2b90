import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { CadanganError, readFile, replaceFile, type Clock, type Random } from '../platform/index.ts';

/*
 * The socket's name tells processes of one machine apart; a state folder on a share, or one that a container mounts too, is seen by others
 * that cannot see the socket. So the host writes who it is into `host.json` and renews that while it lives.
 */

const leaseSchema = z.object({ machine: z.string(), hostname: z.string(), pid: z.number(), version: z.string(), renewedMs: z.number() });
export type Lease = z.infer<typeof leaseSchema>;

export interface LeaseWorld {
  readonly stateFolder: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: this machine. */
  readonly machine?: string | undefined;
}

const renewMs = 20_000;
const freshMs = 3 * renewMs;

/** Held by one host until it is disposed of. */
export class StateLease implements AsyncDisposable {
  readonly #world: LeaseWorld;
  readonly #ending = new AbortController();
  readonly #onLost: () => void;
  #renewing: Promise<void> = Promise.resolve();
  #isLost = false;

  private constructor(world: LeaseWorld, onLost: () => void) {
    this.#world = world;
    this.#onLost = onLost;
  }

  /**
   * Call it with the socket's name held: then no other host of this machine is here.
   * @param onLost somebody removed the lease, or the whole folder: it is nobody's any more
   * @throws `state.in-use` while another machine or container renews its lease; the system's errors; `aborted`
   */
  static async take(world: LeaseWorld, signal: AbortSignal, onLost: () => void = () => undefined): Promise<StateLease> {
    const { stateFolder, clock } = world;
    const found = await readLease(stateFolder);
    if (found !== undefined && found.machine !== (world.machine ?? thisMachine()))
      await seeWhetherItLives(found, stateFolder, clock, signal);
    const lease = new StateLease(world, onLost);
    await lease.#write();
    lease.#renewing = lease.#renew();
    return lease;
  }

  /** The file stays: it says who was here last. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
    if (!this.#isLost) await this.#write(0).catch(() => undefined); // whoever comes next need not watch it
  }

  async #renew(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.#world.clock.sleep(renewMs, this.#ending.signal).catch(() => undefined);
      if (this.#ending.signal.aborted) return;
      if ((await readLease(this.#world.stateFolder)) === undefined) {
        this.#isLost = true;
        return this.#onLost();
      }
      await this.#write().catch(() => undefined); // a full disk for a while: the next time it is renewed again
    }
  }

  async #write(renewedMs = Number(this.#world.clock.nowNs() / 1_000_000n)): Promise<void> {
    const { stateFolder, version, random, machine = thisMachine() } = this.#world;
    const lease: Lease = { machine, hostname: hostname(), pid: process.pid, version, renewedMs };
    await replaceFile(join(stateFolder, 'host.json'), JSON.stringify(lease), random);
  }
}

/** Clocks of two machines differ: what counts is whether it is renewed while we look. One that was given back need not be watched. */
async function seeWhetherItLives(found: Lease, stateFolder: string, clock: Clock, signal: AbortSignal): Promise<void> {
  if (found.renewedMs === 0) return;
  const startMs = clock.monotonicMs();
  while (clock.monotonicMs() - startMs < freshMs) {
    await clock.sleep(renewMs / 4, signal);
    const now = await readLease(stateFolder);
    if (now === undefined || now.renewedMs === 0) return;
    if (now.renewedMs === found.renewedMs && now.pid === found.pid) continue;
    throw new CadanganError('state.in-use', { path: stateFolder, host: now.hostname, process: now.pid });
  }
}

async function readLease(stateFolder: string): Promise<Lease | undefined> {
  try {
    return leaseSchema.safeParse(JSON.parse(await readFile(join(stateFolder, 'host.json'), 'utf8'))).data;
  } catch {
    return undefined; // there is none, or none that says anything
  }
}

/** Two containers of one machine do not see each other's sockets: abstract ones belong to a network namespace. */
function thisMachine(): string {
  const read = (what: () => string): string => {
    try {
      return what().trim();
    } catch {
      return '';
    }
  };
  const id = read(() => readFileSync('/etc/machine-id', 'latin1'));
  const network = read(() => readlinkSync('/proc/self/ns/net'));
  return [id, network, hostname()].filter((part) => part !== '').join(' ');
}
