import {
  describeReason,
  formatBytes,
  formatCount,
  formatDate,
  formatDuration,
  formatNumber,
  formatTime,
  l10n,
} from '../../platform/index.ts';
import {
  changeText,
  dayOf,
  durationMsOf,
  eventText,
  restoredText,
  instantMsOf,
  kindText,
  resultText,
  triggerText,
  zoneName,
  type HistoryRecord,
  type RecordPlace,
} from '../../records/index.ts';
import { evidenceLabels } from './evidence-labels.ts';
import { reasonSentence } from './record-sentences.ts';
import { safeText } from './safe-text.ts';

/** What a record says, name by name. Safe to show, in the language of the moment. */
export interface RecordFact {
  readonly label: string;
  readonly value: string;
}

/**
 * Everything that a record says but its exceptions, in the order in which people ask; what it does not say is left out.
 * @param timeZone IANA name; default: that of the record, or the system's
 */
export function recordFacts(record: HistoryRecord, timeZone: string | undefined = record.timeZone): readonly RecordFact[] {
  const parts = [
    whatHappened(record, timeZone),
    whoAndWhere(record),
    measured(record),
    programFacts(record),
    instructionFacts(record),
    evidenceFacts(record),
    proofFacts(record, timeZone),
  ];
  return parts
    .flat()
    .filter(([, value]) => value !== '')
    .map(([label, value]) => ({ label, value: value.split('\n').map(safeText).join('\n') }));
}

type Fact = readonly [label: string, value: string];

function whatHappened(record: HistoryRecord, timeZone: string | undefined): Fact[] {
  const { number, kind, set = '', reason, planned, started, ended, trigger, exceptionCount = 0 } = record;
  const durationMs = durationMsOf(record);
  const when = (start: string, end: string | undefined) =>
    end === undefined ? timeText(start, timeZone) : rangeText(start, end, timeZone);
  return [
    [l10n.t('No.'), String(number)],
    [l10n.t('Kind'), kindText(kind)],
    [l10n.t('Set'), set],
    [l10n.t('Result'), resultText(record)],
    [l10n.t('Reason'), reason === undefined ? '' : reasonSentence(reason)],
    ...whatFacts(record),
    [l10n.t('Restored'), restoredText(record)],
    [l10n.t('As of'), asOfText(record, timeZone)],
    [l10n.t('On request of'), record.request ?? ''],
    [l10n.t('Planned'), planned === undefined ? '' : when(planned.start, planned.end)],
    [l10n.t('Actual'), started === undefined ? '' : when(started, ended)],
    [l10n.t('Duration'), durationMs === undefined ? '' : formatDuration(durationMs)],
    [l10n.t('Times in'), planned === undefined && started === undefined ? '' : zoneName(instantMsOf(record.at), timeZone)],
    [l10n.t('Started by'), trigger === undefined ? '' : triggerText(trigger)],
    [l10n.t('Exceptions'), exceptionCount === 0 ? '' : formatCount(exceptionCount)],
  ];
}

function asOfText({ evidence }: HistoryRecord, timeZone: string | undefined): string {
  const time = evidence?.['snapshotTime'];
  return typeof time === 'string' && !Number.isNaN(Date.parse(time)) ? timeText(time, timeZone) : '';
}

/** A changed value as it stood in the file, laid out for reading. */
function whatFacts(record: HistoryRecord): Fact[] {
  const { change } = record;
  if (change === undefined) return [[l10n.t('What'), eventText(record)]];
  return [
    [l10n.t('What'), changeText(change.what)],
    [l10n.t('Before'), laidOut(change.before)],
    [l10n.t('After'), laidOut(change.after)],
  ];
}

/** Also one that is no JSON, such as the id of a key. */
function laidOut(value: string | undefined): string {
  if (value === undefined) return '';
  try {
    return JSON.stringify(JSON.parse(value), undefined, 2);
  } catch {
    return value;
  }
}

