import { hostname } from 'node:os';
import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askPaths, askText, pick, stepAnswer } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { copyChoices } from '../presentation/copy-choice.ts';
import { suggestedName } from '../presentation/new-set-input.ts';
import { runSteps, type Step, type StepAnswer, type StepPosition } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { signIn } from './drive.ts';

/** A new off-site copy, as far as it has been put together. */
interface NewCopy {
  readonly repository?: string | undefined;
  readonly folder?: string | undefined;
  readonly records?: 'clear' | 'sealed' | 'off' | undefined;
  readonly account?: string | undefined;
  readonly clientFile?: string | undefined;
}

/**
 * *New Off-site Copy…*: the repository, the folder on Drive, how the records lie there; the first time also the designated account and the
 * company's OAuth client.
 */
export async function newCopy(app: App): Promise<void> {
  await app.sets.load();
  const { state, copies } = await app.drive.load();
  const isFirst = state === 'not-configured';
  const steps: readonly Step<NewCopy>[] = [
    { ask: (copy, position) => askRepository(app, copy, position) },
    { ask: askFolder },
    { ask: askRecords },
    { isNeeded: () => isFirst, ask: askAccount },
    { isNeeded: () => isFirst, ask: askClientFile },
  ];
  const copy = await runSteps<NewCopy>(steps, {});
  const { repository, folder, records, account, clientFile } = copy ?? {};
  if (repository === undefined || folder === undefined) return;
  const name = freeName(
    suggestedName(folder) || 'offsite',
    copies.map((other) => other.name),
  );
  const drive = account === undefined || clientFile === undefined ? {} : { drive: { account, clientFile } };
  await whileBusy(commandTitle('newCopy'), () =>
    app.engine.request(protocol.addCopy, { name, repository, to: `gdrive:${folder}`, ...(records && { records }), ...drive }),
  );
  await app.drive.refresh();
  await vscode.commands.executeCommand('cadangan.drive.focus');
  if (app.drive.state === 'signed-out') await signIn(app, false);
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

async function askFolder(copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  const value = copy.folder ?? `Cadangan/${suggestedName(copy.repository ?? '') || hostname()}`;
  const problem = (text: string) =>
    /^[^/\s][^/]*(?:\/[^/\s][^/]*)*$/.test(text.trim()) ? undefined : l10n.t('Write it as Folder/Subfolder.');
  const answer = await askText({
    title: commandTitle('newCopy'),
    position,
    placeholder: 'Cadangan/server-1',
    prompt: l10n.t('The folder on Google Drive. It belongs to this copy alone.'),
    value,
    problem,
  });
  return stepAnswer(answer, (folder) => ({ ...copy, folder: folder.trim() }));
}

/** The repository is sealed, the records need not be: that is said before anything of them leaves the server. */
async function askRecords(copy: NewCopy, position: StepPosition): Promise<StepAnswer<NewCopy>> {
  const answer = await pick({
    title: commandTitle('newCopy'),
    position,
    placeholder: l10n.t('How do the records go along?'),
    items: [
      {
        iconPath: new vscode.ThemeIcon('eye'),
        label: l10n.t('In clear'),
        description: l10n.t('recommended'),
        detail: l10n.t(
          'With the forms of each month, as the log on the page of Google Drive. Whoever may open the folder reads names of files, sets and persons, unlike in the backups.',
        ),
        value: 'clear' as const,
      },
      {
        iconPath: new vscode.ThemeIcon('lock'),
        label: l10n.t('Sealed'),
        detail: l10n.t('With the key of the repository: only who has its password reads them.'),
        value: 'sealed' as const,
      },
      {
        iconPath: new vscode.ThemeIcon('circle-slash'),
        label: l10n.t('Not at all'),
        detail: l10n.t('Only number and hash of the last one. When this server is lost, its records are, too.'),
        value: 'off' as const,
      },
    ],
    isActive: (value) => value === (copy.records ?? 'clear'),
  });
  return stepAnswer(answer, (records) => ({ ...copy, records }));
}

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
