import { l10n } from '../../platform/index.ts';
import type { SnapshotLoss, UnknownSnapshot } from '../known-snapshots.ts';
import type { Said } from '../said.ts';
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
    case 'succession':
      return l10n.t('record {0} says how one key follows another, and the chain shows it otherwise', number ?? '?');
    case 'disposal':
      return l10n.t(
        'record {0} says that months were disposed of, and the chain shows it otherwise, or they are not old enough',
        number ?? '?',
      );
    case 'move':
      return l10n.t('record {0} says that the records were moved to this machine, and the chain shows it otherwise', number ?? '?');
    case 'cut-off':
      return l10n.t('records {from} to {to} are missing: {keptIn} knows them', { from: number ?? '?', to: wanted, keptIn });
    case 'other-record':
      return l10n.t('record {number} is not the one that {keptIn} knows', { number: number ?? '?', keptIn });
    case 'no-head':
      return l10n.t('head.json, which every record leaves behind, was taken away: records at the end may be missing');
    case 'head-signature':
      return l10n.t('head.json is not what was signed: records behind No. {0} may have been cut off', number ?? '?');
    case 'head-doubt':
      return l10n.t('record {0} found head.json changed or taken away: records before it may have been cut off', number ?? '?');
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

/** A backup that no record tells of. */
export function unknownSentence({ snapshotId, at, owner, location, isFresh }: UnknownSnapshot): string {
  const what = l10n.t('no record knows snapshot {snapshot} of {day}, which Cadangan made in {location} as {owner}', {
    snapshot: snapshotId.slice(0, 8),
    day: at.slice(0, 10),
    location,
    owner,
  });
  return isFresh ? `${what}; ${l10n.t('its run may be about to leave its record')}` : what;
}

/** What is odd, and no fault. */
export function noteSentence(note: ChainNote): string {
  const { file, line, number } = note;
  const place = file === undefined || line === undefined ? '' : `${l10n.t('{file}, line {line}', { file, line })}: `;
  return `${place}${noteText(note, String(number ?? '?'))}`;
}

function noteText({ kind, file = '', through, before = '?', after = '?', said }: ChainNote, number: string): string {
  switch (kind) {
    case 'clock-back':
      return l10n.t('the clock was set back before record {0}', number);
    case 'unconfirmed':
      return l10n.t('an append that did not come to its end; the next one sets it aside');
    case 'repaired':
      return l10n.t('record {0} tells of an append that did not come to its end', number);
    case 'head-unsigned':
      return l10n.t('head.json is not signed, as the version that wrote the last record left it: records at the end may be missing');
    case 'head-behind':
      return l10n.t('head.json knows the records up to No. {0} only', number);
    case 'key-replaced':
      return `${l10n.t('the signing key {before} was replaced by {after} in record {number}', { before, after, number })}${saidText(said)}`;
    case 'key-lost':
      return `${l10n.t('key was declared lost at No. {through}: from record {number} on the key {after} signs, before it {before}', { through: through ?? '?', number, before, after })}${saidText(said)}`;
    case 'disposed':
      return `${l10n.t('the records up to No. {through} were disposed of', { through: through ?? '?' })}${saidText(said)}`;
    case 'moved':
      return `${l10n.t('the records were moved from the machine {before} to {after}, from record {number} on', { before, after, number })}${saidText(said)}`;
    case 'other-machine':
      return l10n.t('from record {number} on the machine is called {after}, before it {before}; no record says why', {
        before,
        after,
        number,
      });
    case 'evidence-unknown':
      return l10n.t('{0} is evidence that no record names: its record is missing, or was never written', file);
    case 'other-history':
      return l10n.t('{place} keeps the head of another history, of {owner} (No. {number}); it was not compared', {
        place: before,
        owner: after,
        number,
      });
  }
}

function saidText(said: Said | undefined): string {
  if (said === undefined) return '';
  const about = { number: said.number, by: said.by, day: said.at.slice(0, 10) };
  const who = l10n.t('as {by} says in record {number} of {day}', about);
  return said.why === '' ? `, ${who}` : `, ${who}: "${said.why}"`;
}
