import * as vscode from 'vscode';
import { packFileName, protocol, reportFileName, type PeriodDocument, type ReportParams } from '../../service/index.ts';
import { currentLanguage, formatBytes, l10n, systemRandom, writeDocument } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick, stepAnswer } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import type { Period } from '../presentation/periods.ts';
import { runSteps, type Step } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { periodStep } from './record-questions.ts';

interface ReportChoice {
  readonly period?: Period | undefined;
  readonly format?: ReportParams['format'] | undefined;
  readonly language?: ReportParams['language'] | undefined;
}

/** *Make a Report…*: the form of a period as a file. */
export async function makeReport(app: App): Promise<void> {
  const title = commandTitle('makeReport');
  const { period, format, language } =
    (await runSteps<ReportChoice>([periodStep(app, title), formatStep(title), languageStep(title)], {})) ?? {};
  if (period === undefined || format === undefined || language === undefined) return;
  const file = await askFile(title, reportFileName(period, format, language), format === 'exceptions' ? 'csv' : format);
  if (file === undefined) return;
  const made = await whileBusy(l10n.t('Making the report'), (signal) =>
    app.engine.request(protocol.makeReport, { ...period, format, language }, { signal }),
  );
  await keep(made, file, 'report');
}

/** *Make an Audit Pack…*: everything that an auditor asks for of a period, in one signed file. */
export async function makeAuditPack(app: App): Promise<void> {
  const title = commandTitle('makeAuditPack');
  const { period } = (await runSteps<Pick<ReportChoice, 'period'>>([periodStep(app, title)], {})) ?? {};
  if (period === undefined) return;
  const file = await askFile(title, packFileName(period), 'zip');
  if (file === undefined) return;
  const made = await whileBusy(l10n.t('Making the audit pack'), (signal) => app.engine.request(protocol.makeAuditPack, period, { signal }));
  await keep(made, file, 'pack');
}

function formatStep(title: string): Step<ReportChoice> {
  const items = [
    { iconPath: new vscode.ThemeIcon('file-pdf'), label: 'PDF', description: l10n.t('to print and to file'), value: 'pdf' as const },
    { iconPath: new vscode.ThemeIcon('globe'), label: 'HTML', description: l10n.t('for a browser'), value: 'html' as const },
    { iconPath: new vscode.ThemeIcon('table'), label: 'CSV', description: l10n.t('for a spreadsheet'), value: 'csv' as const },
    {
      iconPath: new vscode.ThemeIcon('warning'),
      label: l10n.t('Exceptions (CSV)'),
      description: l10n.t('every one of them'),
      value: 'exceptions' as const,
    },
  ];
  return {
    ask: async (state, position) =>
      stepAnswer(
        await pick<ReportParams['format']>({
          title,
          position,
          placeholder: l10n.t('In which format?'),
          items,
          isActive: (value) => value === state.format,
        }),
        (format) => ({ ...state, format }),
      ),
  };
}

function languageStep(title: string): Step<ReportChoice> {
  const items = [
    { label: 'English', value: 'en' as const },
    { label: 'Bahasa Indonesia', value: 'id' as const },
  ];
  return {
    ask: async (state, position) =>
      stepAnswer(
        await pick<ReportParams['language']>({
          title,
          position,
          placeholder: l10n.t('In which language?'),
          items,
          isActive: (value) => value === (state.language ?? currentLanguage()),
        }),
        (language) => ({ ...state, language }),
      ),
  };
}

async function askFile(title: string, name: string, extension: string): Promise<vscode.Uri | undefined> {
  const folder =
    vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri ??
    vscode.Uri.file(process.env['HOME'] ?? process.env['USERPROFILE'] ?? '/');
  return vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.joinPath(folder, name),
    filters: { [extension.toUpperCase()]: [extension] },
  });
}

async function keep({ bytes, hints }: PeriodDocument, uri: vscode.Uri, kind: 'report' | 'pack'): Promise<void> {
  await writeDocument(uri.fsPath, bytes, { random: systemRandom, readers: kind === 'pack' ? 'owner' : 'others' });
  const open = l10n.t('Open');
  const text = [l10n.t('"{file}" is written, {size}.', { file: uri.fsPath, size: formatBytes(bytes.length) }), ...hints].join(' ');
  const chosen = await vscode.window.showInformationMessage(text, ...(kind === 'report' ? [open] : []));
  if (chosen !== open) return;
  // The system's program shows it. On another machine than the user's there is none; the explorer can download it from there.
  const isLocal = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  if (isLocal) await vscode.env.openExternal(uri);
  else
    await vscode.commands.executeCommand(vscode.workspace.getWorkspaceFolder(uri) === undefined ? 'vscode.open' : 'revealInExplorer', uri);
}