function whoAndWhere({
  operator,
  host,
  software,
  source,
  destination,
  repositoryId = '',
  snapshotId = '',
  parentId = '',
  treeId = '',
}: HistoryRecord): Fact[] {
  return [
    [l10n.t('Operator'), [operator.name, operator.position, operator.user].filter((part) => part !== undefined && part !== '').join(', ')],
    [l10n.t('Server'), host],
    [l10n.t('Program'), software],
    [l10n.t('Source'), placeText(source)],
    [l10n.t('Destination'), placeText(destination)],
    [l10n.t('Repository'), repositoryId],
    [l10n.t('Snapshot'), snapshotId],
    [l10n.t('Parent'), parentId],
    [l10n.t('Tree'), treeId],
  ];
}

function measured({ counts = {}, bytes = {}, objectives }: HistoryRecord): Fact[] {
  const number = (value: number) => formatNumber(value, Number.isInteger(value) ? 0 : 1);
  const against = (found: number | undefined, wanted: number | undefined) =>
    [found, wanted].map((value) => (value === undefined ? '–' : number(value))).join(' / ');
  const { rpoHours, rpoHoursMeasured, rtoMinutes, rtoMinutesMeasured } = objectives ?? {};
  return [
    ...Object.entries(counts).map(([name, count]): Fact => [countLabels[name]?.() ?? name, number(count)]),
    ...Object.entries(bytes).map(([name, size]): Fact => [byteLabels[name]?.() ?? name, formatBytes(size)]),
    [
      l10n.t('Recovery point in hours, measured / wanted'),
      rpoHours === undefined && rpoHoursMeasured === undefined ? '' : against(rpoHoursMeasured, rpoHours),
    ],
    [
      l10n.t('Recovery time in minutes, measured / wanted'),
      rtoMinutes === undefined && rtoMinutesMeasured === undefined ? '' : against(rtoMinutesMeasured, rtoMinutes),
    ],
  ];
}

/** What the configuration wanted to be run around it, and the end of what it said, line by line. */
function programFacts({ programs = [] }: HistoryRecord): Fact[] {
  return programs.flatMap(({ when, program, seconds, failure, output = '' }): Fact[] => {
    const took = formatDuration(seconds * 1000);
    const came =
      failure === undefined
        ? l10n.t('{program}: done in {time}', { program, time: took })
        : l10n.t('{program}: failed after {time} ({why})', { program, time: took, why: describeReason(failure, safeText) });
    const isBefore = when === 'before';
    return [
      [isBefore ? l10n.t('Program before') : l10n.t('Program after'), came],
      [isBefore ? l10n.t('Said by the program before') : l10n.t('Said by the program after'), output.replaceAll('\r', '').trimEnd()],
    ];
  });
}

function instructionFacts({ instruction: { documentNumber, revision, clause } = {}, remarks = '' }: HistoryRecord): Fact[] {
  const parts = [documentNumber, revision === undefined ? undefined : l10n.t('revision {0}', revision), clause];
  return [
    [l10n.t('Work instruction'), parts.filter((part) => part !== undefined).join(', ')],
    [l10n.t('Remarks'), remarks],
  ];
}

/** A name that a later version wrote is shown as it stands in the file. */
function evidenceFacts({ evidence = {} }: HistoryRecord): Fact[] {
  return Object.entries(evidence).map(([name, value]) => [
    l10n.t('Evidence: {0}', evidenceLabels[name]?.() ?? name),
    typeof value === 'object' ? value.join(', ') : value === false || value === 0 ? '' : String(value),
  ]);
}

function proofFacts({ at, previous, hash, signature, key }: HistoryRecord, timeZone: string | undefined): Fact[] {
  return [
    [l10n.t('Recorded'), timeText(at, timeZone)],
    [l10n.t('Previous hash'), previous],
    [l10n.t('Own hash'), hash],
    [l10n.t('Signature'), signature],
    [l10n.t('Signing key'), key],
  ];
}

function timeText(time: string, timeZone: string | undefined): string {
  return formatDate(instantNsOf(time), { timeZone });
}

/** `23 Nov 2026, 21:00 – 22:10`; the second day only where it is another one. */
function rangeText(start: string, end: string, timeZone: string | undefined): string {
  const isSameDay = dayOf(instantMsOf(start), timeZone) === dayOf(instantMsOf(end), timeZone);
  return `${timeText(start, timeZone)} – ${isSameDay ? formatTime(instantNsOf(end), { timeZone }) : timeText(end, timeZone)}`;
}

function instantNsOf(time: string): bigint {
  return BigInt(instantMsOf(time)) * 1_000_000n;
}

