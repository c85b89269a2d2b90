import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import type { PasswordParams } from '../../service/index.ts';
import { secretKey } from '../presentation/secret-keys.ts';

/** Passwords of repositories in the editor's secret storage. They leave it only over the engine's channel. */
export class Passwords {
  readonly #secrets: vscode.SecretStorage;
  /** One question at a time, whoever asks. */
  #question: Promise<unknown> = Promise.resolve();

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
  }

  async store(hostId: string, location: string, password: string): Promise<void> {
    await this.#secrets.store(secretKey(hostId, location), password);
  }

  async forget(hostId: string, location: string): Promise<void> {
    await this.#secrets.delete(secretKey(hostId, location));
  }

  /** What is stored, else what the user says. One that was wrong is forgotten. */
  async find({ location, wasWrong }: PasswordParams, hostId: string, mayAsk: boolean, signal: AbortSignal): Promise<string | undefined> {
    const stored = await this.#secrets.get(secretKey(hostId, location));
    if (stored !== undefined && !wasWrong) return stored;
    if (wasWrong) await this.forget(hostId, location);
    if (!mayAsk || signal.aborted) return undefined;
    const password = await this.#ask(location, wasWrong, signal);
    if (password !== undefined) await this.store(hostId, location, password);
    return password;
  }

  #ask(location: string, wasWrong: boolean, signal: AbortSignal): Promise<string | undefined> {
    const answer = this.#question.then(() => (signal.aborted ? undefined : askPassword(location, wasWrong, signal)));
    this.#question = answer.catch(() => undefined);
    return answer;
  }
}

async function askPassword(location: string, wasWrong: boolean, signal: AbortSignal): Promise<string | undefined> {
  const cancellation = new vscode.CancellationTokenSource();
  const cancel = (): void => cancellation.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const password = await vscode.window.showInputBox(
      {
        title: l10n.t('Password of the Repository'),
        prompt: wasWrong
          ? l10n.t('That password was wrong. Repository: {location}', { location })
          : l10n.t('Repository: {location}', { location }),
        placeHolder: l10n.t('Password'),
        password: true,
        ignoreFocusOut: true,
      },
      cancellation.token,
    );
    return password === '' ? undefined : password;
  } finally {
    signal.removeEventListener('abort', cancel);
    cancellation.dispose();
  }
}
