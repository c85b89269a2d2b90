import type { CopyInfo, DriveStatus } from '../../service/index.ts';
import type { Row } from '../presentation/set-row.ts';
import type { SnapshotsNode } from './snapshot-nodes.ts';

/** Rows of the view *Off-site Copies*; under a copy its snapshots stand as in the view *Snapshots*. */
export type DriveNode = AccountNode | CopyNode | CopyDetailNode | SnapshotsNode;

export interface AccountNode {
  readonly kind: 'account';
  status: DriveStatus;
}

/** Stays the same object as long as there is the copy. */
export interface CopyNode {
  readonly kind: 'copy';
  copy: CopyInfo;
}

export interface CopyDetailNode {
  readonly kind: 'copy-detail';
  readonly parent: CopyNode;
  readonly row: Row;
}

export function isCopyNode(value: unknown): value is CopyNode {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'copy';
}
