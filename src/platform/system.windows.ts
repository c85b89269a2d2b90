import { win32 } from 'node:path';
import type { System } from './system-interface.ts';

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

  filesOfPrograms(kind, environment, ofHome) {
    // The folders are those that programs of npm use (`env-paths`): `%APPDATA%` goes with its user to other machines, state must not.
    const named = environment[kind === 'config' ? 'APPDATA' : 'LOCALAPPDATA'] ?? '';
    const names = kind === 'config' ? ['cadangan', 'Config'] : ['cadangan', 'Log'];
    if (win32.isAbsolute(named)) return win32.join(named, ...names);
    return ofHome('AppData', kind === 'config' ? 'Roaming' : 'Local', ...names);
  },
};
