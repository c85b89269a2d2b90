import type { DrivePlace } from '../jobs/index.ts';
import { CadanganError, configurationFile, l10n, stateFolder, type Clock, type Environment } from '../platform/index.ts';
import { loadConfiguration, type Configuration, type OffsiteCopy } from '../settings/index.ts';
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

/** The configuration, and where the account on Google Drive is found. */
export async function driveWorld(
  context: DriveContext,
): Promise<{ readonly configuration: Configuration; readonly place: DrivePlace; readonly configFile: string }> {
  const { environment, clock } = context;
  const configFile = configurationFile(environment);
  const { configuration } = await loadConfiguration(configFile);
  const place: DrivePlace = {
    settings: configuration.googleDrive,
    stateFolder: stateFolder(environment),
    environment,
    clock,
    onWait: waitNoter(context),
  };
  return { configuration, place, configFile };
}

/** @throws `offsite.unknown` */
export function copyNamed(configuration: Configuration, name: string): OffsiteCopy {
  const copy = configuration.offsiteCopies.find((candidate) => candidate.name === name);
  if (copy === undefined) throw new CadanganError('offsite.unknown', { copy: name });
  return copy;
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
