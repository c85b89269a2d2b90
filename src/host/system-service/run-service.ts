import { dirname, join } from 'node:path';
import process from 'node:process';
import {
  assetPath,
  CadanganError,
  cadanganVersion,
  isCode,
  makeFolder,
  makeOwnFolder,
  systemRandom,
  type Clock,
  type Environment,
} from '../../platform/index.ts';
import { loadConfiguration } from '../../settings/index.ts';
import { hostAddress, seatOf } from '../address.ts';
import { Host, type HostEnd } from '../host.ts';
import { openLog, type HostLog } from '../log-file.ts';
import { startRunner } from '../start-host.ts';
import { visitHost } from '../visit-host.ts';
import { assertAdministratorsOnly, filesWithin, vetOfAdministrators } from './administrators-only.ts';
import { programsOf } from './configured-programs.ts';
import { sendHostAway } from './host-at-rest.ts';
import { isUnfinished } from './move-state.ts';

export interface ServiceRun {
  readonly stateFolder: string;
  readonly configFile: string;
  /** Of the machine: what it runs and obeys has to be as hard to change as the system. */
  readonly isOfSystem: boolean;
  /** Leave at once where a service is; otherwise wait until it has gone. */
  readonly isGuard: boolean;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly programVersion: string;
  /** Ends it at the next safe point. */
  readonly signal: AbortSignal;
  /** Hears what the log of the host is told. */
  readonly onLog: HostLog;
}

const againMs = 5_000;

/**
 * Is the host of its state folder, in this process, with the schedule, until it is told to end.
 * @returns why it ended; undefined: it runs already, and this was only to see to it
 * @throws `service.unsafe`, `service.unsupported`, `state.moved`, `state.in-use`; what opening the service throws
 */
export async function runService(run: ServiceRun): Promise<HostEnd | undefined> {
  const { stateFolder, clock, signal } = run;
  await import('../first-moments.ts'); // of this process, and of no other that knows how to be a service
  const isVetting = run.isOfSystem || process.getuid?.() === 0;
  if (isVetting) await refuseUnsafe(run);
  if (await isUnfinished(stateFolder)) {
    const reason = 'the move of its state was interrupted: run "cadangan service install" again';
    throw new CadanganError('service.unsupported', { reason });
  }
  await makeOwnFolder(stateFolder);
  const { kind, path } = await hostAddress(stateFolder);
  if (kind === 'file') await makeFolder(dirname(path), 0o750); // a start of the machine takes it away
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const host = await startUnlessTaken(run, isVetting);
    if (host) return untilEnd(host, signal);
    const there = await makeRoom(run);
    if (there === 'service' && run.isGuard) return undefined;
    if (there === 'gone') continue;
    if (isFirst) run.onLog('info', 'another process serves this state folder; waiting until it has ended');
    await clock.sleep(againMs, signal).catch(() => undefined);
  }
  return 'signal';
}

/** That of a window or a command goes: it ends with them, and this one does not. A newer one stays until then. */
async function makeRoom({ stateFolder, clock }: ServiceRun): Promise<'service' | 'gone' | 'stays'> {
  const place = { stateFolder, version: cadanganVersion(), random: systemRandom };
  try {
    const visit = await visitHost(place);
    visit?.close();
    if (visit?.host.isService) return 'service';
    await sendHostAway(place, clock);
    return 'gone';
  } catch (error) {
    if (!isCode(error, 'host.unreachable')) throw error;
    return 'stays';
  }
}

async function refuseUnsafe({ configFile, environment }: ServiceRun): Promise<void> {
  const { configuration } = await loadConfiguration(configFile);
  const program = await filesWithin(assetPath('.'));
  await assertAdministratorsOnly([process.execPath, ...program, configFile, ...(await programsOf(configuration, environment))]);
}

async function startUnlessTaken(run: ServiceRun, isVetting: boolean): Promise<Host | undefined> {
  const { stateFolder, configFile, environment, clock, programVersion, onLog } = run;
  const file = openLog(join(stateFolder, 'host.log'), clock);
  const log: HostLog = (level, message) => {
    file(level, message);
    onLog(level, message);
  };
  // The configuration may name another program later, or somebody get hold of one: each is looked at again before it is run.
  const vetProgram = isVetting ? vetOfAdministrators(environment) : undefined;
  const world = { clock, random: systemRandom, environment, version: cadanganVersion(), programVersion, vetProgram };
  try {
    const host = await Host.start({
      stateFolder,
      configFile,
      world,
      runsSchedule: true,
      lingerMs: undefined,
      log,
      // They are of the same unit: what its manager takes from the service or ends with it is theirs, too.
      startRunner: (key) => startRunner({ stateFolder, configFile, environment, isVetting }, key),
      service: { door: (await seatOf(stateFolder))?.runtimeFolder },
    });
    log('info', `the service ${process.pid} of version ${world.version} serves ${stateFolder}`);
    return host;
  } catch (error) {
    if (isCode(error, 'host.taken')) return undefined;
    throw error;
  }
}

async function untilEnd(host: Host, signal: AbortSignal): Promise<HostEnd> {
  const end = (): void => void host.end('signal');
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return host.ended;
}
