import { formatCount, l10n } from '../../platform/index.ts';
import { chainStateOf, confirmedThrough, resultOfWitness, weightiestHead, type ChainKnowledge, type Witness } from '../chain-knowledge.ts';
import type { HistoryRecord } from '../record.ts';
import { clockTime, shortDay } from './dates.ts';
import { faultSentence, lossSentence, noteSentence, unknownSentence } from './fault-text.ts';

/** What the chain is worth, in words that say no more than is known. */
export function chainStateText(knowledge: ChainKnowledge): string {
  const { verification } = knowledge;
  const count = formatCount(verification.recordCount);
  const faults = findingsOf(knowledge);
  switch (chainStateOf(knowledge)) {
    case 'broken':
      return l10n.t('NOT INTACT, {count} faults; the first: {what}', {
        count: formatCount(verification.faultCount + faults.length - verification.faults.length),
        what: faults[0] ?? '',
      });
    case 'empty':
      return l10n.t('There are no records: nothing was proven');
    case 'sound':
      return l10n.t(
        'Sound in itself: {0} records read, none changed, missing or moved between the first and the last. NOT COMPARED with any head kept elsewhere: whether records at the end were cut off, or all were written anew, cannot be told',
        count,
      );
    case 'intact':
      return l10n.t(
        'Intact: {count} records read, none changed, missing or moved; up to No. {through} heads that are kept elsewhere say the same',
        { count, through: String(confirmedThrough(verification) ?? '') },
      );
  }
}

/** Everything that is wrong, in sentences; the first wrong line first. */
export function findingsOf({ verification, losses, unknown }: ChainKnowledge): string[] {
  return [
    ...verification.faults.map(faultSentence),
    ...losses.map(lossSentence),
    ...unknown.filter(({ isFresh }) => !isFresh).map(unknownSentence),
  ];
}

/** What is odd and no fault, in sentences. */
export function notesOf({ verification, unknown }: ChainKnowledge): string[] {
  return [...verification.notes.map(noteSentence), ...unknown.filter(({ isFresh }) => isFresh).map(unknownSentence)];
}

/** What explains a chain that would else be thought broken, or weaker: nobody is to take the state without it. */
export function explanationsOf({ verification }: ChainKnowledge): string[] {
  const kinds = ['head-unsigned', 'key-replaced', 'key-lost', 'disposed', 'moved', 'other-machine', 'evidence-unknown', 'other-history'];
  return verification.notes.filter(({ kind }) => kinds.includes(kind)).map(noteSentence);
}

/** What one place says, and when it was looked at. @param reasonText a sentence for why it could not be asked */
export function witnessText(
  witness: Witness,
  {
    timeZone,
    reasonText,
  }: { readonly timeZone?: string | undefined; readonly reasonText: (reason: NonNullable<HistoryRecord['reason']>) => string },
): string {
  const { location, atMs, heads, reason } = witness;
  const at = `${shortDay(atMs, timeZone)} ${clockTime(atMs, timeZone)}`;
  const { anchor } = weightiestHead(witness) ?? {};
  const number = String(anchor?.number ?? '');
  const which = anchor?.snapshotId === undefined ? number : `${number} (${l10n.t('snapshot {0}', anchor.snapshotId.slice(0, 8))})`;
  const about = { location, at, which, count: formatCount(heads.length) };
  const why = reason === undefined ? '' : `. ${reasonText(reason)}`;
  switch (resultOfWitness(witness)) {
    case 'agrees':
      return `${l10n.t('{location}, looked at {at}: agrees; heads kept there: {count}, the newest is of record No. {which}', about)}${why}`;
    case 'differs':
      return `${l10n.t('{location}, looked at {at}: DIFFERS: the records have not the head that is kept there, No. {which}', about)}${why}`;
    case 'none':
      return l10n.t('{location}, looked at {at}: not compared: it keeps no head of these records', about);
    case 'not-compared':
      return `${l10n.t('{location}, looked at {at}: NOT COMPARED', about)}${why}`;
  }
}
