import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../platform/index.ts';

/** Under which a password file is handed over by a service manager: names of credentials are short and of few letters (systemd.exec(5)). */
export function credentialName(path: string): string {
  return `password-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
}

/**
 * The copy of a password file that a service manager has laid for this process alone, which can be read where the file itself cannot.
 * Undefined where there is none; an empty one says that the file was missing when the service began.
 */
export async function credentialOf(path: string, environment: Environment): Promise<string | undefined> {
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (!folder) return undefined;
  const credential = join(folder, credentialName(path));
  const bytes = await stat(credential).then(
    ({ size }) => size,
    () => 0,
  );
  return bytes > 0 ? credential : undefined;
}
