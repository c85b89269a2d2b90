import type { Environment } from '../platform/index.ts';

/**
 * What programs of the configuration get: our own environment without what makes Electron a plain Node, which would break a program that is
 * built on Electron.
 */
export function childEnvironment(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('ELECTRON_')),
  );
}

/** Likewise. Somebody who starts a run by hand has perhaps the password in a variable; systemd names its credentials' folder in another. */
export function withoutSecrets(environment: Environment): Record<string, string> {
  const secret = /^(?:RESTIC_(?:FROM_|REST_)?PASSWORD\w*|CREDENTIALS_DIRECTORY)$/i;
  return Object.fromEntries(Object.entries(childEnvironment(environment)).filter(([name]) => !secret.test(name)));
}
