import * as vscode from 'vscode';
import { protocol, type SetInfo } from '../../service/index.ts';
import { formatCount, l10n, machinePathOf, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick, separator, stepAnswer } from '../editor/ask.ts';
import { showError } from '../editor/show-error.ts';
import { showResult } from '../editor/show-result.ts';
import { withRunProgress } from '../editor/with-progress.ts';
import {
  copiesToDrill,
  drilledLocation,
  drilledSet,
  drilledSets,
  drillFilesMax,
  drillFilesOf,
  drillParams,
  isDay,
  isDrillStepNeeded,
  setsFrom,
  snapshotToShow,
  type DrillChoice,
} from '../presentation/drill-choice.ts';
import { iconOfState } from '../presentation/icons.ts';
import { snapshotPlaceOf } from '../presentation/machine-paths.ts';
import { datesOfSnapshots } from '../presentation/restore-choice.ts';
import { setRow } from '../presentation/set-row.ts';
import { runSteps, type Step, type StepAnswer, type StepPosition } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { themeIcon } from '../views/tree-item.ts';
import { browse } from './browse-snapshot.ts';
import { sayNone, snapshotsOfSet } from './restore-steps.ts';
import { isSetNode, offerNewSet } from './targets.ts';

/** *Run a Restore Drill*: from where, which sets, as of which date, how much; then it runs, and its end leads to the record. */
export async function startDrill(app: App, argument: unknown): Promise<void> {
  const sets = await app.sets.load();
  if (sets.length === 0) return offerNewSet(app);
  await app.drive.load();
  const given = isSetNode(argument) ? argument.set : typeof argument === 'string' ? sets.find(({ name }) => name === argument) : undefined;
  const choice = await runSteps(stepsOf(app), { isSetGiven: given !== undefined, sets, copies: app.drive.copies, set: given });
  if (choice !== undefined) await runDrill(app, choice);
}

function stepsOf(app: App): readonly Step<DrillChoice>[] {
  return [
    { isNeeded: isDrillStepNeeded.from, ask: askFrom },
    { isNeeded: isDrillStepNeeded.set, ask: askSet },
    { isNeeded: isDrillStepNeeded.copy, ask: askCopy },
    { ask: askDate },
    { ask: (choice, position) => askSample(app, choice, position) },
  ];
}

async function askFrom(choice: DrillChoice, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const locations = (from: 'backup-server' | 'drive'): string => {
    const originals = new Set(setsFrom(choice, from).map(({ location }) => location));
    return [...originals]
      .map((location) =>
        from === 'drive' ? (choice.copies.find(({ repository }) => repository === location)?.location ?? location) : location,
      )
      .join(', ');
  };
  const items = [
    {
      iconPath: new vscode.ThemeIcon('server'),
      label: l10n.t('From the backup server'),
      description: locations('backup-server'),
      value: 'backup-server' as const,
    },
    {
      iconPath: new vscode.ThemeIcon('cloud-download'),
      label: l10n.t('From the off-site copy'),
      description: locations('drive'),
      value: 'drive' as const,
    },
  ];
  const answer = await pick<'backup-server' | 'drive'>({
    title: commandTitle('runDrill'),
    placeholder: l10n.t('From where?'),
    position,
    items,
    isActive: (value) => value === (choice.from ?? 'backup-server'),
  });
  return stepAnswer(answer, (from) => ({ ...choice, from, set: choice.isSetGiven ? choice.set : undefined, copy: undefined }));
}

async function askSet(choice: DrillChoice, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const nowNs = systemClock.nowNs();
  const items = [
    {
      iconPath: new vscode.ThemeIcon('checklist'),
      label: l10n.t('All backup sets'),
      detail: l10n.t('At least one file of each.'),
      value: 'all',
    },
    separator(l10n.t('Backup sets')),
    ...setsFrom(choice, choice.from ?? 'backup-server').map((set) => ({
      iconPath: themeIcon(iconOfState(set.state)),
      label: set.title,
      description: setRow(set, nowNs).description ?? '',
      value: set.name,
    })),
  ];
  const answer = await pick<string>({
    title: commandTitle('runDrill'),
    placeholder: l10n.t('Which backup set is to be tried?'),
    position,
    items,
    isActive: (value) => value === (choice.set?.name ?? 'all'),
  });
  return stepAnswer(answer, (name) => ({ ...choice, set: choice.sets.find((set) => set.name === name), copy: undefined }));
}

/** Of a set with several. */
async function askCopy(choice: DrillChoice, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const copies = copiesToDrill(choice);
  const first = {
    iconPath: new vscode.ThemeIcon('checklist'),
    label: l10n.t('The first copy of each backup set'),
    description: '',
    value: undefined,
  };
  const answer = await pick<string | undefined>({
    title: commandTitle('runDrill'),
    placeholder: l10n.t('From which copy?'),
    position,
    items: [
      ...(drilledSet(choice) === undefined ? [first] : []),
      ...copies.map(({ name, title, location }) => ({
        iconPath: new vscode.ThemeIcon('cloud-download'),
        label: title,
        description: location,
        value: name,
      })),
    ],
    isActive: (value) => value === choice.copy,
  });
  return stepAnswer(answer, (copy) => ({ ...choice, copy }));
}

