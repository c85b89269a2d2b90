import type { Clock } from '../../platform/index.ts';

/** How often in the time after which silence means that a line is dead it is listened, and something said that must be answered. */
export const checksOfSilence = 4;

interface Party {
  readonly isOwed: () => boolean;
  readonly looksMax: number;
  looks: number;
}

/** Listens to everybody on a line: each hop on the way, and whoever serves files at its end. One that was not heard in time is dead. */
export class Silence {
  readonly #parties = new Set<Party>();

  /** Counts looks, not time: a machine that slept or was busy has not listened meanwhile. @param onDead called once, then it is over */
  constructor(world: { readonly clock: Clock; readonly quietMsMax: number }, over: AbortSignal, onDead: () => void) {
    const listen = async (): Promise<void> => {
      while (!over.aborted) {
        await world.clock.sleep(world.quietMsMax / checksOfSilence, over);
        if ([...this.#parties].some((party) => isDead(party))) onDead();
      }
    };
    listen().catch(() => undefined); // the sleep ends with the connection
  }

  /**
   * @param isOwed whether something must be heard; while it need not, nothing is counted
   * @param patience how many times as long as a line may be silent @returns to be called when something was heard
   */
  watch(isOwed: () => boolean, patience = 1): () => void {
    const party: Party = { isOwed, looksMax: checksOfSilence * patience, looks: 0 };
    this.#parties.add(party);
    return () => (party.looks = 0);
  }
}

function isDead(party: Party): boolean {
  party.looks = party.isOwed() ? party.looks + 1 : 0;
  return party.looks > party.looksMax;
}
