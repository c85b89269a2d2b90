import { isAbort } from '../platform/index.ts';
import { historyFiles, historyReadme, type ChainHead, type HistoryFile } from '../records/index.ts';
import type { HistoryForm, HistoryKeeping } from './history-keeping.ts';

export interface HistoryWish {
  /** The copy that it goes to, as its text says. */
  readonly location: string;
  readonly form: Exclude<HistoryForm, 'off'>;
  /** The number of the record that it was last kept with there, in the same form; 0: never. */
  readonly sinceNumber: number;
  readonly signal: AbortSignal;
}

/** All that is to be kept of a history, as of one moment. */
export interface CollectedHistory {
  readonly head: ChainHead;
  readonly files: readonly HistoryFile[];
  /** What kept the documents from being made: the records are kept all the same. */
  readonly failure: Error | undefined;
}

/** @returns undefined where nothing was recorded yet @throws the system's errors; `aborted` */
export async function collectHistory({ records, documents }: HistoryKeeping, wish: HistoryWish): Promise<CollectedHistory | undefined> {
  const { history, owner } = records;
  const { location, form, sinceNumber, signal } = wish;
  const made = await readable(documents, sinceNumber, signal);
  let files: readonly HistoryFile[] = [];
  let head: ChainHead | undefined;
  // Not while somebody appends: half a record would seem to contradict the whole one later.
  await history.writing(() =>
    history.atRest(async () => {
      [head, files] = [await history.head(), await historyFiles(history.folder)];
    }),
  );
  if (head === undefined) return undefined;
  const text = historyReadme({ owner, chain: head.chain, location, isSealed: form !== 'clear' });
  const readme: HistoryFile = { name: 'README.txt', bytes: Buffer.from(text), change: 'replaced', isOpen: true };
  const isFailure = made instanceof Error;
  return { head, files: [readme, ...(isFailure ? [] : made), ...files], failure: isFailure ? made : undefined };
}

async function readable(
  documents: HistoryKeeping['documents'],
  sinceNumber: number,
  signal: AbortSignal,
): Promise<readonly HistoryFile[] | Error> {
  try {
    return (await documents?.(sinceNumber, signal)) ?? [];
  } catch (error) {
    if (isAbort(error)) throw error;
    return error instanceof Error ? error : new Error(String(error));
  }
}
