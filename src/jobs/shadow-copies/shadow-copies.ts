import { lstat, stat } from 'node:fs/promises';
import { placesBehind, type PlaceToRead } from '../../backup/index.ts';
import { byteStringFromText, systemCode, system, throwIfAborted } from '../../platform/index.ts';
import { diskshadowScript, makeScript, type ShadowCopy } from './commands.ts';
import { RunNote, type ShadowWorld } from './run-note.ts';
import type { ShadowTools } from './tools.ts';

/** A source, or a volume, that is read as it is after all. */
export interface ShadowFailure {
  readonly item: string;
  readonly reason: string;
}

/** A volume that is read from its copy. */
export interface CopiedVolume {
  /** As `C:\`. */
  readonly volume: string;
  /** Applications were asked to put their files in order, and did. */
  readonly hasWriters: boolean;
}

/** For one run; they are removed with it. */
export interface ShadowCopies extends AsyncDisposable {
  readonly placeToRead: PlaceToRead;
  readonly volumes: readonly CopiedVolume[];
  readonly failures: readonly ShadowFailure[];
}

interface MadeCopy extends ShadowCopy {
  readonly hasWriters: boolean;
}

interface OpenCopy extends MadeCopy {
  readonly link: string;
}

/**
 * Makes a shadow copy of each volume that a source lies on. Where that cannot be, e.g. without the rights of an administrator, its files
 * are read as they are, and that is said before the first of them is: a backup without what is open is better than none. Copies that a
 * killed run left are removed first.
 * @param sources absolute, as the system writes them
 * @throws `aborted`, once nothing is left of what was made
 */
export async function makeShadowCopies(sources: readonly string[], world: ShadowWorld): Promise<ShadowCopies> {
  const { tools } = world;
  if (tools === undefined) return nothing(sources.map((item) => ({ item, reason: 'only Windows has shadow copies' })));
  await clearLeftCopies({ ...world, tools });
  const { drives, elsewhere } = await volumesOf(sources, tools);
  const failures = elsewhere.map((item) => ({ item, reason: 'it lies on no volume of this machine' }));
  if (drives.length === 0) return nothing(failures);
  let note: RunNote;
  try {
    note = await RunNote.begin({ ...world, tools }, drives);
  } catch (error) {
    return nothing([...failures, ...drives.map((drive) => failureOf(drive, systemCode(error) ?? String(error)))]);
  }
  await using unlessDone = new AsyncDisposableStack();
  unlessDone.defer(async () => note.clear());
  const made = await makeAll(drives, note, tools, world.signal);
  const copies: OpenCopy[] = [];
  for (const copy of made.copies) {
    const link = await note.link(copy);
    if (link === undefined) failures.push(failureOf(copy.drive, 'its copy cannot be opened'));
    else copies.push({ ...copy, link });
  }
  throwIfAborted(world.signal);
  failures.push(...made.failures, ...(await readLive(sources, copies)));
  unlessDone.move();
  return {
    placeToRead: placesBehind(copies.map(standInOf)),
    volumes: copies.map(({ drive, hasWriters }) => ({ volume: `${drive}:\\`, hasWriters })),
    failures,
    [Symbol.asyncDispose]: async () => note.clear(),
  };
}

/** Removes what runs left behind. What cannot be removed, or looked at, is left to the next run. @throws nothing */
async function clearLeftCopies(world: ShadowWorld & { readonly tools: ShadowTools }): Promise<void> {
  for (const note of await RunNote.left(world).catch(() => [])) await note.clear();
}

