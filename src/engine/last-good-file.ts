import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Random } from '../platform/index.ts';
import { keepLastGood, parseConfiguration, type LoadedConfiguration, type UsedConfiguration } from '../settings/index.ts';

const content = z.object({ file: z.string(), text: z.string() });

/**
 * The text of the configuration when it was last free of errors: `last-good-configuration.json` in the state folder. An engine that begins while the
 * configuration has a slip in it takes the good sets from there.
 */
export class LastGoodFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #random: Random;
  #written: string | undefined;

  constructor(stateFolder: string, random: Random) {
    this.#folder = stateFolder;
    this.#path = join(stateFolder, 'last-good-configuration.json');
    this.#random = random;
  }

  /** What was used of the file at `configFile` when it was last right; undefined when nobody knows. */
  async used(configFile: string): Promise<UsedConfiguration | undefined> {
    try {
      const { file, text } = content.parse(JSON.parse(await readFile(this.#path, 'utf8')));
      return file === configFile ? keepLastGood(parseConfiguration(text), undefined) : undefined;
    } catch {
      return undefined; // none, or none that helps: then the configuration counts as it is
    }
  }

  /** Keeps the text if it is free of errors. @throws the system's errors */
  async keep({ path, text, problems }: LoadedConfiguration): Promise<void> {
    if (text === undefined || text === this.#written || problems.some(({ severity }) => severity === 'error')) return;
    const temporary = `${this.#path}-tmp-${Buffer.from(this.#random.fill(new Uint8Array(8))).toString('hex')}`;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    try {
      await using handle = await open(temporary, 'wx', 0o600);
      await handle.writeFile(JSON.stringify({ file: path, text }));
      await handle.datasync();
      await rename(temporary, this.#path);
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
    this.#written = text;
  }
}

/** The configuration as it is used from the beginning on: with what was good when it last was. */
export async function usedFromStart(loaded: LoadedConfiguration, lastGood: LastGoodFile): Promise<UsedConfiguration> {
  const isWrong = loaded.problems.some(({ severity }) => severity === 'error');
  return keepLastGood(loaded, isWrong ? await lastGood.used(loaded.path) : undefined);
}
