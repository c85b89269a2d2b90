import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  accountNamed,
  askHost,
  findHostPlace,
  Host,
  HostClient,
  HostError,
  olderService,
  openLog,
  refuseBesideService,
  type HostClientOptions,
  type OlderService,
} from '../host/index.ts';
import { safeText, userNameOf } from '../jobs/index.ts';
import {
  CadanganError,
  cadanganVersion,
  configurationFile,
  currentLanguage,
  isCode,
  l10n,
  makeOwnFolder,
  stateError,
  stateFolder,
  systemRandom,
  type Environment,
} from '../platform/index.ts';
import { errorOfData, type Procedure } from '../service/index.ts';
import type { CommandContext } from './command.ts';
import { hostConfirmer } from './confirm.ts';

/** Where this command looks for a host: the service of the machine first. */
function hostPlaceOf(environment: Environment): ReturnType<HostClientOptions['place']> {
  return findHostPlace(ownPlaceOf(environment), environment);
}

function ownPlaceOf(environment: Environment): ReturnType<HostClientOptions['place']> {
  return { stateFolder: stateFolder(environment), version: cadanganVersion(), random: systemRandom };
}

/** Asks the host of this user one thing, where one runs. @throws as `askHost` */
export async function askHostOf<Params, Result>(
  context: CommandContext,
  procedure: Procedure<Params, Result>,
  params: NoInfer<Params>,
): ReturnType<typeof askHost<Params, Result>> {
  const place = hostPlaceOf(context.environment);
  const asked = await askHost(place, procedure, params, context.signal);
  const older = asked && olderService(asked.host, place);
  if (older) noteOlder(context, older);
  return asked;
}

/** A command may ask several times. */
const toldOfOlder = new WeakSet<CommandContext['terminal']>();

/** No error: it serves us all the same. */
function noteOlder({ terminal, globals }: CommandContext, { version, own, command }: OlderService): void {
  if (globals.quiet || globals.json || toldOfOlder.has(terminal)) return;
  toldOfOlder.add(terminal);
  terminal.note(
    l10n.t('The service is of version {old}, this is {own}. "{command}" brings it to this one.', { old: safeText(version), own, command }),
  );
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
  const { environment, clock, globals, terminal } = context;
  let own: Host | undefined;
  const client = new HostClient({
    ...options,
    place: () => hostPlaceOf(environment),
    startHost: async () => {
      refuseBesideService(ownPlaceOf(environment), environment);
      own = await hostOfCommand(context);
    },
    language: currentLanguage,
    confirmHost: async (host) => (await hostConfirmer(context)?.(host)) ?? false,
    via: 'command-line',
    clock,
    onOlderService: (older) => noteOlder(context, older),
  });
  try {
    return await work(client);
  } catch (error) {
    throw error instanceof HostError ? errorOfData(error.data) : error;
  } finally {
    await client.close();
    if (own?.isRunning && !globals.json && !globals.quiet)
      terminal.note(l10n.t('Others have runs in this process; it ends with the last of them.'));
    await own?.endWhenIdle();
  }
}

/** Undefined when another one came first. */
async function hostOfCommand({ environment, clock, programVersion }: CommandContext): Promise<Host | undefined> {
  const folder = stateFolder(environment);
  await refuseAnothersHome(folder);
  const world = { clock, random: systemRandom, environment, version: cadanganVersion(), programVersion };
  const place = { stateFolder: folder, configFile: configurationFile(environment) };
  try {
    await makeOwnFolder(folder);
    const log = openLog(join(folder, 'host.log'), clock);
    return await Host.start({ ...place, world, log, runsSchedule: false, lingerMs: undefined });
  } catch (error) {
    if (isCode(error, 'host.taken')) return undefined;
    throw stateError(error, folder);
  }
}

/**
 * A host writes much into its state folder, all the time and with all its rights: as root in the home of somebody else it would leave files
 * that the host of their user cannot read. @throws `state.unusable`
 */
async function refuseAnothersHome(folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const uid = (await stat(folder).catch(() => undefined))?.uid ?? 0;
  const home = uid === 0 ? undefined : accountNamed(await userNameOf(uid))?.home;
  if (home === undefined || home === '/' || !`${folder}/`.startsWith(`${home}/`)) return;
  throw new CadanganError('state.unusable', { path: folder, folder, uid: 0, owner: uid });
}
