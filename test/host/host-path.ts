import { join } from 'node:path';
import { system } from '../../src/platform/index.ts';

/** What tests start a host from, as `hostPath` of `startHost`: its source, for which that is undefined, and on Windows the built one. */
export const hostPath = system.isWindows ? join(import.meta.dirname, 'built-host.ts') : undefined;
