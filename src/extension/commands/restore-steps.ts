import * as vscode from 'vscode';
import { HostError } from '../../host/index.ts';
import { protocol, type CopyInfo, type SetInfo, type SnapshotInfo } from '../../service/index.ts';
import { formatDate, isRemote, l10n, snapshotRoot, systemClock, textOf } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askPaths, askText, pick, separator, stepAnswer } from '../editor/ask.ts';
import { copyText } from '../presentation/copy-row.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { iconOfState } from '../presentation/icons.ts';
import { instantOf } from '../presentation/instants.ts';
import { snapshotPlaceOf } from '../presentation/machine-paths.ts';
import {
  datesOfSnapshots,
  isStepNeeded,
  overwriteChoices,
  previewRows,
  restoreParams,
  serverProblem,
  type RestoreChoice,
} from '../presentation/restore-choice.ts';
import { joined, setRow } from '../presentation/set-row.ts';
import { setOfSnapshot } from '../presentation/snapshot-row.ts';
import type { Step, StepAnswer, StepPosition } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { themeIcon } from '../views/tree-item.ts';
import { browse } from './browse-snapshot.ts';
import { dateItems, datesOf, locationOf, versionsOf } from './versions.ts';

/**
 * The steps of the work instruction: the data, the date, the destination, what happens to existing files, on whose request, a preview with
 * *Start*.
 */
export function restoreSteps(app: App): readonly Step<RestoreChoice>[] {
  return [
    { isNeeded: isStepNeeded.data, ask: (choice, position) => askData(app, choice, position) },
    { isNeeded: isStepNeeded.from, ask: askFrom },
    { isNeeded: isStepNeeded.part, ask: (choice, position) => askPart(app, choice, position) },
    { isNeeded: isStepNeeded.date, ask: (choice, position) => askDate(app, choice, position) },
    { ask: (choice, position) => askDestination(app, choice, position) },
    { ask: askExisting },
    { ask: askRequest },
    { ask: (choice, position) => askStart(app, choice, position) },
  ];
}

async function askData(app: App, choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const sets = await app.sets.load();
  const items = sets.map((set) => ({
    iconPath: themeIcon(iconOfState(set.state)),
    label: set.title,
    description: setRow(set, systemClock.nowNs()).description ?? '',
    value: set as SetInfo | 'file',
  }));
  const fileItem = {
    iconPath: new vscode.ThemeIcon('file'),
    label: l10n.t('A file or folder of this server…'),
    detail: l10n.t('Also one that is gone: choose the folder in which it was.'),
    value: 'file' as const,
  };
  const answer = await pick<SetInfo | 'file'>({
    title: commandTitle('restore'),
    placeholder: l10n.t('What is to be restored?'),
    position,
    items: [separator(l10n.t('Backup sets')), ...items, separator(''), fileItem],
    isActive: (value) => value !== 'file' && value.name === choice.set?.name,
  });
  if (answer.kind !== 'answer') return answer;
  const { given } = choice;
  if (answer.value !== 'file')
    return {
      kind: 'done',
      state: withCopies(app, { given, set: answer.value, locations: [answer.value.location], title: answer.value.title }),
    };
  const paths = await askPaths(l10n.t('File or Folder to Restore'), {
    canSelectFiles: true,
    canSelectFolders: true,
    openLabel: l10n.t('Choose'),
  });
  const [machinePath] = paths ?? [];
  if (machinePath === undefined) return { kind: 'cancel' };
  return {
    kind: 'done',
    state: withCopies(app, { given, locations: app.sets.locations, title: machinePath, paths: [snapshotPlaceOf(machinePath)] }),
  };
}

/** From the backup server, or from a copy on Google Drive: of all of them, with what they lack. */
async function askFrom(choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const { copies = [], snapshot } = choice;
  const nowNs = systemClock.nowNs();
  const original = choice.originals ?? choice.locations;
  const items = [
    {
      iconPath: new vscode.ThemeIcon('server'),
      label: l10n.t('From the backup server'),
      description: original.join(', '),
      value: undefined as CopyInfo | undefined,
    },
    ...copies
      .filter(({ snapshots }) => snapshot === undefined || snapshots.includes(snapshot.id))
      .map((copy) => ({
        iconPath: new vscode.ThemeIcon('cloud-download'),
        label: l10n.t('From the off-site copy'),
        description: joined([copy.location, copyText(copy, nowNs)]),
        value: copy,
      })),
  ];
  const answer = await pick<CopyInfo | undefined>({
    title: commandTitle('restore'),
    placeholder: l10n.t('From where?'),
    position,
    items,
    isActive: (value) => (value?.location ?? original[0]) === choice.locations[0],
  });
  return stepAnswer(answer, (copy) => ({ ...choice, originals: original, locations: copy === undefined ? original : [copy.location] }));
}

