import type { HistoryFile } from '../records/index.ts';
import type { OpenedKey } from '../repository/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { RecordKeeper } from './record-keeper.ts';

/** What the history is made of, and with what it is sealed where it is. */
export interface HistoryKeeping {
  readonly records: RecordKeeper;
  /** Of the copied repository; undefined where nobody can give its password without being asked. */
  readonly keyOf?: ((location: string, signal: AbortSignal) => Promise<OpenedKey>) | undefined;
  /** What lies beside the records to be read by people, as far as records behind this number make it another. */
  readonly documents?: ((sinceNumber: number, signal: AbortSignal) => Promise<readonly HistoryFile[]>) | undefined;
}

/** How it lies beside the copy; `snapshot`: in the repository itself, and so in the copy of it. */
export type HistoryForm = NonNullable<OffsiteCopy['records']> | 'snapshot';
