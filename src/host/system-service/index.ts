/**
 * The host as a service of the operating system: where it lies, what its manager is told, how it is installed and run.
 *
 *   servicePlace -> planInstall (what would be written) -> installService: program, state, unit, `current`, start
 *   the unit -> runService: who could change it? -> Host
 */
export { runSystemCommand, type CommandRunner, type SystemCommand } from './commands.ts';
export {
  installService,
  planInstall,
  type Installed,
  type InstallPlan,
  type InstallWish,
  type InstallWorld,
  type PlannedFile,
} from './install.ts';
export {
  accountNamed,
  isOfHere,
  managerOfHere,
  serviceManagers,
  servicePlace,
  type ServiceManager,
  type ServicePlace,
  type ServiceScope,
} from './place.ts';
export { runService } from './run-service.ts';
export type { Uncovered } from './rights.ts';
export { serviceStatus, type ServiceStatus } from './status.ts';
export { uninstallService } from './uninstall.ts';
