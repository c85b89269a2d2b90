import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  askHost,
  findHostPlace,
  Host,
  HostClient,
  HostError,
  openLog,
  refuseBesideService,
  type HostClientOptions,
} from '../host/index.ts';
import {
  cadanganVersion,
  configurationFile,
  currentLanguage,
  isCode,
  l10n,
  stateFolder,
  systemRandom,
  type Environment,
} from '../platform/index.ts';
import { errorOfData, type Procedure } from '../service/index.ts';
import type { CommandContext } from './command.ts';

/** Where this command looks for a host: the service of the machine first. */
function hostPlaceOf(environment: Environment): ReturnType<HostClientOptions['place']> {
  return findHostPlace(ownPlaceOf(environment), environment);
}

function ownPlaceOf(environment: Environment): ReturnType<HostClientOptions['place']> {
  return { stateFolder: stateFolder(environment), version: cadanganVersion(), random: systemRandom };
}

/** Asks the host of this user one thing, where one runs. @throws as `askHost` */
export function askHostOf<Params, Result>(
  { environment, signal }: CommandContext,
  procedure: Procedure<Params, Result>,
  params: NoInfer<Params>,
): ReturnType<typeof askHost<Params, Result>> {
  return askHost(hostPlaceOf(environment), procedure, params, signal);
}

/**
 * Works with the host of this user. Where none runs, this process is the host until the work is done, and what others have asked of it
 * meanwhile: it does what it is asked for, and no schedule.
 * @param work may be asked for things by the host meanwhile
 * @throws what the host answered, as the `CadanganError` that it was
 */
export async function withHost<T>(
  context: CommandContext,
  options: Pick<HostClientOptions, 'password' | 'listeners'>,
  work: (client: HostClient) => Promise<T>,
): Promise<T> {
  const { environment, clock } = context;
  let own: Host | undefined;
  const client = new HostClient({
    ...options,
    place: () => hostPlaceOf(environment),
    startHost: async () => {
      refuseBesideService(ownPlaceOf(environment), environment);
      own = await hostOfCommand(context);
    },
    language: currentLanguage,
    via: 'command-line',
    clock,
  });
  try {
    return await work(client);
  } catch (error) {
    throw error instanceof HostError ? errorOfData(error.data) : error;
  } finally {
    await client.close();
    if (own?.isBusy) context.terminal.note(l10n.t('Others have runs in this process; it ends with the last of them.'));
    await own?.endWhenIdle();
  }
}

/** Undefined when another one came first. */
async function hostOfCommand({ environment, clock, programVersion }: CommandContext): Promise<Host | undefined> {
  const folder = stateFolder(environment);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const world = { clock, random: systemRandom, environment, version: cadanganVersion(), programVersion };
  const log = openLog(join(folder, 'host.log'), clock);
  const place = { stateFolder: folder, configFile: configurationFile(environment) };
  try {
    return await Host.start({ ...place, world, log, runsSchedule: false, lingerMs: undefined });
  } catch (error) {
    if (isCode(error, 'host.taken')) return undefined;
    throw error;
  }
}
