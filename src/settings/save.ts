import { link, mkdir, open, realpath, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CadanganError, systemCode, systemRandom, type Random } from '../platform/index.ts';
import { editConfiguration, type ConfigurationEdit } from './edit.ts';
import { loadConfiguration, readConfigurationText, type LoadedConfiguration } from './load.ts';

export interface SaveOptions {
  readonly random?: Random | undefined;
}

/**
 * Reads the file at `path`, makes the change and saves it.
 * @throws what `editConfiguration` and `saveConfiguration` throw
 */
export async function updateConfiguration(path: string, edit: ConfigurationEdit, options: SaveOptions = {}): Promise<LoadedConfiguration> {
  const before = await currentText(path);
  await saveConfiguration(path, before, editConfiguration(before, edit), options);
  return loadConfiguration(path);
}

/**
 * Writes the configuration whole or not at all, readable by its owner only (0600). A symbolic link stays one.
 * @param before the text that the change was made from; undefined when there was no file
 * @throws `config.changed` when the file is not `before` any more; `config.denied`
 */
export async function saveConfiguration(
  path: string,
  before: string | undefined,
  after: string,
  { random = systemRandom }: SaveOptions = {},
): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const temporary = `${target}.${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}.tmp`;
    try {
      await writeWhole(temporary, after);
      // Between this look and the new name lies well under a millisecond; no system offers to replace a file only if it has a certain
      // content.
      if ((await currentText(target)) !== before) throw new CadanganError('config.changed', { path });
      await (before === undefined ? giveNewName(temporary, target, path) : rename(temporary, target));
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
    await syncFolder(dirname(target));
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

async function writeWhole(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
}

/** Unlike `rename`, `link` does not take the place of a file that somebody made meanwhile. */
async function giveNewName(temporary: string, target: string, path: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new CadanganError('config.changed', { path }, { cause: error });
    await rename(temporary, target); // a file system without hard links
  }
}

/** So that the new name survives a power failure. Windows cannot open folders; there the name is safe without. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}

function denied(path: string, error: unknown): unknown {
  const reason = systemCode(error);
  return error instanceof CadanganError || reason === undefined
    ? error
    : new CadanganError('config.denied', { path, reason }, { cause: error });
}
