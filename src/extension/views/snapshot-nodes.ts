import type { EntryInfo, ErrorData, SetInfo, SnapshotInfo } from '../../service/index.ts';
import type { ByteString } from '../../platform/index.ts';

/** Rows of the view *Snapshots*. Each knows the one above it, so that the editor can reveal it. */
export type SnapshotsNode = DateNode | SnapshotNode | EntryNode | MoreNode | ProblemNode;

export interface DateNode {
  readonly kind: 'date';
  /** `2026-11` or `2026-11-22` */
  readonly id: string;
  readonly label: string;
  readonly count: number;
  /** Unfolded at first: today and yesterday. */
  readonly isRecent: boolean;
  readonly parent: DateNode | undefined;
  readonly children: SnapshotsNode[];
}

export interface SnapshotNode {
  readonly kind: 'snapshot';
  readonly location: string;
  readonly snapshot: SnapshotInfo;
  readonly set: SetInfo | undefined;
  readonly parent: DateNode;
  readonly folder: FolderContents;
}

export interface EntryNode {
  readonly kind: 'entry';
  readonly location: string;
  readonly repositoryId: string;
  readonly snapshot: SnapshotInfo;
  readonly path: ByteString;
  readonly entry: EntryInfo;
  readonly parent: SnapshotNode | EntryNode;
  readonly folder: FolderContents;
}

/** The last row of a folder of which not everything is shown. */
export interface MoreNode {
  readonly kind: 'more';
  readonly parent: SnapshotNode | EntryNode;
  readonly shown: number;
  readonly total: number;
}

/** In place of what could not be read. */
export interface ProblemNode {
  readonly kind: 'problem';
  readonly location: string;
  readonly error: ErrorData;
  readonly parent: SnapshotsNode | undefined;
}

/** As much of a folder as was asked for until now. */
export interface FolderContents {
  entries: EntryNode[];
  total: number | undefined;
}
