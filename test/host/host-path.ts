import { join } from 'node:path';
import { system } from '../../src/platform/index.ts';

/** What tests start a host from, as `hostPath` of `startHost`. */
export const hostPath = join(import.meta.dirname, system.isWindows ? 'built-host-wine.ts' : 'built-host.ts');
