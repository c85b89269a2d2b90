import { copyLeftMs, type CopyProgress, type CopyStatus, type Doubt, type RecordedError, type TroubleKind } from '../offsite/index.ts';
import { describeError, errorOfRecorded, safeText, type SyncDetails } from '../jobs/index.ts';
import { formatCount, formatDate, formatDuration, l10n, type Clock } from '../platform/index.ts';
import { parseTimestamp } from '../repository/index.ts';
import { besideTroubleText, copyStateSentence, copyTryText } from '../service/index.ts';
import { countText, sizeText } from './units.ts';

/** What people read of a copy, a line each. */
export function statusLines(status: CopyStatus, clock: Clock): string[] {
  const {
    name,
    title,
    repository,
    to,
    behind,
    total,
    trouble,
    original,
    memoryError,
    progress,
    lastWholeAt,
    lastSync,
    lastScrub,
    lastSample,
    heldBack,
    held,
    unconfirmed,
    snapshots,
    readable,
    records,
  } = status;
  const nowNs = clock.nowNs();
  const when = (at: string): string => {
    const ns = parseTimestamp(at).ns;
    // A time still to come was written before the clock was put back.
    return ns > nowNs
      ? formatDate(ns)
      : `${formatDate(ns)} (${l10n.t('{duration} ago', { duration: formatDuration(Number((nowNs - ns) / 1_000_000n)) })})`;
  };
  const field = (label: string, text: string): string => `  ${label}: ${text}`;
  return [
    `${safeText(title ?? name)}${title === undefined ? '' : ` (${name})`}: ${stateLine(status)}`,
    ...(progress === undefined ? [] : [field(l10n.t('so far'), progressText(progress))]),
    field(l10n.t('from'), safeText(repository)),
    field(l10n.t('to'), safeText(to)),
    ...(behind === undefined
      ? []
      : [
          field(
            l10n.t('behind'),
            l10n.t('{files}, {size}, since {date}', {
              files: countText(behind.files, 'file'),
              size: sizeText(behind.bytes),
              date: when(behind.since),
            }),
          ),
        ]),
    ...(original === undefined
      ? []
      : [field(l10n.t('repository looked at'), `${formatDate(BigInt(original.atMs) * 1_000_000n)}: ${lookText(original)}`)]),
    ...(total === undefined ? [] : [field(l10n.t('size'), `${countText(total.files, 'file')}, ${sizeText(total.bytes)}`)]),
    ...(trouble === undefined || trouble.triedAt !== undefined ? [] : [field(l10n.t('trouble'), errorText(trouble))]),
    ...(trouble?.beside === undefined ? [] : [field(l10n.t('trouble'), besideTroubleText(trouble.beside, errorText(trouble)))]),
    ...(memoryError === undefined ? [] : [field(l10n.t('trouble'), errorText(memoryError))]),
    ...(lastSync === undefined || lastSync.outcome === 'whole'
      ? []
      : [field(l10n.t('last try'), `${when(lastSync.at)}, ${tryText(lastSync)}`)]),
    // What is remembered may have been deleted: that there was none is not known.
    field(l10n.t('last whole'), lastWholeAt === undefined ? l10n.t('not known') : when(lastWholeAt)),
    field(l10n.t('snapshots that can be restored from it'), String(snapshots.length)),
    ...(lastScrub === undefined ? [] : [field(l10n.t('last scrub'), `${dateText(lastScrub.at)}, ${scrubText(lastScrub)}`)]),
    ...(lastSample === undefined
      ? []
      : [
          field(
            l10n.t('last sample'),
            `${dateText(lastSample.at)}, ${l10n.t('{size} read', { size: sizeText(lastSample.read.bytes) })}, ${countText(lastSample.damaged.length, 'error')}`,
          ),
        ]),
    ...(heldBack === undefined
      ? []
      : [field(l10n.t('kept'), `${countText(heldBack.files, 'file')}: ${heldBack.doubts.map(doubtText).join('; ')}`)]),
    ...(held === undefined ? [] : [field(l10n.t('held'), heldText(held))]),
    ...(unconfirmed === undefined
      ? []
      : [
          field(
            l10n.t('not proven'),
            l10n.t('{files} of which only the size is known; "cadangan offsite sample --percent 100" reads them', {
              files: countText(unconfirmed, 'file'),
            }),
          ),
        ]),
    ...(records === undefined ? [] : [field(l10n.t('records'), `${recordsText(records)}, ${when(records.at)}`)]),
    ...(records === undefined || records.contradicting.length === 0
      ? []
      : [
          field(
            l10n.t('records'),
            l10n.t('beside it lies what contradicts the records here, and stays as a witness: {files}', {
              files: records.contradicting.map(safeText).join(', '),
            }),
          ),
        ]),
    ...(readable.length === 0 ? [] : [field(l10n.t('last readable copy'), safeText(readable.at(-1)?.name ?? ''))]),
  ];
}

