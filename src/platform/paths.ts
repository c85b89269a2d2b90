import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import envPaths from 'env-paths';
import type { Environment } from './pattern-file.ts';

/**
 * The one configuration file of this server and user: `chosen` (the editor's setting `cadangan.configFile`), else
 * `CADANGAN_CONFIG`, else `cadangan.jsonc` in the system's folder for configuration. Says nothing about whether it exists.
 */
export function configurationFile(environment: Environment, chosen = ''): string {
  return chosen || environment['CADANGAN_CONFIG'] || join(envPaths('cadangan', { suffix: '' }).config, 'cadangan.jsonc');
}

/**
 * The folder for what Cadangan itself has to remember (runs, records): `CADANGAN_STATE`, else the system's folder for state. Another
 * configuration than the usual one has a folder of its own in there, since a state folder has one host, and a host one configuration.
 */
export function stateFolder(environment: Environment, configFile = configurationFile(environment)): string {
  if (environment['CADANGAN_STATE']) return environment['CADANGAN_STATE'];
  const { config, log } = envPaths('cadangan', { suffix: '' });
  // env-paths calls it `log`: on Linux it is XDG_STATE_HOME, which is meant for history as much as for logs.
  if (configFile === join(config, 'cadangan.jsonc') || isStateOf(log, configFile)) return log;
  return join(log, 'configurations', createHash('sha256').update(configFile).digest('hex').slice(0, 16));
}

/** Version 0.1.0 had one folder for all configurations: whichever it was used for last keeps it. */
function isStateOf(folder: string, configFile: string): boolean {
  try {
    const { file } = JSON.parse(readFileSync(join(folder, 'last-good-configuration.json'), 'utf8')) as { readonly file?: unknown };
    return file === configFile;
  } catch {
    return false;
  }
}