function placeText(place: RecordPlace | undefined): string {
  const { host, location, paths = [], account, folderId } = place ?? {};
  return [host, location, ...paths, account, folderId].filter((part) => part !== undefined).join(', ');
}

type Labels = Readonly<Record<string, (() => string) | undefined>>;

const countLabels: Labels = {
  filesTotal: () => l10n.t('Files'),
  filesNew: () => l10n.t('New files'),
  filesChanged: () => l10n.t('Changed files'),
  filesUnchanged: () => l10n.t('Unchanged files'),
  foldersNew: () => l10n.t('New folders'),
  foldersChanged: () => l10n.t('Changed folders'),
  foldersUnchanged: () => l10n.t('Unchanged folders'),
  folders: () => l10n.t('Folders'),
  filesRestored: () => l10n.t('Files restored'),
  filesSkipped: () => l10n.t('Files skipped'),
  filesVerified: () => l10n.t('Files verified'),
  filesRemoved: () => l10n.t('Files removed'),
  filesUploaded: () => l10n.t('Files uploaded'),
  filesMissing: () => l10n.t('Files missing'),
  filesUnconfirmed: () => l10n.t('Files of which only the size is known'),
  filesTrashed: () => l10n.t('Files removed from the copy'),
  filesLocked: () => l10n.t('Files that cannot be deleted yet'),
  filesHeldBack: () => l10n.t('Files held back'),
  filesHeld: () => l10n.t('Files that cannot be removed there'),
  filesChecked: () => l10n.t('Files compared'),
  filesRead: () => l10n.t('Files read in full'),
  filesDamaged: () => l10n.t('Files damaged'),
  findings: () => l10n.t('Findings'),
  locksRemoved: () => l10n.t('Locks removed'),
  snapshotsRemoved: () => l10n.t('Snapshots removed'),
  snapshotsChanged: () => l10n.t('Snapshots changed'),
  snapshotsLeft: () => l10n.t('Snapshots left'),
  snapshotsLocked: () => l10n.t('Snapshots that cannot be deleted yet'),
  snapshotsBrought: () => l10n.t('New snapshots, of backups and records'),
  filesSameAtSource: () => l10n.t('Files the same as at their source'),
  filesChangedAtSource: () => l10n.t('Files changed at their source since'),
  indexFilesRemoved: () => l10n.t('Index files removed'),
  indexFilesWritten: () => l10n.t('Index files written'),
  packsAdded: () => l10n.t('Packs added to the index'),
  packsCorrected: () => l10n.t('Packs corrected in the index'),
  packsMissing: () => l10n.t('Packs missing'),
  packsUnread: () => l10n.t('Packs with a damaged list of contents'),
  blobsSaved: () => l10n.t('Blobs saved'),
  blobsLost: () => l10n.t('Blobs lost'),
  snapshotsMade: () => l10n.t('Snapshots made'),
  errors: () => l10n.t('Errors'),
  snapshots: () => l10n.t('Snapshots'),
  packs: () => l10n.t('Packs'),
  packsRead: () => l10n.t('Packs read'),
  packsRemoved: () => l10n.t('Packs removed'),
  packsRewritten: () => l10n.t('Packs rewritten'),
  packsWaiting: () => l10n.t('Packs that wait for their removal'),
  leftoversRemoved: () => l10n.t('Temporary files removed'),
  blobs: () => l10n.t('Blobs'),
  dataBlobs: () => l10n.t('New blobs of data'),
  treeBlobs: () => l10n.t('New blobs of folders'),
};

const byteLabels: Labels = {
  total: () => l10n.t('Size'),
  added: () => l10n.t('Data added'),
  stored: () => l10n.t('Data stored'),
  restored: () => l10n.t('Data restored'),
  unchanged: () => l10n.t('Data left as it was'),
  read: () => l10n.t('Data read'),
  uploaded: () => l10n.t('Data uploaded'),
  missing: () => l10n.t('Data missing'),
  checked: () => l10n.t('Data compared'),
  removed: () => l10n.t('Data removed'),
  waiting: () => l10n.t('Data that waits for its removal'),
  locked: () => l10n.t('Data that cannot be deleted yet'),
  remaining: () => l10n.t('Data that remains'),
};
