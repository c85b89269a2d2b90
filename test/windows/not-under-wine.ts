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
const limits = 'is of the limits that Linux has for names';
const everyone = 'makes a password file, which under Wine everyone may read whatever its mode';
const python = "asks the verifier in Python, which is Debian's";
const slash = 'writes paths of POSIX';
const shell = "asks a POSIX shell, and Linux's devices";
const byteNames = 'is of names that are no text, which only Linux has';
const proc = 'looks into /proc';
const slow = 'takes longer there than a file may: its clock goes in small steps';

export const notUnderWine: readonly NotUnderWine[] = [
  { file: 'interop/', why: restic },
  { file: 'e2e/', why: window },
  { file: 'vscode/', why: window },
  { file: 'windows/', why: 'plays Windows from this side' },
  { file: 'planted/', why: 'is of the sources, whatever the system' },
  { file: 'extension/service-commands.test.ts', tests: ['what a person runs to make a service'], why: 'asks a POSIX shell' },
  { file: 'google/upload-journal.test.ts', tests: ['knows after a crash what was put'], why: openFile },
  { file: 'host/proven-user.test.ts', tests: ['whoever makes the file', 'a file of somebody else', 'the record of a run'], why: modes },
  { file: 'upkeep/prune-locks.test.ts', why: restic },
  { file: 'host/system-service/', why: 'is of the accounts, units and modes of systems of POSIX' },
  { file: 'offsite/copy-memory.test.ts', tests: ['the memory of a copy survives, for this user only'], why: modes },
  { file: 'platform/owner-only.test.ts', tests: ['modes tell whether others may read'], why: modes },
  {
    file: 'platform/replace-file.test.ts',
    tests: ['what root replaces stays whose it was', 'a folder that can never be made'],
    why: modes,
  },
  { file: 'backup/read-places.test.ts', tests: ['what is read elsewhere', 'the root of a copy'], why: links },
  { file: 'jobs/shadow-copies.test.ts', why: links },
  { file: 'jobs/open-copy.test.ts', why: links },
  { file: 'backup/backup.test.ts', tests: ['the file system saw no access'], why: 'looks at times of access as Linux keeps them' },
  { file: 'backup/windows-attributes.test.ts', why: 'simulates what Wine has not, with paths of POSIX' },
  {
    file: 'records/chain-words.test.ts',
    tests: [
      'a key that introduces the next one',
      'a key that is introduced by a forged',
      'a lost key',
      'a forged declaration',
      'rewritten chains are found by Python',
      'months that are old enough',
      'a disposal that was cut short',
      'months that are missing without',
    ],
    why: python,
  },
  { file: 'repository/repository.test.ts', tests: ['a repository of version 1, made by restic'], why: restic },
  {
    file: 'restore/hostile.test.ts',
    tests: [
      'a link of the snapshot is never',
      'links in the target',
      'a folder that is exchanged',
      'a file in the target that',
      'folders a thousand',
    ],
    why: links,
  },
  { file: 'restore/hostile.test.ts', tests: ['names longer than the system takes'], why: limits },
  {
    file: 'restore/restore.test.ts',
    tests: [
      'restore() brings files, folders and links',
      'restore() with sparse leaves holes',
      'restore() follows a link only',
      'restore() fills a folder that it may not',
      'restore() gives the owning group',
      'restore() says once that a system has no attributes of Windows',
      'a dry run tells what goes where',
    ],
    why: modes,
  },
  { file: 'restore/target-folder.test.ts', why: links },
  { file: 'schedule/state-file.test.ts', tests: ['the folder and the file are closed to others'], why: modes },
  { file: 'service/credential.test.ts', tests: ['a password file that others may read'], why: modes },
  { file: 'service/credential.test.ts', tests: ['what the service manager hands over for a password file'], why: everyone },
  {
    file: 'service/password-outlook.test.ts',
    tests: ['a password file that is not there', 'a file that the service manager hands over', 'a pipe that nobody writes to'],
    why: modes,
  },
  { file: 'settings/file.test.ts', tests: ['a saved file is readable by its owner only', 'a place that cannot be written to'], why: modes },
  { file: 'settings/file.test.ts', tests: ['a link to the file stays a link'], why: links },
  { file: 'settings/file.test.ts', tests: ['the file is the chosen one, else that of CADANGAN_CONFIG'], why: slash },
  { file: 'service/recovery-kit.test.ts', tests: ['commands for any other repository'], why: slash },
  {
    file: 'storage/folder-storage.test.ts',
    tests: ['is closed to other users', 'a fifo under the name', 'a kind may be a link', 'a user without rights'],
    why: modes,
  },
  { file: 'storage/folder-full.test.ts', why: mounts },
  { file: 'test-tally.test.ts', why: slash },
  { file: 'upkeep/stats.test.ts', tests: ['stats of what restic backed up'], why: restic },
  { file: 'extension/restore-preview.test.ts', why: 'is of names that are no text, which only Linux has' },
  {
    file: 'service/restore-steps.test.ts',
    tests: [
      'what is restored into a folder appears',
      'a whole snapshot comes into a folder',
      'what goes back to its place',
      'a link on the way is followed',
      'the whole snapshot goes back',
      'what is not in the snapshot',
      'what was named relatively',
      'onto a server goes what would',
    ],
    why: slash,
  },
  { file: 'upkeep/retention-random.test.ts', why: restic },
  { file: 'zoo/compare-trees.test.ts', why: links },
  { file: 'backup/empty-sources.test.ts', tests: ['a link'], why: links },
  { file: 'backup/empty-sources.test.ts', tests: ['a disk that is mounted on one night'], why: mounts },
  { file: 'backup/read-places.test.ts', tests: ['what is mounted below a copy'], why: mounts },
  { file: 'backup/source-losses.test.ts', tests: ['a source that is a link'], why: links },
  { file: 'backup/source-losses.test.ts', tests: ['a source of which most could not be read'], why: modes },
  {
    file: 'backup/backup.test.ts',
    tests: ['a file that was rewritten behind its times'],
    why: 'asks for the ctime, which is not kept on Windows',
  },
  { file: 'backup/zoo.test.ts', why: 'is of what files only Linux has: pipes, devices, names that are no text' },
  { file: 'crash/crash.test.ts', tests: ['stock restic finds no error'], why: restic },
  {
    file: 'restore/disk-sync.test.ts',
    tests: [
      'nothing is called restored before',
      'a disk that refuses',
      'a disk that hangs',
      'what is right already',
      'each file system that was written into',
      'a file system of FUSE',
    ],
    why: 'syncs whole file systems, which only Linux does',
  },
  {
    file: 'restore/interruption.test.ts',
    tests: ['a full disk ends', 'somebody who is not root', 'what somebody may not write'],
    why: modes,
  },
  { file: 'upkeep/copy-snapshots.test.ts', tests: ['brings snapshots into another repository'], why: restic },
  {
    file: 'upkeep/prune.test.ts',
    tests: ['what is needed of a pack', 'a snapshot that came late', 'of a blob in several packs', 'packs of both types'],
    why: restic,
  },
  { file: 'upkeep/prune-crash.test.ts', tests: ['stock restic finds no error'], why: restic },
  { file: 'upkeep/repair-index.test.ts', tests: ['makes the whole index anew'], why: restic },
  { file: 'upkeep/retention-year.test.ts', tests: ['restic, asked once'], why: restic },
  { file: 'upkeep/rewrite-snapshots.test.ts', tests: ['with forget they take the place'], why: restic },
  { file: 'upkeep/prune-life.test.ts', why: restic },
  { file: 'records/append-lock.test.ts', tests: ['a machine that was given another name'], why: "reads Linux's /proc" },
  { file: 'records/audit-pack.test.ts', tests: ['the tools that every auditor has agree', 'zipped again by Python'], why: python },
  { file: 'records/history.test.ts', tests: ['the files and the key are for their owner only'], why: modes },
  { file: 'records/simulated-year.test.ts', why: 'makes a year of backups, for which a file there has not the time' },
  { file: 'records/tampering.test.ts', tests: ['the untouched history is intact for Python'], why: python },
  {
    file: 'cli/output.test.ts',
    tests: ['a list whose output fails', 'a backup whose log is full', 'a reader that has left', 'a report goes through a link'],
    why: shell,
  },
  { file: 'cli/failures.test.ts', tests: ['a place that cannot be written to'], why: "asks Linux's own file system, which takes no files" },
  { file: 'cli/hostile-names.test.ts', why: 'makes names with line feeds and bytes that are no text, which Windows has not' },
  { file: 'cli/interruption.test.ts', why: 'sends a signal, which on Windows ends a process at once; Ctrl-C needs a console' },
  { file: 'cli/raw-names.test.ts', why: byteNames },
  { file: 'cli/several-users.test.ts', why: modes },
  {
    file: 'cli/forget.test.ts',
    tests: [
      'removes what no rule keeps, shows both before',
      '--json says what restic says',
      'asks for the password once, and removes the data',
      'gives a new snapshot that knows its original',
    ],
    why: restic,
  },
  { file: 'google/tls-inspection.test.ts', why: "makes certificates with openssl, which is Debian's" },
  { file: 'http/who-is-believed.test.ts', why: "makes certificates with openssl, which is Debian's" },
  {
    file: 'storage/sftp/known-hosts.test.ts',
    tests: ['names are found in the same lines', 'fingerprints are those that people see'],
    why: "asks Debian's ssh-keygen",
  },
  { file: 'host/engine-life.test.ts', tests: ['a process that works on a repository and is killed'], why: proc },
  { file: 'host/engine-life.test.ts', tests: ['a set with limits stands back'], why: 'is of priorities as Linux has them' },
  {
    file: 'host/host.test.ts',
    tests: ['a host holds nothing of whoever started it', 'SIGUSR1 opens no inspector'],
    why: 'is of descriptors and signals of POSIX',
  },
  {
    file: 'host/host.test.ts',
    tests: ['many who connect and say nothing'],
    why: 'counts on the room that a socket has for those who wait, which a pipe has not',
  },
  {
    file: 'offsite/folder-watch.test.ts',
    tests: ['a watch by events'],
    why: 'makes a folder anew that was watched, whose name Wine does not set free',
  },
  { file: 'host/hung-repository.test.ts', why: mounts },
  { file: 'host/password-memory.test.ts', tests: ['after a run neither the host nor'], why: proc },
  { file: 'offsite/faults.test.ts', tests: ['at random moments of running syncs'], why: restic },
  { file: 'offsite/unfriendly-way.test.ts', why: restic },
  { file: 'offsite/first-part.test.ts', tests: ['a new copy can be restored from', 'a copying that is cut short'], why: restic },
  { file: 'offsite/doubled-folders.test.ts', why: restic },
  {
    file: 'offsite/strangers.test.ts',
    tests: [
      'two repositories that start together',
      'a copy of a version that left no marks',
      'a repository with another config',
      'when somebody else comes while',
    ],
    why: restic,
  },
  {
    file: 'cli/repair.test.ts',
    tests: [
      'repair index mends',
      'what is lost with a pack',
      'repair packs keeps a copy',
      'recover finds',
      'copy brings snapshots',
      'rewrite leaves out',
    ],
    why: restic,
  },
  {
    file: 'jobs/around-run.test.ts',
    tests: ['a program that is stopped goes with all'],
    why: "ends programs by `taskkill /T`, which Wine's does not know",
  },
  {
    file: 'jobs/drill.test.ts',
    tests: ['what was restored with closed folders', 'the scratch folder is for its owner only'],
    why: modes,
  },
  {
    file: 'notices/mail.test.ts',
    tests: [
      'a mail goes over STARTTLS',
      'from the first byte over TLS',
      'a certificate that nobody vouches for',
      'a wrong password and an address',
      'in Indonesian it is in Indonesian',
    ],
    why: "makes certificates with Debian's openssl",
  },
  {
    file: 'package.test.ts',
    tests: ['the package holds the files', 'a package for one system'],
    why: 'lists what a package would hold, and there the project is a folder of links',
  },
  {
    file: 'offsite/sync-copy.test.ts',
    tests: ['a repository is copied file by file', 'after a prune by restic', 'after our own prune', 'a pack that the original has lost'],
    why: restic,
  },
  { file: 'offsite/copy-jobs.test.ts', tests: ['what a server has copied itself'], why: restic },
  {
    file: 'offsite/storage-copy.test.ts',
    tests: [
      'a copy in any storage has what',
      'what nobody here has put there',
      'where nothing can be removed',
      'where ${kind} may not go yet',
      'what a snapshot of somebody else',
    ],
    why: restic,
  },
  { file: 'offsite/snapshot-archive.test.ts', tests: ['a snapshot as TAR is unpacked'], why: links },
  {
    file: 'host/name.test.ts',
    tests: [
      'who wants to serve under the name',
      'the file of a dead host',
      'a living owner that comes',
      'an owner that has no room',
      'whoever holds a name by a file',
      'a name as long as a socket',
    ],
    why: 'is of sockets that are files',
  },
  { file: 'service/limited-nights.test.ts', why: slow },
  { file: 'cli/compiled.test.ts', why: modes },
  { file: 'jobs/no-descriptors.test.ts', why: shell },
  {
    file: 'http/lent-memory.test.ts',
    why: "Wine breaks connections under many answers at once, also when they read into Node's own memory",
  },
  {
    file: 'host/window-gone.test.ts',
    tests: ['a host that is told to end stops'],
    why: 'sends a signal that a program of Windows cannot hear',
  },
  {
    file: 'storage/s3-storage.test.ts',
    why: 'a socket of Wine says late that its bytes are gone: an abort finds a body that the server has',
  },
  { file: 'service/on-change.test.ts', tests: ['neither the repository nor what we remember'], why: links },
  { file: 'offsite/folder-watch.test.ts', tests: ['the watch takes a folder each'], why: proc },
];

/** Nobody has seen yet that they run there to their end. */
export const notTriedUnderWine: readonly string[] = [
  'cli/schedule.test.ts',
  'cli/servers.test.ts',
  'extension/servers.test.ts',
  'host/engine-life.test.ts',
  'jobs/open-storage.test.ts',
  'offsite/command-line.test.ts',
  'offsite/hosted-copy.test.ts',
  'service/drive-desk.test.ts',
  'service/servers-desk.test.ts',
  'service/servers.test.ts',
  'storage/rest-storage.test.ts',
  'storage/sftp/login.test.ts',
  'storage/sftp/plain-server.test.ts',
  'storage/sftp/ssh-config.test.ts',
  'upkeep/backup-histories.test.ts',
];
