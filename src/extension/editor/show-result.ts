import * as vscode from 'vscode';
import type { RunResult } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { jobText } from '../presentation/run-text.ts';
import { resultMessage, resultPage } from '../presentation/result-text.ts';
import { showErrorData, type ErrorContext } from './show-error.ts';

/** A button beside *Details*, and what it does. */
export interface ResultButton {
  readonly label: string;
  readonly press: () => Promise<void>;
}

/** Tells how a run ended that the user had started: with what it did, and what can be done next. */
export async function showResult(
  app: App,
  result: RunResult,
  name: string,
  { button, ...context }: ErrorContext & { readonly button?: ResultButton } = {},
): Promise<void> {
  const message = resultMessage(result, name);
  app.log.info(`${jobText(result.job)}: ${message}`);
  if (result.outcome === 'failed' && result.error !== undefined) return showErrorData(result.error, context);
  const details = l10n.t('Details');
  const buttons = [...(button === undefined || result.outcome === 'failed' || result.outcome === 'stopped' ? [] : [button.label]), details];
  const isGood = result.outcome === 'success' || (result.outcome === 'stopped' && result.exceptionCount === 0);
  const chosen = isGood
    ? await vscode.window.showInformationMessage(message, ...buttons)
    : await vscode.window.showWarningMessage(message, ...buttons);
  if (chosen === details) await showResultPage(app, result, name);
  else if (chosen !== undefined && chosen === button?.label) await button.press();
}

export async function showResultPage(app: App, result: RunResult, name: string): Promise<void> {
  await app.results.show(`${jobText(result.job)} ${name}`, resultPage(result, name));
}
