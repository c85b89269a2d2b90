import { escapeHtml, formatBytes, formatCount, formatDate, l10n } from '../../platform/index.ts';
import type { ErrorData, RepositoryStats, RetentionPreview, SetInfo } from '../../service/index.ts';
import { countText } from './counts.ts';
import { describeError } from './error-text.ts';
import { holdSentence } from './hold-sentence.ts';
import { instantOf } from './instants.ts';
import { actions, button, factsTable, main, paragraph, section, stateLine, table, type Fact, type PageText } from './page-parts.ts';
import { commandTitle } from './words.ts';

/** What is known of how long a set keeps its snapshots. */
export interface RetentionView {
  readonly set: Pick<SetInfo, 'title' | 'location'>;
  /** Undefined: the set has no rule, and all stay. */
  readonly preview: RetentionPreview | undefined;
  /** When that was looked up, in nanoseconds since 1970. */
  readonly asOfNs: bigint;
  /** Measuring reads every folder of every snapshot: it comes later than the rest, or not. */
  readonly size: RepositorySize;
}

export type RepositorySize =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'not-measured' }
  | { readonly kind: 'measured'; readonly stats: RepositoryStats }
  | { readonly kind: 'failed'; readonly error: ErrorData };

type Previewed = RetentionPreview['snapshots'][number];

/** More than anybody reads; the count says how many there are. */
const rowsMax = 1_000;

/** The rule of a set, what it would remove now and why each other snapshot stays, and what the repository takes. */
export function retentionPageHtml(view: RetentionView): PageText {
  const title = l10n.t('Retention of {name}', { name: view.set.title });
  return { title, body: main(title, retentionSections(view)) };
}

/** The page below its heading, for pages that have more to tell of a set. */
export function retentionSections({ set, preview, asOfNs, size }: RetentionView): readonly string[] {
  const removed = preview?.snapshots.filter(({ isRemoved }) => isRemoved) ?? [];
  const kept = preview?.snapshots.filter(({ isRemoved }) => !isRemoved) ?? [];
  return [
    preview === undefined
      ? stateLine('good', '∞', l10n.t('The set has no rule: all snapshots stay.'))
      : outcome(preview, removed.length, kept.length) + paragraph(l10n.t('As of {when}.', { when: formatDate(asOfNs) })),
    section(l10n.t('Rule'), ruleText(preview)),
    section(l10n.t('What smells'), holdsHtml(preview?.holds ?? [])),
    section(
      l10n.t('Would go ({count})', { count: formatCount(removed.length) }),
      snapshotTable([l10n.t('Date of backup'), l10n.t('Snapshot')], removed, ({ time, id }) => [when(time), id.slice(0, 8)]),
    ),
    section(
      l10n.t('Would stay ({count})', { count: formatCount(kept.length) }),
      snapshotTable([l10n.t('Date of backup'), l10n.t('Snapshot'), l10n.t('Why it stays')], kept, ({ time, id, why }) => [
        when(time),
        id.slice(0, 8),
        why.join('\n'),
      ]),
    ),
    section(l10n.t('Size of the repository'), sizeHtml(set, size)),
  ].filter((part) => part !== '');
}

function outcome({ holds }: RetentionPreview, removed: number, kept: number): string {
  const counts = { removed: countText(removed, 'snapshot'), kept: countText(kept, 'snapshot') };
  if (holds.length > 0) return stateLine('warning', '⚠', l10n.t('Removal on hold: {removed} would go, {kept} would stay.', counts));
  if (removed === 0) return stateLine('good', '✓', l10n.t('Nothing would go, {kept} would stay.', counts));
  return stateLine('good', '✓', l10n.t('{removed} would go, {kept} would stay.', counts));
}

function ruleText(preview: RetentionPreview | undefined): string {
  const change = button('change', commandTitle('changeRetention'));
  if (preview === undefined) return actions([change]);
  const applied = l10n.t(
    'After each good backup of the set the schedule removes what no rule keeps; protected snapshots stay whatever the rule says. The data goes with the next prune.',
  );
  return paragraph(preview.rule) + paragraph(applied) + actions([change, button('preview', l10n.t('Preview Again'))]);
}

function holdsHtml(holds: readonly ErrorData[]): string {
  if (holds.length === 0) return '';
  const items = holds.map((hold) => `<li>${escapeHtml(holdSentence(hold))}</li>`);
  const released = l10n.t(
    'Nothing is removed before a person has looked into it. Closing the nonconformity that the schedule opens releases it.',
  );
  return `<ul>${items.join('')}</ul>${paragraph(released)}`;
}

function sizeHtml({ location }: RetentionView['set'], size: RepositorySize): string {
  const measure = actions([button('measure', size.kind === 'measured' ? l10n.t('Measure Again') : l10n.t('Measure'))]);
  switch (size.kind) {
    case 'measuring':
      return `<p role="status">${escapeHtml(l10n.t('Being measured: every folder of every snapshot is read.'))}</p>`;
    case 'not-measured':
      return measure;
    case 'failed': {
      const { what, next } = describeError(size.error);
      return stateLine('bad', '✕', what) + paragraph(next) + measure;
    }
    case 'measured':
      return factsTable(sizeFacts(location, size.stats)) + measure;
  }
}

function sizeFacts(location: string, stats: RepositoryStats): readonly Fact[] {
  const { snapshots, bytes, unusedBytes, pruneBytes, pruneNowBytes, waitingBytes, nextRemoval, refused } = stats;
  const fact = (label: string, text: string): Fact => [label, escapeHtml(text)];
  const freed =
    pruneNowBytes === pruneBytes
      ? formatBytes(pruneBytes)
      : l10n.t('{bytes}, of these {now} at once', { bytes: formatBytes(pruneBytes), now: formatBytes(pruneNowBytes) });
  const waiting =
    nextRemoval === undefined
      ? formatBytes(waitingBytes)
      : l10n.t('{bytes}, the first of it until {when}', { bytes: formatBytes(waitingBytes), when: when(nextRemoval) });
  return [
    fact(l10n.t('Repository'), location),
    fact(l10n.t('Snapshots'), formatCount(snapshots)),
    fact(l10n.t('Size'), formatBytes(bytes)),
    ...(refused === undefined
      ? [fact(l10n.t('Needed by no snapshot'), formatBytes(unusedBytes)), fact(l10n.t('A prune would free'), freed)]
      : [fact(l10n.t('A prune would free'), l10n.t('not known: {why}', { why: describeError(refused).what }))]),
    ...(waitingBytes === 0 ? [] : [fact(l10n.t('Waits for its removal'), waiting)]),
  ];
}

function snapshotTable(
  titles: readonly string[],
  snapshots: readonly Previewed[],
  cells: (snapshot: Previewed) => readonly string[],
): string {
  if (snapshots.length === 0) return '';
  const more = snapshots.length - rowsMax;
  return table(titles, snapshots.slice(0, rowsMax).map(cells)) + (more > 0 ? paragraph(l10n.t('… and {0} more', formatCount(more))) : '');
}

function when(time: string): string {
  return formatDate(instantOf(time));
}
