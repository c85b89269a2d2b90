import * as vscode from 'vscode';
import { HostError } from '../../host/index.ts';
import { currentLanguage, l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setting } from '../editor/settings.ts';
import { toolNames, toolOf, type ToolName } from '../manifest/tools.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { ToolInput } from '../presentation/tool-input.ts';
import { answers } from './answers.ts';

/** Registers what agents in the editor may ask. None of it writes, starts or restores anything. */
export function registerLanguageTools(app: App): vscode.Disposable {
  return vscode.Disposable.from(...toolNames().map((name) => vscode.lm.registerTool(name, new LanguageTool(app, name))));
}

class LanguageTool implements vscode.LanguageModelTool<unknown> {
  readonly #app: App;
  readonly #name: ToolName;

  constructor(app: App, name: ToolName) {
    this.#app = app;
    this.#name = name;
  }

  prepareInvocation(): vscode.PreparedToolInvocation {
    const { title, about } = toolOf(this.#name);
    const language = currentLanguage();
    return {
      invocationMessage: l10n.t('Asking Cadangan: {title}', { title: title[language] }),
      confirmationMessages: {
        title: `Cadangan: ${title[language]}`,
        message: `${about[language]} ${l10n.t('Names of files and servers go to the language model; nothing is changed.')}`,
      },
    };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<unknown>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    if (setting('agentTools') === 'off') throw new Error(l10n.t('Cadangan answers no agents: its setting "agentTools" is off.'));
    const controller = new AbortController();
    const registration = token.onCancellationRequested(() => controller.abort());
    try {
      const answer = await answers[this.#name](this.#app, new ToolInput(input), controller.signal);
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(JSON.stringify(answer))]);
    } catch (error) {
      // The model gets the sentence that people would get.
      throw error instanceof HostError ? new Error(errorMessage(error.data), { cause: error }) : error;
    } finally {
      registration.dispose();
    }
  }
}
