import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFile, systemCode, textOfFile } from '../platform/index.ts';
import { nothing, parseConfiguration, wholeFile, type ParsedConfiguration } from './parse.ts';
import { fileBytesMax } from './schema.ts';

export interface LoadedConfiguration extends ParsedConfiguration {
  readonly path: string;
  /** As it was read, without a byte order mark; undefined when there is no file, or none that can be read. */
  readonly text: string | undefined;
}

/**
 * Reads the configuration file at `path`. No file is an empty configuration, but without its folder (a disk that is not mounted) it says
 * nothing; one that cannot be read is a problem. Never throws.
 */
export async function loadConfiguration(path: string): Promise<LoadedConfiguration> {
  try {
    const text = await readConfigurationText(path);
    if (text !== undefined) return { path, text, ...parseConfiguration(text) };
    return { path, text, ...nothing(), ...(!existsSync(dirname(path)) && { saysNothing: true }) };
  } catch (error) {
    if (error instanceof FileTooLarge) return { path, text: undefined, ...nothing(wholeFile('too-large', { maxBytes: fileBytesMax })) };
    const reason = systemCode(error) ?? 'unknown';
    return {
      path,
      text: undefined,
      ...nothing(wholeFile('unreadable', { reason: reason === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'not-utf-8' : reason })),
    };
  }
}

/** Undefined when there is no file. @throws what the system or the decoder says */
export async function readConfigurationText(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > fileBytesMax) throw new FileTooLarge();
    return textOfFile(await readFile(path));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

class FileTooLarge extends Error {}
