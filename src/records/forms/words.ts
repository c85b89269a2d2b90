import { l10n } from '../../platform/index.ts';
import type { NonconformityRule } from '../nonconformity-rules.ts';
import type { RecordKind, RecordResult, RecordTrigger } from '../record.ts';

/* What records say in fixed words, in the language of the moment. */

export function kindText(kind: RecordKind): string {
  switch (kind) {
    case 'internal-backup':
      return l10n.t('Internal backup');
    case 'external-backup':
      return l10n.t('External backup');
    case 'internal-restore':
      return l10n.t('Internal restore');
    case 'external-restore':
      return l10n.t('External restore');
    case 'check':
      return l10n.t('Verification of the repository');
    case 'scrub':
      return l10n.t('Cloud check');
    case 'drill':
      return l10n.t('Restore drill');
    case 'retention':
      return l10n.t('Removal of old backups');
    case 'repository-created':
      return l10n.t('New repository');
    case 'key-change':
      return l10n.t('Change of a key');
    case 'unlock':
      return l10n.t('Removal of locks');
    case 'configuration-change':
      return l10n.t('Change of the configuration');
    case 'sign-in':
      return l10n.t('Sign-in');
    case 'refusal':
      return l10n.t('Refused request');
    case 'sign-out':
      return l10n.t('Sign-out');
    case 'missed-run':
      return l10n.t('Missed run');
    case 'approval':
      return l10n.t('Approval');
    case 'nonconformity-opened':
      return l10n.t('Nonconformity opened');
    case 'nonconformity-closed':
      return l10n.t('Nonconformity closed');
    case 'history-start':
      return l10n.t('Beginning of the records');
    case 'signing-key':
      return l10n.t('New signing key');
    case 'repair':
      return l10n.t('Unfinished record set aside');
  }
}

export function resultText(result: RecordResult): string {
  switch (result) {
    case 'success':
      return l10n.t('Successful');
    case 'success-with-exceptions':
      return l10n.t('Completed with exceptions');
    case 'failed':
      return l10n.t('Failed');
    case 'stopped':
      return l10n.t('Stopped');
    case 'missed':
      return l10n.t('Missed');
  }
}

export function triggerText(trigger: RecordTrigger): string {
  switch (trigger) {
    case 'schedule':
      return l10n.t('Schedule');
    case 'catch-up':
      return l10n.t('Catch-up run');
    case 'change':
      return l10n.t('Change of files');
    case 'manual':
      return l10n.t('By hand');
  }
}

/** Why a night had no good backup, in a few words; empty for what its record says better. */
export function nightReasonText(reason: string): string {
  switch (reason) {
    case 'asleep':
      return l10n.t('the machine slept');
    case 'off':
      return l10n.t('the machine was off');
    case 'no-host':
      return l10n.t('Cadangan was not running');
    case 'repository-busy':
      return l10n.t('another run held the repository');
    case 'storage.unreachable':
    case 'repository.missing':
      return l10n.t('the repository could not be reached: is its disk mounted, its server there?');
    case 'source.missing':
      return l10n.t('a source was not there: is its disk mounted?');
    case 'command.failed':
      return l10n.t('the program that runs before it failed');
    default:
      return '';
  }
}

export function ruleText(rule: NonconformityRule): string {
  switch (rule) {
    case 'outside-window':
      return l10n.t('Outside the window');
    case 'missed-night':
      return l10n.t('No good backup in the window');
    case 'drill-overdue':
      return l10n.t('Restore drill overdue');
    case 'wrong-account':
      return l10n.t('Not the designated account');
    case 'off-site-failed':
      return l10n.t('Off-site copy failed');
    case 'backup-removed':
      return l10n.t('A backup was removed or rolled back');
    case 'chain-broken':
      return l10n.t('The chain of records is not intact');
  }
}
