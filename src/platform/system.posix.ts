import { constants } from 'node:fs';
import { posix } from 'node:path';
import type { System } from './system-interface.ts';

/** Linux, macOS, and whatever else Node runs on but Windows: told from each other by what is Linux's or macOS' alone. */
export function posixSystem(platform: Exclude<NodeJS.Platform, 'win32'>): System {
  const isMac = platform === 'darwin';
  const isLinux = platform === 'linux';
  return {
    platform,
    isWindows: false,
    isLinux,
    path: posix,
    hasModes: true,
    foldsNames: isMac,
    hasProcessGroups: true,
    opensFolders: true,
    replacesReadOnly: true,
    holdsOpenFiles: false,
    openAtOnce: constants.O_NONBLOCK,
    exclusiveNames: isLinux ? 'abstract' : 'file',
    stopSignals: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    nodeProgram: 'node',
    homeVariable: 'HOME',
    administratorGroups: isMac ? [0, 80] : [0],

    // APFS takes no notice of case, nor of whether an accent is a letter of its own; a folder of Linux that folds does as much.
    foldedName: (name) => name.normalize('NFC').toLowerCase(),
    storedMode: (mode) => mode,
    statTimeNs: (ns) => ns,

    filesOfPrograms(kind, environment, ofHome) {
      // The folders of macOS are those that programs of npm use (`env-paths`); the system names none of its own.
      if (isMac) return ofHome('Library', { config: 'Preferences', state: 'Logs', cache: 'Caches' }[kind], 'cadangan');
      // The XDG Base Directory Specification: one that is not absolute counts as none. Its folder for state is meant for history, too.
      const named = environment[{ config: 'XDG_CONFIG_HOME', state: 'XDG_STATE_HOME', cache: 'XDG_CACHE_HOME' }[kind]] ?? '';
      const usual = { config: ['.config'], state: ['.local', 'state'], cache: ['.cache'] }[kind];
      return posix.isAbsolute(named) ? posix.join(named, 'cadangan') : ofHome(...usual, 'cadangan');
    },
  };
}
