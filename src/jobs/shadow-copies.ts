import { existsSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placesBehind, type PlaceToRead } from '../backup/index.ts';
import { byteStringFromText, readFile, replaceFile, rm, system, systemRandom, writeFile, type Clock } from '../platform/index.ts';
import { hasEnded, parseIdentity, thisProcess } from '../records/index.ts';
import { runSetProgram } from './set-program.ts';
import { diskshadowScript, isShadowId, makeCommand, parseDiskshadow, removeCommand, type ShadowCopy } from './shadow-copy-commands.ts';

/** What shadow copies need of the machine. */
export interface ShadowWorld {
  /** Where it is noted which copies there are, so that the next run removes what a killed one left. */
  readonly folder: string;
  readonly isWindows: boolean;
  /** `diskshadow.exe`, where Windows has it. */
  readonly diskshadow: string | undefined;
  /** Runs a program to its end, unless the run is stopped; `always` also then. @returns why it failed, and what it said */
  readonly run: (command: readonly string[], when?: 'always') => Promise<{ readonly failure: string | undefined; readonly output: string }>;
}

/** A source that is read as it is after all. */
export interface ShadowFailure {
  readonly item: string;
  readonly reason: string;
}

/** For one run; they are removed with it. */
export interface ShadowCopies extends AsyncDisposable {
  readonly placeToRead: PlaceToRead;
  readonly failures: readonly ShadowFailure[];
}

const programMsMax = 10 * 60_000;

export function shadowWorldOf(
  folder: string,
  environment: Readonly<Record<string, string>>,
  clock: Clock,
  signal: AbortSignal,
): ShadowWorld {
  const root = environment['SystemRoot'] ?? environment['SYSTEMROOT'] ?? 'C:\\Windows';
  const diskshadow = system.path.join(root, 'System32', 'diskshadow.exe');
  return {
    folder,
    isWindows: system.isWindows,
    diskshadow: existsSync(diskshadow) ? diskshadow : undefined,
    run: async (command, when) => {
      const world = { clock, onLine: () => undefined };
      return (
        await runSetProgram(
          { when: 'before', command, limitMs: programMsMax, environment },
          world,
          when === 'always' ? new AbortController().signal : signal,
        )
      ).report;
    },
  };
}

/**
 * Makes a shadow copy of each volume that a source lies on. Where that cannot be, e.g. without the rights of an administrator, its files
 * are read as they are, and that is said before the first of them is.
 * @param sources absolute, as Windows writes them. @throws nothing
 */
export async function makeShadowCopies(sources: readonly string[], world: ShadowWorld): Promise<ShadowCopies> {
  if (!world.isWindows) return without(sources.map((item) => ({ item, reason: 'only Windows has shadow copies' })));
  await removeLeftCopies(world);
  const drives = [...new Set(sources.flatMap((source) => driveOf(source) ?? []))].sort();
  const elsewhere = sources.filter((source) => driveOf(source) === undefined);
  const { copies, failures } = await make(drives, world);
  const note = copies.length === 0 ? undefined : await noteCopies(copies, world).catch(() => undefined);
  return {
    placeToRead: placesBehind(copies.map(standInOf)),
    failures: [...elsewhere.map((item) => ({ item, reason: 'it lies on no volume of this machine' })), ...failures],
    [Symbol.asyncDispose]: async () => {
      if (
        copies.length > 0 &&
        (await remove(
          copies.map(({ id }) => id),
          world,
        )) &&
        note !== undefined
      )
        await rm(note, { force: true });
    },
  };
}

function without(failures: readonly ShadowFailure[]): ShadowCopies {
  return { placeToRead: placesBehind([]), failures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function make(drives: readonly string[], world: ShadowWorld): Promise<{ copies: ShadowCopy[]; failures: ShadowFailure[] }> {
  const copies: ShadowCopy[] = [];
  const failures: ShadowFailure[] = [];
  const attempts = world.diskshadow === undefined ? drives.map((drive) => [drive]) : drives.length > 0 ? [drives] : [];
  for (const together of attempts) {
    const { failure, output } = await attempt(() => runMaker(together, world));
    const made = parseDiskshadow(output, together);
    copies.push(...made);
    const missing = together.filter((drive) => !made.some((copy) => copy.drive === drive));
    failures.push(...missing.map((drive) => ({ item: `${drive}:\\`, reason: failure ?? 'Windows made no shadow copy' })));
  }
  return { copies, failures };
}

async function runMaker(drives: readonly string[], { diskshadow, run }: ShadowWorld): ReturnType<ShadowWorld['run']> {
  const [first = ''] = drives;
  if (diskshadow === undefined) return run(makeCommand(first));
  const folder = await mkdtemp(join(tmpdir(), 'cadangan-shadow-'));
  try {
    const script = join(folder, 'create.txt');
    await writeFile(script, diskshadowScript(drives, join(folder, 'metadata.cab')));
    return await run([diskshadow, '/s', script]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function attempt(work: () => ReturnType<ShadowWorld['run']>): ReturnType<ShadowWorld['run']> {
  try {
    return await work();
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error), output: '' };
  }
}

/** @returns whether none of them is left. What is not removed now goes with the next run that makes some. */
async function remove(ids: readonly string[], { run }: ShadowWorld): Promise<boolean> {
  const sound = ids.filter(isShadowId);
  return sound.length === 0 || (await attempt(() => run(removeCommand(sound), 'always'))).failure === undefined;
}

async function noteCopies(copies: readonly ShadowCopy[], { folder }: ShadowWorld): Promise<string> {
  const ids = copies.map(({ id }) => id);
  const file = join(folder, `${(ids[0] ?? '').replaceAll(/[{}]/g, '')}.json`);
  await replaceFile(file, JSON.stringify({ owner: JSON.stringify(thisProcess()), ids }), systemRandom);
  return file;
}

/** Of runs whose process has certainly ended: a killed one removes nothing, and each takes room from its volume. */
async function removeLeftCopies(world: ShadowWorld): Promise<void> {
  for (const name of await readdir(world.folder).catch(() => [])) {
    const file = join(world.folder, name);
    const { owner, ids } = parseNote(await readFile(file, 'utf8').catch(() => ''));
    const identity = parseIdentity(owner);
    if (identity && hasEnded(identity) && (await remove(ids, world))) await rm(file, { force: true }).catch(() => undefined);
  }
}

function parseNote(json: string): { readonly owner: string; readonly ids: readonly string[] } {
  try {
    const note: unknown = JSON.parse(json);
    if (typeof note === 'object' && note !== null && 'owner' in note && 'ids' in note && Array.isArray(note.ids))
      return { owner: String(note.owner), ids: note.ids.map(String) };
  } catch {
    // A note that is none names nothing.
  }
  return { owner: '', ids: [] };
}

function standInOf({ drive, device }: ShadowCopy) {
  return { volume: byteStringFromText(`${drive}:/`), copy: byteStringFromText(`${device.replaceAll('\\', '/')}/`) };
}

function driveOf(source: string): string | undefined {
  return /^(?:\\\\\?\\)?([A-Za-z]):[\\/]/.exec(source)?.[1]?.toUpperCase();
}
