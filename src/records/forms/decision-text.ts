import { l10n } from '../../platform/index.ts';
import { nonconformityRules } from '../finding.ts';
import type { HistoryRecord } from '../record.ts';
import { longDay } from './dates.ts';
import { nonconformityText } from './nonconformity-text.ts';
import { actText } from './words.ts';

/** What a person said of the records of a period, and of how many of them. Empty for other records. */
export function approvalText({ kind, approval, remarks = '' }: Pick<HistoryRecord, 'kind' | 'approval' | 'remarks'>): string {
  if (!approval) return '';
  const { act, name, from, to, throughNumber } = approval;
  const facts = { act: actText(act), name, from, to, number: throughNumber };
  return kind === 'rejection'
    ? l10n.t('Rejected ({act}): {name}, {from} – {to}, through No. {number}: {remarks}', { ...facts, remarks })
    : l10n.t('{act}: {name}, {from} – {to}, through No. {number}', facts);
}

/** What a record adds to its nonconformity; what had happened is said when it is opened. Empty for other records. */
export function nonconformityRecordText({ kind, nonconformity }: HistoryRecord, timeZone: string | undefined): string {
  if (!nonconformity) return '';
  const { id, owner, due, correction = '', why = '', helped = false } = nonconformity;
  if (kind === 'nonconformity-assigned') {
    const who = [owner?.name, owner?.position].filter((part) => part !== undefined && part !== '').join(', ');
    return due === undefined ? `${id}: ${who}` : `${id}: ${who}; ${l10n.t('due on {day}', { day: longDay(due) })}`;
  }
  if (kind === 'nonconformity-checked')
    return `${id}: ${helped ? l10n.t('it helped') : l10n.t('it did not help: opened again')}${why === '' ? '' : `; ${why}`}`;
  if (kind === 'nonconformity-withdrawn') return `${id}: ${why}`;
  if (kind === 'nonconformity-closed') return `${id}: ${correction}`;
  const { rule, subject, facts = {}, parts } = nonconformity;
  const known = nonconformityRules.find((one) => one === rule);
  return `${id}: ${nonconformityText({ rule: known, subject, facts, ...(parts && { parts }) }, timeZone)}`;
}
