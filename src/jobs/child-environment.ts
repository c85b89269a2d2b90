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

/**
 * Likewise, for programs that have no business with a repository. Somebody who starts a run by hand has perhaps the password in a variable,
 * or the keys of a server; systemd names its credentials' folder in another. Of restic, rclone and AWS nothing goes: any setting of a
 * remote may stand in such a variable, secrets among them (`RCLONE_CONFIG_NAS_PASS`, `RCLONE_SFTP_KEY_PEM`), and where keys lie is a way
 * to them.
 */
export function withoutSecrets(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(childEnvironment(environment)).filter(([name]) => !ofStorages.test(name)));
}

const ofStorages = /^(?:(?:RESTIC|AWS|RCLONE)_\w*|CREDENTIALS_DIRECTORY)$/i;
