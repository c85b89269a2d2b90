import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { replaceFile, systemCode, type Random } from '../platform/index.ts';
import type { RecordContent, RecordHistory } from '../records/index.ts';
import { withoutSecrets, type Configuration } from '../settings/index.ts';
import { commonContent, type RecordAbout } from './record-about.ts';

/** One value that is another one than before. `before` and `after` are JSON. */
export type ConfigurationChange = NonNullable<RecordContent['change']>;

/**
 * Records what changed in the configuration since it was last looked at, by whichever process, also while none ran: the last known state
 * lies beside the records. Several processes may call it for one change; it is recorded once.
 */
export async function recordConfiguration(
  history: RecordHistory,
  configuration: Configuration,
  about: RecordAbout,
  random: Random,
): Promise<readonly ConfigurationChange[]> {
  const path = join(history.folder, 'configuration.json');
  const known = await readJson(path);
  if (known === undefined && configuration.sets.length === 0) return [];
  const key = await history.signingKey();
  // Whoever has the records and not the key cannot try passwords against it.
  const markOf = (words: readonly string[]): string =>
    `*** ${createHash('sha256')
      .update(key.sign(Buffer.from(JSON.stringify(words))))
      .digest('hex')
      .slice(0, 12)}`;
  const now: unknown = JSON.parse(JSON.stringify(withoutSecrets(configuration, markOf)));
  if (isDeepStrictEqual(known, now)) return [];
  return history.update(async ({ append }) => {
    const changes = configurationChanges(await readJson(path), now);
    for (const change of changes) await append({ ...commonContent('configuration-change', about), change });
    await replaceFile(path, `${JSON.stringify(now, undefined, 2)}\n`, random);
    return changes;
  });
}

/**
 * By key of the file, and for sets by set and key: `timeZone`, `sets.accounting.schedule`. A set that is new or gone is told as a whole,
 * and so is the first configuration of all (`before` undefined).
 */
export function configurationChanges(before: unknown, after: unknown): ConfigurationChange[] {
  if (before === undefined) return [changeOf('configuration', undefined, after)];
  const [old, fresh] = [fieldsOf(before), fieldsOf(after)];
  const general = changesOf(withoutSets(old), withoutSets(fresh), '');
  const [oldSets, freshSets] = [setsOf(old), setsOf(fresh)];
  const names = [...new Set([...oldSets.keys(), ...freshSets.keys()])];
  const sets = names.flatMap((name) => {
    const [oldSet, freshSet] = [oldSets.get(name), freshSets.get(name)];
    return oldSet && freshSet ? changesOf(oldSet, freshSet, `sets.${name}.`) : [changeOf(`sets.${name}`, oldSet, freshSet)];
  });
  return [...general, ...sets];
}

type Fields = Readonly<Record<string, unknown>>;

function changesOf(old: Fields, fresh: Fields, prefix: string): ConfigurationChange[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(fresh)])];
  return keys
    .filter((key) => !isDeepStrictEqual(said(old[key]), said(fresh[key])))
    .map((key) => changeOf(`${prefix}${key}`, old[key], fresh[key]));
}

/** A key that only another version of the program has, and that nobody has written, stands here as what it is by default: nothing. */
function said(value: unknown): unknown {
  return value === false || (Array.isArray(value) && value.length === 0) ? undefined : value;
}

function changeOf(what: string, old: unknown, fresh: unknown): ConfigurationChange {
  return { what, ...(old !== undefined && { before: shown(old) }), ...(fresh !== undefined && { after: shown(fresh) }) };
}

/** A list of thousands of paths is not worth a record of megabytes. */
const valueCharsMax = 8_000;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= valueCharsMax ? text : `${text.slice(0, valueCharsMax)}…`;
}

function setsOf(fields: Fields): Map<string, Fields> {
  const sets: readonly unknown[] = Array.isArray(fields['sets']) ? fields['sets'] : [];
  return new Map(sets.map((set) => [String(fieldsOf(set)['name']), fieldsOf(set)]));
}

function withoutSets({ sets: _sets, ...others }: Fields): Fields {
  return others;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
