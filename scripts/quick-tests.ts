import { sep } from 'node:path';

/** What takes minutes: another program, thousands of crash states, a process for each command, a window. */
const slowFolders: readonly string[] = ['interop', 'crash', 'cli', 'vscode', 'e2e'];
/** What is quick there all the same. */
const quickInThem: readonly string[] = ['cli/arguments.test.ts', 'cli/layout.test.ts', 'cli/password-prompt.test.ts'];
/** Of the other folders, what takes four seconds and more; the files beside each stay among the quick ones. */
const slowFiles: readonly string[] = [
  'package.test.ts', // the packager looks at every file
  'backup/empty-sources.test.ts',
  'backup/faults.test.ts', // a run for every call that can fail
  'backup/zoo.test.ts', // every kind of file that a disk can have
  'emulator/life.test.ts',
  'emulator/patience.test.ts',
  'extension/restore-preview.test.ts',
  'google/drive-folder.test.ts',
  'google/faults.test.ts',
  'google/stream-upload.test.ts',
  'storage/drive-storage.test.ts', // all that Drive can do to us
  'host/engine-life.test.ts',
  'host/host.test.ts', // hosts that are started, killed, and meet strangers
  'host/lost-run.test.ts', // two hosts each
  'host/password-memory.test.ts', // a heap that is written and searched
  'host/program-folder.test.ts', // copies of the program
  'host/start-count.test.ts',
  'host/system-service/group.test.ts', // processes of another user
  'host/system-service/life.test.ts', // copies of Node, and services that are killed
  'host/two-windows.test.ts',
  'host/window-end.test.ts',
  'host/window-gone.test.ts', // engines that start, hang on large runs, and die
  'jobs/drill.test.ts', // drills from here and from Drive
  'offsite/command-line.test.ts',
  'offsite/copy-anchor.test.ts',
  'offsite/faults.test.ts',
  'offsite/keeper.test.ts',
  'offsite/strangers.test.ts',
  'offsite/sync-copy.test.ts', // whole copies, each against an emulator
  'records/history.test.ts',
  'records/simulated-year.test.ts',
  'records/tampering.test.ts', // crashes, a year of nights, tamperings
  'repository/blob-index.test.ts', // 200,000 operations
  'repository/format/tree.test.ts', // 30,000 files in a folder
  'restore/damage.test.ts',
  'restore/hostile.test.ts',
  'restore/interruption.test.ts', // a restore for every byte, every bad name, every moment
  'schedule/change-watcher.test.ts', // waits for what the system tells of changes
  'storage/folder-kill.test.ts', // processes that are killed
  'storage/folder-storage.test.ts', // `fakes` and `simulated-storage` keep the same promises in memory
  'schedule/ten-years.test.ts', // every half minute of ten years, four times
  'service/drill.test.ts',
  'service/drive-desk.test.ts',
  'service/engine.test.ts',
  'service/not-recorded.test.ts',
  'service/on-change.test.ts',
  'service/password-bytes.test.ts',
  'service/record-faults.test.ts',
  'service/records-requests.test.ts',
  'service/records.test.ts',
  'service/version-before.test.ts', // a host for each question
  'settings/edit.test.ts', // thousands of edits of random texts
  'upkeep/check.test.ts', // every mutation of a repository
];

/** What `slowFiles` and `quickInThem` name, for the test that looks whether it is there. */
export const namedFiles: readonly string[] = [...quickInThem, ...slowFiles];

/** Whether `npm run test:quick` runs a test. @param file its path below `test/` */
export function isQuick(file: string): boolean {
  const name = file.replaceAll(sep, '/');
  return slowFolders.some((folder) => name.startsWith(`${folder}/`)) ? quickInThem.includes(name) : !slowFiles.includes(name);
}
