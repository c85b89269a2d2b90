import type { BackupProgressSink } from '../backup/index.ts';
import { safeText, type BackupDetails, type JobResult, type RepositoryAccess } from '../jobs/index.ts';
import { l10n, placeOfWork } from '../platform/index.ts';
import { backupSet, unattendedPassword } from '../service/index.ts';
import { type BackupSet, concernsWhole, loadConfiguration } from '../settings/index.ts';
import { configurationError, refuseUnknownKeys } from './configuration-error.ts';
import { worldFor, type CommandContext } from './command.ts';
import { jsonExceptionSink } from './exception-report.ts';
import type { OptionValues } from './option-values.ts';
import { readPassword, type PasswordSource } from './password-source.ts';

/**
 * The backup set that `cadangan backup NAME` means: where no repository is named, a single argument can be nothing else. Undefined when
 * there is none of that name.
 * @throws `config.invalid` when there is one that is not right
 */
export async function setMeantBy(paths: readonly string[], { globals, environment }: CommandContext): Promise<BackupSet | undefined> {
  const [name] = paths;
  if (name === undefined || paths.length > 1 || globals.repo !== undefined || globals.repositoryFile !== undefined) return undefined;
  const { serviceConfigFile } = await import('../host/index.ts'); // as for a backup
  const loaded = await loadConfiguration(serviceConfigFile(environment) ?? placeOfWork(environment).configFile);
  const { configuration, sets, problems } = loaded;
  const set = configuration.sets.find((candidate) => candidate.name === name);
  if (set !== undefined) {
    refuseUnknownKeys(loaded, `sets[${sets.findIndex((entry) => entry.name === name && entry.isUsable)}]`);
    return set;
  }
  // Where nobody can read which sets there are, it may be one.
  if (!sets.some((entry) => entry.name === name) && !problems.some(concernsWhole)) return undefined;
  throw configurationError(
    loaded,
    problems.find(({ severity, set: named }) => severity === 'error' && named === name),
  );
}

/** What is told of a backup. */
export type BackupTold = Pick<JobResult<unknown>, 'outcome' | 'exceptions' | 'exceptionCount' | 'error'> & {
  readonly details: BackupFigures | undefined;
};
export type BackupFigures = Pick<
  BackupDetails,
  'summary' | 'durationMs' | 'emptySources' | 'socketsSkipped' | 'parentTreesDamaged' | 'shadowCopies'
> & {
  readonly snapshotId: string | undefined;
  readonly parentId: string | undefined;
  readonly notStored: readonly string[];
};

/** What the backup of a set would do: nobody's but ours, and in no schedule. */
export async function dryRunOfSet(
  set: BackupSet,
  context: CommandContext,
  options: OptionValues,
  progress: BackupProgressSink | undefined,
): Promise<BackupTold> {
  const { environment, terminal, programVersion, globals } = context;
  return backupSet(set, await accessOfSet(set, context), {
    environment,
    stateFolder: undefined,
    programVersion,
    progress,
    onException: globals.json ? jsonExceptionSink(terminal, 'archival') : undefined,
    onCommandLine: globals.quiet ? undefined : (line) => terminal.note(safeText(line)),
    overrides: {
      dryRun: true,
      force: options.flag('force'),
      skipIfUnchanged: options.flag('skipIfUnchanged') ? 'same-tree' : undefined,
      extraVerify: globals.extraVerify,
    },
  });
}

export function passwordSourceOf({ globals }: CommandContext): PasswordSource {
  return {
    file: globals.passwordFile,
    command: globals.passwordCommand,
    variable: 'RESTIC_PASSWORD',
    question: l10n.t('enter password for repository'),
    twice: false,
  };
}

export function isPasswordGiven({ file, command }: PasswordSource, { environment }: CommandContext): boolean {
  return file !== undefined || command !== undefined || (environment['RESTIC_PASSWORD'] ?? '') !== '';
}

/**
 * What is given on the command line counts more than the file; a terminal is asked last.
 * @param location of a copy of its repository instead
 */
export async function accessOfSet(
  { repository }: BackupSet,
  context: CommandContext,
  location = repository.location,
): Promise<RepositoryAccess> {
  const { globals, environment, passwords, signal } = context;
  const source = passwordSourceOf(context);
  const isGiven = isPasswordGiven(source, context);
  return {
    location,
    password: async (passwordSignal) =>
      (isGiven ? undefined : await unattendedPassword(repository, environment, passwordSignal)) ??
      readPassword(source, passwords, passwordSignal),
    noLock: globals.noLock,
    retryLockForMs: globals.retryLockForMs,
    world: await worldFor(location, context),
    signal,
  };
}
