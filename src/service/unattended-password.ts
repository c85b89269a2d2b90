import { stat } from 'node:fs/promises';
import { childEnvironment, readPasswordFile, runPasswordCommand } from '../jobs/index.ts';
import { CadanganError, throwIfAborted, type Environment, type Password } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { credentialOf } from './credential.ts';

/**
 * The password that the configuration knows a way to, without anybody there; undefined when it names none.
 * @throws `password.missing` when the way leads nowhere; `password.exposed` when others may read it; `password.empty`; `aborted`
 */
export async function unattendedPassword(
  way: BackupSet['repository'],
  environment: Environment,
  signal: AbortSignal,
): Promise<Password | undefined> {
  const { passwordFile, passwordCommand } = way;
  throwIfAborted(signal);
  if (passwordCommand !== undefined) return runPasswordCommand(passwordCommand, { environment: childEnvironment(environment), signal });
  if (passwordFile === undefined) return undefined;
  await refuseExposed(passwordFile);
  return readPasswordFile((await credentialOf(passwordFile, environment)) ?? passwordFile, signal);
}

/** A password that others of the machine may read opens the repository for them. What cannot be looked at says itself what is wrong. */
async function refuseExposed(file: string): Promise<void> {
  if (process.platform === 'win32') return; // lists of rights, which are not read
  const mode = await stat(file).then(
    (stats) => stats.mode & 0o777,
    () => 0,
  );
  if ((mode & 0o077) !== 0) throw new CadanganError('password.exposed', { file, mode: mode.toString(8).padStart(4, '0') });
}
