import type { MessageConnection } from 'vscode-jsonrpc';
import { CadanganError, tryToConnect, type ExclusiveName, type Random } from '../platform/index.ts';
import { doorAddress, hostAddress, runnerAddress } from './address.ts';
import { greet, type Peer } from './handshake.ts';
import { groupKey, knownHostKey } from './key.ts';
import { MessageSocket } from './message-socket.ts';

/** Where a host of this user may be, and who asks for it. */
export interface HostPlace {
  readonly stateFolder: string;
  /** Of the program that asks. */
  readonly version: string;
  readonly random: Random;
  /** Of the process that works on this repository instead. */
  readonly runner?: string | undefined;
  /** Of a service whose state folder is not for us: the folder that its group may enter. */
  readonly door?: string | undefined;
  /** It is the service of the machine. */
  readonly isOfMachine?: boolean | undefined;
}

/** A connection to a host that has proven that it is one of this user. */
export interface Visit {
  readonly connection: MessageConnection;
  readonly host: Peer;
  readonly closed: Promise<void>;
  readonly close: () => void;
}

/**
 * Connects to the host of this state folder. Its connection has still to be told to listen.
 * @returns undefined when there is none. @throws `host.unreachable` when somebody holds its name and cannot be talked to
 */
export async function visitHost(place: HostPlace): Promise<Visit | undefined> {
  const found = await lookForHost(place);
  return found === 'ending' ? undefined : found;
}

/**
 * As `visitHost`, for whoever would start one: `ending` when there is one that receives nobody any more, and has its name until it has
 * ended. What is started meanwhile would only find it there.
 */
export async function lookForHost({ stateFolder, version, random, runner, door }: HostPlace): Promise<Visit | 'ending' | undefined> {
  const key = await (door === undefined ? knownHostKey(stateFolder) : groupKey(door));
  if (!key) return undefined; // a host makes it before it listens
  const socket = await tryToConnect(await addressOf(stateFolder, runner, door));
  if (typeof socket === 'string') return undefined;
  const messages = new MessageSocket(socket);
  const host = await greet(messages, 'client', { key, version, random });
  if (typeof host === 'string') {
    messages.close();
    // One that closes in the middle of a greeting was just ending.
    if (host === 'silent' && messages.isEndedByPeer) return 'ending';
    throw new CadanganError('host.unreachable', { path: stateFolder, reason: host });
  }
  return { connection: messages.connection(), host, closed: messages.closed, close: () => messages.close() };
}

async function addressOf(stateFolder: string, runner: string | undefined, door: string | undefined): Promise<ExclusiveName> {
  if (door !== undefined) return doorAddress(door);
  return runner === undefined ? hostAddress(stateFolder) : runnerAddress(stateFolder, runner);
}
