import { describeError, type RecordAbout, RecordKeeper } from '../../jobs/index.ts';
import { configurationFile, l10n, stateFolder, systemRandom } from '../../platform/index.ts';
import type { RecordContent } from '../../records/index.ts';
import { loadConfiguration, type Configuration } from '../../settings/index.ts';
import type { CommandContext } from '../command.ts';

/** Who writes the records of this command, and the configuration that is in force. */
export async function keeperOf({
  environment,
  clock,
  programVersion,
  terminal,
  noteUnrecorded,
}: CommandContext): Promise<{ readonly keeper: RecordKeeper; readonly configuration: Configuration }> {
  const { configuration } = await loadConfiguration(configurationFile(environment));
  const keeper = new RecordKeeper({
    stateFolder: stateFolder(environment),
    clock,
    random: systemRandom,
    software: programVersion,
    via: 'command-line',
    settings: () => configuration,
    onError: (error) => {
      terminal.note(l10n.t('this was not recorded: {0}', describeError(error).what));
      noteUnrecorded();
    },
  });
  return { keeper, configuration };
}

/** Takes down what this command did. A record that cannot be written is told, and is an exception of the command. */
export async function takeDownRecord(context: CommandContext, make: (about: RecordAbout) => RecordContent): Promise<void> {
  const { keeper } = await keeperOf(context);
  await keeper.write((about) => make({ ...about, trigger: 'manual' }));
}
