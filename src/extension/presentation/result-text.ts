import { describeFault, alarmSentences, formatBytes, formatCount, formatDate, l10n } from '../../platform/index.ts';
import type { RunResult } from '../../service/index.ts';
import { countText } from './counts.ts';
import { errorMessage } from './error-text.ts';
import { instantOf } from './instants.ts';
import { oneLine } from './plain-text.ts';
import { durationOf, jobText, outcomeText } from './run-text.ts';

/** What a notification says at the end of a run. @param name of the set, or of what was restored or checked */
export function resultMessage(result: RunResult, name: string): string {
  const facts = {
    name,
    files: countText(result.files, 'file'),
    bytes: formatBytes(result.bytes),
    added: formatBytes(result.bytesAdded),
    verified: formatCount(result.verifiedFiles ?? 0),
    faults: countText(result.exceptionCount, 'fault'),
  };
  if (result.outcome === 'failed')
    return result.error === undefined ? l10n.t('{name}: failed.', facts) : `${name}: ${errorMessage(result.error)}`;
  if (result.outcome === 'stopped') return l10n.t('{name}: stopped. What is stored stays, the next run goes on from there.', facts);
  if (result.outcome === 'missed') return l10n.t('{name}: missed.', facts);
  const first = alarmSentences(result.exceptions, oneLine)
    .map((sentence) => `${sentence} `)
    .join('');
  const exceptions = result.exceptionCount === 0 ? '' : ` ${countText(result.exceptionCount, 'exception')}.`;
  switch (result.job) {
    // What is not there any more comes before what is.
    case 'backup':
      return `${first}${l10n.t('{name} is backed up: {files}, {bytes}; {added} added.', facts)}${exceptions}`;
    case 'restore':
      return `${result.verifiedFiles === undefined ? l10n.t('{name} is restored: {files}, {bytes}.', facts) : l10n.t('{name} is restored: {files}, {bytes}; {verified} verified.', facts)}${exceptions}`;
    case 'check':
      return result.exceptionCount === 0
        ? l10n.t('The repository {name} is sound.', facts)
        : l10n.t('The repository {name} has {faults}.', facts);
    // What is damaged in the repository itself was not copied.
    case 'offsite-sync':
      return `${copiedMessage(result, facts)}${exceptions}`;
    case 'offsite-scrub':
      return `${l10n.t('{name} was compared with its repository: {files}, {bytes}.', facts)}${exceptions}`;
    case 'offsite-sample':
      return `${l10n.t('{name}: {files}, {bytes} read from the copy.', facts)}${exceptions}`;
    case 'readable-copy':
      return `${l10n.t('The readable copy of {name} is written: {files}, {bytes}.', facts)}${exceptions}`;
    case 'drill':
      return `${l10n.t('The restore drill of {name} has passed: {files}, {bytes}; {verified} verified.', facts)}${exceptions}`;
    case 'drive-sign-in':
      return l10n.t('Signed in to Google Drive as {account}.', { account: name });
  }
}

/** Verified is only what a checksum proves: see `CopyInfo.unconfirmed`. */
function copiedMessage({ exceptions, copied }: RunResult, facts: Readonly<Record<string, string>>): string {
  if (exceptions.some(({ kind }) => kind === 'source-damaged'))
    return l10n.t('{name} is copied, but for what is damaged in the repository: {files}, {bytes} uploaded.', facts);
  const unconfirmed = copied?.counts['filesUnconfirmed'] ?? 0;
  return unconfirmed === 0
    ? l10n.t('{name} is in sync, verified: {files}, {bytes} uploaded.', facts)
    : l10n.t('{name} is copied: {files}, {bytes} uploaded; of {unconfirmed} there only the size is known.', {
        ...facts,
        unconfirmed: countText(unconfirmed, 'file'),
      });
}

/** Everything about a run, as a page of text. */
export function resultPage(result: RunResult, name: string): string {
  const rows: readonly (readonly [string, string])[] = [
    [l10n.t('Result'), outcomeText(result.outcome)],
    [l10n.t('Start'), formatDate(instantOf(result.startedAt))],
    [l10n.t('End'), formatDate(instantOf(result.endedAt))],
    [l10n.t('Duration'), durationOf(result)],
    ...(result.job === 'check'
      ? []
      : [[l10n.t('Files'), formatCount(result.files)] as const, [l10n.t('Size'), formatBytes(result.bytes)] as const]),
    ...(result.job === 'backup' ? [[l10n.t('Added'), formatBytes(result.bytesAdded)] as const] : []),
    ...(result.verifiedFiles === undefined ? [] : [[l10n.t('Verified'), formatCount(result.verifiedFiles)] as const]),
    ...(result.snapshotId === undefined ? [] : [[l10n.t('Snapshot'), result.snapshotId] as const]),
    ...(result.evidence === undefined ? [] : [[l10n.t('Evidence'), oneLine(result.evidence)] as const]),
    ...(result.record === undefined ? [] : [[l10n.t('Record'), String(result.record)] as const]),
    [l10n.t('Exceptions'), formatCount(result.exceptionCount)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const title = `${jobText(result.job)}: ${name}`;
  const exceptions = result.exceptions.map(({ item, kind, reason }) => `- ${oneLine(item)}\n    ${describeFault(kind, reason, oneLine)}`);
  const more = result.exceptionCount - result.exceptions.length;
  return [
    title,
    '='.repeat(title.length),
    '',
    ...rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`),
    ...(result.error === undefined ? [] : ['', errorMessage(result.error)]),
    ...(exceptions.length === 0 ? [] : ['', `${l10n.t('Exceptions')}:`, ...exceptions]),
    ...(more > 0 ? [l10n.t('… and {count} more', { count: formatCount(more) })] : []),
    '',
  ].join('\n');
}
