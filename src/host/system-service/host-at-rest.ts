import { existsSync } from 'node:fs';
import { CadanganError, claimName, isCode, type Clock } from '../../platform/index.ts';
import { protocol } from '../../service/index.ts';
import { hostAddress } from '../address.ts';
import { Channel } from '../channel.ts';
import type { Peer } from '../handshake.ts';
import { visitHost, type HostPlace } from '../visit-host.ts';
import type { ServicePlace } from './place.ts';

const attemptsMax = 200;
const againMs = 50;

/**
 * Asks the host of a state folder to end at its next safe point, and waits until it has gone.
 * @param isMeant otherwise it is left alone
 * @returns whether there was one. @throws `host.unreachable` when it does not leave
 */
export async function sendHostAway(place: HostPlace, clock: Clock, isMeant: (host: Peer) => boolean = () => true): Promise<boolean> {
  const visit = await visitHost(place);
  if (visit === undefined) return false;
  if (!isMeant(visit.host)) {
    visit.close();
    visit.connection.dispose();
    return false;
  }
  visit.connection.listen();
  try {
    const asked = new Channel(visit.connection).request(protocol.leave, undefined).catch(() => true); // it may go before its answer
    if (!(await Promise.race([asked, visit.closed.then(() => true)])))
      throw new CadanganError('host.unreachable', { path: place.stateFolder, reason: 'it is of a newer version and does not leave' });
    await visit.closed;
    await untilGone(place, visit.host, clock);
    return true;
  } finally {
    visit.close();
    visit.connection.dispose();
  }
}

/**
 * Ends the host of a service, where no manager has. Of a user the host may be that of a window, which goes on; a state that has moved has
 * none. @throws as `sendHostAway`
 */
export async function endService({ stateFolder, scope }: ServicePlace, world: Omit<HostPlace, 'stateFolder'>, clock: Clock): Promise<void> {
  if (!existsSync(stateFolder)) return;
  const isMeant = ({ isService }: Peer): boolean => scope !== 'user' || isService === true;
  await sendHostAway({ ...world, stateFolder }, clock, isMeant).catch((error: unknown) => {
    if (!isCode(error, 'state.moved')) throw error;
  });
}

/** It lets go of its clients first, and of its name last: until then it still writes. */
async function untilGone(place: HostPlace, { pid }: Peer, clock: Clock): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const visit = await visitHost(place).catch((error: unknown) => {
      if (!isCode(error, 'host.unreachable')) throw error;
      return undefined; // it is another's now
    });
    visit?.close();
    visit?.connection.dispose();
    if (visit?.host.pid !== pid) return;
    await clock.sleep(againMs);
  }
  throw new CadanganError('host.unreachable', { path: place.stateFolder, reason: 'it does not end' });
}

/** Does `work` with the host of a state folder gone and its name held, so that nobody starts another one. @throws as `sendHostAway` */
export async function withHostAtRest<T>(place: HostPlace, clock: Clock, work: () => Promise<T>): Promise<T> {
  const address = await hostAddress(place.stateFolder);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    await sendHostAway(place, clock);
    const claim = await claimName(address, place.random, (socket) => socket.destroy());
    if (claim.kind === 'ours') {
      try {
        return await work();
      } finally {
        await new Promise<void>((resolve) => claim.server.close(() => resolve()));
      }
    }
    if (claim.kind === 'connected') claim.socket.destroy(); // somebody was quicker: it is asked, too
    await clock.sleep(againMs);
  }
  throw new CadanganError('host.unreachable', { path: place.stateFolder, reason: 'somebody starts it again and again' });
}
