import { safeText, type StoragePlace } from '../jobs/index.ts';
import { l10n } from '../platform/index.ts';
import { listenedTo, type PasswordInput } from './input-listener.ts';
import type { PasswordWorld } from './password-source.ts';
import type { Terminal } from './terminal.ts';

/** Somebody who may sit at a terminal. */
export interface Asking {
  readonly passwords: Pick<PasswordWorld, 'input'>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/**
 * Whether somebody at the terminal agrees with what was just shown. Where no terminal is there to ask, whoever wrote the command line has
 * decided. @throws `aborted`
 */
export async function isConfirmed(context: Asking): Promise<boolean> {
  return context.passwords.input.isTTY !== true || isAgreed(l10n.t('Write this? (y/n)'), context);
}

/**
 * Asks whether a server that was never met before is the right one; undefined where nobody sits at a terminal: then it is refused, since
 * nobody has compared anything.
 */
export function hostConfirmer(context: Asking): StoragePlace['confirmHost'] {
  if (context.passwords.input.isTTY !== true) return undefined;
  return ({ host, port, keyType, fingerprint }) => {
    const shown = { host: safeText(host), port: String(port), keyType: safeText(keyType), fingerprint: safeText(fingerprint) };
    context.terminal.note(
      l10n.t('The server "{host}", port {port}, is not known yet: its {keyType} key has the fingerprint {fingerprint}.', shown),
    );
    return isAgreed(l10n.t('Does the server itself show this fingerprint? (y/n)'), context);
  };
}

async function isAgreed(question: string, { passwords: { input }, terminal, signal }: Asking): Promise<boolean> {
  terminal.prompt(`${question} `);
  const answer = (await lineOf(input, signal)).trim().toLowerCase();
  // In Indonesian "ya".
  return answer === 'y' || answer === 'yes' || answer === 'ya';
}

function lineOf(input: PasswordInput, signal: AbortSignal): Promise<string> {
  let text = '';
  return listenedTo<string>(input, signal, ({ resolve }) => ({
    onData: (chunk) => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) resolve(text);
    },
    onEnd: () => resolve(text),
  }));
}
