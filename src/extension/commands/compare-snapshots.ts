import * as vscode from 'vscode';
import { protocol, type SnapshotInfo } from '../../service/index.ts';
import { formatCount, formatDate, l10n, systemClock, type ByteString } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick, separator, type Choice } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { groupByDay } from '../presentation/date-groups.ts';
import { instantOf } from '../presentation/instants.ts';
import { snapshotRow } from '../presentation/snapshot-row.ts';
import { placeMark, uriOfEntry } from '../presentation/snapshot-uri.ts';
import { commandTitle } from '../presentation/words.ts';
import type { SnapshotNode } from '../views/snapshot-nodes.ts';
import type { SnapshotsView } from '../views/snapshots-view.ts';
import { themeIcon } from '../views/tree-item.ts';
import { fileOnDisk, isSnapshotNode } from './targets.ts';

/** More files than anybody looks at; the editor opens each of them. */
const changesMax = 1_000;

/** *Compare Two Snapshots*: two selected rows, or one and a question, or two questions. Opens all changed files at once. */
export async function compareSnapshots(app: App, view: SnapshotsView, argument: unknown, selected: unknown): Promise<void> {
  const given = (Array.isArray(selected) ? selected : [argument]).filter(isSnapshotNode);
  const title = commandTitle('compareSnapshots');
  const first = given[0] ?? (await pickSnapshot(view, { title, placeholder: l10n.t('Choose the first snapshot') }));
  if (first === undefined) return;
  const isOther = (node: SnapshotNode) => node.location === first.location && node.snapshot.id !== first.snapshot.id;
  const second = given[1] ?? (await pickSnapshot(view, { title, placeholder: l10n.t('Choose the snapshot to compare it with') }, isOther));
  if (second === undefined) return;
  if (!isOther(second)) throw new Error(l10n.t('Only two snapshots of one repository can be compared.'));
  const [older, newer] = instantOf(first.snapshot.time) <= instantOf(second.snapshot.time) ? [first, second] : [second, first];
  await showChanges(app, older, newer.snapshot);
}

async function showChanges(app: App, { location, snapshot: older }: SnapshotNode, newer: SnapshotInfo): Promise<void> {
  const { changes, isComplete } = await whileBusy(commandTitle('compareSnapshots'), (signal) =>
    app.engine.request(protocol.compareSnapshots, { location, older: older.id, newer: newer.id, maxChanges: changesMax }, { signal }),
  );
  const { id: repositoryId } = await app.repositories.info(location);
  const files = changes.filter(({ path }) => !path.endsWith('/'));
  const dates = { older: formatDate(instantOf(older.time)), newer: formatDate(instantOf(newer.time)) };
  if (files.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('No file differs between {older} and {newer}.', dates));
    return;
  }
  const uri = (snapshot: SnapshotInfo, path: ByteString) =>
    vscode.Uri.from(uriOfEntry({ repositoryId, snapshotId: snapshot.id, path, place: placeMark(location) }, snapshot.time));
  const resources = files.map(({ path, modifier }) => {
    const isAdded = modifier.startsWith('+');
    const isRemoved = modifier.startsWith('-');
    return [fileOnDisk(path), isAdded ? undefined : uri(older, path), isRemoved ? undefined : uri(newer, path)];
  });
  await vscode.commands.executeCommand('vscode.changes', l10n.t('{older} ↔ {newer}', dates), resources);
  if (!isComplete)
    void vscode.window.showInformationMessage(l10n.t('Only the first {count} changes are shown.', { count: formatCount(changes.length) }));
}

/** One of those that the view shows. Undefined when nobody chose one. */
export async function pickSnapshot(
  view: SnapshotsView,
  { title, placeholder }: { readonly title: string; readonly placeholder: string },
  isFitting: (node: SnapshotNode) => boolean = () => true,
): Promise<SnapshotNode | undefined> {
  const answer = await pick({
    title,
    placeholder,
    items: view.shownSnapshots().then((nodes) => snapshotItems(nodes.filter(isFitting))),
  });
  return answer.kind === 'answer' ? answer.value : undefined;
}

export function snapshotItems(nodes: readonly SnapshotNode[]): readonly (Choice<SnapshotNode> | vscode.QuickPickItem)[] {
  const dated = nodes.map((node) => ({ node, time: node.snapshot.time }));
  return groupByDay(dated, systemClock.nowNs()).flatMap((day) => [
    separator(day.label),
    ...day.items.map(({ node }) => {
      const { label, description = '', icon } = snapshotRow(node.location, node.snapshot, node.set);
      return { iconPath: themeIcon(icon), label, description, value: node };
    }),
  ]);
}
