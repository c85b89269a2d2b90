import { CadanganError, rm, serviceSeatFile, systemCode } from '../../platform/index.ts';
import { forgetCommands, stopCommands } from './commands.ts';
import { withoutUserLines } from './cron-lines.ts';
import { endService } from './host-at-rest.ts';
import type { InstallWorld } from './install.ts';
import type { ServicePlace } from './place.ts';

/**
 * Ends the service and removes what was installed. What stays: configuration, state, repositories, and the account whose they are.
 * @param crontab what cron has for this user
 * @throws `service.denied`, `service.manager`, `host.unreachable`; the system's errors
 */
export async function uninstallService(place: ServicePlace, world: InstallWorld, crontab?: string): Promise<void> {
  try {
    for (const command of stopCommands(place)) await world.run?.(command);
    if (place.unitFile === undefined) await world.run?.({ argv: ['crontab', '-'], input: withoutUserLines(crontab ?? '') });
    else await rm(place.unitFile, { force: true });
    await endService(place, { version: world.version, random: world.random }, world.clock);
    for (const command of forgetCommands(place)) await world.run?.(command);
    await rm(place.programFolder, { recursive: true, force: true });
    if (place.scope === 'user') return;
    if (place.runtimeFolder !== undefined) await rm(place.runtimeFolder, { recursive: true, force: true });
    await rm(serviceSeatFile(place.stateFolder), { force: true });
  } catch (cause) {
    const reason = systemCode(cause);
    if (reason !== 'EACCES' && reason !== 'EPERM' && reason !== 'EROFS') throw cause;
    throw new CadanganError('service.denied', { path: place.programFolder, reason }, { cause });
  }
}
