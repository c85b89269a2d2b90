import { timingSafeEqual } from 'node:crypto';
import { link } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readPasswordFile } from '../jobs/index.ts';
import { CadanganError, fileError, makeOwnFolder, rm, systemCode, wipePassword, writeWhole, type Password } from '../platform/index.ts';
import { openWithPassword } from '../repository/index.ts';
import { updateConfiguration } from '../settings/index.ts';
import type { Call } from './call.ts';
import type { Service } from './service.ts';

/**
 * Lays the password of a set's repository into a file that only its owner reads, proven to open it, and names that file in the
 * configuration: because somebody asked for it, so that the set runs when nobody is there.
 * @returns the file. @throws `password.missing` also for one that a file cannot hold; `arguments.invalid` when there is such a file
 */
export async function keepPasswordFile(service: Service, { set: name }: { readonly set: string }, call: Call): Promise<string> {
  await service.reload(); // the configuration may be a moment old here
  const { repository } = service.setNamed(name);
  const { location } = repository;
  const file = join(service.storagePlace.stateFolder, 'passwords', name);
  await service.passwords.open(location, { ...call, asksFirst: true }, (password) =>
    service.repositories.use(location, { ...call, given: password }, async (opened) => {
      await openWithPassword(password, opened.repository.keyContext(call.signal));
      await writeNew(file, password, service.world.random);
      await proveFile(file, password, call.signal);
    }),
  );
  const values = { repository: { location, passwordFile: file } };
  const { random } = service.world;
  try {
    await service.take(await updateConfiguration(service.configFile, { kind: 'change-set', name, values }, { random }));
  } catch (error) {
    await rm(file, { force: true }); // nobody would know of it, and it would be in the way of the next try
    throw error;
  }
  return file;
}

/** Never over another one, which may be of a repository that it alone opens. */
async function writeNew(file: string, password: Password, random: Service['world']['random']): Promise<void> {
  const place = async (temporary: string): Promise<void> => {
    await link(temporary, file);
    await rm(temporary);
  };
  try {
    await makeOwnFolder(dirname(file));
    await writeWhole(file, { random, place, forOwner: true }, (handle) => handle.writeFile(password));
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new CadanganError('arguments.invalid', { path: file, reason: 'it is there already' });
    throw fileError(error, file);
  }
}

/** Blanks at an end would not be read again. */
async function proveFile(file: string, password: Password, signal: AbortSignal): Promise<void> {
  const read = await readPasswordFile(file, signal);
  const isSame = read.length === password.length && timingSafeEqual(read, password);
  wipePassword(read);
  if (isSame) return;
  await rm(file);
  throw new CadanganError('password.missing', { reason: 'a file cannot hold this password, which begins or ends with a blank' });
}
