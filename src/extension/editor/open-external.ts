import * as vscode from 'vscode';
import type { DeviceCodeInfo } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';

/** Shows a page in the user's browser. What it comes back to on this machine is forwarded there first, as in a window over SSH. */
export async function openExternal(url: string): Promise<boolean> {
  const back = new URL(url).searchParams.get('redirect_uri');
  if (back !== null) await vscode.env.asExternalUri(vscode.Uri.parse(back));
  return vscode.env.openExternal(vscode.Uri.parse(url, true));
}

/** Stays until it is closed: the code is typed on another machine. */
export async function showDeviceCode({ userCode, verificationUrl }: DeviceCodeInfo): Promise<void> {
  const [copy, open] = [l10n.t('Copy Code'), l10n.t('Open Page')];
  const chosen = await vscode.window.showInformationMessage(
    l10n.t('Open {url} on any machine and type the code {code}.', { url: verificationUrl, code: userCode }),
    copy,
    open,
  );
  if (chosen === undefined) return;
  await vscode.env.clipboard.writeText(userCode);
  if (chosen === open) await vscode.env.openExternal(vscode.Uri.parse(verificationUrl, true));
}
