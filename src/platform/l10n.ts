import * as library from '@vscode/l10n';
import indonesian from '../../l10n/bundle.l10n.id.json' with { type: 'json' };
import { currentLocale, type Bundle } from './locale.ts';

export type MessageArguments = Readonly<Record<string, string | number>>;

const english: Bundle = {};
/** What the library has at this moment: it knows one bundle at a time. */
let told: Bundle | undefined;

/**
 * The text in the language of whoever reads it, `{0}`, `{1}` or `{name}` replaced. Always call it as `l10n.t` with a literal text, never
 * when a module is loaded: the export tool knows this form only, and the language is chosen later.
 */
export const l10n = {
  t(message: string, ...args: readonly (string | number)[] | readonly [MessageArguments]): string {
    const { language, bundle = language === 'id' ? indonesian : english } = currentLocale();
    if (told !== bundle) library.config({ contents: bundle });
    told = bundle;
    const [first] = args;
    return typeof first === 'object' ? library.t(message, first) : library.t(message, ...args.filter((arg) => typeof arg !== 'object'));
  },
};
