import { AsyncLocalStorage } from 'node:async_hooks';
import type { Environment } from './environment.ts';

/** What a user may choose. */
export type LanguageSetting = 'auto' | 'en' | 'id';

/** What we speak. English stands in the code, Indonesian in `l10n/bundle.l10n.id.json`. */
export type Language = 'en' | 'id';

/** English texts to texts of another language, as `vscode.l10n.bundle` holds them. */
export type Bundle = Readonly<Record<string, string>>;

/** How whoever reads wants to be spoken to. */
export interface Locale {
  readonly language: Language;
  /** Texts to use instead of our own, for a language that we do not bring. */
  readonly bundle?: Bundle | undefined;
  /** IANA name of the zone of times that name no other. Undefined: the system's. */
  readonly timeZone: string | undefined;
}

/** A program that one person uses has one; the host speaks with many at once, and has one for each request. */
let ofProcess: Locale = { language: 'en', timeZone: undefined };
const ofRequest = new AsyncLocalStorage<Locale>();

/** Of the request that is answered at this moment, else of the process. */
export function currentLocale(): Locale {
  return ofRequest.getStore() ?? ofProcess;
}

/**
 * Does `work`, with whatever it waits for, in this locale; what is not named stays as it is. Others speak otherwise meanwhile.
 * @param locale a zone that nobody here knows counts as the system's
 */
export function inLocale<T>(locale: Partial<Locale>, work: () => T): T {
  const wanted = { ...currentLocale(), ...(locale.language !== undefined && { bundle: undefined }), ...locale };
  return ofRequest.run({ ...wanted, timeZone: knownZone(wanted.timeZone) }, work);
}

/**
 * Chooses the language of this process or thread: each has to be told. `auto` takes the first of `locales` that says anything, English when
 * we do not speak it.
 */
export function setLanguage(
  setting: LanguageSetting,
  { locales = [], bundle }: { readonly locales?: readonly string[]; readonly bundle?: Bundle | undefined } = {},
): Language {
  const language = setting === 'auto' ? languageOf(locales) : setting;
  ofProcess = { ...ofProcess, language, bundle };
  return language;
}

export function currentLanguage(): Language {
  return currentLocale().language;
}

/**
 * Chooses the zone in which this process writes times that name no other: each process has to be told, as of the language.
 * @param name IANA name; undefined, or one that nobody here knows: the system's
 * @returns whether it is another one than before
 */
export function setTimeZone(name: string | undefined): boolean {
  const before = ofProcess.timeZone;
  ofProcess = { ...ofProcess, timeZone: knownZone(name) };
  return ofProcess.timeZone !== before;
}

/** Undefined: the system's. */
export function currentTimeZone(): string | undefined {
  return currentLocale().timeZone;
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

function knownZone(name: string | undefined): string | undefined {
  try {
    return name === undefined || new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone === '' ? undefined : name;
  } catch {
    return undefined;
  }
}
