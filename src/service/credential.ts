import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFile } from '../platform/index.ts';
import type { Environment } from '../platform/index.ts';

/** Under which a password file is handed over by a service manager: names of credentials are short and of few letters (systemd.exec(5)). */
export function credentialName(path: string): string {
  return `password-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
}

/** What a unit gives for a file that is not there, as systemd.exec(5) writes it: it has no empty one. A password it is not. */
export const missingCredential = '\\n';

/**
 * The copy of a password file that a service manager has laid for this process alone, which can be read where the file itself cannot.
 * Undefined where there is none, or the file was missing when the service began.
 */
export async function credentialOf(path: string, environment: Environment): Promise<string | undefined> {
  const folder = environment['CREDENTIALS_DIRECTORY'];
  if (!folder) return undefined;
  const credential = join(folder, credentialName(path));
  return (await hasContent(credential)) ? credential : undefined;
}

async function hasContent(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).size > 1) return true;
    return !/^\n?$/.test(await readFile(path, 'latin1'));
  } catch {
    return false; // the file itself says what is wrong with it
  }
}
