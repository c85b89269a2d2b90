import { l10n } from './l10n.ts';

/** Why old backups are not removed, as a part of a sentence. @param hold the `kind` of a `RetentionHold` */
export function holdText(hold: string): string {
  switch (hold) {
    case 'keeps-nothing':
      return l10n.t('the rule keeps no snapshot');
    case 'empties':
      return l10n.t('no snapshot would be left');
    case 'not-readable':
      return l10n.t('not everything in the repository can be read');
    case 'snapshots-missing':
      return l10n.t('snapshots are gone that the records know');
    case 'newest-backup':
      return l10n.t('the newest backup would go, so some clock was wrong');
    case 'future':
      return l10n.t('a backup has a date still to come');
    case 'clock-forward':
      return l10n.t('the clock was set forward');
    case 'sudden-change':
      return l10n.t('a backup changed more than usual');
    default:
      return l10n.t('an earlier hold was not released');
  }
}