/** What the repository has no more, in a place that gives nothing away. */
function heldText({ files, until }: NonNullable<CopyStatus['held']>): string {
  const facts = { files: countText(files, 'file') };
  return until === undefined
    ? l10n.t('{files} that the repository has no more; its storage lets nobody remove them', facts)
    : l10n.t('{files} that the repository has no more; its storage holds them until {date}', { ...facts, date: dateText(until) });
}

/** `12 / 340 files, 1.2 GiB / 30 GiB, 3 h 2 min left` */
function progressText(progress: CopyProgress): string {
  const { filesDone, filesTotal, bytesDone, bytesTotal } = progress;
  const leftMs = copyLeftMs(progress);
  return [
    filesTotal === 0 ? countText(filesDone, 'file') : `${formatCount(filesDone)} / ${countText(filesTotal, 'file')}`,
    bytesTotal === 0 ? sizeText(bytesDone) : `${sizeText(bytesDone)} / ${sizeText(bytesTotal)}`,
    ...(leftMs === undefined ? [] : [l10n.t('{0} left', formatDuration(leftMs))]),
  ].join(', ');
}

/** The state, and of when that is where nobody would notice a change. */
function stateLine(status: CopyStatus): string {
  const { state, lastWholeAt } = status;
  const sentence = stateSentence(status);
  return state === 'in-sync' || lastWholeAt === undefined
    ? sentence
    : l10n.t('{state}; whole as of {date}', { state: sentence, date: dateText(lastWholeAt) });
}

function recordsText({ form, number }: NonNullable<CopyStatus['records']>): string {
  switch (form) {
    case 'clear':
      return l10n.t('through No. {number}, in clear', { number: String(number) });
    case 'sealed':
      return l10n.t('through No. {number}, sealed', { number: String(number) });
    case 'snapshot':
      return l10n.t('through No. {number}, as a snapshot of the repository', { number: String(number) });
    case 'off':
      return l10n.t('only the head of No. {number}: the copy takes no records along', { number: String(number) });
  }
}

function lookText({ state, newSnapshots, error }: NonNullable<CopyStatus['original']>): string {
  switch (state) {
    case 'same':
      return l10n.t('unchanged since the copy was whole');
    case 'changed':
      return newSnapshots.length === 0
        ? l10n.t('changed since the copy was whole')
        : l10n.t('{snapshots} not copied yet', { snapshots: countText(newSnapshots.length, 'snapshot') });
    case 'not-compared':
      return l10n.t('nothing is known to compare it with');
    case 'unreadable':
      return error === undefined ? l10n.t('not known') : errorText(error);
  }
}

function tryText({ outcome, error }: NonNullable<CopyStatus['lastSync']>): string {
  return outcome === 'failed' && error !== undefined ? l10n.t('failed: {why}', { why: errorText(error) }) : copyTryText(outcome);
}

/** What happened, and what to do. */
function errorText(error: RecordedError): string {
  const { what, next } = describeError(errorOfRecorded(error));
  return next === '' ? what : `${what} ${next}`;
}

/** The state, since when it is so, and why. */
export function stateSentence(status: CopyStatus): string {
  const { state, unknownBecause, trouble } = status;
  if (unknownBecause === 'never-looked') return l10n.t('not looked at yet');
  const why =
    state === 'unknown' ? unknownText(unknownBecause) : state === 'stopped-by-trouble' && trouble ? troubleText(trouble.kind) : undefined;
  return copyStateSentence(status, dateText, why);
}

function unknownText(because: CopyStatus['unknownBecause']): string | undefined {
  switch (because) {
    case 'memory-unreadable':
      return l10n.t('what is remembered of it cannot be read');
    case 'last-try-stopped':
      return l10n.t('the last try was stopped');
    case 'original-unreadable':
      return l10n.t('the repository cannot be looked at');
    case 'clock':
      return l10n.t('the clock of this machine was put back');
    case 'never-looked':
    case 'original-not-compared':
    case undefined:
      return undefined;
  }
}

/** What is in its way, or what else failed. */
export function troubleLine({ kind, beside }: NonNullable<CopyStatus['trouble']>): string {
  return beside === undefined ? troubleText(kind) : besideTroubleText(beside, troubleText(kind));
}

