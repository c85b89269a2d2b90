import { formatBytes, formatDuration, formatPercent, l10n } from '../../platform/index.ts';
import type { RunProgress, RunResult, SetStateKind } from '../../service/index.ts';
import { countText } from './counts.ts';
import { instantOf } from './instants.ts';

/** A state in one or two words. */
export function stateText(state: SetStateKind): string {
  switch (state) {
    case 'never-run':
      return l10n.t('never run');
    case 'success':
      return l10n.t('successful');
    case 'exceptions':
      return l10n.t('completed with exceptions');
    case 'failed':
      return l10n.t('failed');
    case 'stopped':
      return l10n.t('stopped');
    case 'missed':
      return l10n.t('missed');
    case 'overdue':
      return l10n.t('overdue');
    case 'running':
      return l10n.t('running');
    case 'waiting':
      return l10n.t('waiting');
    case 'unknown':
      return l10n.t('unknown');
  }
}

export function outcomeText(outcome: RunResult['outcome']): string {
  return stateText(outcome === 'success-with-exceptions' ? 'exceptions' : outcome);
}

export function jobText(job: RunResult['job']): string {
  switch (job) {
    case 'backup':
      return l10n.t('Backup');
    case 'restore':
      return l10n.t('Restore');
    case 'check':
      return l10n.t('Check');
    case 'offsite-sync':
      return l10n.t('Off-site copy');
    case 'offsite-scrub':
      return l10n.t('Scrub of an off-site copy');
    case 'offsite-sample':
      return l10n.t('Sample of an off-site copy');
    case 'readable-copy':
      return l10n.t('Readable copy');
    case 'drill':
      return l10n.t('Restore drill');
    case 'drive-sign-in':
      return l10n.t('Sign-in to Google Drive');
  }
}

export function durationOf({ startedAt, endedAt }: RunResult): string {
  return formatDuration(Number((instantOf(endedAt) - instantOf(startedAt)) / 1_000_000n));
}

/** Bytes a second, of two reports of one run; undefined while they say nothing. */
export function rateOf(before: RunProgress | undefined, after: RunProgress): number | undefined {
  const ms = after.elapsedMs - (before?.elapsedMs ?? 0);
  const bytes = after.bytesDone - (before?.bytesDone ?? 0);
  return ms <= 0 || bytes < 0 ? undefined : (bytes * 1000) / ms;
}

/** 0 to 1, undefined as long as the total is not known. */
export function shareOf({ bytesDone, bytesTotal, filesDone, filesTotal }: RunProgress): number | undefined {
  if (bytesTotal !== undefined && bytesTotal > 0) return Math.min(1, bytesDone / bytesTotal);
  if (filesTotal !== undefined && filesTotal > 0) return Math.min(1, filesDone / filesTotal);
  return undefined;
}

/** `42% · 1,234 files · 2.1 GiB · 35.0 MiB/s · 3 min 12 s left`: what is known of it. */
export function progressText(progress: RunProgress, bytesPerSecond?: number): string {
  const share = shareOf(progress);
  const left = remainingMs(progress, bytesPerSecond);
  const parts = [
    share === undefined ? undefined : formatPercent(share),
    countText(progress.filesDone, 'file'),
    formatBytes(progress.bytesDone),
    bytesPerSecond === undefined ? undefined : rateText(bytesPerSecond),
    left === undefined ? undefined : l10n.t('{duration} left', { duration: formatDuration(left) }),
    progress.errorCount === 0 ? undefined : countText(progress.errorCount, 'exception'),
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

export function rateText(bytesPerSecond: number): string {
  return l10n.t('{bytes}/s', { bytes: formatBytes(Math.round(bytesPerSecond)) });
}

function remainingMs({ bytesDone, bytesTotal }: RunProgress, bytesPerSecond: number | undefined): number | undefined {
  if (bytesTotal === undefined || bytesPerSecond === undefined || bytesPerSecond < 1) return undefined;
  return (Math.max(0, bytesTotal - bytesDone) * 1000) / bytesPerSecond;
}
