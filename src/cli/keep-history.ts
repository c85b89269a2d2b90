import { join } from 'node:path';
import {
  copyMemoryOf,
  describeError,
  isHistoryBehind,
  keepHistoryOffsite,
  needsAccount,
  type StoragePlace,
  type HistoryKeeping,
} from '../jobs/index.ts';
import { CadanganError, isAbort, l10n, placeOfWork, readFile, type Clock, type Environment } from '../platform/index.ts';
import { parseHead, recordsFolder } from '../records/index.ts';
import type { Configuration, OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { copiesNow } from './copies-now.ts';

/** A command that has done its work does not wait long for Google: what is not kept now goes with the next one. */
const patience = { transientTries: 2, rateTries: 2 } as const;
const longestMs = 120_000;

/** The end of the history as a text, to see whether a command has recorded anything. Undefined where there is none. Never rejects. */
export async function endOfHistory(environment: Environment): Promise<string | undefined> {
  try {
    const { stateFolder, isOfService } = placeOfWork(environment);
    // The service keeps its own, and sees what an administrator appended.
    return isOfService ? undefined : await readFile(join(recordsFolder(stateFolder), 'head.json'), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Keeps what a command has recorded beside every copy, unless a host runs, which does it by itself. Never rejects: the work is done, and
 * what stood in the way is said.
 * @param before see `endOfHistory`
 */
export async function keepHistoryAfter(context: CommandContext, before: string | undefined): Promise<void> {
  const { environment, signal } = context;
  const end = await endOfHistory(environment);
  if (end === undefined || end === before || signal.aborted) return;
  try {
    await keep(context, end);
  } catch (error) {
    if (!isAbort(error)) tell(context, error);
  }
}

async function keep(context: CommandContext, end: string): Promise<void> {
  const { clock, signal } = context;
  const head = parseHead(end);
  // The way to Google, to a host and to forms would cost every command its start.
  const { driveWorld, pacedPlace } = await import('./drive-place.ts');
  const world = await driveWorld(context);
  const { configuration, place } = world;
  if (head === undefined) return;
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const behind: OffsiteCopy[] = [];
  for (const copy of configuration.offsiteCopies) {
    if (copy.paused || (place.settings === undefined && needsAccount(copy))) continue;
    if (isHistoryBehind(copy, await copyMemoryOf(copy, place).read(), head, nowMs)) behind.push(copy);
  }
  if (behind.length === 0) return;
  const [{ askHostOf }, { protocol }] = await Promise.all([import('./with-host.ts'), import('../service/index.ts')]);
  if ((await askHostOf(context, protocol.scheduleStatus, undefined).catch(() => undefined)) !== undefined) return;
  const keeping = await keepingOf(context, configuration, place);
  using limit = limitOf(clock);
  for (const copy of behind) {
    const paced = pacedPlace(world, copy, clock);
    const within = AbortSignal.any([signal, limit.signal]);
    await keepHistoryOffsite(copy, { ...paced, client: { ...paced.client, patience } }, keeping, within).catch((error: unknown) => {
      if (signal.aborted) throw error;
      tell(context, error, copy);
    });
  }
}

/** However slow the line is, the command ends. */
function limitOf(clock: Clock): Disposable & { readonly signal: AbortSignal } {
  const [limit, done] = [new AbortController(), new AbortController()];
  const late = new CadanganError('drive.unavailable', { reason: l10n.t('it takes too long') });
  clock.sleep(longestMs, done.signal).then(
    () => limit.abort(late),
    () => undefined,
  );
  return { signal: limit.signal, [Symbol.dispose]: () => done.abort() };
}

async function keepingOf(context: CommandContext, configuration: Configuration, place: StoragePlace): Promise<HistoryKeeping> {
  const { clock, programVersion: software, signal: whole } = context;
  const [{ keeperOf }, { historyDocuments }, { openedKeyOf }] = await Promise.all([
    import('./commands/records-keeper.ts'),
    import('../service/index.ts'),
    import('./key-without-question.ts'),
  ]);
  const { keeper } = await keeperOf(context);
  return {
    records: keeper,
    keyOf: (location, signal) => openedKeyOf(context, { configuration, place, location }, signal),
    documents: (since, signal) =>
      historyDocuments(
        {
          keeper,
          configuration,
          clock,
          copies: () => copiesNow({ place, configuration }, clock),
          software,
          signal: AbortSignal.any([whole, signal]),
        },
        since,
      ),
  };
}

function tell({ terminal, globals }: CommandContext, error: unknown, copy?: OffsiteCopy): void {
  if (globals.quiet || globals.json) return;
  const { what } = describeError(error);
  terminal.note(
    copy === undefined
      ? l10n.t('what was recorded is not kept off-site yet: {why}', { why: what })
      : l10n.t('what was recorded is not kept beside the copy {copy} yet: {why}', { copy: copy.name, why: what }),
  );
}
