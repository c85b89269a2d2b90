import { currentLanguage } from '../../platform/index.ts';
import type { Mark } from '../dashboard/page.ts';

/** What the texts of the dashboard depend on beside its figures. */
export interface DashboardWords {
  readonly nowNs: bigint;
  /** IANA name. */
  readonly timeZone: string;
}

/** The best first. */
export const marks: readonly Mark[] = ['success', 'success-with-exceptions', 'stopped', 'missed', 'failed'];

/** BCP 47, as texts of ours write dates and numbers. */
export function localeOf(): string {
  return currentLanguage() === 'id' ? 'id-ID' : 'en-GB';
}
