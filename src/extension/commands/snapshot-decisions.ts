import * as vscode from 'vscode';
import { HostError } from '../../host/index.ts';
import { protocol, type ErrorData, type SnapshotInfo, type SnapshotLock } from '../../service/index.ts';
import { formatDate, l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick, stepAnswer } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { commandId } from '../manifest/contributions.ts';
import { countText } from '../presentation/counts.ts';
import { dayId } from '../presentation/date-groups.ts';
import { holdSentences, seenSubject } from '../presentation/hold-sentence.ts';
import { instantOf } from '../presentation/instants.ts';
import { holdDayProblem, parseDay } from '../presentation/periods.ts';
import { lockText, protectionText } from '../presentation/protection-text.ts';
import { joined } from '../presentation/set-row.ts';
import { snapshotRow } from '../presentation/snapshot-row.ts';
import { runSteps, type Step } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import type { SnapshotNode } from '../views/snapshot-nodes.ts';
import type { SnapshotsView } from '../views/snapshots-view.ts';
import { pickSnapshot } from './compare-snapshots.ts';
import { neededText, textStep } from './record-questions.ts';
import { isSnapshotNode } from './targets.ts';

/** So many are named before they go; the rest is counted. */
const namedMax = 10;

/** *Delete Snapshot…*: one row, or all that are selected with it; why is asked, and what goes is named. */
export async function deleteSnapshots(app: App, view: SnapshotsView, argument: unknown, selected: unknown): Promise<void> {
  const title = commandTitle('deleteSnapshot');
  const nodes = await targets(view, argument, selected, title);
  const [first] = nodes;
  if (first === undefined) return;
  if (nodes.some(({ location }) => location !== first.location))
    throw new Error(l10n.t('Only snapshots of one repository can be deleted at once.'));
  const stays = nodes.find(({ snapshot }) => snapshot.protection !== undefined);
  if (stays !== undefined) return refuse(stays);
  const reason = await askReason(title, l10n.t('Why is it deleted? The record keeps it.'));
  if (reason === undefined || !(await isAgreed(nodes))) return;
  const removal = { location: first.location, snapshots: nodes.map(({ snapshot }) => snapshot.id), reason };
  const { removed, failed, locked = [] } = (await remove(app, removal)) ?? {};
  if (removed === undefined || failed === undefined) return;
  view.refresh();
  await app.records.refresh();
  if (removed.length > 0)
    void vscode.window.showInformationMessage(
      l10n.t('{snapshots} deleted. The data that nothing else needs goes with the next prune.', {
        snapshots: countText(removed.length, 'snapshot'),
      }),
    );
  if (locked.length > 0)
    void vscode.window.showWarningMessage(lines(locked.map(({ id, until }) => `${id.slice(0, 8)}: ${lockText(lockOf(until))}`)));
  if (failed.length > 0)
    void vscode.window.showErrorMessage(
      l10n.t('The storage did not remove: {snapshots}.', { snapshots: failed.map((id) => id.slice(0, 8)).join(', ') }),
    );
}

/** *Protect Snapshot…*: from every removal, until a day, or no more. */
export async function protectSnapshot(app: App, view: SnapshotsView, argument: unknown): Promise<void> {
  const [node] = await targets(view, argument, undefined, commandTitle('protectSnapshot'));
  if (node === undefined) return;
  const { location, snapshot } = node;
  const title = `${commandTitle('protectSnapshot')}: ${formatDate(instantOf(snapshot.time))}`;
  const { kind, until, reason } = (await runSteps<Wish>(protectionSteps(title, snapshot), {})) ?? {};
  if (kind === undefined || reason === undefined) return;
  if (kind === 'none' && !(await mayUnprotect(node))) return;
  const protection = kind === 'hold' ? ({ kind, ...(until !== undefined && { until }) } as const) : ({ kind } as const);
  await whileBusy(title, (signal) =>
    app.engine.request(protocol.protectSnapshot, { location, snapshot: snapshot.id, protection, reason }, { signal }),
  );
  view.refresh();
  await app.records.refresh();
  void vscode.window.showInformationMessage(saidOf(snapshot, kind, until));
}

function lockOf(until: string | undefined): SnapshotLock {
  return until === undefined ? { kind: 'legal-hold' } : { kind: 'locked', until };
}

async function targets(view: SnapshotsView, argument: unknown, selected: unknown, title: string): Promise<readonly SnapshotNode[]> {
  const given = (Array.isArray(selected) && selected.length > 0 ? selected : [argument]).filter(isSnapshotNode);
  if (given.length > 0) return given;
  const chosen = await pickSnapshot(view, { title, placeholder: l10n.t('Choose a snapshot') });
  return chosen === undefined ? [] : [chosen];
}

async function refuse(node: SnapshotNode): Promise<void> {
  const { snapshot } = node;
  const button = commandTitle('protectSnapshot');
  const text = l10n.t('The snapshot of {when} cannot be deleted: it is {protection}.', {
    when: formatDate(instantOf(snapshot.time)),
    protection: snapshot.protection === undefined ? '' : protectionText(snapshot.protection),
  });
  const chosen = await vscode.window.showWarningMessage(text, button);
  if (chosen === button) await vscode.commands.executeCommand(commandId('protectSnapshot'), node);
}

async function askReason(title: string, prompt: string): Promise<string | undefined> {
  const answer = await askText({ title, placeholder: l10n.t('Reason'), prompt, problem: neededText });
  return answer.kind === 'answer' ? answer.value.trim() : undefined;
}

