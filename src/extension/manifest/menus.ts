import { contextKeys, snapshotScheme, views, type CommandName, type Text } from './contributions.ts';

export interface MenuEntry {
  readonly command?: CommandName;
  readonly submenu?: string;
  readonly when?: string;
  readonly group?: string;
}

export const submenus: Readonly<Record<string, Text>> = { 'cadangan.ofFile': { en: 'Cadangan', id: 'Cadangan' } };

const inSets = `view == ${views.sets.id}`;
const inSnapshots = `view == ${views.snapshots.id}`;
const inServers = `view == ${views.servers.id}`;
const inDrive = `view == ${views.drive.id}`;
const inHistory = `view == ${views.history.id}`;
/** Snapshots stand by date in both. */
const withSnapshots = `view =~ /^(${views.snapshots.id}|${views.drive.id})$/`.replaceAll('.', '\\.');
const item = (pattern: string) => `viewItem =~ /${pattern}/`;
const anySet = `${inSets} && ${item('^set\\.')}`;
const idleSet = `${inSets} && ${item('^set\\.(idle|missed)')}`;
const busySet = `${inSets} && ${item('^set\\.running')}`;
const snapshot = `${withSnapshots} && ${item('^snapshot$')}`;
/** A copy follows its original: nothing is removed or protected there. */
const originalSnapshot = `${inSnapshots} && ${item('^snapshot$')}`;
const entry = `${withSnapshots} && ${item('^entry\\.')}`;
const fileEntry = `${withSnapshots} && ${item('^entry\\.file')}`;
const anyCopy = `${inDrive} && ${item('^copy\\.')}`;
const busyCopy = `${inDrive} && ${item('^copy\\..*\\.busy')}`;
const idleCopy = `${inDrive} && ${item('^copy\\.(on|paused)(\\.elsewhere)?$')}`;
const onDisk = 'resourceScheme == file';
const onDiskFile = `${onDisk} && !explorerResourceIsFolder`;
const inSnapshot = `resourceScheme == ${snapshotScheme}`;

