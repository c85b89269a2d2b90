import type { CopyState } from '../../service/index.ts';

/** Somebody is at it: what was found before may be another by now, and will be known again soon. */
export function isWorking(state: CopyState): boolean {
  return ['copying', 'scrubbing', 'reading', 'writing-readable'].includes(state);
}
