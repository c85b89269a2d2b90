import { formatBytes, isOnDrive, l10n } from '../../platform/index.ts';
import { besideTroubleText, copyStateText, copyTryText, type CopyInfo, type DriveStatus } from '../../service/index.ts';
import { countText } from './counts.ts';
import { describeError } from './error-text.ts';
import { isWorking } from './copy-state.ts';
import type { Icon } from './icons.ts';
import { progressText } from './run-text.ts';
import { joined, whenText, type Row } from './set-row.ts';

/** The row of the account: its address, and how full it is, or what is wrong with it. */
export function accountRow(status: DriveStatus): Row {
  const { state, account, designatedAccount = '', error, isServiceAccount } = status;
  const description =
    error !== undefined ? describeError(error).what : state === 'signed-out' ? l10n.t('not signed in') : spaceText(status);
  const label = account ?? designatedAccount;
  const isBad = error !== undefined || state === 'signed-out';
  return {
    id: 'drive:account',
    label,
    description,
    icon: isBad ? { name: 'account', color: 'list.errorForeground' } : { name: 'account' },
    context: isServiceAccount
      ? 'account.service'
      : error !== undefined || state === 'signed-out'
        ? 'account.signed-out'
        : 'account.signed-in',
    spoken: joined([l10n.t('Account {account}', { account: label }), description], ', '),
  };
}

/** The row of a copy: how far it is, or why it is not. */
export function copyRow(copy: CopyInfo, nowNs: bigint): Row {
  const description = copyText(copy, nowNs);
  return {
    id: `copy:${copy.name}`,
    label: copy.title,
    description,
    icon: iconOfCopy(copy),
    context: contextOf(copy),
    spoken: joined([l10n.t('Off-site copy {name}', { name: copy.title }), description], ', '),
  };
}

/** For conditions in the manifest: only Google Drive has a page of its own. */
function contextOf({ isPaused, location, state }: CopyInfo): string {
  const parts = ['copy', isPaused ? 'paused' : 'on', ...(isOnDrive(location) ? [] : ['elsewhere']), ...(isWorking(state) ? ['busy'] : [])];
  return parts.join('.');
}

/** What is known of a copy, as rows under it. */
export function copyDetails(copy: CopyInfo, nowNs: bigint): readonly Row[] {
  const row = (kind: string, label: string, description: string, icon: Icon): Row => ({
    id: `copy:${copy.name}:${kind}:${label}`,
    label,
    description,
    icon,
    context: `detail.${kind}`,
    spoken: `${label}, ${description}`,
  });
  const { lastScrub, lastWholeAt, lastTry, original, total, held, unconfirmed, readable } = copy;
  return [
    // What is remembered may have been deleted: that there was none is not known.
    row(
      'whole',
      l10n.t('Last in sync'),
      lastWholeAt === undefined
        ? l10n.t('not known')
        : joined([
            whenText(lastWholeAt, nowNs),
            total === undefined ? undefined : `${countText(total.files, 'file')}, ${formatBytes(total.bytes)}`,
          ]),
      { name: 'cloud' },
    ),
    ...(lastTry === undefined || lastTry.outcome === 'whole'
      ? []
      : [row('try', l10n.t('Last try'), joined([whenText(lastTry.at, nowNs), copyTryText(lastTry.outcome)]), { name: 'history' })]),
    row(
      'scrub',
      l10n.t('Last scrub'),
      lastScrub === undefined ? l10n.t('never') : joined([whenText(lastScrub.at, nowNs), scrubText(lastScrub)]),
      { name: 'checklist' },
    ),
    row('original', l10n.t('Repository'), copy.repository, { name: 'database' }),
    ...(original === undefined
      ? []
      : [row('look', l10n.t('Repository looked at'), joined([whenText(original.at, nowNs), lookText(original)]), { name: 'eye' })]),
    row('folder', l10n.t('Place'), copy.location, { name: 'folder' }),
    ...(held === undefined ? [] : [row('held', l10n.t('Held'), heldText(held, nowNs), { name: 'lock' })]),
    ...(unconfirmed === undefined
      ? []
      : [
          row(
            'unconfirmed',
            l10n.t('Not proven'),
            l10n.t('{files} of which only the size is known; "cadangan offsite sample --percent 100" reads them', {
              files: countText(unconfirmed, 'file'),
            }),
            { name: 'question' },
          ),
        ]),
    ...readable.map(({ name, at, bytes }) =>
      row(`readable:${at}`, l10n.t('Readable copy'), joined([name, formatBytes(bytes)]), { name: 'file-zip' }),
    ),
  ];
}