function troubleText(kind: TroubleKind): string {
  switch (kind) {
    case 'signed-out':
      return l10n.t('nobody is signed in to Google Drive');
    case 'wrong-account':
      return l10n.t('signed in to another account than the designated one');
    case 'full':
      return l10n.t('Google Drive is full');
    case 'daily-volume':
      return l10n.t("the day's upload volume of Google Drive is used up; it goes on tomorrow");
    case 'rate':
      return l10n.t('Google asks for fewer requests');
    case 'drive-unavailable':
      return l10n.t('Google Drive does not answer');
    case 'denied':
      return l10n.t('Google Drive refuses access');
    case 'copy-unreachable':
      return l10n.t('the storage of the copy does not answer');
    case 'copy-denied':
      return l10n.t('the storage of the copy refuses access, or is not known to be the right one');
    case 'copy-full':
      return l10n.t('the storage of the copy is full');
    case 'copy-not-kept':
      return l10n.t('the storage of the copy does not give back what it took');
    case 'source':
      return l10n.t('the repository cannot be read, or is not what it should be');
    case 'file-held':
      return l10n.t('another program holds a file that it needs');
    case 'other-repository':
      return l10n.t('its place holds another repository');
    case 'folder-away':
      return l10n.t('its folder is not where it was, or most of what was in it is gone');
    case 'busy':
      return l10n.t('another process keeps this copy up');
    case 'other':
      return l10n.t('something unexpected happened');
  }
}

/** Of some files only the size is known to be right: Drive has no checksum of them, or nobody has read them yet. */
export function wholeText({
  sourceFiles,
  sourceBytes,
  unconfirmedFiles,
}: Pick<SyncDetails, 'sourceFiles' | 'sourceBytes' | 'unconfirmedFiles'>): string {
  const facts = { files: countText(sourceFiles, 'file'), size: sizeText(sourceBytes), unconfirmed: countText(unconfirmedFiles, 'file') };
  return unconfirmedFiles === 0
    ? l10n.t('the copy is whole: {files}, {size}, every one verified', facts)
    : l10n.t('the copy is whole: {files}, {size}; of {unconfirmed} only the size is known', facts);
}

export function doubtText(doubt: Doubt): string {
  switch (doubt) {
    case 'changing':
      return l10n.t('the repository is being changed right now');
    case 'no-snapshots':
      return l10n.t('the repository has no snapshots any more');
    case 'packs-lost':
      return l10n.t('the repository has lost data files that its index names; run "cadangan check"');
    case 'rolled-back':
      return l10n.t(
        'the newest is gone from the repository, and nothing newer was there, as when an older state or another disk is in its place; if that is right, run "cadangan offsite sync --allow-removal"',
      );
    case 'far-fewer':
      return l10n.t('the repository has far fewer files than before; if that is right, run "cadangan offsite sync --allow-removal"');
    case 'other-origin':
      return l10n.t(
        'another machine, or another clone of this repository, has put them there; if they may go, run "cadangan offsite sync --allow-removal"',
      );
    case 'not-ours':
      return l10n.t('nothing shows that they are of this repository, so they are never removed; "cadangan offsite scrub" names them');
  }
}

function scrubText({ found, leftFiles }: NonNullable<CopyStatus['lastScrub']>): string {
  const { missing, damaged, trashed, doubled, foreign, damagedAtSource } = found;
  const parts = [
    ...(missing > 0 ? [l10n.t('{count} missing', { count: missing })] : []),
    ...(damaged > 0 ? [l10n.t('{count} damaged', { count: damaged })] : []),
    ...(trashed > 0 ? [l10n.t('{count} in the trash', { count: trashed })] : []),
    ...(doubled > 0 ? [l10n.t('{count} doubled', { count: doubled })] : []),
    ...(foreign > 0 ? [l10n.t('{count} foreign', { count: foreign })] : []),
    ...(damagedAtSource > 0 ? [l10n.t('{count} damaged in the repository itself', { count: damagedAtSource })] : []),
  ];
  const what = parts.length === 0 ? l10n.t('everything is right') : parts.join(', ');
  return leftFiles > 0
    ? l10n.t('{what}; {files} still missing', { what, files: countText(leftFiles, 'file') })
    : parts.length === 0
      ? what
      : l10n.t('{what}; healed as far as possible', { what });
}

function dateText(at: string): string {
  return formatDate(parseTimestamp(at).ns);
}
