import {
  copyStatusOf,
  recordedErrorOf,
  workWordOf,
  type CopyMemory,
  type CopyStatus,
  type KeeperState,
  OriginalLooks,
  type RecordedError,
} from '../offsite/index.ts';
import { CadanganError, isCode, isOnDrive, systemClock, type Clock } from '../platform/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { Storage } from '../storage/index.ts';
import { openStorageAt } from './open-storage.ts';
import type { StoragePlace } from './storage-place.ts';
import { isErrorCode } from './messages/messages.ts';
import { copyMemoryOf } from './open-copy.ts';

/** Somebody waits for it. */
const patience = { transientTries: 3, rateTries: 3 } as const;

/** Looks at originals, wherever they lie. @param place as configured at any time */
export function originalLooks(clock: Clock, place: () => StoragePlace): OriginalLooks {
  const openInTime = (location: string): Promise<Storage> => {
    const { client, ...rest } = place();
    return openStorageAt(location, { ...rest, client: { ...client, patience } });
  };
  return new OriginalLooks(clock, openInTime);
}

export interface CopyLookOptions {
  /** Undefined where no process keeps the copy up. */
  readonly keeper: KeeperState | undefined;
  readonly looks: OriginalLooks;
  /** See `signInTrouble`. */
  readonly signIn: CadanganError | undefined;
}

/**
 * Looks at all that tells how a copy is without asking Google: what is remembered of it, who keeps it up, its original's folder, the
 * sign-in. Command line, engine and keeper ask it alike, so that they cannot say different things. Never rejects for what cannot be looked
 * at: that is *unknown*.
 */
export async function readCopyStatus(
  copy: OffsiteCopy,
  place: StoragePlace,
  { keeper, looks, signIn }: CopyLookOptions,
): Promise<CopyStatus> {
  const { memory, memoryError } = await readMemory(copy, place);
  // The memory first: what changes in between shows as a difference, never as none.
  const original = workWordOf(keeper) === undefined ? await looks.look(copy.repository, timeMs(memory.lastWholeAt)) : undefined;
  // A person whose address was changed is still the same: then Google knows better, and whoever keeps the copy up has asked it.
  const isKnownBetter = isCode(signIn, 'drive.wrong-account') && keeper !== undefined;
  const inTheWay = isKnownBetter || !needsAccount(copy) ? undefined : signIn;
  return copyStatusOf(copy, {
    memory,
    memoryError,
    keeper,
    original,
    signIn: inTheWay && recordedErrorOf(inTheWay),
    nowMs: Number((place.clock ?? systemClock).nowNs() / 1_000_000n),
  });
}

/** Whether somebody has to be signed in to Google for it. */
export function needsAccount({ repository, to }: Pick<OffsiteCopy, 'repository' | 'to'>): boolean {
  return isOnDrive(repository) || isOnDrive(to);
}

function timeMs(at: string | undefined): number | undefined {
  return at === undefined ? undefined : Date.parse(at);
}

async function readMemory(
  copy: OffsiteCopy,
  place: StoragePlace,
): Promise<{ readonly memory: CopyMemory; readonly memoryError: RecordedError | undefined }> {
  try {
    return { memory: await copyMemoryOf(copy, place).read(), memoryError: undefined };
  } catch (error) {
    return { memory: { version: 1, source: copy.repository, to: copy.to, snapshots: [] }, memoryError: recordedErrorOf(error) };
  }
}

/** To be put into words. What a newer version recorded may have a code that we have no sentence for. */
export function errorOfRecorded({ code, facts }: RecordedError): Error {
  return isErrorCode(code) ? new CadanganError(code, facts) : new Error(String(facts['reason'] ?? code));
}
