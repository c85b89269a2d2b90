import { currentLanguage } from '../../platform/index.ts';
import { commands, type CommandName, type Text } from '../manifest/contributions.ts';

/** A text of the manifest in the language that we speak, which may not be the editor's. */
export function inOurLanguage(text: Text): string {
  return text[currentLanguage()];
}

/** The words of a command, as in palette and menus, for buttons. */
export function commandTitle(name: CommandName): string {
  return inOurLanguage(commands[name].title).replace(/…$/, '');
}
