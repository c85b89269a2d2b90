import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile, systemCode, type Random } from '../platform/index.ts';

/** The end of a chain: enough to tell later whether it is still the same chain, and whether anything of it is missing. */
export interface ChainHead {
  /** Names the chain: the first 16 hex digits of its first record's hash. */
  readonly chain: string;
  readonly number: number;
  readonly hash: string;
}

export const headSchema = z.object({
  chain: z.string().regex(/^[0-9a-f]{16}$/),
  number: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The chain that begins with a record of this hash. */
export function chainNameOf(firstHash: string): string {
  return firstHash.slice(0, 16);
}

/**
 * What the last append left behind: never ahead of the records, behind them only after a crash. Undefined when there is none that can be
 * read.
 */
export async function readHead(folder: string): Promise<ChainHead | undefined> {
  try {
    return headSchema.safeParse(JSON.parse(await readFile(headPath(folder), 'utf8'))).data;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeHead(folder: string, head: ChainHead, random: Random): Promise<void> {
  await replaceFile(headPath(folder), `${JSON.stringify(head)}\n`, random);
}

function headPath(folder: string): string {
  return join(folder, 'head.json');
}