/** Of a set: everything, or what one goes to in its newest snapshot. */
async function askPart(app: App, choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const { set } = choice;
  if (set === undefined) return { kind: 'cancel' };
  const items = [
    {
      iconPath: new vscode.ThemeIcon('archive'),
      label: l10n.t('Everything in {name}', { name: set.title }),
      description: set.sources.join(', '),
      value: 'all' as const,
    },
    {
      iconPath: new vscode.ThemeIcon('list-tree'),
      label: l10n.t('A file or folder in it…'),
      description: l10n.t('Look into the newest snapshot'),
      value: 'part' as const,
    },
  ];
  const answer = await pick<'all' | 'part'>({
    title: commandTitle('restore'),
    placeholder: l10n.t('All of it, or a part?'),
    position,
    items,
    isActive: (value) => (value === 'part') === (choice.paths !== undefined && choice.paths[0] !== snapshotRoot),
  });
  if (answer.kind !== 'answer') return answer;
  if (answer.value === 'all') return { kind: 'done', state: { ...choice, paths: [snapshotRoot], title: set.title } };
  const [newest] = datesOfSnapshots(await snapshotsOfSet(app, set, choice.locations));
  if (newest === undefined) return sayNone(set.title);
  const start = set.sources.length === 1 ? snapshotPlaceOf(set.sources[0] ?? '/') : snapshotRoot;
  const chosen = await browse(app, {
    location: choice.locations[0] ?? set.location,
    snapshot: newest.snapshot,
    start,
    title: commandTitle('restore'),
    position,
  });
  return stepAnswer(chosen, ({ path, name }) => ({ ...choice, paths: [path], title: name }));
}

async function askDate(app: App, choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const [path = snapshotRoot] = choice.paths ?? [];
  const locationOfDate = new Map<string, string>();
  const list = async () => {
    if (path === snapshotRoot && choice.set !== undefined) return datesOfSnapshots(await snapshotsOfSet(app, choice.set, choice.locations));
    const versions = await versionsOf(app, { locations: choice.locations, path, name: choice.title });
    const dates = await datesOf(app, versions);
    for (const date of dates) locationOfDate.set(date.snapshot.id, locationOf(versions, date) ?? '');
    return dates;
  };
  const dates = await list();
  if (dates.length === 0) return sayNone(choice.title);
  const answer = await pick({
    title: commandTitle('restore'),
    placeholder: l10n.t('{name} as of which date? Only dates at which it existed are shown', { name: choice.title }),
    position,
    items: dateItems(dates),
    isActive: ({ snapshot }) => snapshot.id === choice.snapshot?.id,
  });
  return stepAnswer(answer, ({ snapshot }) => {
    const location = locationOfDate.get(snapshot.id);
    return { ...choice, snapshot, locations: location === undefined ? choice.locations : [location] };
  });
}

async function askDestination(app: App, choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const items = [
    {
      iconPath: new vscode.ThemeIcon('reply'),
      label: l10n.t('The original place'),
      description: originalPlace(choice),
      value: 'original' as const,
    },
    {
      iconPath: new vscode.ThemeIcon('folder-opened'),
      label: l10n.t('Another folder…'),
      detail: l10n.t('What is in use stays untouched.'),
      value: 'folder' as const,
    },
    {
      iconPath: new vscode.ThemeIcon('remote'),
      label: l10n.t('Another server…'),
      detail: l10n.t('Over SSH: sftp:user@host:/path'),
      value: 'server' as const,
    },
  ];
  const answer = await pick<'original' | 'folder' | 'server'>({
    title: commandTitle('restore'),
    placeholder: l10n.t('Where to?'),
    position,
    items,
    isActive: (value) => value === choice.target?.kind,
  });
  if (answer.kind !== 'answer') return answer;
  if (answer.value === 'original') return { kind: 'done', state: { ...choice, target: { kind: 'original' } } };
  if (answer.value === 'server') return askServer(app, choice, position);
  const before = choice.target?.kind === 'folder' ? { defaultUri: vscode.Uri.file(choice.target.folder) } : {};
  const folders = await askPaths(l10n.t('Destination Folder'), {
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: l10n.t('Restore into This Folder'),
    ...before,
  });
  const [folder] = folders ?? [];
  // Cancelling the dialog goes back to the question before it.
  return folder === undefined
    ? askDestination(app, choice, position)
    : { kind: 'done', state: { ...choice, target: { kind: 'folder', folder } } };
}

