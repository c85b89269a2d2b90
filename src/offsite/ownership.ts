import type { Comparison } from './compare-copy.ts';
import { claimFileName, olderClaimFirst, type Claim } from './copy-claim.ts';
import { keyOf, pathOf, type CopyFile } from './copy-listing.ts';
import type { SourceCut } from './source-cut.ts';

/** Whose what lies in the folder is, as far as it can be proven. */
export interface Ownership {
  /** With which new files are marked. */
  readonly mark: string;
  /** The folder is claimed, and the config there is this repository's: nobody else can have begun at the same time. */
  readonly isSettled: boolean;
  /** Of its files something is there. */
  readonly hasFiles: boolean;
  /** Its claims, the oldest first. */
  readonly claims: readonly Claim[];
  /** Claims of other repositories. */
  readonly strangeClaims: readonly Claim[];
  /** The path of something, claims aside, that another repository has put there; undefined when nothing certainly is. */
  readonly stranger: string | undefined;
  /** Whether the file is certainly one of this repository, so that it may go when it is not needed. */
  readonly owns: (file: CopyFile) => boolean;
}

/**
 * Tells what is ours by what cannot be a coincidence. Pure.
 *
 * The name of a file is the hash of its content, which is sealed with a key of the repository: what has the name of a file of the
 * original is its copy, good or damaged. Such a file may be *marked* by whoever uploaded it, with the mark that he uses for his repository;
 * so the marks of our config and keys are ours, also when a migration has given the repository another config since (the mark is the hash
 * of the config that it had when the folder was claimed).
 *
 * A file that the original has no more is ours by its mark. Copies that were made before there were marks have files without: those count
 * as ours if they were there before the folder was claimed, and files that prove to be ours were, too. Keys without a mark are nobody's.
 */
export function ownershipOf(cut: SourceCut, { states, extra, claims }: Comparison): Ownership {
  const names = new Set(states.map(({ source }) => keyOf(source)));
  const hashOf = ({ kind, name }: CopyFile): string => (kind === 'config' ? cut.configSha256 : name);
  const copies = states.flatMap(({ good, doubles }) => (good === undefined ? [] : [good, ...doubles]));
  const proven = copies.filter((file) => file.sha256 === hashOf(file));
  const witnesses = proven.filter(({ kind }) => kind === 'keys' || kind === 'config');
  const marks = new Set([cut.configSha256, ...witnesses.flatMap(({ mark }) => mark ?? [])]);
  const own = claims.filter(({ mark }) => marks.has(mark)).toSorted(olderClaimFirst);
  const [claim] = own;
  const config = proven.find(({ kind }) => kind === 'config');
  const hasOldKey = proven.some(({ kind, mark }) => kind === 'keys' && mark === undefined);
  const unknownKey = extra.find(({ kind, mark }) => kind === 'keys' && mark === undefined);
  const wasBeforeClaim = ({ createdMs }: CopyFile): boolean => claim !== undefined && createdMs > 0 && createdMs < claim.createdMs;
  const isOldFile = (file: CopyFile): boolean => file.mark === undefined && wasBeforeClaim(file);
  const isOldCopy = config !== undefined && unknownKey === undefined && proven.some(isOldFile);

  const owns = (file: CopyFile): boolean => {
    if (file.kind !== 'config' && names.has(keyOf(file))) return true;
    if (file.mark !== undefined) return marks.has(file.mark);
    switch (file.kind) {
      case 'keys':
        return false;
      case 'config':
        if (file.sha256 === undefined || file.sha256 === cut.configSha256) return file.sha256 !== undefined;
        // Of the copy of before, whose key is there, too.
        return hasOldKey && unknownKey === undefined && (claim === undefined || wasBeforeClaim(file));
      case 'data':
      case 'index':
      case 'snapshots':
        return isOldCopy && wasBeforeClaim(file);
    }
  };

  const otherConfigs = states.flatMap(({ source, damaged }) => (source.kind === 'config' ? damaged : []));
  const configs = [...copies.filter(({ kind }) => kind === 'config'), ...otherConfigs];
  const isMarkedStrange = ({ mark }: CopyFile): boolean => mark !== undefined && !marks.has(mark);
  const isOther = (file: CopyFile): boolean => isMarkedStrange(file) || (otherConfigs.includes(file) && !owns(file));
  const nobodysKey = config === undefined && !hasOldKey ? unknownKey : undefined;
  const stranger = configs.find(isOther) ?? extra.find(isMarkedStrange) ?? nobodysKey;
  return {
    mark: claim?.mark ?? config?.mark ?? cut.configSha256,
    isSettled: claim !== undefined && config !== undefined,
    hasFiles: proven.length > 0,
    claims: own,
    strangeClaims: claims.filter(({ mark }) => !marks.has(mark)),
    stranger: stranger && pathOf(stranger),
    owns,
  };
}

/** The path of whatever shows that the folder is not, or not only, that of our copy; undefined when nothing does. */
export function strangerOf({ stranger, strangeClaims: [claim] }: Ownership): string | undefined {
  return stranger ?? (claim && claimFileName(claim.mark));
}
