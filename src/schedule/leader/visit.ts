import type { Random } from '../../platform/index.ts';
import { leaderAddress } from './address.ts';
import { tryToConnect } from './claim.ts';
import { LeaderClient, noLeader, type LeaderClientEvents } from './client.ts';
import { greet, type Peer } from './handshake.ts';
import { knownLeaderKey } from './key.ts';
import { LineChannel } from './line-channel.ts';

/** Where a schedule of this user runs, and who asks. */
export interface LeaderPlace {
  readonly configFile: string;
  readonly stateFolder: string;
  /** Of the program that visits, for people. */
  readonly version: string;
  readonly random: Random;
}

export interface LeaderVisit {
  readonly client: LeaderClient;
  readonly leader: Peer;
}

/**
 * Connects to whoever leads, without ever wanting to lead: for a program that asks and goes. Its `client` is to be closed.
 * @returns undefined when nobody leads
 * @throws `schedule.no-leader` when somebody holds the name and cannot be talked to
 */
export async function visitLeader(
  { configFile, stateFolder, version, random }: LeaderPlace,
  events: LeaderClientEvents = {},
): Promise<LeaderVisit | undefined> {
  const key = await knownLeaderKey(stateFolder);
  if (!key) return undefined; // whoever leads has made it
  const socket = await tryToConnect(await leaderAddress({ configFile, stateFolder }));
  if (typeof socket === 'string') return undefined;
  const channel = new LineChannel(socket);
  const leader = await greet(channel, 'follower', { key, version, random });
  if (typeof leader !== 'string') return { client: new LeaderClient(channel, events), leader };
  channel.close();
  throw noLeader(leader);
}
