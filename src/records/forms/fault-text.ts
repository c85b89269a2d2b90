import { l10n } from '../../platform/index.ts';
import type { SnapshotLoss } from '../known-snapshots.ts';
import type { ChainFault, ChainNote } from '../verify.ts';

/** What is wrong with a line and where it stands, in the language of the moment. */
export function faultSentence(fault: ChainFault): string {
  const place =
    fault.file === undefined ? l10n.t('no records at all') : l10n.t('{file}, line {line}', { file: fault.file, line: fault.line });
  return `${place}: ${faultText(fault)}`;
}

function faultText({ kind, number, expected, found, keptIn = '' }: ChainFault): string {
  const [wanted, actual] = [String(expected ?? ''), String(found ?? '')];
  switch (kind) {
    case 'too-long':
      return l10n.t('the line is longer than any record');
    case 'not-a-record':
      return l10n.t('this is not a record');
    case 'hash':
      return l10n.t('record {0} was changed: its content does not fit its hash', number ?? '?');
    case 'signature':
      return l10n.t('record {0} was changed: its signature is wrong', number ?? '?');
    case 'unfinished':
      return l10n.t('the end of record {0} was cut off', number ?? '?');
    case 'previous':
      return l10n.t('record {0} does not follow from the one before', number ?? '?');
    case 'number':
      return l10n.t('here stands record {found}, record {expected} is expected: records were taken out, put in or moved', {
        found: actual,
        expected: wanted,
      });
    case 'misplaced':
      return l10n.t('record {number} belongs into {file}', { number: number ?? '?', file: wanted });
    case 'other-key':
      return l10n.t('from record {0} on another key has signed', number ?? '?');
    case 'cut-off':
      return l10n.t('records {from} to {to} are missing: {keptIn} knows them', { from: number ?? '?', to: wanted, keptIn });
    case 'other-record':
      return l10n.t('record {number} is not the one that {keptIn} knows', { number: number ?? '?', keptIn });
    case 'no-head':
      return l10n.t('head.json, which every record leaves behind, was taken away: records at the end may be missing');
    case 'evidence':
      return l10n.t('{file}, which proves record {number}, was changed or taken away', { number: number ?? '?', file: wanted });
    case 'other-chain':
      return l10n.t('these are other records than those that {0} knows: the whole history was replaced or begun anew', keptIn);
  }
}

/** A backup that is not there any more, or not as it was. */
export function lossSentence({ kind, snapshotId, recordNumber, set = '', location }: SnapshotLoss): string {
  const about = { snapshot: snapshotId.slice(0, 8), set, number: recordNumber, location };
  return kind === 'gone'
    ? l10n.t('a backup was removed or rolled back: snapshot {snapshot} {set} of record {number} is not in {location}', about)
    : l10n.t('a backup was replaced: snapshot {snapshot} {set} of record {number} holds something else in {location}', about);
}

/** What is odd, and no fault. */
export function noteSentence({ kind, file, line, number }: ChainNote): string {
  const place = l10n.t('{file}, line {line}', { file, line });
  switch (kind) {
    case 'clock-back':
      return `${place}: ${l10n.t('the clock was set back before record {0}', number ?? '?')}`;
    case 'unconfirmed':
      return `${place}: ${l10n.t('an append that did not come to its end; the next one sets it aside')}`;
    case 'repaired':
      return `${place}: ${l10n.t('record {0} tells of an append that did not come to its end', number ?? '?')}`;
  }
}
