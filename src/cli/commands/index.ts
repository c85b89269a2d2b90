import type { CliCommand } from '../command.ts';
import { alertCommand } from './alert.ts';
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import { copyCommand } from './copy.ts';
import { diffCommand } from './diff.ts';
import { drillCommand } from './drill.ts';
import { driveCommand } from './drive.ts';
import { dumpCommand } from './dump.ts';
import { findCommand } from './find.ts';
import { forgetCommand } from './forget.ts';
import { initCommand } from './init.ts';
import { keyCommand } from './key.ts';
import { lsCommand } from './ls.ts';
import { offsiteCommand } from './offsite.ts';
import { pruneCommand } from './prune.ts';
import { recordsCommand } from './records.ts';
import { recoverCommand } from './recover.ts';
import { repairCommand } from './repair.ts';
import { restoreCommand } from './restore.ts';
import { rewriteCommand } from './rewrite.ts';
import { scheduleCommand } from './schedule.ts';
import { serversCommand } from './servers.ts';
import { serviceCommand } from './service.ts';
import { snapshotsCommand } from './snapshots.ts';
import { tagCommand } from './tag.ts';
import { statsCommand } from './stats.ts';
import { unlockCommand } from './unlock.ts';
import { versionCommand } from './version.ts';

/** In the order of the help. */
export const commands: readonly CliCommand[] = [
  initCommand,
  backupCommand,
  snapshotsCommand,
  lsCommand,
  findCommand,
  diffCommand,
  dumpCommand,
  restoreCommand,
  drillCommand,
  checkCommand,
  forgetCommand,
  tagCommand,
  repairCommand,
  recoverCommand,
  rewriteCommand,
  copyCommand,
  statsCommand,
  pruneCommand,
  offsiteCommand,
  driveCommand,
  scheduleCommand,
  serversCommand,
  serviceCommand,
  alertCommand,
  recordsCommand,
  keyCommand,
  unlockCommand,
  versionCommand,
];