/** `in sync`; `in sync as of 21:40`; `12 files, 3 MiB behind since 21:04`; `paused`; why it stands still, or why nothing is known. */
export function copyText(copy: CopyInfo, nowNs: bigint): string {
  const { trouble } = copy;
  const beside = trouble?.beside !== undefined && !isWorking(copy.state) ? troubleText(copy, nowNs) : undefined;
  return joined([stateText(copy, nowNs), beside]);
}

function stateText(copy: CopyInfo, nowNs: bigint): string {
  const { state, running, waiting, asOf, trouble } = copy;
  if (waiting !== undefined) return joined([waiting === 'rate' ? l10n.t('waits for Google') : l10n.t('unreachable'), lagText(copy, nowNs)]);
  switch (state) {
    case 'in-sync':
      return asOf === undefined ? copyStateText(state) : l10n.t('in sync as of {when}', { when: whenText(asOf, nowNs) });
    case 'behind':
      return lagText(copy, nowNs) ?? joined([copyStateText(state), wholeText(copy, nowNs)]);
    case 'paused':
      return joined([
        copyStateText(state),
        trouble?.beside === undefined ? troubleText(copy, nowNs) : undefined,
        lagText(copy, nowNs) ?? wholeText(copy, nowNs),
      ]);
    case 'stopped-by-trouble':
      return joined([troubleText(copy, nowNs) ?? copyStateText(state), lagText(copy, nowNs) ?? wholeText(copy, nowNs)]);
    case 'unknown':
      return joined([...unknownTexts(copy, nowNs), wholeText(copy, nowNs)]);
    case 'copying':
      return joined([copyStateText(state), running === undefined || running.filesTotal === undefined ? undefined : progressText(running)]);
    case 'scrubbing':
    case 'reading':
    case 'writing-readable':
      return copyStateText(state);
  }
}

/** What is known to be missing. */
function lagText({ behind, original }: CopyInfo, nowNs: bigint): string | undefined {
  if (behind !== undefined)
    return l10n.t('{files}, {bytes} behind since {when}', {
      files: countText(behind.files, 'file'),
      bytes: formatBytes(behind.bytes),
      when: whenText(behind.since, nowNs),
    });
  if (original?.state !== 'changed') return undefined;
  return original.newSnapshots === 0
    ? l10n.t('the repository has changed since')
    : l10n.t('{snapshots} not copied yet', { snapshots: countText(original.newSnapshots, 'snapshot') });
}

function wholeText({ lastWholeAt }: CopyInfo, nowNs: bigint): string | undefined {
  return lastWholeAt === undefined ? undefined : l10n.t('whole as of {when}', { when: whenText(lastWholeAt, nowNs) });
}

function troubleText({ trouble }: CopyInfo, nowNs: bigint): string | undefined {
  if (trouble === undefined) return undefined;
  const { what } = describeError(trouble.error);
  if (trouble.beside !== undefined) return besideTroubleText(trouble.beside, what);
  return trouble.triedAt === undefined
    ? what
    : l10n.t('the try at {when} failed: {why}', { when: whenText(trouble.triedAt, nowNs), why: what });
}

