import * as vscode from 'vscode';
import { protocol, type CopyInfo, type RestoreParams } from '../../service/index.ts';
import { isInFolder, l10n, machinePathOf, snapshotRoot } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { setContextKey } from '../editor/settings.ts';
import { showError } from '../editor/show-error.ts';
import { showResult } from '../editor/show-result.ts';
import { withRunProgress } from '../editor/with-progress.ts';
import { nothingChosen, restoreParams, type RestoreChoice } from '../presentation/restore-choice.ts';
import { runSteps } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { isCopyNode } from '../views/drive-nodes.ts';
import type { SnapshotNode } from '../views/snapshot-nodes.ts';
import { restoreSteps, withCopies } from './restore-steps.ts';
import { isEntryNode, isSetNode, isSnapshotNode, pathTarget } from './targets.ts';
import type { OpenableEntry } from './versions.ts';

/** *Restore…*: what is not given with the command is asked for step by step. */
export async function restore(app: App, argument: unknown, selected: unknown): Promise<void> {
  const start = await startOf(app, argument, selected);
  if (start !== undefined) await askAndRestore(app, start);
}

/** As *Restore…* on a row of the view *Snapshots*. */
export function restoreSnapshot(app: App, located: LocatedSnapshot): Promise<void> {
  return askAndRestore(app, startOfSnapshot(located));
}

async function askAndRestore(app: App, start: RestoreChoice): Promise<void> {
  await app.drive.load();
  const choice = await runSteps(restoreSteps(app), withCopies(app, start));
  const params = choice === undefined ? undefined : restoreParams(choice);
  if (choice !== undefined && params !== undefined) await runRestore(app, choice, params);
}

async function startOf(app: App, argument: unknown, selected: unknown): Promise<RestoreChoice | undefined> {
  if (isCopyNode(argument)) return startOfCopy(app, argument.copy);
  const entries = (Array.isArray(selected) ? selected : [argument]).filter(isEntryNode);
  const [first] = entries;
  if (first !== undefined) {
    // Rows of other snapshots that happen to be selected too are of another date.
    const paths = entries.filter(({ snapshot }) => snapshot.id === first.snapshot.id).map(({ path }) => path);
    const title = paths.length === 1 ? first.entry.label : l10n.t('{count} files and folders', { count: paths.length });
    return { given: { data: true, date: true }, locations: [first.location], title, paths, snapshot: first.snapshot };
  }
  if (isSnapshotNode(argument)) return startOfSnapshot(argument);
  if (isVersion(argument)) {
    return {
      given: { data: true, date: true },
      locations: [argument.location],
      title: argument.name,
      paths: [argument.path],
      snapshot: argument.snapshot,
    };
  }
  const set = isSetNode(argument)
    ? argument.set
    : typeof argument === 'string'
      ? (await app.sets.load()).find(({ name }) => name === argument)
      : undefined;
  if (set !== undefined) return { given: { data: true, date: false }, set, locations: [set.location], title: set.title };
  if (!(argument instanceof vscode.Uri)) return nothingChosen;
  const target = await pathTarget(app, argument);
  if (target === undefined) return undefined;
  const { locations, name, path, snapshot } = target;
  return { given: { data: true, date: snapshot !== undefined }, locations, title: name, paths: [path], snapshot };
}

type LocatedSnapshot = Pick<SnapshotNode, 'location' | 'snapshot' | 'set'>;

function startOfSnapshot({ location, snapshot, set }: LocatedSnapshot): RestoreChoice {
  return {
    given: { data: true, date: true },
    locations: [location],
    title: set?.title ?? snapshot.paths.join(', '),
    paths: [snapshotRoot],
    snapshot,
  };
}

/** *Restore from here*: of a set of the repository that was copied. */
async function startOfCopy(app: App, { repository, location, title }: CopyInfo): Promise<RestoreChoice | undefined> {
  const sets = (await app.sets.load()).filter((set) => set.location === repository);
  const items = sets.map((set) => ({
    iconPath: new vscode.ThemeIcon('archive'),
    label: set.title,
    description: set.sources.join(', '),
    value: set,
  }));
  const [only] = sets;
  const answer =
    sets.length === 1 && only !== undefined
      ? { kind: 'answer' as const, value: only }
      : await pick({ title: commandTitle('restore'), placeholder: l10n.t('Which backup set of {name}?', { name: title }), items });
  if (answer.kind !== 'answer') return undefined;
  return { given: { data: true, date: false }, set: answer.value, locations: [location], title: answer.value.title };
}

async function runRestore(app: App, choice: RestoreChoice, params: RestoreParams): Promise<void> {
  const context = { location: params.location, retry: () => runRestore(app, choice, params) };
  try {
    const result = await withRunProgress(l10n.t('Restoring {name}', { name: choice.title }), (run) =>
      app.engine.request(protocol.startRestore, params, run),
    );
    if (result.outcome === 'success' || result.outcome === 'success-with-exceptions') {
      await app.context.globalState.update('cadangan.done.restore', true);
      await setContextKey('hasRestored', true);
    }
    await showResult(app, result, choice.title, {
      ...context,
      // What is on another server cannot be opened here.
      ...(choice.target?.kind !== 'server' && { button: { label: l10n.t('Open Destination'), press: () => openDestination(choice) } }),
    });
  } catch (error) {
    await showError(error, context);
  }
}

/** In the explorer when the window shows that folder, else in the system's file manager, else in a window of its own. */
async function openDestination({ target, paths, snapshot }: RestoreChoice): Promise<void> {
  const [path = snapshotRoot] = paths ?? [];
  const original = path === snapshotRoot ? snapshot?.paths[0] : machinePathOf(path);
  const destination = target?.kind === 'folder' ? target.folder : original;
  if (destination === undefined) return;
  const uri = vscode.Uri.file(destination);
  const isShown =
    vscode.workspace.workspaceFolders?.some((folder) => folder.uri.scheme === 'file' && isInFolder(destination, folder.uri.fsPath)) ??
    false;
  const isLocal = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  if (isShown) await vscode.commands.executeCommand('revealInExplorer', uri);
  else if (isLocal) await vscode.commands.executeCommand('revealFileInOS', uri);
  else await vscode.commands.executeCommand('vscode.openFolder', await folderOf(uri), { forceNewWindow: true });
}

async function folderOf(uri: vscode.Uri): Promise<vscode.Uri> {
  const { type } = await vscode.workspace.fs.stat(uri);
  return (type & vscode.FileType.Directory) === 0 ? vscode.Uri.joinPath(uri, '..') : uri;
}

function isVersion(value: unknown): value is OpenableEntry {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'version';
}
