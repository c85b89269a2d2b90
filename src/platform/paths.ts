import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { CadanganError } from './errors.ts';
import type { Environment } from './environment.ts';
import { placeKeyOf } from './machine-path.ts';
import { system } from './system.ts';

/**
 * The one configuration file of this server and user: `chosen` (the editor's setting `cadangan.configFile`), else
 * `CADANGAN_CONFIG`, else `cadangan.jsonc` in the system's folder for configuration. Says nothing about whether it exists.
 * @throws `home.unknown`; `arguments.invalid` for a variable that is no text
 */
export function configurationFile(environment: Environment, chosen = ''): string {
  return chosen || (namedPlace(environment, 'CADANGAN_CONFIG') ?? join(systemFolder(environment, 'config'), 'cadangan.jsonc'));
}

/**
 * The folder for what Cadangan itself has to remember (runs, records): `CADANGAN_STATE`, else the system's folder for state. Another
 * configuration than the usual one has a folder of its own in there, since a state folder has one host, and a host one configuration.
 * @throws as `configurationFile`
 */
export function stateFolder(environment: Environment, configFile = configurationFile(environment)): string {
  const named = namedPlace(environment, 'CADANGAN_STATE');
  if (named !== undefined) return named;
  const state = systemFolder(environment, 'state');
  const usual = join(systemFolder(environment, 'config'), 'cadangan.jsonc');
  if (fileKeyOf(configFile) === fileKeyOf(usual) || isStateOf(state, configFile)) return state;
  return stateAmong(join(state, 'configurations'), configFile);
}

/**
 * The folder of a configuration, which every spelling of its path finds: VS Code writes `c:\...`, a person `C:/...`. A version before took
 * each spelling for a file of its own; a folder that it made for one is gone on with.
 */
function stateAmong(folders: string, configFile: string): string {
  const folderOf = (text: string): string => join(folders, createHash('sha256').update(text).digest('hex').slice(0, 16));
  const folder = folderOf(fileKeyOf(configFile));
  if (fileKeyOf(configFile) === configFile || existsSync(folder)) return folder;
  const before = foldersIn(folders).filter((path) => isStateOf(path, configFile));
  return [folderOf(configFile), ...before].find((path) => existsSync(path)) ?? folder;
}

/** What the spellings of a file's path have in common; only Windows has several. */
export function fileKeyOf(path: string): string {
  return system.isWindows ? placeKeyOf(path) : path;
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
      .sort()
      .map((name) => join(path, name));
  } catch {
    return []; // nothing was ever made there
  }
}

/** Of whoever runs this: `HOME`, else what passwd(5) says. A daemon or a container may have neither. @throws `home.unknown` */
export function homeFolder(environment: Environment): string {
  const named = environment[system.homeVariable] ?? '';
  if (isAbsolute(named) && !named.includes('\ufffd')) return named;
  try {
    const { homedir } = userInfo();
    if (isAbsolute(homedir)) return homedir;
  } catch {
    // no entry
  }
  throw new CadanganError('home.unknown', { uid: process.getuid?.() });
}

/** A relative one is seen from the current folder, and so the same for every process that this one starts. */
function namedPlace(environment: Environment, name: string): string | undefined {
  const value = environment[name] ?? '';
  if (value.includes('\ufffd')) throw new CadanganError('arguments.invalid', { argument: name, reason: 'it is not UTF-8 text' });
  return value === '' ? undefined : resolve(value);
}

/** For what can be made again. @throws `home.unknown` */
export function cacheFolder(environment: Environment): string {
  return systemFolder(environment, 'cache');
}

function systemFolder(environment: Environment, kind: 'config' | 'state' | 'cache'): string {
  return system.filesOfPrograms(kind, environment, (...names) => join(homeFolder(environment), ...names));
}

/** By what it says itself. Version 0.1.0 had one folder for all configurations: whichever it was used for last keeps it. */
function isStateOf(folder: string, configFile: string): boolean {
  try {
    const { file } = JSON.parse(readFileSync(join(folder, 'last-good-configuration.json'), 'utf8')) as { readonly file?: unknown };
    return typeof file === 'string' && fileKeyOf(file) === fileKeyOf(configFile);
  } catch {
    return false;
  }
}
