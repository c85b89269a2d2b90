import { safeText } from '../jobs/index.ts';
import { l10n } from '../platform/index.ts';
import { isAnchorTag } from '../records/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import type { SnapshotGroup } from '../upkeep/index.ts';
import type { CommandContext } from './command.ts';
import { shortId } from './snapshot-view.ts';
import { tableLines } from './table.ts';
import { localTimeText } from './time-argument.ts';
import { countText, sizeText } from './units.ts';

export interface TableOptions {
  /** Leave out paths and sizes. */
  readonly compact: boolean;
  /** Why each is there, in the order of the snapshots; a column of its own. */
  readonly reasons?: readonly (readonly string[])[];
}

/** Snapshots as restic shows them. */
export function printSnapshotTable({ terminal, clock }: CommandContext, snapshots: readonly StoredSnapshot[], options: TableOptions): void {
  const { compact, reasons } = options;
  const columns = [{ title: 'ID' }, { title: l10n.t('Time') }, { title: l10n.t('Host') }, { title: l10n.t('Tags') }];
  const rows = snapshots.map(({ id, snapshot, timeNs }, at) => {
    const tags = snapshot.tags.filter((tag) => !isAnchorTag(tag)).map(safeText);
    const basic = [shortId(id), localTimeText(timeNs, clock), safeText(snapshot.hostname)];
    if (compact) return [...basic, tags.join(',')];
    const size = snapshot.summary === undefined ? '' : sizeText(snapshot.summary.totalBytesProcessed);
    return [...basic, tags, ...(reasons ? [reasons[at] ?? []] : []), snapshot.paths.map(safeText), size];
  });
  const whole = [
    ...columns,
    ...(reasons ? [{ title: l10n.t('Reasons') }] : []),
    { title: l10n.t('Paths') },
    { title: l10n.t('Size'), align: 'right' as const },
  ];
  for (const line of tableLines(compact ? columns : whole, rows, countText(snapshots.length, 'snapshot'))) terminal.print(line);
}

/** `snapshots for (host srv-01, paths [/srv]):` */
export function groupTitle({ host, tags, paths }: SnapshotGroup['key']): string {
  const parts = [
    host === undefined ? [] : [l10n.t('host {0}', safeText(host))],
    tags === undefined ? [] : [l10n.t('tags [{0}]', tags.map(safeText).join(', '))],
    paths === undefined ? [] : [l10n.t('paths [{0}]', paths.map(safeText).join(', '))],
  ].flat();
  return `${l10n.t('snapshots for ({0})', parts.join(', '))}:`;
}
