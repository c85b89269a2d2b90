import { dirname, join } from 'node:path';
import type { Random } from './random.ts';
import { fileError } from './system-codes.ts';
import { writeWhole } from './write-whole.ts';

/**
 * Puts a document where a person wants it, complete or not at all: a form that is half written must not be printed.
 * @param file absolute
 * @param readers `others`: as many as other files of the user have, since it goes to other people. `owner`: what has all the records
 * @throws `storage.denied`, `storage.full`, `storage.unreachable`
 */
export async function writeDocument(
  file: string,
  bytes: Uint8Array,
  { random, readers }: { readonly random: Random; readonly readers: 'others' | 'owner' },
): Promise<void> {
  const temporaryPath = join(dirname(file), `.cadangan-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}.part`);
  try {
    await writeWhole(file, { random, mode: readers === 'owner' ? 0o600 : 0o666, temporaryPath }, (handle) => handle.writeFile(bytes));
  } catch (error) {
    throw fileError(error, file);
  }
}
