import * as vscode from 'vscode';
import { protocol, type SetInfo } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askPaths, askText, pick, separator, stepAnswer } from '../editor/ask.ts';
import { showError } from '../editor/show-error.ts';
import { nameProblem, parseWindow, suggestedName, type NewSet } from '../presentation/new-set-input.ts';
import { strengthText } from '../presentation/password-strength.ts';
import type { Step, StepAnswer, StepPosition } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { askLocation, type Place } from './location-step.ts';

export function newSetSteps(app: App): readonly Step<NewSet>[] {
  const needsPassword = ({ location, hasRepository }: NewSet) => location === undefined || hasRepository !== true;
  return [
    { ask: (set, position) => askName(app.sets.sets, set, position) },
    { ask: askSources },
    { ask: (set, position) => askRepository(app, set, position) },
    { isNeeded: needsPassword, ask: askPassword },
    { isNeeded: needsPassword, ask: askPasswordAgain },
    { ask: askWhen },
  ];
}

async function askName(sets: readonly SetInfo[], set: NewSet, position: StepPosition): Promise<StepAnswer<NewSet>> {
  const taken = sets.map(({ name }) => name);
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
  const suggestion = folder === undefined ? '' : suggestedName(folder);
  const value = set.name ?? (nameProblem(suggestion, taken) === undefined ? suggestion : '');
  const answer = await askText({
    title: commandTitle('newSet'),
    position,
    placeholder: l10n.t('Name, such as accounting'),
    prompt: l10n.t('The name of the backup set'),
    value,
    problem: (text) => nameProblem(text.trim(), taken),
  });
  return stepAnswer(answer, (name) => ({ ...set, name: name.trim() }));
}

type SourceAction = { readonly kind: 'folder' | 'file' | 'done' } | { readonly kind: 'remove'; readonly path: string };

/** Folders and files by dialog, as many as wanted; each can be taken out again. */
async function askSources(set: NewSet, position: StepPosition): Promise<StepAnswer<NewSet>> {
  let sources = set.sources ?? [];
  for (;;) {
    const answer = await pick<SourceAction>({
      title: commandTitle('newSet'),
      position,
      placeholder: sources.length === 0 ? l10n.t('What is to be backed up?') : l10n.t('More, or go on?'),
      items: sourceItems(sources),
      isActive: ({ kind }) => kind === (sources.length === 0 ? 'folder' : 'done'),
    });
    if (answer.kind !== 'answer') return answer;
    const action = answer.value;
    if (action.kind === 'done') return { kind: 'done', state: { ...set, sources } };
    if (action.kind === 'remove') {
      sources = sources.filter((source) => source !== action.path);
      continue;
    }
    const isFolder = action.kind === 'folder';
    const chosen = await askPaths(isFolder ? l10n.t('Folder to Back Up') : l10n.t('File to Back Up'), {
      canSelectFolders: isFolder,
      canSelectFiles: !isFolder,
      canSelectMany: true,
      openLabel: l10n.t('Back Up'),
    });
    sources = [...new Set([...sources, ...(chosen ?? [])])];
  }
}

function sourceItems(sources: readonly string[]) {
  const add = [
    { iconPath: new vscode.ThemeIcon('new-folder'), label: l10n.t('Add folder…'), value: { kind: 'folder' } as SourceAction },
    { iconPath: new vscode.ThemeIcon('new-file'), label: l10n.t('Add file…'), value: { kind: 'file' } as SourceAction },
  ];
  if (sources.length === 0) return add;
  const chosen = sources.map((path) => ({
    iconPath: new vscode.ThemeIcon('folder'),
    label: path,
    description: l10n.t('Enter takes it out'),
    value: { kind: 'remove', path } as SourceAction,
  }));
  return [
    { iconPath: new vscode.ThemeIcon('arrow-right'), label: l10n.t('Continue'), value: { kind: 'done' } as SourceAction },
    ...add,
    separator(l10n.t('Chosen')),
    ...chosen,
  ];
}

type RepositoryChoice =
  | { readonly kind: 'known'; readonly location: string }
  | { readonly kind: 'folder' }
  | { readonly kind: 'typed'; readonly location?: string };

async function askRepository(app: App, set: NewSet, position: StepPosition): Promise<StepAnswer<NewSet>> {
  const { locations } = app.sets;
  const items = [
    {
      iconPath: new vscode.ThemeIcon('folder-opened'),
      label: l10n.t('Choose a folder…'),
      detail: l10n.t('A disk, a mounted share, or a folder of the backup server.'),
      value: { kind: 'folder' } as RepositoryChoice,
    },
    {
      iconPath: new vscode.ThemeIcon('edit'),
      label: l10n.t('Type a location…'),
      detail: '/mnt/backup/repository, \\\\server\\share, gdrive:Backup/server, sftp:backup@nas:/srv/cadangan, s3:https://host/bucket',
      value: { kind: 'typed' } as RepositoryChoice,
    },
    ...(locations.length === 0 ? [] : [separator(l10n.t('Repositories of other sets'))]),
    ...locations.map((location) => ({
      iconPath: new vscode.ThemeIcon('database'),
      label: location,
      value: { kind: 'known', location } as RepositoryChoice,
    })),
  ];
  const answer = await pick<RepositoryChoice>({
    title: commandTitle('newSet'),
    position,
    placeholder: l10n.t('Where are the backups kept?'),
    items,
  });
  if (answer.kind !== 'answer') return answer;
  const found = await placeOf(app, answer.value, set, position);
  // Cancelling the dialog goes back to the question before it.
  return found === undefined ? askRepository(app, set, position) : { kind: 'done', state: { ...set, ...found } };
}

