import type { CliCommand } from '../command.ts';
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import { diffCommand } from './diff.ts';
import { drillCommand } from './drill.ts';
import { driveCommand } from './drive.ts';
import { dumpCommand } from './dump.ts';
import { findCommand } from './find.ts';
import { initCommand } from './init.ts';
import { keyCommand } from './key.ts';
import { lsCommand } from './ls.ts';
import { offsiteCommand } from './offsite.ts';
import { recordsCommand } from './records.ts';
import { restoreCommand } from './restore.ts';
import { scheduleCommand } from './schedule.ts';
import { serviceCommand } from './service.ts';
import { snapshotsCommand } from './snapshots.ts';
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
  offsiteCommand,
  driveCommand,
  scheduleCommand,
  serviceCommand,
  recordsCommand,
  keyCommand,
  unlockCommand,
  versionCommand,
];
