import type { NonconformityInfo, RecordFault, RecordRow } from '../../service/index.ts';

/** Rows of the view *History*. */
export type HistoryNode = NonconformitiesNode | NonconformityNode | PeriodNode | RecordNode | RecordFaultNode | MoreRecordsNode;

/** Above the days, as long as there are open ones. */
export interface NonconformitiesNode {
  readonly kind: 'nonconformities';
  readonly children: readonly NonconformityNode[];
}

export interface NonconformityNode {
  readonly kind: 'nonconformity';
  readonly info: NonconformityInfo;
}

/** A day or a month. */
export interface PeriodNode {
  readonly kind: 'period';
  /** `2026-11` or `2026-11-22` */
  readonly id: string;
  readonly label: string;
  /** Unfolded at first: today and yesterday. */
  readonly isRecent: boolean;
  readonly children: readonly (PeriodNode | RecordNode | RecordFaultNode)[];
}

/** Stays the same object as long as the record is shown. */
export interface RecordNode {
  readonly kind: 'record';
  row: RecordRow;
}

/** A place where no record stands that can be shown. */
export interface RecordFaultNode {
  readonly kind: 'record-fault';
  readonly fault: RecordFault;
}

/** The last row, while there are more records than are shown. */
export interface MoreRecordsNode {
  readonly kind: 'more-records';
  readonly shown: number;
  readonly total: number;
}

export function isRecordNode(value: unknown): value is RecordNode {
  return hasKind(value, 'record');
}

export function isRecordFaultNode(value: unknown): value is RecordFaultNode {
  return hasKind(value, 'record-fault');
}

export function isNonconformityNode(value: unknown): value is NonconformityNode {
  return hasKind(value, 'nonconformity');
}

function hasKind(value: unknown, kind: HistoryNode['kind']): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