/**
 * Where it is, and whether there is a repository; the password of one that is there is asked for, since the set cannot run without.
 * Undefined when nothing was chosen, or what was chosen cannot be opened, which is said.
 */
async function placeOf(app: App, choice: RepositoryChoice, set: NewSet, position: StepPosition): Promise<Place | undefined> {
  let location: string | undefined;
  try {
    if (choice.kind === 'typed') {
      const typed = await askLocation(app, { title: commandTitle('newSet'), position, value: set.location });
      return typed && (await opened(app, typed));
    }
    const chosen = choice.kind === 'known' ? choice.location : await askRepositoryFolder();
    location = chosen;
    return chosen === undefined ? undefined : await opened(app, await app.engine.request(protocol.placeInfo, { location: chosen }));
  } catch (error) {
    void showError(error, { location });
    return undefined;
  }
}

async function opened(app: App, place: Place): Promise<Place> {
  if (place.hasRepository) await app.engine.request(protocol.repositoryInfo, { location: place.location });
  return place;
}

async function askRepositoryFolder(): Promise<string | undefined> {
  const folders = await askPaths(l10n.t('Folder for the Repository'), {
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: l10n.t('Keep Backups Here'),
  });
  return folders?.[0];
}

async function askPassword(set: NewSet, position: StepPosition): Promise<StepAnswer<NewSet>> {
  const answer = await askText({
    title: commandTitle('newSet'),
    position,
    placeholder: l10n.t('Password'),
    prompt: l10n.t('The password of the new repository. Without it nobody can restore; the recovery kit has a place for it.'),
    isSecret: true,
    value: set.password,
    hint: strengthText,
    problem: (text) => (text === '' ? l10n.t('Enter a password.') : undefined),
  });
  return stepAnswer(answer, (password) => ({ ...set, password }));
}

async function askPasswordAgain(set: NewSet, position: StepPosition): Promise<StepAnswer<NewSet>> {
  const answer = await askText({
    title: commandTitle('newSet'),
    position,
    placeholder: l10n.t('Password'),
    prompt: l10n.t('The same password once more'),
    isSecret: true,
    problem: (text) => (text === set.password ? undefined : l10n.t('It differs from the first one.')),
  });
  return stepAnswer(answer, () => set);
}

async function askWhen(set: NewSet, position: StepPosition): Promise<StepAnswer<NewSet>> {
  type When = NonNullable<NewSet['when']> | { readonly kind: 'other-window' };
  const whileOpen = l10n.t('As long as VS Code is open; a missed run is offered again.');
  const items = [
    {
      iconPath: new vscode.ThemeIcon('calendar'),
      label: l10n.t('Every day, 21:00 to 23:00'),
      detail: whileOpen,
      value: { kind: 'window', window: '21:00-23:00' } as When,
    },
    {
      iconPath: new vscode.ThemeIcon('clock'),
      label: l10n.t('Every day in another window…'),
      detail: whileOpen,
      value: { kind: 'other-window' } as When,
    },
    {
      iconPath: new vscode.ThemeIcon('eye'),
      label: l10n.t('On every change'),
      detail: l10n.t('A minute after files have changed, as long as VS Code is open.'),
      value: { kind: 'on-change' } as When,
    },
    { iconPath: new vscode.ThemeIcon('person'), label: l10n.t('Only when it is started'), value: { kind: 'by-hand' } as When },
  ];
  const answer = await pick<When>({
    title: commandTitle('newSet'),
    position,
    placeholder: l10n.t('When does it run?'),
    items,
    isActive: ({ kind }) => kind === set.when?.kind,
  });
  if (answer.kind !== 'answer') return answer;
  const when = answer.value;
  if (when.kind !== 'other-window') return { kind: 'done', state: { ...set, when } };
  const typed = await askText({
    title: commandTitle('newSet'),
    position,
    placeholder: '21:00-23:00',
    prompt: l10n.t('From when until when, every day; also over midnight'),
    value: '21:00-23:00',
    problem: (text) => (parseWindow(text) === undefined ? l10n.t('Write it as 21:00-23:00.') : undefined),
  });
  return stepAnswer(typed, (text) => ({ ...set, when: { kind: 'window', window: parseWindow(text) ?? text } }));
}
