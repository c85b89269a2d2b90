import { formatBytes, l10n } from '../../platform/index.ts';
import type { CopyInfo, DriveStatus } from '../../engine/index.ts';
import { countText } from './counts.ts';
import { describeError } from './error-text.ts';
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
    context: copy.isPaused ? 'copy.paused' : 'copy.on',
    spoken: joined([l10n.t('Off-site copy {name}', { name: copy.title }), description], ', '),
  };
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
  const { lastScrub, lastWholeAt, total, readable } = copy;
  return [
    row(
      'whole',
      l10n.t('Last in sync'),
      lastWholeAt === undefined
        ? l10n.t('never')
        : joined([
            whenText(lastWholeAt, nowNs),
            total === undefined ? undefined : `${countText(total.files, 'file')}, ${formatBytes(total.bytes)}`,
          ]),
      { name: 'cloud' },
    ),
    row(
      'scrub',
      l10n.t('Last scrub'),
      lastScrub === undefined ? l10n.t('never') : joined([whenText(lastScrub.at, nowNs), scrubText(lastScrub)]),
      { name: 'checklist' },
    ),
    row('original', l10n.t('Repository'), copy.repository, { name: 'database' }),
    row('folder', l10n.t('Folder'), copy.location, { name: 'folder' }),
    ...readable.map(({ name, at, bytes }) =>
      row(`readable:${at}`, l10n.t('Readable copy'), joined([name, formatBytes(bytes)]), { name: 'file-zip' }),
    ),
  ];
}

/** `in sync`; `12 files, 3 MiB behind since 21:04`; `paused`; why it stands still. */
export function copyText(copy: CopyInfo, nowNs: bigint): string {
  const { state, running, trouble, behind, waiting } = copy;
  const lag =
    behind === undefined
      ? undefined
      : l10n.t('{files}, {bytes} behind since {when}', {
          files: countText(behind.files, 'file'),
          bytes: formatBytes(behind.bytes),
          when: whenText(behind.since, nowNs),
        });
  if (waiting !== undefined) return joined([waiting === 'rate' ? l10n.t('waits for Google') : l10n.t('unreachable'), lag]);
  switch (state) {
    case 'in-sync':
      return l10n.t('in sync');
    case 'behind':
      return lag ?? l10n.t('behind');
    case 'paused':
      return joined([l10n.t('paused'), lag]);
    case 'stopped-by-trouble':
      return joined([trouble === undefined ? l10n.t('stands still') : describeError(trouble.error).what, lag]);
    case 'unknown':
      return l10n.t('not copied yet');
    case 'copying':
      return joined([l10n.t('copying'), running === undefined || running.filesTotal === undefined ? undefined : progressText(running)]);
    case 'scrubbing':
      return l10n.t('comparing');
    case 'reading':
      return l10n.t('reading a sample');
    case 'writing-readable':
      return l10n.t('writing a readable copy');
  }
}

/** What somebody has to do something about; short waits for Google are none. */
export function isTroubledCopy({ state, trouble }: CopyInfo): boolean {
  return state === 'stopped-by-trouble' && !['busy', 'rate', 'drive-unavailable'].includes(trouble?.kind ?? '');
}

/** It stands still because Google Drive cannot be reached, and goes on by itself. */
export function isCutOff({ state, trouble, waiting }: CopyInfo): boolean {
  return waiting === 'no-answer' || (state === 'stopped-by-trouble' && trouble?.kind === 'drive-unavailable');
}

function iconOfCopy(copy: CopyInfo): Icon {
  const { state } = copy;
  if (isCutOff(copy)) return { name: 'debug-disconnect', color: 'list.warningForeground' };
  switch (state) {
    case 'in-sync':
      return { name: 'pass', color: 'testing.iconPassed' };
    case 'behind':
      return { name: 'cloud-upload', color: 'list.warningForeground' };
    case 'paused':
      return { name: 'debug-pause' };
    case 'stopped-by-trouble':
      return { name: 'error', color: 'list.errorForeground' };
    case 'unknown':
      return { name: 'circle-outline' };
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
