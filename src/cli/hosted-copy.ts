import { lastingRun, listener, type HostClient, type Joined, type LastingRunOptions } from '../host/index.ts';
import { copyMemoryOf, type StoragePlace } from '../jobs/index.ts';
import { l10n } from '../platform/index.ts';
import { protocol, type RunResult } from '../service/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { oneAfterTheOther, type ExitCode } from './exit-code.ts';
import { toldOf, unrecordedListener } from './hosted-run.ts';
import { copyProgressSink } from './offsite-progress.ts';
import { reportCopyWork, type CopyWork } from './offsite-report.ts';
import { withHost } from './with-host.ts';

/** What the command wants of this run alone. */
export interface CopyHow {
  readonly mayRemoveAll?: boolean;
  readonly mayBeginAnew?: boolean;
  readonly percent?: number;
}

/** Has the host work on copies, one after the other: who keeps them up does it, and every window sees it. */
export async function workOnCopies(
  context: CommandContext,
  place: StoragePlace,
  { work, copies, how }: { readonly work: CopyWork; readonly copies: readonly OffsiteCopy[]; readonly how: CopyHow },
): Promise<ExitCode> {
  const { terminal, globals, signal } = context;
  const joined: Joined = { run: undefined };
  const listeners = [
    listener(protocol.copyWaits, ({ run }) => {
      joined.run = run;
      if (!globals.quiet) terminal.note(l10n.t('This copy is being worked on already; waiting for the end of that.'));
    }),
    listener(protocol.copyHeldUp, (wait) => place.onWait?.(wait)),
    unrecordedListener(context),
  ];
  // Nothing of this needs a password: what others in this process want is none of ours.
  const password = async (): Promise<undefined> => undefined;
  return withHost(context, { password, listeners }, (client) =>
    oneAfterTheOther(copies, async (copy) => {
      const run = await requestWork(client, work, { copy: copy.name, ...how }, { signal, onProgress: copyProgressSink(context), joined });
      // A record does not name all of them; who copies has just taken them down.
      const { snapshots } = await copyMemoryOf(copy, place).read();
      return reportCopyWork(context, work, { copy: copy.name, told: toldOf(run), copied: run.copied, snapshots }, {});
    }),
  );
}

function requestWork(
  client: HostClient,
  work: CopyWork,
  params: { readonly copy: string } & CopyHow,
  options: LastingRunOptions,
): Promise<RunResult> {
  switch (work) {
    case 'sync':
      return lastingRun(client, protocol.syncCopy, params, options);
    case 'scrub':
      return lastingRun(client, protocol.scrubCopy, params, options);
    case 'sample':
      return lastingRun(client, protocol.sampleCopy, params, options);
  }
}
