import { SftpFault, type ServerEntry, type SettableAttributes } from '../../storage/index.ts';
import type { Node } from '../../repository/index.ts';
import { metadataOf, type Metadata, type MetadataProblem } from '../metadata.ts';
import type { ServerPlace } from './server-place.ts';

/** What no server of version 3 keeps is not named file by file, only counted. */
export interface Losses {
  times: number;
  owners: number;
}

/** The protocol counts seconds without a sign, in 32 bits. */
const secondsMax = 0xffffffff;

/** What the protocol can say of it: whole seconds. */
export function serverMetadataOf(node: Node): Metadata {
  const metadata = metadataOf(node, false);
  const [atime, mtime] = [wholeSeconds(metadata.atime), wholeSeconds(metadata.mtime)];
  const isRounded = mtime !== metadata.mtime;
  return { ...metadata, atime, mtime, ...(isRounded && { lostOfTime: outOfRange(metadata.mtime) ? 'range' : 'fraction' }) };
}

function wholeSeconds(seconds: number): number {
  return Math.min(Math.max(0, Math.floor(seconds)), secondsMax);
}

function outOfRange(seconds: number): boolean {
  return seconds < 0 || seconds >= secondsMax + 1;
}

type Own = Pick<ServerPlace, 'uid' | 'gid' | 'isWindows'>;

/** Whether what is there has of it what we could set. */
export function hasServerMetadata(entry: ServerEntry, metadata: Metadata, own: Own): boolean {
  if (entry.mtime !== metadata.mtime) return false;
  if (own.isWindows) return true; // neither mode nor owner are what Unix knows
  const hasOwner = own.uid !== 0 || (entry.uid === metadata.uid && entry.gid === metadata.gid);
  return hasOwner && (entry.mode === undefined || entry.mode === metadata.mode || entry.mode === modeFor(metadata, entry));
}

const setUserBit = 0o4000;
const setGroupBit = 0o2000;

/** A program that ran as its owner, or for its group, must not run as whoever restored it. Of a folder the bits say something else. */
function modeFor({ mode, uid, gid }: Metadata, entry: ServerEntry): number {
  if (entry.kind === 'folder') return mode;
  return mode & ~((entry.uid === uid ? 0 : setUserBit) | (entry.gid === gid ? 0 : setGroupBit));
}

export interface ServerSetters {
  readonly set: (attributes: SettableAttributes) => Promise<void>;
  readonly look: () => Promise<ServerEntry | undefined>;
  /** A link has none of its own. */
  readonly hasMode: boolean;
}

/** Sets all that can be set: the owner first, since it clears setuid and setgid. @throws what is not the server's refusal */
export async function setServerMetadata(
  metadata: Metadata,
  { set, look, hasMode }: ServerSetters,
  own: Own,
  notKept: Losses,
): Promise<MetadataProblem[]> {
  const { mode, atime, mtime, lostOfTime } = metadata;
  const problems: MetadataProblem[] = [];
  const ownerProblem = await setOwner(metadata, set, own, notKept);
  if (ownerProblem !== undefined) problems.push({ what: 'owner', code: ownerProblem });
  const isTrusted = (mode & (setUserBit | setGroupBit)) === 0;
  const entry = isTrusted || !hasMode ? undefined : await look();
  const allowed = isTrusted ? mode : entry ? modeFor(metadata, entry) : mode & 0o1777;
  if (hasMode && allowed !== mode) problems.push({ what: 'mode', code: 'EPERM' });
  const both = hasMode ? { mode: allowed, atime, mtime } : { atime, mtime };
  if ((await refusalOf(set(both))) !== undefined) {
    // Which of them it was.
    const modeRefusal = hasMode ? await refusalOf(set({ mode: allowed })) : undefined;
    if (modeRefusal !== undefined) problems.push({ what: 'mode', code: modeRefusal });
    const timesRefusal = await refusalOf(set({ atime, mtime }));
    if (timesRefusal !== undefined) problems.push({ what: 'times', code: timesRefusal });
  }
  if (lostOfTime === 'range') problems.push({ what: 'times', code: 'ERANGE' });
  if (lostOfTime === 'fraction') notKept.times += 1;
  return problems;
}

/** Only root gives files away: for others it is no surprise that what they restore is theirs, as with `cp -a`. */
async function setOwner({ uid, gid }: Metadata, set: ServerSetters['set'], own: Own, notKept: Losses): Promise<string | undefined> {
  if (own.isWindows) {
    if (uid !== 0 || gid !== 0) notKept.owners += 1;
    return undefined;
  }
  const isOrdinary = own.uid !== undefined && own.uid !== 0;
  if (!isOrdinary) return refusalOf(set({ uid, gid }));
  if (uid !== own.uid) notKept.owners += 1;
  // Who may not give a file away may still put it into one of his groups.
  if (gid !== own.gid) await refusalOf(set({ uid: own.uid, gid }));
  return undefined;
}

/** @returns why the server refused; undefined when it did not */
async function refusalOf(asked: Promise<void>): Promise<string | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (!(error instanceof SftpFault)) throw error;
    const { trouble, reason } = error;
    if (trouble === 'lost' || trouble === 'full') throw error;
    return trouble === 'denied' ? 'EPERM' : reason;
  }
}