/** At most three buttons on a row and in a header; the rest by right click, in the editor's order of groups. */
export const menus: Readonly<Record<string, readonly MenuEntry[]>> = {
  'view/title': [
    { command: 'newSet', when: inSets, group: 'navigation@1' },
    { command: 'openConfiguration', when: inSets, group: 'navigation@2' },
    { command: 'showDashboard', when: inSets, group: 'navigation@3' },
    { command: 'refresh', when: inSets, group: '1_view@1' },
    { command: 'showLog', when: inSets, group: '2_help@1' },
    { command: 'getStarted', when: inSets, group: '2_help@2' },
    { command: 'goToDate', when: inSnapshots, group: 'navigation@1' },
    { command: 'findInSnapshots', when: inSnapshots, group: 'navigation@2' },
    { command: 'filterSnapshots', when: `${inSnapshots} && !${contextKeys.isFiltered}`, group: 'navigation@3' },
    { command: 'clearFilter', when: `${inSnapshots} && ${contextKeys.isFiltered}`, group: 'navigation@3' },
    { command: 'refresh', when: inSnapshots, group: '1_view@1' },
    { command: 'compareSnapshots', when: inSnapshots, group: '2_compare@1' },
    { command: 'refresh', when: inServers, group: 'navigation@1' },
    { command: 'openConfiguration', when: inServers, group: '1_view@1' },
    { command: 'newCopy', when: inDrive, group: 'navigation@1' },
    { command: 'refresh', when: inDrive, group: '1_view@1' },
    { command: 'driveSignIn', when: inDrive, group: '2_account@1' },
    { command: 'driveSignInWithCode', when: inDrive, group: '2_account@2' },
    { command: 'driveSignOut', when: inDrive, group: '2_account@3' },
    { command: 'makeReport', when: inHistory, group: 'navigation@2' },
    { command: 'filterHistory', when: `${inHistory} && !${contextKeys.isHistoryFiltered}`, group: 'navigation@3' },
    { command: 'clearHistoryFilter', when: `${inHistory} && ${contextKeys.isHistoryFiltered}`, group: 'navigation@3' },
    { command: 'refresh', when: inHistory, group: '1_view@1' },
    { command: 'verifyRecords', when: inHistory, group: '2_records@1' },
    { command: 'approveRecords', when: inHistory, group: '2_records@2' },
    { command: 'rejectRecords', when: inHistory, group: '2_records@3' },
    { command: 'enterFinding', when: inHistory, group: '2_records@4' },
    { command: 'runDrill', when: inHistory, group: '2_records@5' },
    { command: 'testAlert', when: inHistory, group: '4_alerts@1' },
    { command: 'makeReport', when: inHistory, group: '3_documents@1' },
    { command: 'makeAuditPack', when: inHistory, group: '3_documents@2' },
  ],
  'view/item/context': [
    { command: 'driveSignIn', when: `${inDrive} && ${item('^account\\.signed-out')}`, group: 'inline@1' },
    { command: 'driveSignOut', when: `${inDrive} && ${item('^account\\.signed-in')}`, group: 'inline@1' },
    { command: 'syncCopy', when: idleCopy, group: 'inline@1' },
    { command: 'stop', when: busyCopy, group: 'inline@1' },
    { command: 'pauseCopy', when: `${inDrive} && ${item('^copy\\.on')}`, group: 'inline@2' },
    { command: 'resumeCopy', when: `${inDrive} && ${item('^copy\\.paused')}`, group: 'inline@2' },
    { command: 'restore', when: anyCopy, group: 'inline@3' },
    { command: 'syncCopy', when: idleCopy, group: '1_run@1' },
    { command: 'stop', when: busyCopy, group: '1_run@1' },
    { command: 'scrubCopy', when: anyCopy, group: '1_run@2' },
    { command: 'readableCopy', when: anyCopy, group: '1_run@3' },
    { command: 'restore', when: anyCopy, group: '2_restore@1' },
    { command: 'openOnWeb', when: `${inDrive} && ${item('^copy\\.(on|paused)(?!\\.elsewhere)')}`, group: '3_web@1' },
    { command: 'restoreRecord', when: `${inHistory} && ${item('^record\\.backup')}`, group: 'inline@1' },
    { command: 'closeNonconformity', when: `${inHistory} && ${item('^nonconformity\\.open')}`, group: 'inline@1' },
    { command: 'restoreRecord', when: `${inHistory} && ${item('^record\\.backup')}`, group: '2_restore@1' },
    { command: 'closeNonconformity', when: `${inHistory} && ${item('^nonconformity\\.open')}`, group: '1_close@1' },
    { command: 'assignNonconformity', when: `${inHistory} && ${item('^nonconformity\\.open')}`, group: '1_close@2' },
    { command: 'withdrawNonconformity', when: `${inHistory} && ${item('^nonconformity\\.open')}`, group: '1_close@3' },
    { command: 'backUpNow', when: idleSet, group: 'inline@1' },
    { command: 'stop', when: busySet, group: 'inline@1' },
    { command: 'restore', when: anySet, group: 'inline@2' },
    { command: 'editSet', when: anySet, group: 'inline@3' },
    { command: 'backUpNow', when: idleSet, group: '1_run@1' },
    { command: 'stop', when: busySet, group: '1_run@1' },
    { command: 'showLastRun', when: `${inSets} && ${item('^set\\..*\\.ran')}`, group: '1_run@2' },
    { command: 'dismissMissed', when: `${inSets} && ${item('^set\\.missed')}`, group: '1_run@3' },
    { command: 'restore', when: anySet, group: '2_restore@1' },
    { command: 'runDrill', when: anySet, group: '2_restore@2' },
    { command: 'checkRepository', when: anySet, group: '3_repository@1' },
    { command: 'unlock', when: anySet, group: '3_repository@2' },
    { command: 'saveRecoveryKit', when: anySet, group: '3_repository@3' },
    { command: 'enterPassword', when: anySet, group: '3_repository@4' },
    { command: 'forgetPassword', when: anySet, group: '3_repository@5' },
    { command: 'showRetention', when: anySet, group: '4_retention@1' },
    { command: 'changeRetention', when: anySet, group: '4_retention@2' },
    { command: 'editSet', when: anySet, group: '7_modification@1' },
    { command: 'removeSet', when: anySet, group: '7_modification@2' },
    { command: 'restore', when: snapshot, group: 'inline@1' },
    { command: 'restore', when: snapshot, group: '2_restore@1' },
    { command: 'compareSnapshots', when: snapshot, group: '3_compare@1' },
    { command: 'protectSnapshot', when: originalSnapshot, group: '4_protect@1' },
    { command: 'deleteSnapshot', when: originalSnapshot, group: '7_modification@1' },
    { command: 'copySnapshotId', when: snapshot, group: '5_cutcopypaste@1' },
    { command: 'compareWithCurrent', when: fileEntry, group: 'inline@1' },
    { command: 'restore', when: entry, group: 'inline@2' },
    { command: 'openEntry', when: fileEntry, group: 'navigation@1' },
    { command: 'restore', when: entry, group: '2_restore@1' },
    { command: 'compareWithCurrent', when: fileEntry, group: '3_compare@1' },
    { command: 'versionsInBackups', when: entry, group: '3_compare@2' },
    { command: 'whichBackupChanged', when: fileEntry, group: '3_compare@3' },
  ],
  'explorer/context': [
    { command: 'versionsInBackups', when: onDisk, group: '4_timeline@10' },
    { submenu: 'cadangan.ofFile', when: onDisk, group: '4_timeline@11' },
  ],
  'editor/title/context': [
    { command: 'versionsInBackups', when: onDisk, group: '4_timeline@10' },
    { submenu: 'cadangan.ofFile', when: onDisk, group: '4_timeline@11' },
  ],
  'cadangan.ofFile': [
    { command: 'openAsOfDate', when: onDiskFile, group: '1_look@1' },
    { command: 'whichBackupChanged', when: onDiskFile, group: '1_look@2' },
    { command: 'restore', group: '2_restore@1' },
  ],
  'editor/title': [
    { command: 'compareWithCurrent', when: `${inSnapshot} && !isInDiffEditor`, group: 'navigation@1' },
    { command: 'restore', when: inSnapshot, group: 'navigation@2' },
  ],
};
