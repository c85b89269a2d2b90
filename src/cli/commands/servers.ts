import { hostname } from 'node:os';
import { l10n, placeOfWork } from '../../platform/index.ts';
import { inZoneInForce } from '../../records/index.ts';
import { listReadableSnapshots } from '../../repository/index.ts';
import { expectedServers, protocol, serversReport, type ServersReport } from '../../service/index.ts';
import { concernsWhole, loadConfiguration, type LoadedConfiguration } from '../../settings/index.ts';
import { backupHistoriesOf } from '../../upkeep/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { configurationError } from '../configuration-error.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { locationOf } from '../global-options.ts';
import { printServers } from '../servers-text.ts';

export const serversCommand: CliCommand = {
  name: 'servers',
  declare: (command) =>
    command.description(
      l10n.t(
        'Show every server that backs up into the repositories of the configured sets, or into one: its last good backup, and who is silent.',
      ),
    ),
  run: async (context) => {
    const report = await reportOf(context);
    printServers(context, report);
    return exitCodeOf(report);
  },
};

/**
 * A success only when every server is known to be in time, and everything could be looked at. One that nothing is held against is no
 * trouble.
 */
function exitCodeOf({ servers, repositories }: ServersReport): ExitCode {
  const isSeen = repositories.every(({ state, unreadable }) => state === 'seen' && unreadable === 0);
  const isFine = servers.every(({ backups }) =>
    backups.every(({ state, why }) => state === 'in-time' || state === 'retired' || why === 'no-measure'),
  );
  return isSeen && isFine ? exitCode.done : exitCode.exceptions;
}

/** @throws `config.invalid` when nobody knows which repositories there are; what the host answered, or opening the one that is named */
async function reportOf(context: CommandContext): Promise<ServersReport> {
  const { globals, environment, signal } = context;
  const { serviceConfigFile } = await import('../../host/index.ts'); // as for a backup
  const loaded = await loadConfiguration(serviceConfigFile(environment) ?? placeOfWork(environment).configFile);
  if (globals.repo !== undefined || globals.repositoryFile !== undefined) return reportOfNamed(context, loaded);
  const { configuration, problems } = loaded;
  if (configuration.sets.length === 0) {
    const broken = problems.find(concernsWhole);
    if (broken !== undefined) throw configurationError(loaded, broken);
    return serversReport([], [], { ownHost: hostname(), clock: context.clock, scrub: (text) => text });
  }
  const { withHost } = await import('../with-host.ts'); // as for a backup
  return withHost(context, { password: async () => undefined }, (client) => client.request(protocol.lookAtServers, undefined, { signal }));
}

/** Of the one repository that is named, opened here. What the configuration expects of servers counts, whoever it is of. */
async function reportOfNamed(context: CommandContext, loaded: LoadedConfiguration): Promise<ServersReport> {
  const { clock, globals } = context;
  const location = await locationOf(globals);
  let unreadable = 0;
  const snapshots = await openedRepository(context, 'shared', ({ repository, signal }) =>
    listReadableSnapshots(repository, () => (unreadable += 1), signal),
  );
  const seenMs = Number(clock.nowNs() / 1_000_000n);
  const histories = backupHistoriesOf(snapshots);
  const look = { location, seenMs, isCurrent: true, isLooking: false, error: undefined, histories, unreadable, notNamed: 0 };
  const ownHost = hostname();
  const expectations = expectedServers(await inForce(context, loaded), {
    ownHost,
    locations: [location],
    isWhole: false,
  });
  return serversReport([look], expectations, { ownHost, clock, scrub: (text) => text });
}

async function inForce(
  { environment }: CommandContext,
  { configuration }: LoadedConfiguration,
): Promise<LoadedConfiguration['configuration']> {
  return inZoneInForce(configuration, placeOfWork(environment).stateFolder).catch(() => configuration);
}