/** The server is asked before it goes on; what was typed stays, with what is wrong with it. Back goes to the question before it. */
async function askServer(app: App, choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const answer = await askText({
    title: commandTitle('restore'),
    position,
    placeholder: 'sftp:user@host:/path',
    prompt: l10n.t('A folder of a server that is reached by SSH. It is made if it is missing'),
    value: choice.target?.kind === 'server' ? choice.target.location : undefined,
    problem: serverProblem,
    lookInto: (text, signal) => troubleOfServer(app, { location: choice.locations[0] ?? '', target: text.trim() }, signal),
  });
  if (answer.kind === 'back') return askDestination(app, choice, position);
  return stepAnswer(answer, (text) => ({ ...choice, target: { kind: 'server', location: text.trim() } }));
}

/** One that nobody knows is confirmed by its fingerprint meanwhile. */
async function troubleOfServer(
  app: App,
  params: { readonly location: string; readonly target: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await app.engine.request(protocol.checkTarget, params, { signal });
    return undefined;
  } catch (error) {
    if (error instanceof HostError) return errorMessage(error.data);
    throw error;
  }
}

async function askExisting(choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const answer = await pick({
    title: commandTitle('restore'),
    placeholder: l10n.t('What happens to files that are there already?'),
    position,
    items: overwriteChoices(),
    isActive: (value) => value === choice.overwrite,
  });
  return stepAnswer(answer, (overwrite) => ({ ...choice, overwrite }));
}

const requestCharsMax = 1000;

/** Stands in the record; Enter alone goes on without. */
async function askRequest(choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const answer = await askText({
    title: commandTitle('restore'),
    placeholder: l10n.t('For example: Budi, Finance: the ledger of October was overwritten'),
    prompt: l10n.t('On whose request, and why? It stands in the record. Enter alone skips this'),
    position,
    value: choice.request,
    problem: (text) => (text.length > requestCharsMax ? l10n.t('At most {0} characters.', requestCharsMax) : undefined),
  });
  return stepAnswer(answer, (request) => ({ ...choice, request }));
}

/** The preview: what would happen, and *Start* as the first thing to choose. */
async function askStart(app: App, choice: RestoreChoice, position: StepPosition): Promise<StepAnswer<RestoreChoice>> {
  const params = restoreParams(choice);
  if (params === undefined) return { kind: 'cancel' };
  const controller = new AbortController();
  const items = app.engine
    .request(protocol.previewRestore, params, { signal: controller.signal })
    .then((preview) => [
      { iconPath: new vscode.ThemeIcon('play'), label: l10n.t('Start'), description: summary(choice), value: true },
      ...previewRows(preview, isRemote(params.location)).flatMap(({ heading, rows }) => [
        separator(heading),
        ...rows.map(({ icon, label, description }) => ({ iconPath: new vscode.ThemeIcon(icon), label, description })),
      ]),
    ]);
  try {
    const answer = await pick<boolean>({
      title: commandTitle('restore'),
      placeholder: l10n.t('Look at the preview; Start begins'),
      position,
      items,
      isActive: () => true,
    });
    return stepAnswer(answer, () => choice);
  } finally {
    controller.abort();
  }
}

function summary({ title, snapshot, target }: RestoreChoice): string {
  const date = snapshot === undefined ? '' : formatDate(instantOf(snapshot.time));
  return l10n.t('{name} of {date} to {target}', {
    name: title,
    date,
    target: targetText(target),
  });
}

function targetText(target: RestoreChoice['target']): string {
  if (target?.kind === 'folder') return target.folder;
  return target?.kind === 'server' ? target.location : l10n.t('the original place');
}

function originalPlace({ snapshot, set, paths }: RestoreChoice): string {
  const [path] = paths ?? [];
  return path === undefined || path === snapshotRoot ? (snapshot?.paths ?? set?.sources ?? []).join(', ') : textOf(path);
}

/** Where they lie: `place`, or the set's own repository. @throws HostError */
export async function snapshotsOfSet(app: App, set: SetInfo, [place = set.location]: readonly string[]): Promise<readonly SnapshotInfo[]> {
  const sets = (await app.sets.load()).filter(({ location }) => location === set.location);
  const snapshots = await app.repositories.snapshots(place);
  return snapshots.filter((snapshot) => setOfSnapshot(snapshot, sets)?.name === set.name);
}

export function sayNone(name: string): { readonly kind: 'cancel' } {
  void vscode.window.showInformationMessage(l10n.t('"{name}" is in no backup.', { name }));
  return { kind: 'cancel' };
}

/** With the copies that there are of where it lies. */
export function withCopies(app: App, choice: RestoreChoice): RestoreChoice {
  return {
    ...choice,
    copies: app.drive.copies.filter(({ repository, snapshots }) => choice.locations.includes(repository) && snapshots.length > 0),
  };
}
