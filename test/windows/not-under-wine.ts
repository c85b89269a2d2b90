/** What is not run in Windows' Node under Wine, and why: the one list of it, for `npm run test:windows` and `npm test`. */

export interface NotUnderWine {
  /** Below `test/`; a folder ends with `/`. */
  readonly file: string;
  /** The beginnings of the names of those that are left out; without them it is the whole file or folder. */
  readonly tests?: readonly string[];
  readonly why: string;
}

const restic = "runs Debian's programs, restic above all, which are none of Windows";
const window = 'is of a window of VS Code, which runs on this side';
const modes = 'is of POSIX modes and owners, which Windows has not';
const links = 'makes symbolic links, which Wine 8 does not';
const mounts = 'mounts file systems of Linux';
const openFile = 'lets a file be replaced that it has open, as no crash leaves one on Windows';
const slash = 'writes paths of POSIX';

export const notUnderWine: readonly NotUnderWine[] = [
  { file: 'interop/', why: restic },
  { file: 'e2e/', why: window },
  { file: 'vscode/', why: window },
  { file: 'windows/', why: 'plays Windows from this side' },
  { file: 'planted/', why: 'is of the sources, whatever the system' },
  { file: 'extension/service-commands.test.ts', tests: ['what a person runs to make a service'], why: 'asks a POSIX shell' },
  { file: 'google/upload-journal.test.ts', tests: ['knows after a crash what was put'], why: openFile },
  { file: 'host/proven-user.test.ts', tests: ['whoever makes the file', 'a file of somebody else', 'the record of a run'], why: modes },
  { file: 'host/system-service/', why: 'is of the accounts, units and modes of systems of POSIX' },
  { file: 'jobs/run-of-record.test.ts', tests: ['what is told of a run is what its record says'], why: slash },
  { file: 'offsite/copy-memory.test.ts', tests: ['the memory of a copy survives, for this user only'], why: modes },
  {
    file: 'platform/replace-file.test.ts',
    tests: ['what root replaces stays whose it was', 'a folder that can never be made'],
    why: modes,
  },
  { file: 'restore/target-folder.test.ts', why: links },
  { file: 'schedule/state-file.test.ts', tests: ['the folder and the file are closed to others'], why: modes },
  { file: 'service/credential.test.ts', tests: ['a password file that others may read'], why: modes },
  {
    file: 'service/password-outlook.test.ts',
    tests: ['a password file that is not there', 'a file that the service manager hands over', 'a pipe that nobody writes to'],
    why: modes,
  },
  { file: 'settings/file.test.ts', tests: ['a saved file is readable by its owner only', 'a place that cannot be written to'], why: modes },
  { file: 'settings/file.test.ts', tests: ['a link to the file stays a link'], why: links },
  { file: 'settings/file.test.ts', tests: ['the file is the chosen one, else that of CADANGAN_CONFIG'], why: slash },
  { file: 'storage/folder-full.test.ts', why: mounts },
  { file: 'test-tally.test.ts', why: slash },
  { file: 'upkeep/recover.test.ts', why: restic },
  { file: 'upkeep/stats.test.ts', why: restic },
  { file: 'zoo/compare-trees.test.ts', why: links },
];

/** Nobody has looked yet what they do there. */
export const notTriedUnderWine: readonly string[] = [];
