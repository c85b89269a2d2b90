import { l10n } from '../platform/index.ts';
import type { CommandContext } from './command.ts';
import { listenedTo, type PasswordInput } from './input-listener.ts';

/**
 * Whether somebody at the terminal agrees with what was just shown. Where no terminal is there to ask, whoever wrote the command line has
 * decided. @throws `aborted`
 */
export async function isConfirmed({ passwords: { input }, terminal, signal }: CommandContext): Promise<boolean> {
  if (input.isTTY !== true) return true;
  terminal.prompt(`${l10n.t('Write this? (y/n)')} `);
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
