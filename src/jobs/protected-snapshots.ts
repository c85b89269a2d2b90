import { dayOf } from '../records/index.ts';
import type { Repository, StoredSnapshot } from '../repository/index.ts';
import { protectionOf } from '../upkeep/index.ts';

/** By which protection is judged. */
export interface ProtectionDay {
  /** In which a legal hold ends its day. Default: the system's. */
  readonly timeZone?: string | undefined;
}

/** The day of today; see `protectionOf`. */
export function todayOf({ clock }: Pick<Repository, 'clock'>, { timeZone }: ProtectionDay): string {
  return dayOf(Number(clock.nowNs() / 1_000_000n), timeZone);
}

/** Which snapshots no job removes today, whoever asks. */
export function protectedToday(repository: Pick<Repository, 'clock'>, day: ProtectionDay): (stored: StoredSnapshot) => boolean {
  const today = todayOf(repository, day);
  return ({ snapshot }) => protectionOf(snapshot, today) !== undefined;
}
