import type { Socket } from 'node:net';
import { CadanganError, claimName, type Claim, type Clock, type ExclusiveName, type Random } from '../platform/index.ts';

/** A name can be between two owners for a moment. */
const attemptsMax = 40;
const againMs = 50;
/** A socket's file can be taken from under its owner. */
const ownershipCheckMs = 10_000;

/**
 * Has a name for as long as this process lives.
 * @throws `host.taken` when another process has it, `host.unreachable` when nobody can
 */
export async function claimForGood(
  name: ExclusiveName,
  { stateFolder, clock, random }: { readonly stateFolder: string; readonly clock: Clock; readonly random: Random },
  onConnection: (socket: Socket) => void,
): Promise<Extract<Claim, { readonly kind: 'ours' }>> {
  let reason = '';
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const claim = await claimName(name, random, onConnection);
    if (claim.kind === 'ours') return claim;
    if (claim.kind === 'connected') {
      claim.socket.destroy();
      throw new CadanganError('host.taken', { path: stateFolder });
    }
    reason = claim.reason;
    await clock.sleep(againMs);
  }
  throw new CadanganError('host.unreachable', { path: stateFolder, reason });
}

/** Stopping takes seconds. Beyond, something does not answer (a dead mount), and nobody is there to end us. */
const stopMsMax = 120_000;

/** Waits for the end of what a process does, but not for ever: its name is wanted by the next. */
export async function inTime(closing: Promise<void>, clock: Clock): Promise<void> {
  const giveUp = new AbortController();
  try {
    await Promise.race([closing, clock.sleep(stopMsMax, giveUp.signal).catch(() => undefined)]);
  } finally {
    giveUp.abort();
  }
}

/** Looks now and then whether the name is still ours. @returns true once it is not, false when the signal is aborted */
export async function isTakenAway(
  { isOurs }: Pick<Extract<Claim, { readonly kind: 'ours' }>, 'isOurs'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    await clock.sleep(ownershipCheckMs, signal).catch(() => undefined);
    // A folder that cannot be looked at says nothing.
    if (!signal.aborted && !(await isOurs().catch(() => true))) return true;
  }
  return false;
}
