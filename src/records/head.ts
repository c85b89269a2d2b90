import { join } from 'node:path';
import * as z from 'zod';
import { readFile, replaceFile, systemCode, type Random } from '../platform/index.ts';
import { isSignedBy, type PublicKey, type SigningKey } from './signing-key.ts';

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

/** A head as it stands in `head.json`; the versions before did not sign it. */
export interface SavedHead extends ChainHead {
  /** Which key signed it. */
  readonly key?: string | undefined;
  readonly signature?: string | undefined;
}

/** Why a saved head vouches for nothing: what a `repair` record says of it in `evidence.head`. */
export type HeadDoubt = 'missing' | 'unsigned' | 'signature';

const savedSchema = headSchema.extend({ key: z.string().optional(), signature: z.string().optional() });

/**
 * What the last append left behind: never ahead of the records, behind them only after a crash. Undefined when there is none that can be
 * read. Whether it was signed is for `isHeadSignedBy`.
 */
export async function readHead(folder: string): Promise<SavedHead | undefined> {
  try {
    return savedSchema.safeParse(JSON.parse(await readFile(headPath(folder), 'utf8'))).data;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeHead(folder: string, head: ChainHead, key: SigningKey, random: Random): Promise<void> {
  const saved = { ...head, key: key.publicKey.id, signature: key.sign(signedBytes(head)) };
  await replaceFile(headPath(folder), `${JSON.stringify(saved)}\n`, random);
}

export function isHeadSignedBy(key: PublicKey, head: SavedHead): boolean {
  return head.signature !== undefined && head.key === key.id && isSignedBy(key, signedBytes(head), head.signature);
}

/** In words that no record begins with, so that neither can pass for the other. docs/records.md has them. */
function signedBytes({ chain, number, hash }: ChainHead): Buffer {
  return Buffer.from(`cadangan head:${chain}:${number}:${hash}`);
}

function headPath(folder: string): string {
  return join(folder, 'head.json');
}