async function askDate(choice: DrillChoice, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const title = commandTitle('runDrill');
  const items = [
    {
      iconPath: new vscode.ThemeIcon('question'),
      label: l10n.t('A random date'),
      detail: l10n.t('Nobody knows beforehand what will be tried: the best proof.'),
      value: 'random' as const,
    },
    { iconPath: new vscode.ThemeIcon('history'), label: l10n.t('The newest backup'), value: 'newest' as const },
    { iconPath: new vscode.ThemeIcon('calendar'), label: l10n.t('A certain day…'), value: 'day' as const },
  ];
  const answer = await pick<'random' | 'newest' | 'day'>({
    title,
    placeholder: l10n.t('As of which date?'),
    position,
    items,
    isActive: (value) => value === choice.date,
  });
  if (answer.kind !== 'answer' || answer.value !== 'day') return stepAnswer(answer, (date) => ({ ...choice, date }));
  const typed = await askText({
    title,
    position,
    placeholder: '2026-11-23',
    prompt: l10n.t('The newest backup until the end of this day'),
    problem: (text) => (isDay(text.trim()) ? undefined : l10n.t('Write the day as 2026-11-23.')),
  });
  return typed.kind === 'back' ? askDate(choice, position) : stepAnswer(typed, (text) => ({ ...choice, date: text.trim() }));
}

/** A folder is of one set. */
async function askSample(app: App, choice: DrillChoice, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const title = commandTitle('runDrill');
  const set = drilledSet(choice);
  const items = [
    {
      iconPath: new vscode.ThemeIcon('checklist'),
      label: l10n.t('A sample, as configured'),
      detail: l10n.t('Files at random: the number and size are in the configuration file.'),
      value: 'configured' as const,
    },
    { iconPath: new vscode.ThemeIcon('list-ordered'), label: l10n.t('A number of files…'), value: 'files' as const },
    ...(set === undefined
      ? []
      : [
          {
            iconPath: new vscode.ThemeIcon('folder'),
            label: l10n.t('A whole folder…'),
            detail: l10n.t('Everything in it is restored and verified: for the quarterly or yearly exercise.'),
            value: 'folder' as const,
          },
        ]),
  ];
  const answer = await pick<'configured' | 'files' | 'folder'>({
    title,
    placeholder: l10n.t('How much is to be restored?'),
    position,
    items,
    isActive: (value) => value === (choice.sample?.kind ?? 'configured'),
  });
  if (answer.kind !== 'answer') return answer;
  if (answer.value === 'configured') return { kind: 'done', state: { ...choice, sample: { kind: 'configured' } } };
  const more =
    answer.value === 'folder' && set !== undefined ? await askFolder(app, choice, set, position) : await askFiles(choice, position);
  return more.kind === 'back' ? askSample(app, choice, position) : more;
}

async function askFiles(choice: DrillChoice, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const problem = (text: string) =>
    drillFilesOf(text) === undefined ? l10n.t('Write a whole number from 1 to {0}.', formatCount(drillFilesMax)) : undefined;
  const typed = await askText({
    title: commandTitle('runDrill'),
    position,
    placeholder: '20',
    prompt: l10n.t('So many files at random, over all sets'),
    problem,
  });
  return stepAnswer(typed, (text) => ({ ...choice, sample: { kind: 'files', files: drillFilesOf(text) ?? 1 } }));
}

async function askFolder(app: App, choice: DrillChoice, set: SetInfo, position: StepPosition): Promise<StepAnswer<DrillChoice>> {
  const location = drilledLocation(choice, set);
  const dates = datesOfSnapshots(await snapshotsOfSet(app, set, [location]));
  const snapshot = snapshotToShow(
    dates.map((date) => date.snapshot),
    choice.date,
  );
  if (snapshot === undefined) return sayNone(set.title);
  const start = snapshotPlaceOf(set.sources.length === 1 ? (set.sources[0] ?? '/') : '/');
  const chosen = await browse(app, { location, snapshot, start, title: commandTitle('runDrill'), position, isOfFolders: true });
  return stepAnswer(chosen, ({ path }) => ({ ...choice, sample: { kind: 'folder', folder: machinePathOf(path) } }));
}

async function runDrill(app: App, choice: DrillChoice): Promise<void> {
  const name = drilledSet(choice)?.title ?? l10n.t('all backup sets');
  const [location] = drilledSets(choice).map((set) => set.location);
  const context = { ...(location !== undefined && { location }), retry: () => runDrill(app, choice) };
  try {
    const result = await withRunProgress(l10n.t('Restore drill of {name}', { name }), (run) =>
      app.engine.request(protocol.startDrill, drillParams(choice), run),
    );
    const { record, evidence } = result;
    const button =
      record === undefined
        ? undefined
        : {
            label: commandTitle('showRecord'),
            press: async () => void (await vscode.commands.executeCommand('cadangan.showRecord', { number: record })),
          };
    const proof =
      evidence === undefined
        ? undefined
        : { label: l10n.t('Show Evidence'), press: async () => void (await vscode.window.showTextDocument(vscode.Uri.file(evidence))) };
    const shown = button ?? proof;
    await showResult(app, result, name, { ...context, ...(shown && { button: shown }) });
  } catch (error) {
    await showError(error, context);
  }
}
