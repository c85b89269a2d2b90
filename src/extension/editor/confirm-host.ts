import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import type { UnknownHostParams } from '../../service/index.ts';
import { harmless } from '../presentation/plain-text.ts';

/** Shows the fingerprint of a server that was never met before. Who closes the question has not agreed. */
export async function confirmHost(
  { host, port, keyType, fingerprint, location }: UnknownHostParams,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return false;
  const agree = l10n.t('It Is the Right Server');
  const answer = await vscode.window.showWarningMessage(
    l10n.t('The server "{host}" is not known yet.', { host }),
    {
      modal: true,
      detail: l10n.t(
        'Its {keyType} key has the fingerprint\n{fingerprint}\n\nCompare it with the one that the server itself shows (ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub), port {port}, for {location}. Then it is remembered, and another key is refused.',
        { keyType: harmless(keyType), fingerprint: harmless(fingerprint), port: String(port), location: harmless(location) },
      ),
    },
    agree,
  );
  return answer === agree && !signal.aborted;
}
