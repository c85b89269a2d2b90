import assert from 'node:assert/strict';
import { CadanganError, type Password } from '../platform/index.ts';
import { addKey, listKeys, openWithPassword, type KeyId, type Repository } from '../repository/index.ts';

/** Whom a new key is for, as it will stand in the list; the system's own names by default. */
export interface KeyOwner {
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
}

/** Adds a password and proves that it opens the repository. @returns the new key. @throws `password.empty` */
export async function addPassword(repository: Repository, password: Password, owner: KeyOwner, signal: AbortSignal): Promise<KeyId> {
  const context = repository.keyContext(signal);
  const id = await addKey(repository.masterKey, password, owner, context);
  const opened = await openWithPassword(password, context);
  assert.deepEqual(opened.masterKey, repository.masterKey, 'the new password opens the same repository');
  return id;
}

/** Adds the new password, then removes the key that this repository was opened with: at no instant is there none. */
export async function changePassword(repository: Repository, password: Password, owner: KeyOwner, signal: AbortSignal): Promise<KeyId> {
  const id = await addPassword(repository, password, owner, signal);
  // The same password, owner and salt never give the same file: the salt is random.
  await repository.storage.remove({ kind: 'keys', name: repository.keyId }, signal);
  return id;
}

/** Removes a key by its id or the beginning of one. @throws `key.last` for the key in use; `key.not-found`, `key.ambiguous` */
export async function removePassword(repository: Repository, wanted: string, signal: AbortSignal): Promise<KeyId> {
  const id = await resolveKey(repository, wanted, signal);
  if (id === repository.keyId) throw new CadanganError('key.last', { key: id });
  await repository.storage.remove({ kind: 'keys', name: id }, signal);
  return id;
}

/** @throws `key.not-found`, `key.ambiguous` */
export async function resolveKey(repository: Repository, wanted: string, signal: AbortSignal): Promise<KeyId> {
  const { keys, damaged } = await listKeys(repository.keyContext(signal));
  const ids = [...keys, ...damaged].map(({ id }) => id).filter((id) => id.startsWith(wanted.toLowerCase()));
  const only = ids[0];
  if (only === undefined || wanted === '') throw new CadanganError('key.not-found', { key: wanted });
  if (ids.length > 1) throw new CadanganError('key.ambiguous', { key: wanted, candidates: ids });
  return only;
}
