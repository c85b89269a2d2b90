import { join } from 'node:path';
import { readFile } from './patient-files.ts';
import { CadanganError, systemCode } from './errors.ts';

/*
 * A state folder whose records have moved to the service of the system says so, so that no second history begins beside the first. This is
 * what versions that know of it look for; what stops those that do not is in `host/system-service/move-state.ts`.
 */

/** In the folder that was left. */
export function movedStateFile(stateFolder: string): string {
  return join(stateFolder, 'moved.json');
}

/** Where the state has gone; undefined: it is here. A file that says nothing is one, too: nobody else makes it. */
export async function movedStateOf(stateFolder: string): Promise<string | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(movedStateFile(stateFolder), 'utf8'));
    return typeof value === 'object' && value !== null && 'to' in value && typeof value.to === 'string' ? value.to : '';
  } catch (error) {
    if (error instanceof SyntaxError) return '';
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** @throws `state.moved` when nothing may be written here any more */
export async function refuseMovedState(stateFolder: string): Promise<void> {
  const to = await movedStateOf(stateFolder);
  if (to !== undefined) throw new CadanganError('state.moved', { path: stateFolder, to });
}
