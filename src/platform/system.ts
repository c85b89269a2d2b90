import type { System } from './system-interface.ts';
import { posixSystem } from './system.posix.ts';
import { windowsSystem } from './system.windows.ts';

export type { System } from './system-interface.ts';

/** The system of a platform of Node's, for what is planned or tested for another one. */
export function systemOf(platform: NodeJS.Platform): System {
  if (platform === system.platform) return system;
  return platform === 'win32' ? windowsSystem : posixSystem(platform);
}

/** The one that we run on. Nothing else asks `process.platform` (`npm run lint`). */
export const system: System = process.platform === 'win32' ? windowsSystem : posixSystem(process.platform);
