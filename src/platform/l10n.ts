import * as library from '@vscode/l10n';
import indonesian from '../../l10n/bundle.l10n.id.json' with { type: 'json' };
import type { Environment } from './pattern-file.ts';

/** What a user may choose. */
export type LanguageSetting = 'auto' | 'en' | 'id';

/** What we speak. English stands in the code, Indonesian in `l10n/bundle.l10n.id.json`. */
export type Language = 'en' | 'id';

/** English texts to texts of another language, as `vscode.l10n.bundle` holds them. */
export type Bundle = Readonly<Record<string, string>>;

export type MessageArguments = Readonly<Record<string, string | number>>;

let current: Language = 'en';
let contents: Bundle = {};

/**
 * The text in the chosen language, `{0}`, `{1}` or `{name}` replaced. Always call it as `l10n.t` with a literal text, never when a module
 * is loaded: the export tool knows this form only, and the language is chosen later.
 */
export const l10n = {
  t(message: string, ...args: readonly (string | number)[] | readonly [MessageArguments]): string {
    const [first] = args;
    return typeof first === 'object' ? library.t(message, first) : library.t(message, ...args.filter((arg) => typeof arg !== 'object'));
  },
};

/**
 * Chooses the language of this process or thread: each has to be told. `auto` takes the first of `locales` that says anything, English when
 * we do not speak it.
 * @param bundle texts to use instead of our own, for a language that we do not bring
 */
export function setLanguage(
  setting: LanguageSetting,
  { locales = [], bundle }: { readonly locales?: readonly string[]; readonly bundle?: Bundle | undefined } = {},
): Language {
  current = setting === 'auto' ? languageOf(locales) : setting;
  contents = bundle ?? (current === 'id' ? indonesian : {});
  library.config({ contents });
  return current;
}

/**
 * Does `work` in a language, e.g. that of a form, and goes back to the one before. Only for work that waits for nothing: others speak
 * meanwhile.
 */
export function inLanguage<T>(language: Language, work: () => T): T {
  const before = { current, contents };
  setLanguage(language);
  try {
    return work();
  } finally {
    ({ current, contents } = before);
    library.config({ contents });
  }
}

export function currentLanguage(): Language {
  return current;
}

/** Whether a text from outside is a setting of ours. */
export function isLanguageSetting(text: unknown): text is LanguageSetting {
  return text === 'auto' || text === 'en' || text === 'id';
}

/** What the system says, most important first: the variables of POSIX, then what the runtime found out (Windows, macOS). */
export function systemLocales(environment: Environment): readonly string[] {
  const variables = ['LC_ALL', 'LC_MESSAGES', 'LANG'].map((name) => environment[name] ?? '');
  return [...variables, Intl.DateTimeFormat().resolvedOptions().locale].filter((locale) => locale !== '');
}

/** `id_ID.UTF-8`, `id-ID`, `id` and Java's old `in` are Indonesian; whatever else comes first is answered in English. */
function languageOf(locales: readonly string[]): Language {
  const word = locales[0]?.toLowerCase().split(/[^a-z]/)[0];
  return word === 'id' || word === 'in' ? 'id' : 'en';
}
