import { stat } from 'node:fs/promises';
import { describeError, historyOwner, type RecordAbout, RecordKeeper, type RecordKeeperOptions, userNameOf } from '../../jobs/index.ts';
import { asOwnerOf, CadanganError, l10n, placeOfWork, stateErrorIn, systemRandom } from '../../platform/index.ts';
import { type HistoryRecord, inZoneInForce, type RecordContent } from '../../records/index.ts';
import { configurationInForce, type ConfigurationInForce, LastGoodFile } from '../../service/index.ts';
import type { Configuration } from '../../settings/index.ts';
import type { CommandContext } from '../command.ts';
import { configurationError } from '../configuration-error.ts';

/** Who writes the records of this command, and the configuration that is in force. */
export async function keeperOf(context: CommandContext): Promise<{
  readonly keeper: RecordKeeper;
  readonly configuration: Configuration;
  /** Records what changed in the configuration. @param inForce default: as it was found. @throws `config.invalid` */
  readonly noteConfiguration: (inForce?: ConfigurationInForce) => Promise<void>;
}> {
  const { environment, clock, programVersion } = context;
  const { configFile, stateFolder, isOfService } = placeOfWork(environment);
  const lastGood = new LastGoodFile(stateFolder, systemRandom);
  const { loaded: read, used: known } = await configurationInForce(configFile, lastGood);
  const configuration = read.text === undefined ? known.configuration : await inZoneInForce(known.configuration, stateFolder);
  const found = { loaded: read, used: { ...known, configuration } };
  const keeper = new RecordKeeper({
    // Root in the home of somebody else leaves nothing there that its user could not go on with.
    writing: (work) => asOwnerOf(stateFolder, work),
    ...(isOfService && (await inHistoryOfService(context, stateFolder))),
    stateFolder,
    clock,
    random: systemRandom,
    software: programVersion,
    via: 'command-line',
    settings: () => configuration,
    onError: (error) => tellUnrecorded(context, stateErrorIn(error, stateFolder)),
  });
  const noteConfiguration = async ({ loaded, used }: ConfigurationInForce = found): Promise<void> => {
    // Which sets and copies there are nobody can tell; "there are none" would be another sentence.
    if (used.unknown.sets === 'all' && loaded.problems.some(({ severity }) => severity === 'error')) throw configurationError(loaded);
    await keeper.history.writing(() => lastGood.keep(loaded)).catch(() => undefined); // whoever cannot write there is told by the next line
    await keeper.noteConfiguration(used);
  };
  return { keeper, configuration, noteConfiguration };
}

function tellUnrecorded({ terminal, noteUnrecorded }: CommandContext, error: unknown): void {
  const { what, next = '' } = describeError(error);
  terminal.note(l10n.t('this was not recorded: {0}', `${what} ${next}`.trimEnd()));
  noteUnrecorded();
}

/**
 * An administrator writes into the history of the service: by its host, where that runs, else himself, with the rights of whose it is. A
 * host that does not answer has not written it, or ended right after: a record that is there twice is better than none.
 */
async function inHistoryOfService(context: CommandContext, stateFolder: string): Promise<Pick<RecordKeeperOptions, 'append' | 'owner'>> {
  const append = async (content: RecordContent): Promise<HistoryRecord | undefined> => {
    // The way to a host would cost every command a tenth of its start.
    const [{ askHostOf }, { protocol }] = await Promise.all([import('../with-host.ts'), import('../../service/index.ts')]);
    try {
      // What has been done is recorded, also of a command that was interrupted.
      const asked = await askHostOf({ ...context, signal: new AbortController().signal }, protocol.appendRecord, { content });
      return asked?.answer;
    } catch (error) {
      if (!(error instanceof CadanganError)) throw error;
      return undefined; // of an older version, for instance; where nobody can write, we learn it ourselves
    }
  };
  const { uid } = await stat(stateFolder);
  return { append, owner: historyOwner(process.getuid === undefined ? undefined : await userNameOf(uid)) };
}

/** Does a run of this command and takes it down, also when the command is killed: then the next one does. */
export async function recordedRun<Result>(
  context: CommandContext,
  {
    begun,
    work,
    record,
  }: {
    /** What is known of it before; `note` adds what its record says, too, however it ends. */
    readonly begun: (about: RecordAbout) => RecordContent;
    readonly work: (keeper: RecordKeeper, note: (more: Partial<RecordContent>) => Promise<void>) => Promise<Result>;
    readonly record: (result: Result, about: RecordAbout) => RecordContent;
  },
): Promise<Result> {
  const { keeper } = await keeperOf(context);
  return keeper.during(
    (about) => begun({ ...about, trigger: 'manual' }),
    async (run, note) => {
      let noted: Partial<RecordContent> = {};
      const result = await work(keeper, (more) => note((noted = more)));
      await keeper.write((about) => ({ ...noted, ...record(result, { ...about, trigger: 'manual', run }) }));
      return result;
    },
  );
}

/** Takes down what this command did. A record that cannot be written is told, and is an exception of the command. */
export async function takeDownRecord(context: CommandContext, make: (about: RecordAbout) => RecordContent): Promise<void> {
  try {
    const { keeper } = await keeperOf(context);
    await keeper.write((about) => make({ ...about, trigger: 'manual' }));
  } catch (error) {
    if (!(error instanceof CadanganError)) throw error;
    tellUnrecorded(context, error); // where the records are is not known, and the work is done
  }
}
