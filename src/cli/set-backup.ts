import { backupSet, unattendedPassword } from '../service/index.ts';
import { type BackupDetails, type JobResult, recordOfBackup, type RepositoryAccess, safeText } from '../jobs/index.ts';
import type { BackupProgressSink } from '../backup/index.ts';
import { CadanganError, cadanganVersion, configurationFile, l10n, stateFolder, systemRandom } from '../platform/index.ts';
import { GuestRun } from '../schedule/index.ts';
import { describeProblem, loadConfiguration, type BackupSet } from '../settings/index.ts';
import { worldFor, type CommandContext } from './command.ts';
import { keeperOf } from './commands/records-keeper.ts';
import { jsonExceptionSink } from './exception-report.ts';
import type { OptionValues } from './option-values.ts';
import { readPassword } from './password-source.ts';

/**
 * The backup set that `cadangan backup NAME` means: where no repository is named, a single argument can be nothing else. Undefined when
 * there is none of that name.
 * @throws `config.invalid` when there is one that is not right
 */
export async function setMeantBy(paths: readonly string[], { globals, environment }: CommandContext): Promise<BackupSet | undefined> {
  const [name] = paths;
  if (name === undefined || paths.length > 1 || globals.repo !== undefined || globals.repositoryFile !== undefined) return undefined;
  const { path, configuration, sets, problems } = await loadConfiguration(configurationFile(environment));
  const set = configuration.sets.find((candidate) => candidate.name === name);
  if (set || !sets.some((entry) => entry.name === name)) return set;
  const problem =
    problems.find((candidate) => candidate.severity === 'error' && candidate.set === name) ??
    problems.find(({ severity }) => severity === 'error');
  throw new CadanganError('config.invalid', {
    path,
    line: problem?.line,
    column: problem?.column,
    reason: problem && describeProblem(problem).replace(/\.$/, ''),
  });
}

/** Makes the backup of a set as the engine would, takes it down in the records, and lets the schedule know. */
export async function backupConfiguredSet(
  set: BackupSet,
  context: CommandContext,
  options: OptionValues,
  progress: BackupProgressSink | undefined,
): Promise<JobResult<BackupDetails>> {
  const { environment, terminal, programVersion, globals } = context;
  const dryRun = options.flag('dryRun');
  const { keeper, configuration } = await keeperOf(context);
  if (!dryRun) await keeper.noteConfiguration(configuration);
  const stop = new AbortController();
  const guest = dryRun ? undefined : guestRunOf(set, context, () => stop.abort(new CadanganError('aborted', { reason: 'user' })));
  const access = await accessOfSet(set, { ...context, signal: AbortSignal.any([context.signal, stop.signal]) });
  const result = await backupSet(set, access, {
    environment,
    programVersion,
    ownTags: await keeper.anchorTags(),
    progress: (step) => {
      guest?.progress(step);
      progress?.(step);
    },
    onException: globals.json ? jsonExceptionSink(terminal, 'archival') : undefined,
    onCommandLine: globals.quiet ? undefined : (line) => terminal.note(safeText(line)),
    overrides: {
      dryRun,
      force: options.flag('force'),
      skipIfUnchanged: options.flag('skipIfUnchanged') ? 'same-tree' : undefined,
      extraVerify: globals.extraVerify,
    },
  });
  if (guest) {
    // The record first: whoever hears of the end looks there for what came of it.
    await keeper.write((about) =>
      recordOfBackup(result, {
        ...about,
        set: set.name,
        trigger: 'manual',
        rpoHours: set.rpoHours,
        sources: set.sources,
        location: set.repository.location,
      }),
    );
    await guest
      .end(result.outcome)
      .catch((error: unknown) => terminal.note(l10n.t('the schedule could not be told of this run: {0}', safeText(String(error)))));
  }
  return result;
}

function guestRunOf({ name }: BackupSet, { environment, clock }: CommandContext, onStop: () => void): GuestRun {
  const place = {
    configFile: configurationFile(environment),
    stateFolder: stateFolder(environment),
    version: cadanganVersion(),
    random: systemRandom,
  };
  return new GuestRun({ place, clock, set: name, onStop });
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
  const source = {
    file: globals.passwordFile,
    command: globals.passwordCommand,
    variable: 'RESTIC_PASSWORD',
    question: l10n.t('enter password for repository'),
    twice: false,
  };
  const isGiven = source.file !== undefined || source.command !== undefined || (environment['RESTIC_PASSWORD'] ?? '') !== '';
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
