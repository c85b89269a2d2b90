import { win32 } from 'node:path';
import { upperCaseOfWindows } from './ntfs-names.ts';
import type { System } from './system-interface.ts';

/**
 * libuv gives a folder the bits of a file (0666, or 0444 with the attribute *read-only*). Go, and so restic, has it entered by everybody
 * (os/types_windows.go, `Mode`), which on Linux makes the difference between a folder and a closed one.
 */
const [typeBits, folderType] = [0o170000, 0o040000];

/**
 * libuv's seconds have 32 bits on Windows (`uv_timespec_t`), and Node takes them without their sign (src/node_file-inl.h): 1969 is read as
 * 2106. Of the two we believe the one that has been: files from before 1970 exist, as unpackers and cameras without a clock make them.
 */
const [wrappedFromNs, wrapNs] = [2n ** 31n * 1_000_000_000n, 2n ** 32n * 1_000_000_000n];

export const windowsSystem: System = {
  platform: 'win32',
  isWindows: true,
  isLinux: false,
  path: win32,
  hasModes: false,
  foldsNames: true,
  hasProcessGroups: false,
  opensFolders: false,
  replacesReadOnly: false,
  holdsOpenFiles: true,
  openAtOnce: 0,
  exclusiveNames: 'pipe',
  stopSignals: ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'],
  nodeProgram: 'node.exe',
  homeVariable: 'USERPROFILE',
  administratorGroups: [0],

  foldedName: upperCaseOfWindows,
  storedMode: (mode) => ((mode & typeBits) === folderType ? mode | 0o111 : mode),
  statTimeNs: (ns) => (ns >= wrappedFromNs ? ns - wrapNs : ns),

  filesOfPrograms(kind, environment, ofHome) {
    // The folders are those that programs of npm use (`env-paths`): `%APPDATA%` goes with its user to other machines, state must not.
    const named = environment[kind === 'config' ? 'APPDATA' : 'LOCALAPPDATA'] ?? '';
    const names = ['cadangan', { config: 'Config', state: 'Log', cache: 'Cache' }[kind]];
    if (win32.isAbsolute(named)) return win32.join(named, ...names);
    return ofHome('AppData', kind === 'config' ? 'Roaming' : 'Local', ...names);
  },
};
