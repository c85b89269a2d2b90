import type { StoredSnapshot } from '../../repository/index.ts';
import type { SourceVerdict } from './compare-source.ts';
import type { RestoredFile } from './restore-sample.ts';

/** A file that was restored and proven; `source` is missing where the snapshot is not of this kind of machine. */
export interface DrilledFile extends RestoredFile {
  readonly source?: SourceVerdict;
}

/** What a drill made of one backup set. */
export interface DrilledSet {
  readonly set: string;
  /** Where it was restored from. */
  readonly location: string;
  readonly repositoryId: string;
  readonly snapshot: StoredSnapshot;
  readonly foldersRead: number;
  readonly files: readonly DrilledFile[];
}

/** A file of evidence, and what the record says of it. */
export interface WrittenEvidence {
  /** Below the folder of the records, with a forward slash: `evidence/drill-….json`. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

export interface DrillDetails {
  readonly sets: readonly DrilledSet[];
  /** Chosen, and of them restored with every byte verified. */
  readonly filesChosen: number;
  readonly filesVerified: number;
  readonly bytesVerified: number;
  /** Of these, found untouched at their source and the same there; found changed or gone there. */
  readonly filesSameAtSource: number;
  readonly filesChangedAtSource: number;
  /** From the opening of the repositories to the last verified byte. */
  readonly recoveryMs: number;
  readonly evidence: WrittenEvidence;
}