function nothing(failures: readonly ShadowFailure[]): ShadowCopies {
  return { placeToRead: placesBehind([]), volumes: [], failures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** @returns the letters of volumes, and the sources that lie on none */
async function volumesOf(
  sources: readonly string[],
  tools: ShadowTools,
): Promise<{ readonly drives: readonly string[]; readonly elsewhere: readonly string[] }> {
  const letters = [...new Set(sources.flatMap((source) => driveOf(source) ?? []))].sort();
  const isVolume = await Promise.all(letters.map((letter) => tools.isVolume(letter)));
  const drives = letters.filter((_, at) => isVolume[at]);
  return { drives, elsewhere: sources.filter((source) => !drives.includes(driveOf(source) ?? '')) };
}

/**
 * All at the same moment and with the writers of applications, where there is diskshadow. One volume that can have no copy (FAT, a writer
 * that fails) must not take them from all: what did not come is made volume by volume, each of a moment of its own, and at last without
 * writers.
 */
async function makeAll(
  drives: readonly string[],
  note: RunNote,
  { diskshadow, powershell }: ShadowTools,
  signal: AbortSignal,
): Promise<{ readonly copies: readonly MadeCopy[]; readonly failures: readonly ShadowFailure[] }> {
  const copies: MadeCopy[] = [];
  const failures = new Map<string, string>();
  const attempt = async (together: readonly string[], hasWriters: boolean): Promise<void> => {
    throwIfAborted(signal);
    const missing = together.filter((drive) => !copies.some((copy) => copy.drive === drive));
    if (missing.length === 0) return;
    try {
      const script = `${missing.join('')}.txt`;
      if (hasWriters) await note.write(script, diskshadowScript(missing, `${missing.join('')}.cab`));
      const [tool, args] = hasWriters && diskshadow ? [diskshadow, ['/s', script]] : [powershell, makeScript(missing[0] ?? '')];
      const made = await note.make(missing, tool, args);
      copies.push(...made.copies.map((copy) => ({ ...copy, hasWriters })));
      for (const drive of missing) failures.set(drive, made.failure ?? 'Windows made no shadow copy');
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      for (const drive of missing) failures.set(drive, String(systemCode(error)));
    }
  };
  if (diskshadow)
    for (const together of drives.length > 1 ? [drives, ...drives.map((drive) => [drive])] : [drives]) await attempt(together, true);
  for (const drive of drives) await attempt([drive], false);
  const missing = drives.filter((drive) => !copies.some((copy) => copy.drive === drive));
  return { copies, failures: missing.map((drive) => failureOf(drive, failures.get(drive) ?? '')) };
}

/**
 * Sources whose way leads out of the copy: below it a junction (`C:\Documents and Settings`) and a volume that is mounted in a folder lead
 * where they always do, to what is there now.
 */
async function readLive(sources: readonly string[], copies: readonly OpenCopy[]): Promise<ShadowFailure[]> {
  const failures: ShadowFailure[] = [];
  for (const source of sources) {
    const copy = copies.find(({ drive }) => drive === driveOf(source));
    if (copy && (await leavesCopy(source, copy))) failures.push({ item: source, reason: 'its way leads through a link or another volume' });
  }
  return failures;
}

async function leavesCopy(source: string, { link }: OpenCopy): Promise<boolean> {
  const names = source
    .replace(/^.*?:/, '')
    .split(/[\\/]/)
    .filter((name) => name !== '');
  const root = await stat(link).catch(() => undefined);
  for (let depth = 1; depth <= names.length; depth++) {
    const step = await lstat(system.path.join(link, ...names.slice(0, depth))).catch(() => undefined);
    if (step === undefined || root === undefined) return false; // whoever reads it says so
    if (step.dev !== root.dev) return true;
    if (step.isSymbolicLink() && depth < names.length) return true; // the source itself is stored as the link that it is
  }
  return false;
}

function standInOf({ drive, link }: OpenCopy) {
  return { volume: byteStringFromText(`${drive}:/`), copy: byteStringFromText(`${link.replaceAll('\\', '/')}/`) };
}

function failureOf(drive: string, reason: string): ShadowFailure {
  return { item: `${drive}:\\`, reason };
}

function driveOf(source: string): string | undefined {
  return /^(?:\\\\\?\\)?([A-Za-z]):[\\/]/.exec(source)?.[1]?.toUpperCase();
}
