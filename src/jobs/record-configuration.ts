import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { readFile, replaceFile, systemCode, type Random } from '../platform/index.ts';
import { type RecordContent, recordedConfigurationPath, type RecordHistory } from '../records/index.ts';
import { type UsedConfiguration, withoutSecrets } from '../settings/index.ts';
import { commonContent, type RecordAbout } from './record-about.ts';

/** One value that is another one than before. `before` and `after` are JSON. */
export type ConfigurationChange = NonNullable<RecordContent['change']>;

/**
 * Records what changed in the configuration that is in force since it was last looked at, by whichever process, also while none ran: the
 * last known state lies beside the records. Several processes may call it for one change; it is recorded once. What the file is not right
 * about, and nobody knows how it was, stays as it was recorded: a slip of the pen removes nothing.
 */
export async function recordConfiguration(
  history: RecordHistory,
  { configuration, unknown }: Pick<UsedConfiguration, 'configuration' | 'unknown'>,
  about: RecordAbout,
  random: Random,
): Promise<readonly ConfigurationChange[]> {
  const path = recordedConfigurationPath(history.folder);
  const known = await readJson(path);
  if (known === undefined && (configuration.sets.length === 0 || Object.values(unknown).includes('all'))) return [];
  const key = await history.signingKey();
  // Whoever has the records and not the key cannot try passwords against it.
  const markOf = (words: readonly string[]): string =>
    `*** ${createHash('sha256')
      .update(key.sign(Buffer.from(JSON.stringify(words))))
      .digest('hex')
      .slice(0, 12)}`;
  const inForce = fieldsOf(JSON.parse(JSON.stringify(withoutSecrets(configuration, markOf))));
  if (isDeepStrictEqual(known, withUnknown(inForce, fieldsOf(known), unknown))) return [];
  return history.update(async ({ append }) => {
    const before = await readJson(path);
    const now = withUnknown(inForce, fieldsOf(before), unknown);
    const changes = configurationChanges(before, now);
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
  if (before === undefined) return changesOfValue('configuration', undefined, after);
  const [old, fresh] = [fieldsOf(before), fieldsOf(after)];
  const general = changesOf(withoutSets(old), withoutSets(fresh), '');
  const [oldSets, freshSets] = [setsOf(old), setsOf(fresh)];
  const names = [...new Set([...oldSets.keys(), ...freshSets.keys()])];
  const sets = names.flatMap((name) => {
    const [oldSet, freshSet] = [oldSets.get(name), freshSets.get(name)];
    return oldSet && freshSet ? changesOf(oldSet, freshSet, `sets.${name}.`) : changesOfValue(`sets.${name}`, oldSet, freshSet);
  });
  return [...general, ...sets];
}

type Fields = Readonly<Record<string, unknown>>;

/** What is in force, and as it is known what nobody can tell of now. */
function withUnknown(inForce: Fields, known: Fields, { sets, copies, keys }: UsedConfiguration['unknown']): Fields {
  const lists = ['sets', 'offsiteCopies'];
  const isUnknown = (key: string): boolean => !lists.includes(key) && (keys === 'all' || keys.includes(key));
  const ofKeys = (fields: Fields, isWanted: (key: string) => boolean): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => isWanted(key)));
  const listOf = (key: string, names: typeof sets): readonly unknown[] => {
    const [ofKnown, ofForce] = [entriesOf(known, key), entriesOf(inForce, key)];
    if (names === 'all') return ofKnown;
    if (names.length === 0) return ofForce;
    // In the order in which they are known, since another order of copies is a change.
    const left = new Map(ofForce.map((entry) => [nameOf(entry), entry]));
    const inOrder = ofKnown.flatMap((entry) => {
      const now = left.get(nameOf(entry)) ?? (names.includes(nameOf(entry)) ? entry : undefined);
      left.delete(nameOf(entry));
      return now === undefined ? [] : [now];
    });
    return [...inOrder, ...left.values()];
  };
  return {
    ...ofKeys(inForce, (key) => !isUnknown(key)),
    ...ofKeys(known, isUnknown),
    sets: listOf('sets', sets),
    offsiteCopies: listOf('offsiteCopies', copies),
  };
}

function nameOf(entry: unknown): string {
  return String(fieldsOf(entry)['name']);
}

function entriesOf(fields: Fields, key: string): readonly unknown[] {
  const entries = fields[key];
  return Array.isArray(entries) ? entries : [];
}

function changesOf(old: Fields, fresh: Fields, prefix: string): ConfigurationChange[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(fresh)])];
  return keys
    .filter((key) => !isDeepStrictEqual(said(old[key]), said(fresh[key])))
    .flatMap((key) => changesOfValue(`${prefix}${key}`, old[key], fresh[key]));
}

/** A key that only another version of the program has, and that nobody has written, stands here as what it is by default: nothing. */
function said(value: unknown): unknown {
  return value === false || (Array.isArray(value) && value.length === 0) ? undefined : value;
}

/** A text of a record may have 65,536. */
const valueCharsMax = 60_000;

/** In full: what is too long for one record is told in several, `sets.data.sources (2/3)`, whose texts put together are the value. */
function changesOfValue(what: string, old: unknown, fresh: unknown): ConfigurationChange[] {
  const [before, after] = [jsonOf(old), jsonOf(fresh)];
  const count = Math.max(1, ...[before, after].map((text = '') => Math.ceil(text.length / valueCharsMax)));
  return Array.from({ length: count }, (_, at) => {
    const part = (text: string | undefined) => text?.slice(at * valueCharsMax, (at + 1) * valueCharsMax);
    const [partBefore, partAfter] = [part(before), part(after)];
    return {
      what: count === 1 ? what : `${what} (${at + 1}/${count})`,
      ...(partBefore !== undefined && { before: partBefore }),
      ...(partAfter !== undefined && { after: partAfter }),
    };
  });
}

function jsonOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function setsOf(fields: Fields): Map<string, Fields> {
  return new Map(entriesOf(fields, 'sets').map((set) => [nameOf(set), fieldsOf(set)]));
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
