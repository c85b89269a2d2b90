import type { Table } from './ledger.ts';
import type { UploadSession } from './model.ts';
import type { Services } from './services.ts';

/** Uploads under way and finished ones, by upload id. */
export function sessionsOf({ ledger }: Pick<Services, 'ledger'>): Table<UploadSession> {
  return ledger.table('sessions');
}
