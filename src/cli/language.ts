import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  type Environment,
  isLanguageSetting,
  type LanguageSetting,
  placeOfWork,
  setLanguage,
  setTimeZone,
  systemClock,
  systemLocales,
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
  const path = placeIfKnown(environment)?.configFile;
  if (path === undefined || !existsSync(path)) return 'auto';
  const { loadConfiguration } = await import('../settings/index.ts');
  return (await loadConfiguration(path)).configuration.language;
}

/**
 * Chooses the zone in which every command shows times: the company's, whatever machine or `TZ` it is called with. Where there is no
 * configuration it is the machine's. With `--json` times say their offset themselves.
 * @throws `time-zone.unusable`
 */
export async function chooseTimeZone(environment: Environment, isJson: boolean): Promise<void> {
  const place = placeIfKnown(environment);
  if (place === undefined || !existsSync(place.configFile)) return;
  const [{ loadConfiguration }, { inZoneInForce }] = await Promise.all([import('../settings/index.ts'), import('../records/index.ts')]);
  const { timeZone } = await inZoneInForce((await loadConfiguration(place.configFile)).configuration, place.stateFolder);
  if (!isJson) setTimeZone(timeZone);
}

/** Whoever needs it is told why it is not known. */
function placeIfKnown(environment: Environment): ReturnType<typeof placeOfWork> | undefined {
  try {
    return placeOfWork(environment);
  } catch {
    return undefined;
  }
}

/**
 * The clock as the host of the state folder believes it: a command that runs while the machine's is wrong for some minutes dates nothing by
 * it and judges nothing.
 */
export async function believedClock(clock: Clock, environment: Environment): Promise<Clock> {
  const place = placeIfKnown(environment);
  if (clock !== systemClock || place === undefined || !existsSync(join(place.stateFolder, 'schedule-seen.json'))) return clock;
  const { trustedClock } = await import('../schedule/index.ts');
  return trustedClock(clock, { stateFolder: place.stateFolder });
}
