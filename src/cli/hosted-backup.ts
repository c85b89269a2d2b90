import type { BackupProgressSink } from '../backup/index.ts';
import { lastingRun, listener, type Joined } from '../host/index.ts';
import { safeText } from '../jobs/index.ts';
import { l10n } from '../platform/index.ts';
import { protocol, type RunProgress, type RunResult } from '../service/index.ts';
import type { BackupSet } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import { jsonExceptionSink } from './exception-report.ts';
import type { OptionValues } from './option-values.ts';
import { toldOf, unrecordedListener } from './hosted-run.ts';
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
  const { terminal, globals, passwords } = context;
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
    unrecordedListener(context),
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
    const run = await lastingRun(client, protocol.startBackup, params, { signal: context.signal, onProgress, joined });
    return { ...toldOf(run), details: figuresOf(run) };
  });
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
