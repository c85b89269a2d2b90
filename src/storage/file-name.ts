import assert from 'node:assert/strict';
import type { FileName } from './storage.ts';

const storedName = /^[0-9a-f]{64}$/;

/** True for the name of a repository file. Everything else in a folder is a stranger or a temporary file. */
export function isStoredName(name: string): boolean {
  return storedName.test(name);
}

/**
 * A promise of the caller, not a check of outside bytes: names come from hashes or from parsed ids. It is asserted all the
 * same, because a name becomes a part of a path, and `../x` must never leave the repository.
 */
export function assertFileName(file: FileName): void {
  if (file.kind === 'config') assert(file.name === '', `the config has no name of its own, got ${JSON.stringify(file.name)}`);
  else assert(isStoredName(file.name), `a file name is 64 lower-case hex digits, got ${JSON.stringify(file.name)}`);
}

/** @throws AssertionError unless `offset` and `lengthBytes` are whole, not negative, and `target` is long enough. */
export function assertRange(offset: number, lengthBytes: number, target: Uint8Array | undefined): void {
  assert(Number.isSafeInteger(offset) && offset >= 0, `offset must be a whole number from 0, got ${offset}`);
  assert(Number.isSafeInteger(lengthBytes) && lengthBytes >= 0, `length must be a whole number from 0, got ${lengthBytes}`);
  assert(target === undefined || target.length >= lengthBytes, `target holds ${target?.length} bytes, ${lengthBytes} are wanted`);
}
