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

/** The folder for what Cadangan itself has to remember (runs, records): `CADANGAN_STATE`, else the system's folder for state. */
export function stateFolder(environment: Environment): string {
  // env-paths calls it `log`: on Linux it is XDG_STATE_HOME, which is meant for history as much as for logs.
  return environment['CADANGAN_STATE'] || envPaths('cadangan', { suffix: '' }).log;
}
