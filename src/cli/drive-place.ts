import type { DrivePlace } from '../jobs/index.ts';
import { CadanganError, configurationFile, l10n, stateFolder, type Clock, type Environment } from '../platform/index.ts';
import { paceOf } from '../service/index.ts';
import { describeProblem, loadConfiguration, type Configuration, type LoadedConfiguration, type OffsiteCopy } from '../settings/index.ts';
import type { GlobalOptions } from './global-options.ts';
import type { Terminal } from './terminal.ts';
import { durationText } from './units.ts';

/** What of a command's context is needed. */
interface DriveContext {
  readonly terminal: Terminal;
  readonly globals: GlobalOptions;
  readonly environment: Environment;
  readonly clock: Clock;
}

export interface DriveWorld {
  readonly configuration: Configuration;
  readonly place: DrivePlace;
  readonly configFile: string;
  /** The off-site copies of the file that a mistake stops, and what it is. */
  readonly stoppedCopies: readonly { readonly name: string | undefined; readonly error: CadanganError }[];
}

/** The configuration, and where the account on Google Drive is found. */
export async function driveWorld(context: DriveContext): Promise<DriveWorld> {
  const { environment, clock } = context;
  const configFile = configurationFile(environment);
  const loaded = await loadConfiguration(configFile);
  const { configuration } = loaded;
  const place: DrivePlace = {
    settings: configuration.googleDrive,
    stateFolder: stateFolder(environment),
    environment,
    clock,
    onWait: waitNoter(context),
  };
  return { configuration, place, configFile, stoppedCopies: stoppedCopiesOf(loaded) };
}

/** @throws `offsite.unknown`; `config.invalid` when a mistake stops it */
export function copyNamed({ configuration, stoppedCopies }: DriveWorld, name: string): OffsiteCopy {
  const copy = configuration.offsiteCopies.find((candidate) => candidate.name === name);
  if (copy === undefined)
    throw stoppedCopies.find((stopped) => stopped.name === name)?.error ?? new CadanganError('offsite.unknown', { copy: name });
  return copy;
}

/** The place for this copy, at the speed that it may have. */
export function pacedPlace(
  { configuration: { timeZone }, place }: Pick<DriveWorld, 'configuration' | 'place'>,
  { limits }: OffsiteCopy,
  clock: Clock,
): DrivePlace {
  return { ...place, pace: paceOf(limits, { clock, timeZone }) };
}

function stoppedCopiesOf({ path, copies, problems }: LoadedConfiguration): DriveWorld['stoppedCopies'] {
  const errors = problems.filter(({ severity }) => severity === 'error');
  return copies.flatMap(({ name, isUsable }, at) => {
    if (isUsable) return [];
    const place = `offsiteCopies[${at}]`;
    const problem = errors.find((candidate) => candidate.path === place || candidate.path.startsWith(`${place}.`)) ?? errors[0];
    const reason = problem && describeProblem(problem).replace(/\.$/, '');
    return [{ name, error: new CadanganError('config.invalid', { path, line: problem?.line, column: problem?.column, reason }) }];
  });
}

const waitMsWorthTelling = 10_000;

/** A long wait for Google looks like a program that hangs. */
function waitNoter({ terminal, globals }: DriveContext): DrivePlace['onWait'] {
  if (globals.quiet || globals.json) return undefined;
  return ({ ms, reason }) => {
    if (ms >= waitMsWorthTelling || globals.verbosity > 0)
      terminal.note(l10n.t('Google asks to wait: {duration} ({reason})', { duration: durationText(ms), reason }));
  };
}
