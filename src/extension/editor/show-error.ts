import * as vscode from 'vscode';
import { HostError } from '../../host/index.ts';
import { type ErrorData } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import { commandId } from '../manifest/contributions.ts';
import { describeError, errorMessage, type Remedy } from '../presentation/error-text.ts';
import { commandTitle } from '../presentation/words.ts';

export interface ErrorContext {
  /** The same thing once more, for the button that offers it. */
  readonly retry?: (() => Promise<void>) | undefined;
  /** What commands of buttons work on: the location of a repository, the name of a set. */
  readonly location?: string | undefined;
}

export function errorDataOf(error: unknown): ErrorData {
  if (error instanceof HostError) return error.data;
  return { code: 'internal', facts: {}, message: error instanceof Error ? error.message : String(error) };
}

export function isCancelled(error: unknown): boolean {
  return error instanceof vscode.CancellationError || (error instanceof HostError && error.code === 'aborted');
}

/** Says what happened, what to do, and has a button that does it. Once shown nothing is thrown any more. */
export async function showError(error: unknown, context: ErrorContext = {}): Promise<void> {
  if (isCancelled(error)) return;
  await showErrorData(errorDataOf(error), context);
}

export async function showErrorData(data: ErrorData, context: ErrorContext = {}): Promise<void> {
  const remedies = describeError(data).remedies.filter((remedy) => remedy !== 'retry' || context.retry !== undefined);
  const buttons = new Map<string, Remedy>(remedies.slice(0, 2).map((remedy) => [labelOf(remedy), remedy]));
  buttons.set(labelOf('showLog'), 'showLog');
  const chosen = await vscode.window.showErrorMessage(errorMessage(data), ...buttons.keys());
  const remedy = chosen === undefined ? undefined : buttons.get(chosen);
  if (remedy === undefined) return;
  if (remedy === 'retry') return context.retry?.();
  const location = context.location ?? (typeof data.facts['location'] === 'string' ? data.facts['location'] : undefined);
  await vscode.commands.executeCommand(commandId(remedy), location);
}

function labelOf(remedy: Remedy): string {
  return remedy === 'retry' ? l10n.t('Try Again') : commandTitle(remedy);
}
