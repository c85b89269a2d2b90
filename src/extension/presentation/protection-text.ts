import { l10n } from '../../platform/index.ts';
import type { SnapshotInfo } from '../../service/index.ts';
import { dayLabel } from './date-groups.ts';
import type { Icon } from './icons.ts';

type Protection = NonNullable<SnapshotInfo['protection']>;

/** What keeps a snapshot from being removed, whatever a rule says. */
export function protectionText({ kind, until }: Protection): string {
  if (kind === 'protected') return l10n.t('protected');
  return until === undefined ? l10n.t('on hold') : l10n.t('on hold until {0}', dayLabel(until));
}

/** A lock on what is protected. */
export function iconOfSnapshot({ protection }: Pick<SnapshotInfo, 'protection'>): Icon {
  return { name: protection === undefined ? 'archive' : 'lock' };
}
