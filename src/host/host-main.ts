import './first-moments.ts';

import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { cadanganVersion, isCode, keepHeapSmall, makeOwnFolderNow, programVersion, systemClock, systemRandom } from '../platform/index.ts';
import { Host, type HostOptions } from './host.ts';
import { openLog } from './log-file.ts';
import { keepOwnProgram } from './program-folder.ts';
import { Runner, type RunnerOptions } from './runner.ts';
import { takeBackStart } from './start-count.ts';
import { startRunner } from './start-host.ts';
import { vetOfAdministrators } from './system-service/administrators-only.ts';
import { isServedByService } from './service-door.ts';

/** Long enough for a window that is reloaded. */
const lingerMsDefault = 60_000;

/** The process of a host that a window started: it serves one state folder until nobody needs it. */
async function main(): Promise<void> {
  const options = {
    state: { type: 'string' },
    config: { type: 'string' },
    linger: { type: 'string' },
    passive: { type: 'boolean' },
    runner: { type: 'string' },
    vet: { type: 'boolean' },
  } as const;
  const { state: stateFolder, config: configFile, linger, passive = false, runner, vet = false } = parseArgs({ options }).values;
  if (stateFolder === undefined || configFile === undefined) throw new Error('usage: host --state FOLDER --config FILE [--linger MS]');
  // Not that of whichever client came first: what is secret has its own mode, and a report is as readable as other files.
  process.umask(0o022);
  makeOwnFolderNow(stateFolder);
  keepHeapSmall();
  await keepOwnProgram(systemRandom);
  const log = openLog(join(stateFolder, runner === undefined ? 'host.log' : `runner-${runner.slice(0, 8)}.log`), systemClock);
  const world = {
    clock: systemClock,
    random: systemRandom,
    environment: process.env,
    version: cadanganVersion(),
    programVersion: programVersion(),
    vetProgram: vet ? vetOfAdministrators(process.env) : undefined,
  };
  const place = { stateFolder, configFile, world, log };
  const served =
    runner === undefined
      ? await startOrLeave({
          ...place,
          runsSchedule: !passive,
          lingerMs: linger === undefined ? lingerMsDefault : Number(linger),
          startRunner: (key) => startRunner({ stateFolder, configFile, environment: process.env }, key),
          isSuperseded: () => isServedByService({ stateFolder, version: world.version, random: world.random }, process.env),
        })
      : await runnerOrLeave({ ...place, key: runner });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void served.end('signal'));
  // Of the first see `first-moments.ts`; and a terminal that goes is not ours.
  for (const signal of ['SIGUSR1', 'SIGHUP'] as const) process.on(signal, () => log('info', `${signal} means nothing here`));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = 1;
      void served.end('crash');
    });
  }
  await served.ended;
  process.exit();
}

/** Of two that are started at the same time, one is too many. */
async function startOrLeave(options: HostOptions): Promise<Host> {
  const { log } = options;
  try {
    const host = await Host.start(options);
    log('info', `the host ${process.pid} of version ${options.world.version} serves ${options.stateFolder}`);
    return host;
  } catch (error) {
    if (isCode(error, 'host.taken')) {
      await takeBackStart(options.stateFolder);
      process.exit(0);
    }
    log('error', `the host cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  }
}

/** Of two that are started for one repository, one is too many. */
async function runnerOrLeave(options: RunnerOptions): Promise<Runner> {
  try {
    return await Runner.start(options);
  } catch (error) {
    if (isCode(error, 'host.taken')) process.exit(0);
    options.log('error', `the runner cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  }
}

void main();