function unknownTexts(
  { unknownBecause = 'original-not-compared', lastTry, memoryError, original }: CopyInfo,
  nowNs: bigint,
): readonly string[] {
  const notKnown = copyStateText('unknown');
  switch (unknownBecause) {
    case 'never-looked':
      return [l10n.t('not looked at yet')];
    case 'memory-unreadable':
      return memoryError === undefined ? [notKnown] : [notKnown, describeError(memoryError).what];
    case 'original-unreadable':
      return original?.error === undefined ? [notKnown] : [notKnown, describeError(original.error).what];
    case 'last-try-stopped':
      return lastTry === undefined
        ? [notKnown]
        : [notKnown, l10n.t('the try at {when} was stopped', { when: whenText(lastTry.at, nowNs) })];
    case 'clock':
      return [notKnown, l10n.t('the clock of this machine was put back')];
    case 'original-not-compared':
      return [notKnown];
  }
}

/** What the repository has no more, in a place that gives nothing away: nothing is missing for it. */
function heldText({ files, until }: NonNullable<CopyInfo['held']>, nowNs: bigint): string {
  return until === undefined
    ? l10n.t('{files} that cannot be removed there', { files: countText(files, 'file') })
    : l10n.t('{files} that cannot be removed there until {date}', { files: countText(files, 'file'), date: whenText(until, nowNs) });
}

function lookText({ state, newSnapshots, error }: NonNullable<CopyInfo['original']>): string {
  switch (state) {
    case 'same':
      return l10n.t('unchanged since the copy was whole');
    case 'changed':
      return newSnapshots === 0
        ? l10n.t('the repository has changed since')
        : l10n.t('{snapshots} not copied yet', { snapshots: countText(newSnapshots, 'snapshot') });
    case 'not-compared':
      return l10n.t('not known');
    case 'unreadable':
      return error === undefined ? l10n.t('not known') : describeError(error).what;
  }
}

/** What somebody has to do something about; short waits for Google are none. */
export function isTroubledCopy({ state, trouble }: CopyInfo): boolean {
  return (
    (state === 'stopped-by-trouble' || trouble?.beside !== undefined) &&
    (trouble?.triedAt !== undefined || !['busy', 'rate', 'drive-unavailable', 'copy-unreachable'].includes(trouble?.kind ?? ''))
  );
}

/** It stands still because its place cannot be reached, and goes on by itself. */
export function isCutOff({ state, trouble, waiting }: CopyInfo): boolean {
  return (
    waiting === 'no-answer' ||
    (state === 'stopped-by-trouble' &&
      (trouble?.kind === 'drive-unavailable' || trouble?.kind === 'copy-unreachable') &&
      trouble.triedAt === undefined)
  );
}

function iconOfCopy(copy: CopyInfo): Icon {
  const { state, asOf } = copy;
  if (isCutOff(copy)) return { name: 'debug-disconnect', color: 'list.warningForeground' };
  switch (state) {
    // Green says that it is so now.
    case 'in-sync':
      if (copy.trouble !== undefined) return { name: 'warning', color: 'list.warningForeground' };
      return asOf === undefined ? { name: 'pass', color: 'testing.iconPassed' } : { name: 'pass' };
    case 'behind':
      return { name: 'cloud-upload', color: 'list.warningForeground' };
    case 'paused':
      return { name: 'debug-pause' };
    case 'stopped-by-trouble':
      return { name: 'error', color: 'list.errorForeground' };
    case 'unknown':
      return copy.unknownBecause === 'never-looked' ? { name: 'circle-outline' } : { name: 'question', color: 'list.warningForeground' };
    case 'copying':
    case 'scrubbing':
    case 'reading':
    case 'writing-readable':
      return { name: 'sync~spin' };
  }
}

function spaceText({ usedBytes, limitBytes }: DriveStatus): string {
  if (usedBytes === undefined) return '';
  return limitBytes === undefined
    ? l10n.t('{used} used', { used: formatBytes(usedBytes) })
    : l10n.t('{used} of {limit} used', { used: formatBytes(usedBytes), limit: formatBytes(limitBytes) });
}

function scrubText({ wrongFiles, leftFiles }: NonNullable<CopyInfo['lastScrub']>): string {
  if (wrongFiles === 0) return l10n.t('everything is right');
  return leftFiles === 0
    ? l10n.t('{files} wrong, healed', { files: countText(wrongFiles, 'file') })
    : l10n.t('{files} still missing', { files: countText(leftFiles, 'file') });
}
