import { formatCount, l10n } from '../platform/index.ts';
import type { ServerBackups, ServerInfo } from './protocol.ts';

/** The state of a server, or of what it backs up, in a word or two, for windows and the command line. */
export function serverStateText(state: ServerInfo['state']): string {
  switch (state) {
    case 'in-time':
      return l10n.t('in time');
    case 'late':
      return l10n.t('late');
    case 'silent':
      return l10n.t('silent');
    case 'retired':
      return l10n.t('retired');
    case 'unknown':
      return l10n.t('not known');
  }
}

/** Why the state is not known, as the end of a sentence; of `silent`, where there never was a backup. Undefined: the state says it all. */
export function serverReasonText({ state, why, newest }: Pick<ServerBackups, 'state' | 'why' | 'newest'>): string | undefined {
  switch (why) {
    case 'not-looked':
      return l10n.t('the repository was not looked at');
    case 'no-measure':
      return l10n.t('nothing says how often it backs up');
    case 'future':
      return l10n.t('the newest backup has a date still to come');
    case undefined:
      break;
  }
  return state === 'silent' && newest === undefined ? l10n.t('no backup yet') : undefined;
}

/** `26 h`, `36 h (by its rhythm)`: how old the last good backup may be. */
export function measureText({ hours, by }: NonNullable<ServerBackups['measure']>): string {
  const text = l10n.t('{hours} h', { hours: formatCount(Math.round(hours)) });
  switch (by) {
    case 'configuration':
      return text;
    case 'schedule':
      return l10n.t('{hours} (by its schedule)', { hours: text });
    case 'rhythm':
      return l10n.t('{hours} (by its rhythm)', { hours: text });
  }
}
