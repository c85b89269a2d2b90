import { existsSync } from 'node:fs';
import {
  configurationFile,
  isLanguageSetting,
  setLanguage,
  systemLocales,
  type Environment,
  type LanguageSetting,
} from '../platform/index.ts';

/**
 * Chooses the language before anything is said: `--lang`, else `CADANGAN_LANG`, else the configuration, else the system. With `--json` it
 * is English unless it was asked for here and now: what programs read must not depend on who runs them.
 */
export async function chooseLanguage(args: readonly string[], environment: Environment): Promise<void> {
  const asked = askedFor(args) ?? environment['CADANGAN_LANG'];
  const setting = isLanguageSetting(asked) ? asked : args.includes('--json') ? 'en' : await configuredLanguage(environment);
  setLanguage(setting, { locales: systemLocales(environment) });
}

/** Before the parser, which speaks already. It says itself when the value is none. */
function askedFor(args: readonly string[]): string | undefined {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const at = own.findLastIndex((arg) => arg === '--lang' || arg.startsWith('--lang='));
  return own[at] === '--lang' ? own[at + 1] : own[at]?.slice('--lang='.length);
}

/** The schema of the configuration takes a few milliseconds to set up, so it is loaded only where there is a file. */
async function configuredLanguage(environment: Environment): Promise<LanguageSetting> {
  const path = configurationFile(environment);
  if (!existsSync(path)) return 'auto';
  const { loadConfiguration } = await import('../settings/index.ts');
  return (await loadConfiguration(path)).configuration.language;
}
