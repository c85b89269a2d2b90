import { CopyJobs, manualOf, type StoragePlace } from '../jobs/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { keeperOf } from './commands/records-keeper.ts';
import type { CopyHow } from './hosted-copy.ts';
import { oneAfterTheOther, type ExitCode } from './exit-code.ts';
import { reportCopyWork } from './offsite-report.ts';
import { copyProgressSink } from './offsite-progress.ts';

/**
 * What a sync would do. Here, whoever keeps the copy up meanwhile: it changes nothing and needs no claim on the copy, so nobody has to wait
 * for anybody, and a host need not be started for it.
 */
export async function dryRunOfCopies(
  context: CommandContext,
  place: StoragePlace,
  copies: readonly OffsiteCopy[],
  how: Pick<CopyHow, 'mayRemoveAll' | 'mayBeginAnew'>,
): Promise<ExitCode> {
  const { keeper: records } = await keeperOf(context); // writes nothing for a dry run
  const { signal } = context;
  return oneAfterTheOther(copies, async (copy) => {
    await using jobs = new CopyJobs({ copy, place, records });
    const { told, ...result } = await jobs.sync({ signal, progress: copyProgressSink(context), dryRun: true, ...how }, manualOf({}));
    const snapshots = result.details?.snapshots ?? [];
    return reportCopyWork(context, 'sync', { copy: copy.name, told: result, copied: told.copied, snapshots }, { dryRun: true });
  });
}
