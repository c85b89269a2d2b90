import { readPasswordFile, runPasswordCommand } from '../jobs/index.ts';
import { throwIfAborted, type Environment, type Password } from '../platform/index.ts';
import type { BackupSet } from '../settings/index.ts';
import { childEnvironment } from './child-environment.ts';
import { credentialOf } from './credential.ts';

/**
 * The password that the configuration knows a way to, without anybody there; undefined when it names none.
 * @throws `password.missing` when the way leads nowhere; `password.empty`; `aborted`
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
  return readPasswordFile((await credentialOf(passwordFile, environment)) ?? passwordFile, signal);
}
