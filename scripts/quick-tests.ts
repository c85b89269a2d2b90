import { sep } from 'node:path';

/** What takes minutes: another program, thousands of crash states, a process for each command, a window, a machine with Windows. */
const slowFolders: readonly string[] = ['interop', 'crash', 'cli', 'vscode', 'e2e', 'windows'];
/** What is quick there all the same. */
const quickInThem: readonly string[] = [
  'cli/arguments.test.ts',
  'cli/layout.test.ts',
  'cli/password-prompt.test.ts',
  'windows/not-under-wine.test.ts',
];
/** Of the other folders, what keeps the processor for more than a second and a half (a run says how long each took); the others stay. */
const slowFiles: readonly string[] = [
  'backup/backup.test.ts',
  'backup/data-pool.test.ts',
  'backup/empty-sources.test.ts',
  'backup/faults.test.ts', // a run for every call that can fail
  'backup/source-losses.test.ts',
  'backup/zoo.test.ts', // every kind of file that a disk can have
  'emulator/life.test.ts',
  'emulator/patience.test.ts',
  'extension/paths.test.ts',
  'extension/restore-preview.test.ts',
  'google/drive-folder.test.ts',
  'google/faults.test.ts',
  'google/not-googles.test.ts',
  'google/sign-in.test.ts',
  'google/stream-upload.test.ts',
  'google/tls-inspection.test.ts',
  'http/who-is-believed.test.ts', // asks openssl for certificates
  'host/engine-life.test.ts',
  'host/host.test.ts', // hosts that are started, killed, and meet strangers
  'host/hung-repository.test.ts',
  'host/lost-run.test.ts', // two hosts each
  'host/message-frame.test.ts',
  'host/name.test.ts',
  'host/password-memory.test.ts', // a heap that is written and searched
  'host/program-folder.test.ts', // copies of the program
  'host/start-count.test.ts',
  'host/system-service/administrator.test.ts',
  'host/system-service/group.test.ts', // processes of another user
  'host/system-service/life.test.ts', // copies of Node, and services that are killed
  'host/system-service/move-state.test.ts',
  'host/system-service/readers.test.ts',
  'host/system-service/texts.test.ts',
  'host/two-windows.test.ts',
  'host/window-end.test.ts',
  'host/window-gone.test.ts', // engines that start, hang on large runs, and die
  'jobs/around-run.test.ts',
  'jobs/begun-runs.test.ts',
  'jobs/drill.test.ts', // drills from here and from Drive
  'jobs/drive-reads.test.ts',
  'jobs/retention.test.ts',
  'jobs/safe-text.test.ts',
  'notices/alert-crashes.test.ts',
  'notices/alerts.test.ts',
  'notices/mail.test.ts',
  'offsite/bring-back-history.test.ts',
  'offsite/command-line.test.ts',
  'offsite/copy-anchor.test.ts',
  'offsite/copy-jobs.test.ts',
  'offsite/doubled-folders.test.ts',
  'offsite/faults.test.ts',
  'offsite/first-part.test.ts',
  'offsite/folder-watch.test.ts',
  'offsite/hosted-copy.test.ts',
  'offsite/keep-history.test.ts',
  'offsite/keeper.test.ts',
  'offsite/plan-copy.test.ts',
  'offsite/snapshot-archive.test.ts',
  'offsite/storage-copy.test.ts',
  'offsite/strangers.test.ts',
  'offsite/sync-copy.test.ts', // whole copies, each against an emulator
  'offsite/unfriendly-way.test.ts',
  'offsite/vanished-copy.test.ts',
  'package.test.ts', // the packager looks at every file
  'platform/l10n.test.ts',
  'platform/task-threads.test.ts',
  'records/append-lock.test.ts',
  'records/audit-pack.test.ts',
  'records/chain-words.test.ts',
  'records/form-pages.test.ts',
  'records/forms.test.ts',
  'records/history.test.ts',
  'records/record-index.test.ts',
  'records/signed-head.test.ts',
  'records/simulated-year.test.ts',
  'records/tampering.test.ts', // crashes, a year of nights, tamperings
  'repository/blob-index.test.ts', // 200,000 operations
  'repository/format/go-json.test.ts',
  'repository/format/hostile-bytes.test.ts',
  'repository/format/tree.test.ts', // 30,000 files in a folder
  'repository/index-scanner.test.ts',
  'repository/kernel/chunker.test.ts',
  'repository/keys.test.ts',
  'repository/locks.test.ts',
  'repository/pack-builder.test.ts',
  'repository/repository.test.ts',
  'repository/unpacked-files.test.ts',
  'restore/damage.test.ts',
  'restore/disk-sync.test.ts',
  'restore/hostile.test.ts',
  'restore/interruption.test.ts', // a restore for every byte, every bad name, every moment
  'restore/restore.test.ts',
  'schedule/change-watcher.test.ts', // waits for what the system tells of changes
  'schedule/clock-scenarios.test.ts',
  'schedule/presence.test.ts',
  'schedule/scheduler.test.ts',
  'schedule/ten-years.test.ts', // every half minute of ten years, four times
  'service/alert-desk.test.ts',
  'service/chain-verification.test.ts',
  'service/drill.test.ts',
  'service/drive-desk.test.ts',
  'service/empty-source.test.ts',
  'service/engine.test.ts',
  'service/failed-work.test.ts',
  'service/history-keeper.test.ts',
  'service/limited-nights.test.ts',
  'service/missed-window.test.ts',
  'service/not-recorded.test.ts',
  'service/on-change.test.ts',
  'service/open-repositories.test.ts',
  'service/password-bytes.test.ts',
  'service/record-faults.test.ts',
  'service/records-requests.test.ts',
  'service/records.test.ts',
  'service/restore-steps.test.ts',
  'service/retention.test.ts',
  'service/set-keep-counts.test.ts',
  'service/upkeep.test.ts',
  'service/version-before.test.ts', // a host for each question
  'settings/edit.test.ts', // thousands of edits of random texts
  'settings/parse.test.ts',
  'storage/rest-lies.test.ts', // a list of 200,000 names
  'storage/rest-storage.test.ts', // thousands of requests
  'storage/drive-storage.test.ts', // all that Drive can do to us
  'storage/folder-kill.test.ts', // processes that are killed
  'storage/folder-storage.test.ts', // `fakes` and `simulated-storage` keep the same promises in memory
  'storage/limited-storage.test.ts',
  'storage/sftp/known-hosts.test.ts', // asks ssh-keygen
  'storage/sftp/login.test.ts', // a handshake for each question
  'storage/sftp/plain-server.test.ts',
  'storage/sftp/ssh-config.test.ts', // asks ssh itself, sixty times
  'upkeep/battery.test.ts',
  'upkeep/check.test.ts', // every mutation of a repository
  'upkeep/copy-snapshots.test.ts',
  'upkeep/prune-crash.test.ts',
  'upkeep/prune-life.test.ts',
  'upkeep/prune-locks.test.ts',
  'upkeep/prune.test.ts',
  'upkeep/recover.test.ts', // asks restic
  'upkeep/repair-index.test.ts',
  'upkeep/repair-packs.test.ts',
  'upkeep/repair-snapshots.test.ts',
  'upkeep/retention-random.test.ts',
  'upkeep/retention-year.test.ts',
  'upkeep/rewrite-snapshots.test.ts',
  'upkeep/stats.test.ts', // asks restic
  'upkeep/sudden-change.test.ts',
];

/** What `slowFiles` and `quickInThem` name, for the test that looks whether it is there. */
export const namedFiles: readonly string[] = [...quickInThem, ...slowFiles];

/** Whether `npm run test:quick` runs a test. @param file its path below `test/` */
export function isQuick(file: string): boolean {
  const name = file.replaceAll(sep, '/');
  return slowFolders.some((folder) => name.startsWith(`${folder}/`)) ? quickInThem.includes(name) : !slowFiles.includes(name);
}
