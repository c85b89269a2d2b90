import { hostname } from 'node:os';
import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { drivePathOf, isOnDrive, isRemote, l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askPaths, askText, pick, stepAnswer } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { copyChoices, noRecordsText } from '../presentation/copy-choice.ts';
import { suggestedName } from '../presentation/new-set-input.ts';
import { runSteps, type Step, type StepAnswer, type StepPosition } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { signIn } from './drive.ts';
import { askLocation } from './location-step.ts';

/** A new off-site copy, as far as it has been put together. */
interface NewCopy {
  readonly repository?: string | undefined;
  /** `gdrive:Folder/Sub`, `s3:...`, a folder ... */
  readonly to?: string | undefined;
  readonly records?: 'clear' | 'sealed' | 'off' | undefined;
  readonly account?: string | undefined;
  readonly clientFile?: string | undefined;
}

/**
 * *New Off-site Copy…*: the repository, where the copy goes, how the records go along; the first time on Google Drive also the designated
 * account and the company's OAuth client.
 */
export async function newCopy(app: App): Promise<void> {
  await app.sets.load();
  const { state, copies } = await app.drive.load();
  const isFirstOnDrive = ({ to }: NewCopy) => state === 'not-configured' && (to === undefined || isOnDrive(to));
  const steps: readonly Step<NewCopy>[] = [
    { ask: (copy, position) => askRepository(app, copy, position) },
    { ask: (copy, position) => askPlace(app, copy, position) },
    { ask: askRecords },
    { isNeeded: isFirstOnDrive, ask: askAccount },
    { isNeeded: isFirstOnDrive, ask: askClientFile },
  ];
  const copy = await runSteps<NewCopy>(steps, {});
  const { repository, to, records, account, clientFile } = copy ?? {};
  if (repository === undefined || to === undefined) return;
  const name = freeName(
    suggestedName(to) || 'offsite',
    copies.map((other) => other.name),
  );
  const drive = account === undefined || clientFile === undefined || !isOnDrive(to) ? {} : { drive: { account, clientFile } };
  await whileBusy(commandTitle('newCopy'), () =>
    app.engine.request(protocol.addCopy, { name, repository, to, ...(records && { records }), ...drive }),
  );
  await app.drive.refresh();
  await vscode.commands.executeCommand('cadangan.drive.focus');
  if (isOnDrive(to) && app.drive.state === 'signed-out') await signIn(app, false);
}

async function askRepository(app: App, copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  const items = [
    ...copyChoices(app.sets.sets, app.drive.copies).map(({ location, icon, sets }) => ({
      iconPath: new vscode.ThemeIcon(icon),
      label: location,
      description: sets,
      value: location,
    })),
    {
      iconPath: new vscode.ThemeIcon('folder-opened'),
      label: l10n.t('Choose a folder…'),
      detail: l10n.t('Of a repository that this server can reach.'),
      value: '',
    },
  ];
  const answer = await pick({
    title: commandTitle('newCopy'),
    position,
    placeholder: l10n.t('Which repository is copied?'),
    items,
    isActive: (value) => value === copy.repository,
  });
  if (answer.kind !== 'answer') return answer;
  if (answer.value !== '') return { kind: 'done', state: { ...copy, repository: answer.value } };
  const [folder] =
    (await askPaths(l10n.t('Folder of the Repository'), {
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: l10n.t('Copy This One'),
    })) ?? [];
  return folder === undefined ? askRepository(app, copy, position) : { kind: 'done', state: { ...copy, repository: folder } };
}

async function askPlace(app: App, copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  const answer = await pick<'drive' | 'folder' | 'typed'>({
    title: commandTitle('newCopy'),
    position,
    placeholder: l10n.t('Where does the copy go?'),
    items: [
      {
        iconPath: new vscode.ThemeIcon('cloud'),
        label: l10n.t('Google Drive'),
        detail: l10n.t('Under one designated account of the company.'),
        value: 'drive',
      },
      {
        iconPath: new vscode.ThemeIcon('server'),
        label: l10n.t('A server or an object store…'),
        detail: 's3:https://host/bucket, sftp:backup@nas:/srv/copy, rest:https://host:8000/copy, rclone:remote:copy',
        value: 'typed',
      },
      {
        iconPath: new vscode.ThemeIcon('folder-opened'),
        label: l10n.t('Choose a folder…'),
        detail: l10n.t('On another disk, or on a share of another machine.'),
        value: 'folder',
      },
    ],
    isActive: (value) => value === placeKindOf(copy.to),
  });
  if (answer.kind !== 'answer') return answer;
  const to = await askTarget(app, answer.value, copy, position);
  // Leaving it goes back to the question before it.
  return to === undefined ? askPlace(app, copy, position) : { kind: 'done', state: { ...copy, to } };
}