function reasonStep(title: string, prompt: string): Step<Wish> {
  return textStep<Wish>(
    title,
    l10n.t('Reason'),
    prompt,
    ({ reason }) => reason,
    (state, reason) => ({ ...state, reason }),
  );
}

async function isAgreed(nodes: readonly SnapshotNode[]): Promise<boolean> {
  const button = commandTitle('deleteSnapshot');
  const more = nodes.length - namedMax;
  const detail = [
    ...nodes.slice(0, namedMax).map(nameOf),
    more > 0 ? l10n.t('… and {0} more', String(more)) : '',
    l10n.t('This cannot be undone. Copies of the repository follow.'),
  ];
  const question =
    nodes.length === 1 ? l10n.t('Delete this snapshot?') : l10n.t('Delete {count} snapshots?', { count: String(nodes.length) });
  return (await vscode.window.showWarningMessage(question, { modal: true, detail: lines(detail) }, button)) === button;
}

function nameOf({ location, snapshot, set }: SnapshotNode): string {
  const { description } = snapshotRow(location, snapshot, set);
  return joined([formatDate(instantOf(snapshot.time)), set?.title ?? snapshot.paths.join(', '), description, snapshot.id.slice(0, 8)]);
}

interface Removal {
  readonly location: string;
  readonly snapshots: readonly string[];
  readonly reason: string;
}

/** Each thing that smells is shown, and only an answer to that releases it. Undefined: nothing was removed. @throws HostError */
async function remove(app: App, removal: Removal): Promise<protocol.SnapshotRemoval | undefined> {
  for (const release: string[] = []; ;) {
    try {
      return await whileBusy(commandTitle('deleteSnapshot'), (signal) =>
        app.engine.request(protocol.removeSnapshots, { ...removal, release }, { signal }),
      );
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== 'retention.held') throw error;
      if (!(await isReleased(error.data))) return undefined;
      release.push(seenSubject(error.data));
    }
  }
}

async function isReleased(held: ErrorData): Promise<boolean> {
  const button = l10n.t('Delete All the Same');
  const detail = [...holdSentences(held), l10n.t('Look into it first. Whoever deletes all the same stands in the record, with this.')];
  const question = l10n.t('Nothing was deleted: something speaks against it.');
  return (await vscode.window.showWarningMessage(question, { modal: true, detail: lines(detail) }, button)) === button;
}

interface Wish {
  readonly kind?: 'keep' | 'hold' | 'none' | undefined;
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
}

function protectionSteps(title: string, snapshot: SnapshotInfo): readonly Step<Wish>[] {
  return [kindStep(title, snapshot), untilStep(title), reasonStep(title, l10n.t('Why? The record keeps it.'))];
}

function kindStep(title: string, { protection }: SnapshotInfo): Step<Wish> {
  const items = [
    {
      iconPath: new vscode.ThemeIcon('lock'),
      label: l10n.t('Keep for good'),
      detail: l10n.t('It stays whatever the rule says, until somebody takes the protection away.'),
      value: 'keep' as const,
    },
    {
      iconPath: new vscode.ThemeIcon('law'),
      label: l10n.t('Hold until a day…'),
      detail: l10n.t('For a legal hold: it stays to the end of that day.'),
      value: 'hold' as const,
    },
    ...(protection === undefined
      ? []
      : [
          {
            iconPath: new vscode.ThemeIcon('unlock'),
            label: l10n.t('Take the protection away'),
            detail: l10n.t('Now it is {protection}.', { protection: protectionText(protection) }),
            value: 'none' as const,
          },
        ]),
  ];
  const placeholder = l10n.t('What keeps it from being removed?');
  return {
    ask: async (state, position) =>
      stepAnswer(
        await pick<NonNullable<Wish['kind']>>({ title, position, placeholder, items, isActive: (value) => value === state.kind }),
        (kind) => ({ ...state, kind }),
      ),
  };
}

function untilStep(title: string): Step<Wish> {
  return {
    isNeeded: ({ kind }) => kind === 'hold',
    ask: async (state, position) =>
      stepAnswer(
        await askText({
          title,
          position,
          placeholder: '2026-12-24',
          prompt: l10n.t('To the end of which day?'),
          value: state.until,
          problem: (text) => holdDayProblem(text, dayId(systemClock.nowNs())),
        }),
        (text) => ({ ...state, until: parseDay(text) }),
      ),
  };
}

async function mayUnprotect(node: SnapshotNode): Promise<boolean> {
  const button = l10n.t('Take the protection away');
  const detail = [nameOf(node), l10n.t('The rule of its set may remove it after the next good backup.')];
  const question = l10n.t('Take the protection of this snapshot away?');
  return (await vscode.window.showWarningMessage(question, { modal: true, detail: lines(detail) }, button)) === button;
}

function saidOf({ time }: SnapshotInfo, kind: NonNullable<Wish['kind']>, until: string | undefined): string {
  const when = formatDate(instantOf(time));
  if (kind === 'none') return l10n.t('The snapshot of {when} is not protected any more.', { when });
  const protection = protectionText(kind === 'keep' ? { kind: 'protected' } : { kind: 'held', ...(until !== undefined && { until }) });
  return l10n.t('The snapshot of {when} is {protection} now.', { when, protection });
}

function lines(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n');
}
