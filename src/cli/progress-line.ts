import { safeText } from '../jobs/index.ts';
import { formatAsRestic, l10n } from '../platform/index.ts';
import type { Terminal } from './terminal.ts';
import { countText, durationText, sizeText, type Noun } from './units.ts';

/** What a running job says about itself. Totals are left out while nobody knows them. */
export interface Progress {
  readonly elapsedMs: number;
  readonly filesDone: number;
  readonly filesTotal?: number | undefined;
  readonly bytesDone: number;
  readonly bytesTotal?: number | undefined;
  readonly errorCount?: number;
  readonly currentPath?: string;
  /** What is counted; default `file`. */
  readonly unit?: Noun;
}

/** Jobs report at most four times a second, which is also as often as the line is drawn. */
export function showProgress(terminal: Terminal, progress: Progress): void {
  const parts = [
    `[${durationText(progress.elapsedMs)}]`,
    shareText(progress),
    countsText(progress),
    rateText(progress),
    remainingText(progress),
    errorsText(progress),
  ];
  const before = parts.filter((part) => part !== '').join('  ');
  terminal.progress(`${before}  `, safeText(progress.currentPath ?? ''));
}

/** 0 to 1, or undefined while the whole is not known. */
export function shareDone({ bytesDone, bytesTotal, filesDone, filesTotal }: Progress): number | undefined {
  if (bytesTotal !== undefined && bytesTotal > 0) return Math.min(1, bytesDone / bytesTotal);
  if (filesTotal !== undefined && filesTotal > 0) return Math.min(1, filesDone / filesTotal);
  return undefined;
}

/** Time left at the average rate so far, in milliseconds; undefined before there is any to speak of. */
export function remainingMs(progress: Progress): number | undefined {
  const share = shareDone(progress);
  if (share === undefined || share === 0 || progress.elapsedMs < 1000) return undefined;
  return (progress.elapsedMs / share) * (1 - share);
}

function shareText(progress: Progress): string {
  const share = shareDone(progress);
  return share === undefined ? '' : `${formatAsRestic(share * 100, 2)}%`;
}

function countsText({ filesDone, filesTotal, bytesDone, bytesTotal, unit = 'file' }: Progress): string {
  const files = filesTotal === undefined ? countText(filesDone, unit) : `${filesDone} / ${countText(filesTotal, unit)}`;
  if (bytesDone === 0 && bytesTotal === undefined) return files;
  return `${files}  ${sizeText(bytesDone)}${bytesTotal === undefined ? '' : ` / ${sizeText(bytesTotal)}`}`;
}

function rateText({ bytesDone, elapsedMs }: Progress): string {
  return elapsedMs < 1000 || bytesDone === 0 ? '' : `${sizeText(Math.round((bytesDone / elapsedMs) * 1000))}/s`;
}

function remainingText(progress: Progress): string {
  const left = remainingMs(progress);
  return left === undefined ? '' : l10n.t('{0} left', durationText(left));
}

function errorsText({ errorCount = 0 }: Progress): string {
  return errorCount === 0 ? '' : countText(errorCount, 'error');
}
