import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile, type Random } from '../platform/index.ts';
import { keepLastGood, parseConfiguration, type LoadedConfiguration, type UsedConfiguration } from '../settings/index.ts';

const content = z.object({ file: z.string(), text: z.string() });

/**
 * The text of the configuration when it was last free of errors: `last-good-configuration.json` in the state folder. An engine that begins
 * while the configuration has a slip in it takes the good sets from there.
 */
export class LastGoodFile {
  readonly #path: string;
  readonly #random: Random;
  #written: string | undefined;

  constructor(stateFolder: string, random: Random) {
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
    await replaceFile(this.#path, JSON.stringify({ file: path, text }), this.#random);
    this.#written = text;
  }
}

/** The configuration as it is used from the beginning on: with what was good when it last was. */
export async function usedFromStart(loaded: LoadedConfiguration, lastGood: LastGoodFile): Promise<UsedConfiguration> {
  const isWrong = loaded.problems.some(({ severity }) => severity === 'error');
  return keepLastGood(loaded, isWrong ? await lastGood.used(loaded.path) : undefined);
}
