import { isCode, type Clock } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import { compareCopy } from './compare-copy.ts';
import type { CopyAccount } from './copy-account.ts';
import { olderClaimFirst, type Claim } from './copy-claim.ts';
import { nameOf } from './copy-listing.ts';
import type { CopyTarget } from './copy-target.ts';
import { ownershipOf, strangerOf, type Ownership } from './ownership.ts';
import { refuseStranger, type CopyPlace } from './plan-copy.ts';
import type { SourceCut } from './source-cut.ts';

export interface ClaimOptions {
  readonly clock: Clock;
  readonly againMs: number;
  readonly signal: AbortSignal;
}

const looksMax = 4;

/** A folder to be claimed, and for what. */
export interface ClaimWorld {
  readonly source: Storage;
  readonly cut: SourceCut;
  readonly account: CopyAccount;
  readonly target: CopyTarget;
  readonly place: CopyPlace;
}

/**
 * Makes sure that the folder is this repository's before anything is put into it. Drive, and some storages, have no way to make a file only
 * if there is none, so everybody writes a claim first and looks then: of two that begin at the same time at least the one that looks later
 * sees both. He who sees an older claim than his own takes his back; the other waits a little for that, and gives up, too, when it does not
 * happen, since nobody knows what the younger one has seen.
 *
 * A list that does not even show the claim that was just made says nothing, and is asked for again; if lists stay that late, marks must do
 * (`ownership.ts`).
 * @throws `offsite.other-repository`; by then nothing of ours is left in the folder
 */
export async function claimFolder(world: ClaimWorld, options: ClaimOptions): Promise<void> {
  const { source, cut, account, target } = world;
  const readConfig = (signal: AbortSignal): Promise<Uint8Array> => source.read(nameOf({ kind: 'config', name: '' }), signal);
  const {
    mark,
    claims: [claim],
  } = ownershipOf(cut, compareCopy(cut, account.listing));
  const made = claim === undefined ? await target.claim(mark, readConfig, options.signal) : undefined;
  const own = made ?? claim;
  if (own === undefined) return;
  try {
    await confirm(own, world, options);
  } catch (error) {
    if (made !== undefined && isCode(error, 'offsite.other-repository')) await target.withdraw(made, options.signal);
    throw error;
  }
}

/** A claim of ours, made by a run that got no further, must not keep the one away from the folder who was there first. */
export async function withdrawIdleClaims(ownership: Ownership, target: CopyTarget, signal: AbortSignal): Promise<void> {
  const { claims, hasFiles, stranger, strangeClaims } = ownership;
  const isLate = (own: Claim): boolean => stranger !== undefined || strangeClaims.some((claim) => olderClaimFirst(claim, own) < 0);
  if (!hasFiles) for (const claim of claims.filter(isLate)) await target.withdraw(claim, signal);
}

async function confirm(own: Claim, { cut, account, target, place }: ClaimWorld, { clock, againMs, signal }: ClaimOptions): Promise<void> {
  for (let look = 1; ; look++) {
    const seen = await target.look(signal);
    account.saw(seen);
    const ownership = ownershipOf(cut, compareCopy(cut, account.listing));
    const isLate = !seen.listedIds.has(own.id);
    if (strangerOf(ownership) === undefined && (!isLate || look >= looksMax)) return;
    if (look >= looksMax || !mayBeWithdrawn(ownership, own)) refuseStranger(ownership, place);
    await clock.sleep(againMs, signal);
  }
}

/** All that is strange is a claim that its maker takes back when he sees ours. */
function mayBeWithdrawn({ stranger, strangeClaims }: Ownership, own: Claim): boolean {
  return stranger === undefined && strangeClaims.every((claim) => olderClaimFirst(own, claim) < 0);
}
