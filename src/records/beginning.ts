import { readLines } from './read-lines.ts';
import { parseLine } from './record-line.ts';

/** Where a history goes on whose first months were disposed of. Nothing of it is proven before the disposal itself is. */
export interface Beginning {
  readonly chain: string;
  /** The last record that was disposed of. */
  readonly last: { readonly number: number; readonly hash: string; readonly at: string };
  /** The key that signed from there on, in base64. */
  readonly publicKey: string;
  /** The record of the disposal. */
  readonly disposedBy: number;
}

/**
 * Undefined for a history that begins with its first record, and where no record tells of the disposal of what is missing.
 * @throws as `readLines`
 */
export async function findBeginning(folder: string, signal?: AbortSignal): Promise<Beginning | undefined> {
  let missing: { readonly number: number; readonly hash: string } | undefined;
  for await (const { bytes } of readLines(folder, signal)) {
    const { record } = parseLine(bytes);
    if (missing === undefined) {
      if (record === undefined || record.number === 1) return undefined;
      missing = { number: record.number - 1, hash: record.previous };
    }
    const { number, hash } = missing;
    const month = record?.disposal?.months.find(({ lastNumber, lastHash }) => lastNumber === number && lastHash === hash);
    if (record?.disposal !== undefined && month !== undefined)
      return {
        chain: record.disposal.chain,
        last: { number, hash, at: month.lastAt },
        publicKey: month.publicKey,
        disposedBy: record.number,
      };
  }
  return undefined;
}
