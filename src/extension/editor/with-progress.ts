import * as vscode from 'vscode';
import type { RunProgress } from '../../service/index.ts';
import { systemClock } from '../../platform/index.ts';
import { progressText, rateOf, shareOf } from '../presentation/run-text.ts';

/** What people do not take for waiting. */
const quickMs = 600;

export interface RunWithProgress {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RunProgress) => void;
}

/** A notification with a cancel button, for work that the user started. It ends with the work, also when that fails. */
export async function withRunProgress<Result>(title: string, work: (run: RunWithProgress) => Promise<Result>): Promise<Result> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (notification, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort());
      let before: RunProgress | undefined;
      let shownPercent = 0;
      const onProgress = (progress: RunProgress): void => {
        const share = shareOf(progress);
        const increment = share === undefined ? 0 : Math.max(0, share * 100 - shownPercent);
        shownPercent += increment;
        notification.report({ message: progressText(progress, rateOf(before, progress)), increment });
        before = progress;
      };
      return work({ signal: controller.signal, onProgress });
    },
  );
}

/**
 * For requests that usually take no time, but may have to wait for a slow share: only then there is a notification, with a cancel button.
 */
export async function whileBusy<Result>(title: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const running = work(controller.signal);
  const hasEnded = running.then(
    () => true,
    () => true,
  );
  if (await Promise.race([hasEnded, systemClock.sleep(quickMs).then(() => false)])) return running;
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_notification, token) => {
      token.onCancellationRequested(() => controller.abort());
      return running;
    },
  );
}
