import type { BackupProgressSink } from '../backup/index.ts';
import { HostError, listener, type ClientRequestOptions, type HostClient } from '../host/index.ts';
import { describeError, isBrokenOff, safeText } from '../jobs/index.ts';
import { l10n, randomId, systemRandom } from '../platform/index.ts';
import { errorOfData, protocol, type RunProgress, type RunResult } from '../service/index.ts';
import type { BackupSet } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { jsonExceptionSink } from './exception-report.ts';
import type { OptionValues } from './option-values.ts';
import { readPassword } from './password-source.ts';
import { isPasswordGiven, passwordSourceOf, type BackupFigures, type BackupTold } from './set-backup.ts';
import { withHost } from './with-host.ts';

/** Has the host make the backup of a set, as part of the schedule. */
export async function backupByHost(
  set: BackupSet,
  context: CommandContext,
  options: OptionValues,
  progress: BackupProgressSink | undefined,
): Promise<BackupTold> {
  const { terminal, globals, passwords, noteUnrecorded } = context;
  const onException = globals.json ? jsonExceptionSink(terminal, 'archival') : undefined;
  const joined: Joined = { run: undefined };
  const listeners = [
    listener(protocol.exceptionFound, ({ item, kind, reason, weight = 'lost' }) => onException?.({ item, kind, reason, weight })),
    listener(protocol.commandLine, ({ line }) => {
      if (!globals.quiet) terminal.note(safeText(line));
    }),
    listener(protocol.joinedRun, ({ run }) => {
      joined.run = run;
      if (!globals.quiet) terminal.note(l10n.t('This set runs already; waiting for the end of that run.'));
    }),
    listener(protocol.notRecorded, (data) => {
      terminal.note(l10n.t('this was not recorded: {0}', describeError(errorOfData(data)).what));
      noteUnrecorded();
    }),
  ];
  const source = passwordSourceOf(context);
  const isGiven = isPasswordGiven(source, context);
  const { location } = set.repository;
  // A host asks whoever is connected, also for what others want: that is none of ours, and nobody is to be asked for it here.
  const password = async (asked: protocol.PasswordParams, signal: AbortSignal): Promise<Uint8Array | undefined> =>
    asked.location === location && !asked.wasWrong && (asked.mayAsk || isGiven) ? readPassword(source, passwords, signal) : undefined;
  return withHost(context, { password, listeners }, async (client) => {
    const params = {
      set: set.name,
      hasPassword: isGiven,
      options: {
        force: options.flag('force'),
        skipIfUnchanged: options.flag('skipIfUnchanged'),
        extraVerify: globals.extraVerify,
        noLock: globals.noLock,
        ...(globals.retryLockForMs !== undefined && { retryLockForMs: globals.retryLockForMs }),
      },
    };
    const onProgress = progress && ((step: RunProgress): void => progress({ filesTotal: undefined, bytesTotal: undefined, ...step }));
    return toldOf(await resultOf(client, params, { signal: context.signal, onProgress, joined }));
  });
}

/** Of the last request: the run that it joined, which has an id of its own. */
interface Joined {
  run: string | undefined;
}

/** A host that ends in mid-run has perhaps written down what came of it; otherwise the set is run again, as the next host would. */
async function resultOf(
  client: HostClient,
  params: protocol.BackupParams,
  { joined, ...options }: ClientRequestOptions & { readonly joined: Joined },
): Promise<RunResult> {
  for (let attempt = 1; ; attempt++) {
    const run = randomId(systemRandom); // each is a run of its own, with a record of its own
    joined.run = undefined;
    try {
      const made = await client.request(protocol.startBackup, params, { ...options, run });
      if (!isBrokenOff(made) || options.signal?.aborted || attempt === attemptsMax) return made;
      continue;
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== 'host.lost' || attempt === attemptsMax) throw error;
    }
    const { result } = await client.request(protocol.runOfId, { run: joined.run ?? run }, { signal: options.signal });
    if (result !== undefined && !isBrokenOff(result)) return result;
  }
}

/** Something that ends the host in each of them must not do so for ever. */
const attemptsMax = 3;

function toldOf(run: RunResult): BackupTold {
  const { outcome, exceptions, exceptionCount, error } = run;
  return {
    outcome: outcome === 'missed' ? 'failed' : outcome,
    exceptions: exceptions.map(({ weight = 'lost', ...exception }) => ({ ...exception, weight })),
    exceptionCount,
    ...(error && { error: errorOfData(error) }),
    details: figuresOf(run),
  };
}

function figuresOf({ backup, snapshotId, isUnchanged, startedAt, endedAt }: RunResult): BackupFigures | undefined {
  if (backup === undefined) return undefined;
  const { parentId, counts, bytes, ...figures } = backup;
  const count = (name: string): number => counts[name] ?? 0;
  return {
    ...figures,
    snapshotId: isUnchanged ? undefined : snapshotId,
    parentId,
    durationMs: Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)),
    summary: {
      filesNew: count('filesNew'),
      filesChanged: count('filesChanged'),
      filesUnmodified: count('filesUnchanged'),
      dirsNew: count('foldersNew'),
      dirsChanged: count('foldersChanged'),
      dirsUnmodified: count('foldersUnchanged'),
      dataBlobs: count('dataBlobs'),
      treeBlobs: count('treeBlobs'),
      dataAdded: bytes['added'] ?? 0,
      dataAddedPacked: bytes['stored'] ?? 0,
      totalFilesProcessed: count('filesTotal'),
      totalBytesProcessed: bytes['total'] ?? 0,
      backupStart: startedAt,
      backupEnd: endedAt,
    },
  };
}
