import { CopyJobs, manualOf, safeText, type StoragePlace, type ReadableWish, type RecordKeeper } from '../jobs/index.ts';
import { CadanganError, l10n } from '../platform/index.ts';
import type { Configuration, OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { copyPassword } from './copy-password.ts';
import { pacedPlace } from './drive-place.ts';
import { reportExceptions } from './exception-report.ts';
import { exitCodeOfResult, oneAfterTheOther, type ExitCode } from './exit-code.ts';
import { jsonObject, printJson } from './json.ts';
import type { OptionValues } from './option-values.ts';
import { showProgress } from './progress-line.ts';
import { countText, sizeText } from './units.ts';

/**
 * Snapshots as archives, written by this process: like a restore it reads the original, with a password that may be given, and it has
 * nothing to do with the files of the copy.
 */
export async function writeReadable(
  context: CommandContext,
  {
    configuration,
    place,
    records,
  }: { readonly configuration: Configuration; readonly place: StoragePlace; readonly records: RecordKeeper },
  copies: readonly OffsiteCopy[],
  options: OptionValues,
): Promise<ExitCode> {
  const { terminal, globals, signal, clock } = context;
  return oneAfterTheOther(copies, async (copy) => {
    const rule = copy.readableCopies;
    const set = options.text('set') ?? rule?.set ?? options.text('snapshot')?.slice(0, 8);
    if (set === undefined)
      throw new CadanganError('arguments.invalid', { option: '--set', reason: 'name the backup set, or the snapshot' });
    let elapsedFromMs: number | undefined;
    const progress: ReadableWish['progress'] = ({ files, bytes, path }) => {
      elapsedFromMs ??= clock.monotonicMs();
      const elapsedMs = clock.monotonicMs() - elapsedFromMs;
      showProgress(terminal, { elapsedMs, filesDone: files, bytesDone: bytes, currentPath: path });
    };
    await using jobs = new CopyJobs({ copy, place: pacedPlace({ configuration, place }, copy, clock), records });
    const result = await jobs.readable(
      {
        password: (passwordSignal) => copyPassword(context, configuration, copy, passwordSignal),
        noLock: globals.noLock,
        retryLockForMs: globals.retryLockForMs,
        signal,
      },
      {
        set,
        snapshot: options.text('snapshot'),
        folder: options.text('folder') ?? rule?.folder,
        format: options.choice('format', ['zip', 'tar']),
        to: options.text('to'),
        keep: options.text('to') === undefined ? rule?.keep : undefined,
        progress: globals.quiet || globals.json ? undefined : progress,
      },
      manualOf({}),
    );
    if (!globals.json) reportExceptions(terminal, result, globals.verbosity);
    const { details } = result;
    if (details === undefined) throw result.error;
    if (globals.json)
      printJson(
        terminal,
        jsonObject({
          message_type: 'readable_copy',
          copy: copy.name,
          name: details.name,
          place: details.place,
          snapshot_id: details.snapshotId,
          files: details.files,
          bytes: details.bytes,
          archive_bytes: details.archiveBytes,
          id: details.id,
        }),
      );
    else if (!globals.quiet)
      terminal.print(
        l10n.t('{name} in {place}: {files}, {size}', {
          name: safeText(details.name),
          place: safeText(details.place),
          files: countText(details.files, 'file'),
          size: sizeText(details.archiveBytes),
        }),
      );
    return exitCodeOfResult(result);
  });
}