function placeKindOf(to: string | undefined): 'drive' | 'folder' | 'typed' {
  if (to === undefined || isOnDrive(to)) return 'drive';
  return isRemote(to) ? 'typed' : 'folder';
}

async function askTarget(app: App, kind: 'drive' | 'folder' | 'typed', copy: NewCopy, position: StepPosition): Promise<string | undefined> {
  if (kind === 'drive') return askDriveFolder(copy, position);
  if (kind === 'typed') return (await askLocation(app, { title: commandTitle('newCopy'), position, value: copy.to }))?.location;
  const [folder] =
    (await askPaths(l10n.t('Folder for the Copy'), {
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: l10n.t('Keep the Copy Here'),
    })) ?? [];
  return folder;
}

async function askDriveFolder({ to, repository }: NewCopy, position: StepPosition): Promise<string | undefined> {
  const problem = (text: string) =>
    /^[^/\s][^/]*(?:\/[^/\s][^/]*)*$/.test(text.trim()) ? undefined : l10n.t('Write it as Folder/Subfolder.');
  const answer = await askText({
    title: commandTitle('newCopy'),
    position,
    placeholder: 'Cadangan/server-1',
    prompt: l10n.t('The folder on Google Drive. It belongs to this copy alone.'),
    value: to !== undefined && isOnDrive(to) ? drivePathOf(to) : `Cadangan/${suggestedName(repository ?? '') || hostname()}`,
    problem,
  });
  return answer.kind === 'answer' ? `gdrive:${answer.value.trim()}` : undefined;
}

/** The repository is sealed, the records need not be: that is said before anything of them leaves the server. */
async function askRecords(copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  // Elsewhere they lie in the repository itself, which is sealed.
  const mayBeClear = copy.to !== undefined && isOnDrive(copy.to);
  const [usual, ...others] = [...(mayBeClear ? [recordsInClear()] : []), recordsSealed(), noRecords(copy.to)];
  const answer = await pick<NonNullable<NewCopy['records']>>({
    title: commandTitle('newCopy'),
    position,
    placeholder: l10n.t('How do the records go along?'),
    items: [{ ...usual, description: l10n.t('recommended') }, ...others],
    isActive: (value) => value === (copy.records ?? usual.value),
  });
  return stepAnswer(answer, (records) => ({ ...copy, records }));
}

const recordsInClear = () => ({
  iconPath: new vscode.ThemeIcon('eye'),
  label: l10n.t('In clear'),
  detail: l10n.t(
    'With the forms of each month, as the log on the page of Google Drive. Whoever may open the folder reads names of files, sets and persons, unlike in the backups.',
  ),
  value: 'clear' as const,
});

const recordsSealed = () => ({
  iconPath: new vscode.ThemeIcon('lock'),
  label: l10n.t('Sealed'),
  detail: l10n.t('With the key of the repository: only who has its password reads them.'),
  value: 'sealed' as const,
});

const noRecords = (to = '') => ({
  iconPath: new vscode.ThemeIcon('circle-slash'),
  label: l10n.t('Not at all'),
  detail: noRecordsText(to),
  value: 'off' as const,
});

async function askAccount(copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  const problem = (text: string) =>
    /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text.trim()) ? undefined : l10n.t('Write it as name@company.co.id.');
  const answer = await askText({
    title: commandTitle('newCopy'),
    position,
    placeholder: 'backup@company.co.id',
    prompt: l10n.t('The designated Google account. No other one is accepted.'),
    value: copy.account,
    problem,
  });
  return stepAnswer(answer, (account) => ({ ...copy, account: account.trim() }));
}

async function askClientFile(copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  const items = [
    {
      iconPath: new vscode.ThemeIcon('json'),
      label: l10n.t('Choose the file…'),
      description: copy.clientFile ?? '',
      detail: l10n.t("The company's OAuth client, from Google's console (docs/google-drive.md)."),
      value: true,
    },
  ];
  const answer = await pick({ title: commandTitle('newCopy'), position, placeholder: l10n.t('Which program may use the account?'), items });
  if (answer.kind !== 'answer') return answer;
  const [clientFile] =
    (await askPaths(l10n.t('File of the OAuth Client'), {
      canSelectFiles: true,
      canSelectFolders: false,
      openLabel: l10n.t('Choose'),
      filters: { JSON: ['json'] },
    })) ?? [];
  return clientFile === undefined ? askClientFile(copy, position) : { kind: 'done', state: { ...copy, clientFile } };
}

function freeName(wanted: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!taken.includes(name)) return name;
  }
}
