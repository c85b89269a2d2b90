import { join } from 'node:path';
import * as z from 'zod';
import { fileKeyOf, readFile, replaceFile, type Random } from '../platform/index.ts';
import {
  keepLastGood,
  loadConfiguration,
  parseConfiguration,
  type LoadedConfiguration,
  type UsedConfiguration,
} from '../settings/index.ts';

const content = z.object({ file: z.string(), text: z.string(), since: z.array(z.string()).default([]) });

/** A person who mends a slip in fifty steps has lost nothing but what only the steps between said. */
const sinceMax = 50;

/**
 * The text of the configuration when it was last free of errors, and those with errors that came since:
 * `last-good-configuration.json` in the state folder. Whoever begins while the configuration has a slip in it takes what is in force from
 * there.
 */
export class LastGoodFile {
  readonly #path: string;
  readonly #random: Random;
  #written: string | undefined;

  constructor(stateFolder: string, random: Random) {
    this.#path = join(stateFolder, 'last-good-configuration.json');
    this.#random = random;
  }

  /** What was in force of the file at `configFile` when it was last looked at; undefined when nobody knows. */
  async used(configFile: string): Promise<UsedConfiguration | undefined> {
    const known = await this.#read(configFile);
    return known && [known.text, ...known.since].reduce(after, undefined);
  }

  /** Keeps the text. Until there was one that is free of errors, nothing is kept. @throws the system's errors */
  async keep({ path, text, problems, saysNothing }: LoadedConfiguration): Promise<void> {
    if (text === undefined || saysNothing || text === this.#written) return;
    const isWrong = problems.some(({ severity }) => severity === 'error');
    const known = isWrong ? await this.#read(path) : undefined;
    if (isWrong && (known === undefined || known.since.at(-1) === text)) return;
    const kept = known === undefined ? { file: path, text } : { ...known, since: [...known.since, text].slice(-sinceMax) };
    await replaceFile(this.#path, JSON.stringify(kept), this.#random);
    this.#written = text;
  }

  async #read(configFile: string): Promise<z.output<typeof content> | undefined> {
    try {
      const known = content.parse(JSON.parse(await readFile(this.#path, 'utf8')));
      return fileKeyOf(known.file) === fileKeyOf(configFile) ? known : undefined;
    } catch {
      return undefined; // none, or none that helps: what the file is not right about is unknown then
    }
  }
}

function after(before: UsedConfiguration | undefined, text: string): UsedConfiguration {
  return keepLastGood(parseConfiguration(text), before);
}

/** What stands in the file, and what is in force. */
export interface ConfigurationInForce {
  readonly loaded: LoadedConfiguration;
  readonly used: UsedConfiguration;
}

/** The configuration as it is used from the beginning on: with what was good when it last was. */
export async function configurationInForce(configFile: string, lastGood: LastGoodFile): Promise<ConfigurationInForce> {
  const loaded = await loadConfiguration(configFile);
  const isRight = loaded.saysNothing !== true && !loaded.problems.some(({ severity }) => severity === 'error');
  return { loaded, used: keepLastGood(loaded, isRight ? undefined : await lastGood.used(loaded.path)) };
}
