import type { CliCommand } from '../command.ts';

/**
 * By name, in the order of the help. Each is loaded when it is named: whoever lists snapshots does not wait for a service, a copy and a
 * Google account to be made ready.
 */
export const commands: Readonly<Record<string, () => Promise<CliCommand>>> = {
  init: async () => (await import('./init.ts')).initCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  snapshots: async () => (await import('./snapshots.ts')).snapshotsCommand,
  ls: async () => (await import('./ls.ts')).lsCommand,
  find: async () => (await import('./find.ts')).findCommand,
  diff: async () => (await import('./diff.ts')).diffCommand,
  dump: async () => (await import('./dump.ts')).dumpCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  drill: async () => (await import('./drill.ts')).drillCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  forget: async () => (await import('./forget.ts')).forgetCommand,
  tag: async () => (await import('./tag.ts')).tagCommand,
  repair: async () => (await import('./repair.ts')).repairCommand,
  recover: async () => (await import('./recover.ts')).recoverCommand,
  rewrite: async () => (await import('./rewrite.ts')).rewriteCommand,
  copy: async () => (await import('./copy.ts')).copyCommand,
  stats: async () => (await import('./stats.ts')).statsCommand,
  prune: async () => (await import('./prune.ts')).pruneCommand,
  offsite: async () => (await import('./offsite.ts')).offsiteCommand,
  drive: async () => (await import('./drive.ts')).driveCommand,
  schedule: async () => (await import('./schedule.ts')).scheduleCommand,
  servers: async () => (await import('./servers.ts')).serversCommand,
  service: async () => (await import('./service.ts')).serviceCommand,
  alert: async () => (await import('./alert.ts')).alertCommand,
  records: async () => (await import('./records.ts')).recordsCommand,
  key: async () => (await import('./key.ts')).keyCommand,
  unlock: async () => (await import('./unlock.ts')).unlockCommand,
  version: async () => (await import('./version.ts')).versionCommand,
};
