import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../scripts/vscode/installed-server.ts';

export type Language = 'en' | 'id';

/** What the extension says in a language, by what it says in English: the tests read the same bundles as it does. */
export class Words {
  readonly language: Language;
  private readonly messages: Readonly<Record<string, string>>;
  private readonly titles: Readonly<Record<string, string>>;

  constructor(language: Language) {
    this.language = language;
    this.messages = language === 'en' ? {} : readTexts('l10n/bundle.l10n.id.json');
    this.titles = readTexts(language === 'en' ? 'package.nls.json' : 'package.nls.id.json');
  }

  /** A text of the run time. @throws when there is none in this language */
  say(english: string, values: Readonly<Record<string, string>> = {}): string {
    const text = this.language === 'en' ? english : this.messages[english];
    if (text === undefined) throw new Error(`"${english}" is not said in ${this.language}`);
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  }

  /** The title of a command, as in menus and on buttons of rows: `Back Up Now`. */
  title(command: string): string {
    const title = this.titles[`command.${command}`];
    if (title === undefined) throw new Error(`There is no command ${command}`);
    return title;
  }

  /** The same on a button of a message, and above the steps that the command asks. */
  button(command: string): string {
    return this.title(command).replace(/…$/, '');
  }

  /** As the palette has it. */
  inPalette(command: string): string {
    return `Cadangan: ${this.title(command)}`;
  }

  /** Of the walkthrough: a step's title, with `.picture` what its picture shows. */
  walkthrough(name: string): string {
    return this.titles[`walkthrough.${name}`] ?? name;
  }

  view(name: 'sets' | 'snapshots' | 'servers' | 'drive' | 'history'): string {
    return this.titles[`view.${name}`] ?? name;
  }
}

function readTexts(file: string): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(projectFolder, file), 'utf8')) as Readonly<Record<string, string>>;
}
