import { link, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  CadanganError,
  discard,
  inUseError,
  makeOwnFolder,
  rename,
  systemCode,
  systemRandom,
  systemTimeZone,
  writeWhole,
  type Random,
} from '../platform/index.ts';
import { type ConfigurationEdit, editConfiguration, isNewFile } from './edit.ts';
import { loadConfiguration, readConfigurationText, type LoadedConfiguration } from './load.ts';

export interface SaveOptions {
  readonly random?: Random | undefined;
  /** Who may read it; default 0600, its owner only. That of a machine's service is for its group, too. */
  readonly mode?: number | undefined;
}

/**
 * Reads the file at `path`, makes the change and saves it.
 * A new file names the zone of the machine.
 * @throws what `editConfiguration` and `saveConfiguration` throw; `time-zone.unusable` for a new file
 */
export async function updateConfiguration(path: string, edit: ConfigurationEdit, options: SaveOptions = {}): Promise<LoadedConfiguration> {
  const before = await currentText(path);
  await saveConfiguration(path, before, editConfiguration(before, edit, isNewFile(before) ? systemTimeZone() : undefined), options);
  return loadConfiguration(path);
}

/**
 * Writes the configuration whole or not at all. A symbolic link stays one.
 * @param before the text that the change was made from; undefined when there was no file
 * @throws `config.changed` when the file is not `before` any more; `config.denied`
 */
export async function saveConfiguration(
  path: string,
  before: string | undefined,
  after: string,
  { random = systemRandom, mode = 0o600 }: SaveOptions = {},
): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    await makeOwnFolder(dirname(target));
    // Between the look and the new name lies well under a millisecond; no system offers to replace a file only if it has a certain content.
    const place = async (temporaryPath: string): Promise<void> => {
      if ((await currentText(target)) !== before) throw new CadanganError('config.changed', { path });
      await (before === undefined ? giveNewName(temporaryPath, target, path) : rename(temporaryPath, target));
    };
    await writeWhole(target, { random, place, mode }, async (file) => {
      await file.writeFile(after);
      await file.chmod(mode); // whatever the mask
    });
  } catch (error) {
    throw denied(path, error);
  }
}

async function currentText(path: string): Promise<string | undefined> {
  try {
    return await readConfigurationText(path);
  } catch (error) {
    throw denied(path, error);
  }
}

/** Unlike `rename`, `link` does not take the place of a file that somebody made meanwhile. */
async function giveNewName(temporary: string, target: string, path: string): Promise<void> {
  try {
    await link(temporary, target);
    await discard(temporary); // a second name of the same file, that nobody reads
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new CadanganError('config.changed', { path }, { cause: error });
    await rename(temporary, target); // a file system without hard links
  }
}

function denied(path: string, error: unknown): unknown {
  const reason = systemCode(error);
  return error instanceof CadanganError || reason === undefined
    ? error
    : (inUseError(error, path) ?? new CadanganError('config.denied', { path, reason }, { cause: error }));
}
