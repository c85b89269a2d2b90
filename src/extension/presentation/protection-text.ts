import { formatDate, l10n } from '../../platform/index.ts';
import type { SnapshotInfo, SnapshotLock } from '../../service/index.ts';
import { dayLabel } from './date-groups.ts';
import type { Icon } from './icons.ts';
import { instantOf } from './instants.ts';

type Protection = NonNullable<SnapshotInfo['protection']>;

/** What keeps a snapshot from being removed, whatever a rule says. */
export function protectionText({ kind, until }: Protection): string {
  if (kind === 'protected') return l10n.t('protected');
  return until === undefined ? l10n.t('on hold') : l10n.t('on hold until {0}', dayLabel(until));
}

/** What the storage itself keeps from being removed; undefined when it does not. */
export function lockText(lock: SnapshotLock): string | undefined {
  if (lock.kind === 'legal-hold') return l10n.t('cannot be deleted: a legal hold of the storage');
  return lock.kind === 'locked' ? l10n.t('cannot be deleted until {0}', formatDate(instantOf(lock.until))) : undefined;
}

/** A lock on what is protected. */
export function iconOfSnapshot({ protection }: Pick<SnapshotInfo, 'protection'>): Icon {
  return { name: protection === undefined ? 'archive' : 'lock' };
}
