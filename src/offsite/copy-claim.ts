/** A small file beside the copy that says whose folder it is, made before anything else; restic does not look at it. */
export interface Claim {
  readonly id: string;
  /** Which repository's copy lies there; files that are uploaded for it are marked with the same. */
  readonly mark: string;
  /** Milliseconds since 1970, by Drive's clock. */
  readonly createdMs: number;
}

const nameForm = /^cadangan-copy-([0-9a-f]{64})\.json$/;

/** The mark stands in the name: a list tells whose folder it is, whichever program made the file. */
export function claimFileName(mark: string): string {
  return `cadangan-copy-${mark}.json`;
}

/** The mark of a claim; undefined for a name of anything else. */
export function claimedMark(name: string): string | undefined {
  return nameForm.exec(name)?.[1];
}

/** For people who come upon it. */
export function claimFile(mark: string): Uint8Array {
  const about = 'This folder belongs to the off-site copy of one repository, which Cadangan keeps up. Use it for nothing else.';
  return Buffer.from(`${JSON.stringify({ version: 1, repository: mark, about }, undefined, 1)}\n`);
}

/** The same on every machine. */
export function olderClaimFirst(a: Claim, b: Claim): number {
  return a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1);
}
