import { backupRunResult, backupSet, RunHistory, unattendedPassword } from '../engine/index.ts';
import type { BackupDetails, JobResult, RepositoryAccess } from '../jobs/index.ts';
import type { BackupProgressSink } from '../backup/index.ts';
import { configurationFile, l10n, stateFolder, systemRandom } from '../platform/index.ts';
import { loadConfiguration, type BackupSet } from '../settings/index.ts';
import type { CommandContext } from './command.ts';
import type { OptionValues } from './option-values.ts';
import { readPassword } from './password-source.ts';
import { safeText } from './safe-text.ts';

/** The backup set that `cadangan backup NAME` means: where no repository is named, a single argument can be nothing else. Undefined when there is none of that name. */
export async function setMeantBy(paths: readonly string[], { globals, environment }: CommandContext): Promise<BackupSet | undefined> {
  const [name] = paths;
  if (name === undefined || paths.length > 1 || globals.repo !== undefined || globals.repositoryFile !== undefined) return undefined;
  const { configuration } = await loadConfiguration(configurationFile(environment));
  return configuration.sets.find((set) => set.name === name);
}

/** Makes the backup of a set as the engine would, and takes it down in the history of runs. */
export async function backupConfiguredSet(set: BackupSet, context: CommandContext, options: OptionValues, progress: BackupProgressSink | undefined): Promise<JobResult<BackupDetails>> {
  const { environment, terminal, programVersion, globals } = context;
  const dryRun = options.flag('dryRun');
  const result = await backupSet(set, accessOfSet(set, context), {
    environment, programVersion, progress,
    onCommandLine: globals.quiet ? undefined : (line) => terminal.note(safeText(line)),
    overrides: { dryRun, force: options.flag('force'), extraVerify: globals.extraVerify },
  });
  if (!dryRun) await takeDown(result, set, context);
  return result;
}

/** What is given on the command line counts more than the file; a terminal is asked last. */
function accessOfSet({ repository }: BackupSet, { globals, environment, passwords, clock, signal }: CommandContext): RepositoryAccess {
  const source = { file: globals.passwordFile, command: globals.passwordCommand, variable: 'RESTIC_PASSWORD', question: l10n.t('enter password for repository'), twice: false };
  const isGiven = source.file !== undefined || source.command !== undefined || (environment['RESTIC_PASSWORD'] ?? '') !== '';
  return {
    location: repository.location,
    password: async (passwordSignal) => (isGiven ? undefined : await unattendedPassword(repository, environment, passwordSignal)) ?? readPassword(source, passwords, passwordSignal),
    noLock: globals.noLock, retryLockForMs: globals.retryLockForMs, world: { clock }, signal,
  };
}

async function takeDown(result: JobResult<BackupDetails>, { name }: BackupSet, { environment, terminal }: CommandContext): Promise<void> {
  try {
    await new RunHistory(stateFolder(environment), systemRandom).append(backupRunResult(result, name, (text) => text));
  } catch (error) {
    terminal.note(l10n.t('the history of runs could not be written: {0}', safeText(String(error))));
  }
}
