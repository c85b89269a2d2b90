import { childEnvironment, readPasswordFile, runPasswordCommand, type ProgramVet } from '../jobs/index.ts';
import { CadanganError, exposureOf, throwIfAborted, type Environment, type Password } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { credentialOf } from './credential.ts';

/**
 * The password that the configuration knows a way to, without anybody there; undefined when it names none.
 * @throws `password.missing` when the way leads nowhere; `password.exposed` when others may read it; `password.empty`; `aborted`
 */
export async function unattendedPassword(
  way: Partial<BackupSet['repository']>,
  environment: Environment,
  signal: AbortSignal,
  vet?: ProgramVet,
): Promise<Password | undefined> {
  const { passwordFile, passwordCommand } = way;
  throwIfAborted(signal);
  if (passwordCommand !== undefined) {
    await vet?.(passwordCommand);
    return runPasswordCommand(passwordCommand, { environment: childEnvironment(environment), signal });
  }
  if (passwordFile === undefined) return undefined;
  await refuseExposed(passwordFile);
  return readPasswordFile((await credentialOf(passwordFile, environment)) ?? passwordFile, signal);
}

/**
 * A password that others of the machine may read opens the repository for them. What cannot be looked at says itself what is wrong; whose
 * readers Windows does not say is used, and named among the problems of the configuration (`PasswordOutlook`).
 */
async function refuseExposed(file: string): Promise<void> {
  const exposure = await exposureOf(file).catch(() => undefined);
  if (exposure !== undefined && exposure !== 'unknown') throw new CadanganError('password.exposed', { file, ...exposure });
}
