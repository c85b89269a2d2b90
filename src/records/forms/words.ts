import { l10n } from '../../platform/index.ts';
import type { HistoryRecord, RecordContent, RecordKind, RecordTrigger } from '../record.ts';
import type { NonconformityRule } from '../finding.ts';

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
    case 'tags-changed':
      return l10n.t('Change of tags');
    case 'repository-created':
      return l10n.t('New repository');
    case 'repository-repair':
      return l10n.t('Repair of a repository');
    case 'snapshots-rewritten':
      return l10n.t('Rewriting of backups');
    case 'snapshots-copied':
      return l10n.t('Copying of backups');
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
    case 'clock-change':
      return l10n.t('Change of the clock');
    case 'approval':
      return l10n.t('Approval');
    case 'nonconformity-opened':
      return l10n.t('Nonconformity opened');
    case 'rejection':
      return l10n.t('Rejection');
    case 'nonconformity-extended':
      return l10n.t('More of a nonconformity');
    case 'nonconformity-assigned':
      return l10n.t('Nonconformity assigned');
    case 'nonconformity-closed':
      return l10n.t('Nonconformity closed');
    case 'nonconformity-checked':
      return l10n.t('Correction checked');
    case 'nonconformity-withdrawn':
      return l10n.t('Nonconformity withdrawn');
    case 'history-start':
      return l10n.t('Beginning of the records');
    case 'signing-key':
      return l10n.t('New signing key');
    case 'key-lost':
      return l10n.t('Signing key declared lost');
    case 'disposal':
      return l10n.t('Old records disposed of');
    case 'moved':
      return l10n.t('Records moved to another machine');
    case 'repair':
      return l10n.t('Unfinished record set aside');
    case 'brought-back':
      return l10n.t('Records brought back');
    case 'low-space':
      return l10n.t('Space on a disk');
    case 'alert-failed':
      return l10n.t('Alert that could not be sent');
  }
}

/** As the work instruction calls it: forms name its terms in full once, in the summary. */
export function instructionTerm(kind: RecordKind): string {
  const terms: Partial<Record<RecordKind, () => string>> = {
    'internal-backup': () => l10n.t('Internal backups'),
    'external-backup': () => l10n.t('External backups'),
    'internal-restore': () => l10n.t('Internal restores'),
    'external-restore': () => l10n.t('External restores'),
    drill: () => l10n.t('Restore drills'),
  };
  return terms[kind]?.() ?? kindText(kind);
}

/** What was changed: a word of ours, or the name of a setting as it stands in the file, where people look for it. */
export function changeText(what: string): string {
  switch (what) {
    case 'configuration':
      return l10n.t('the whole configuration');
    case 'key-added':
      return l10n.t('key added');
    case 'key-removed':
      return l10n.t('key removed');
    case 'password-changed':
      return l10n.t('password changed');
    case 'snapshot-tags':
      return l10n.t('tags of snapshots');
    default:
      return what;
  }
}

/** What came of it; empty for what has no result. What was refused did not fail, and what a crash ended was stopped by nobody. */
export function resultText({ kind, result, reason }: Pick<RecordContent, 'kind' | 'result' | 'reason'>): string {
  if (result === undefined) return '';
  if (result === 'failed' && (kind === 'refusal' || reason?.code === 'drive.wrong-account')) return l10n.t('Refused');
  if (result === 'stopped' && reason?.code === 'host.lost') return l10n.t('Interrupted');
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

/** The instruction wants backups compressed: a run that was not says so. Empty for one that was, or that nobody can tell of any more. */
export function compressionText({ evidence }: Pick<RecordContent, 'evidence'>): string {
  return evidence?.['compression'] === 'off' ? l10n.t('Without compression') : '';
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
    case 'storage.no-repository':
    case 'repository.missing':
      return l10n.t('the repository could not be reached: is its disk mounted, its server there?');
    case 'file.in-use':
      return l10n.t('another program held a file that it needed');
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
    case 'rpo-exceeded':
      return l10n.t('Newest backup older than allowed');
    case 'backup-suspect':
      return l10n.t('A backup has suspiciously little of a source');
    case 'copy-behind':
      return l10n.t('Off-site copy behind for longer than allowed');
    case 'damage-found':
      return l10n.t('Damage in a repository');
    case 'check-failed':
      return l10n.t('Verification of a repository failed');
    case 'scrub-failed':
      return l10n.t('Cloud check failed');
    case 'drill-failed':
      return l10n.t('Restore drill failed');
    case 'restore-failed':
      return l10n.t('Restore failed');
    case 'retention-held':
      return l10n.t('Removal of old backups on hold');
    case 'finding':
      return l10n.t('Finding of a person');
  }
}

/** What a person has done with the records of a period. */
export function actText(act: NonNullable<HistoryRecord['approval']>['act']): string {
  switch (act) {
    case 'prepared':
      return l10n.t('Prepared');
    case 'checked':
      return l10n.t('Checked');
    case 'approved':
      return l10n.t('Approved');
  }
}
