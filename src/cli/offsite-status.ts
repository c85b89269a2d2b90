import { originalLooks, readCopyStatus, signInTrouble, type StoragePlace } from '../jobs/index.ts';
import { copyLeftMs, type CopyStatus } from '../offsite/index.ts';
import type { Clock } from '../platform/index.ts';
import type { JsonObject } from '../repository/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { jsonObject, printJson } from './json.ts';
import { statusLines } from './offsite-text.ts';

/** How copies are, without asking their places; a success only when every one is known to be in sync. */
export async function showStatus(
  { terminal, globals, clock }: CommandContext,
  place: StoragePlace,
  copies: readonly OffsiteCopy[],
): Promise<ExitCode> {
  const all = await readStatuses(clock, place, copies);
  for (const [at, status] of all.entries()) {
    if (globals.json) {
      printJson(terminal, statusJson(status));
      continue;
    }
    if (at > 0) terminal.print();
    for (const line of statusLines(status, clock)) terminal.print(line);
  }
  return all.every(({ state }) => state === 'in-sync') ? exitCode.done : exitCode.exceptions;
}

/** Without asking Google, and without whoever keeps them up. */
export async function readStatuses(clock: Clock, place: StoragePlace, copies: readonly OffsiteCopy[]): Promise<readonly CopyStatus[]> {
  const [looks, signIn] = [originalLooks(clock, () => place), await signInTrouble(place)];
  return Promise.all(copies.map((copy) => readCopyStatus(copy, place, { keeper: undefined, looks, signIn })));
}

function statusJson(status: CopyStatus): JsonObject {
  const {
    name,
    repository,
    to,
    state,
    asOf,
    since,
    unknownBecause,
    trouble,
    original,
    behind,
    total,
    lastWholeAt,
    lastSync,
    lastScrub,
    lastSample,
    heldBack,
    held,
    unconfirmed,
    snapshots,
    readable,
    progress,
    records,
  } = status;
  const leftMs = progress && copyLeftMs(progress);
  return jsonObject({
    message_type: 'copy',
    name,
    repository,
    to,
    state,
    as_of: asOf,
    since,
    unknown_because: unknownBecause,
    trouble: trouble?.kind,
    trouble_code: trouble?.code,
    trouble_of: trouble?.beside,
    repository_looked_at: original && new Date(original.atMs).toISOString(),
    repository_state: original?.state,
    repository_error: original?.error?.code,
    snapshots_not_copied: original?.state === 'same' || original?.state === 'changed' ? original.newSnapshots : undefined,
    behind: behind && { ...behind },
    progress:
      progress &&
      jsonObject({
        phase: progress.phase,
        seconds_elapsed: Math.floor(progress.elapsedMs / 1000),
        seconds_remaining: leftMs === undefined ? undefined : Math.round(leftMs / 1000),
        files_done: progress.filesDone,
        total_files: progress.filesTotal,
        bytes_done: progress.bytesDone,
        total_bytes: progress.bytesTotal,
      }),
    total: total && { ...total },
    last_whole_at: lastWholeAt,
    last_sync_at: lastSync?.at,
    last_sync_outcome: lastSync?.outcome,
    last_error: lastSync?.error?.code,
    last_scrub_at: lastScrub?.at,
    last_scrub_found: lastScrub && { ...lastScrub.found },
    last_sample_at: lastSample?.at,
    held_back: heldBack && { files: heldBack.files, doubts: heldBack.doubts },
    held: held && jsonObject({ files: held.files, until: held.until }),
    unconfirmed_files: unconfirmed,
    snapshots,
    records_kept: records && jsonObject({ ...records }),
    readable: readable.map((each) => jsonObject({ ...each })),
  });
}
