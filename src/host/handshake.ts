import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import type { Random } from '../platform/index.ts';

/** Raised when a message changes so that the other side would misread it. 1 was that of the engines that led each other. */
export const protocolVersion = 2;

/** What both sides of a connection bring. */
export interface Credentials {
  readonly key: Uint8Array;
  /** Of a host: who proves this one instead is of the group that may knock at its door. */
  readonly groupKey?: Uint8Array | undefined;
  /** Of the program, for people. */
  readonly version: string;
  /** Of a host that the system keeps, and that is brought to another version by who installed it alone. */
  readonly isService?: boolean | undefined;
  readonly random: Random;
}

/** The other side, as it says of itself. */
export interface Peer {
  readonly version: string;
  readonly pid: number;
  readonly isService?: true;
  /** A client that knows the key of the group, and no other. */
  readonly isMember?: true;
}

/** `not-ours`: it does not know the key. `silent`: it says nothing, or nothing that we understand. */
export type HandshakeFailure = 'other-protocol' | 'not-ours' | 'silent';

const patienceMs = 10_000;

/** Values, one at a time. */
export interface GreetingChannel {
  send(value: unknown): void | Promise<void>;
  /** The next value, or undefined when the channel closes first or `withinMs` pass. */
  next(withinMs: number): Promise<unknown>;
}

const nonceSchema = z.string().regex(/^[0-9a-f]{64}$/);
const introductionSchema = z.object({
  cadangan: z.literal('host'),
  protocol: z.number(),
  version: z.string().max(100),
  pid: z.number(),
  nonce: nonceSchema,
  service: z.literal(true).optional(),
});
type Side = 'host' | 'client';

const proofSchema = z.object({ proof: nonceSchema });

/**
 * Both sides introduce themselves with a random number, then prove over both numbers that they know the key: the client first, so that
 * the host gives nothing to a stranger. The key itself is never sent.
 */
export async function greet(channel: GreetingChannel, side: Side, credentials: Credentials): Promise<Peer | HandshakeFailure> {
  const nonce = Buffer.from(credentials.random.fill(new Uint8Array(32))).toString('hex');
  const service = credentials.isService && { service: true };
  void channel.send({ cadangan: 'host', protocol: protocolVersion, version: credentials.version, pid: process.pid, nonce, ...service });
  const introduction = introductionSchema.safeParse(await channel.next(patienceMs)).data;
  if (!introduction) return 'silent';
  if (introduction.protocol !== protocolVersion) return 'other-protocol';
  const nonces = side === 'host' ? [nonce, introduction.nonce] : [introduction.nonce, nonce];
  const proofOf = (prover: Side, key: Uint8Array): string =>
    createHmac('sha256', key)
      .update(`${prover} ${nonces.join(' ')}`)
      .digest('hex');
  if (side === 'client') void channel.send({ proof: proofOf('client', credentials.key) });
  const received = proofSchema.safeParse(await channel.next(patienceMs)).data;
  const other = side === 'host' ? 'client' : 'host';
  const keys = [credentials.key, ...(credentials.groupKey ? [credentials.groupKey] : [])];
  const known = received && keys.find((key) => timingSafeEqual(Buffer.from(received.proof), Buffer.from(proofOf(other, key))));
  if (!known) return 'not-ours';
  if (side === 'host') void channel.send({ proof: proofOf('host', known) });
  const { version, pid } = introduction;
  return { version, pid, ...(introduction.service && { isService: true }), ...(known === credentials.groupKey && { isMember: true }) };
}
