import * as vscode from 'vscode';
import { isLanguageSetting, setLanguage, systemLocales, type Language } from '../../platform/index.ts';
import { contextKeys, settings, type SettingName } from '../manifest/contributions.ts';

/** The value of a setting of ours. Its scope keeps workspaces from having a say. */
export function setting(name: SettingName): string {
  const value: unknown = vscode.workspace.getConfiguration('cadangan').get(name);
  return typeof value === 'string' ? value : settings[name].default;
}

export function affectsSetting(event: vscode.ConfigurationChangeEvent, ...names: readonly SettingName[]): boolean {
  return names.some((name) => event.affectsConfiguration(`cadangan.${name}`));
}

/** Chooses what we speak, and tells the conditions in the manifest. */
export function applyLanguage(): Language {
  const chosen = setting('language');
  // The editor says `en` also when it merely does not have the user's language; then the system is asked.
  const locales = vscode.env.language.startsWith('en') ? localesOfSystem() : [vscode.env.language];
  const language = setLanguage(isLanguageSetting(chosen) ? chosen : 'auto', { locales });
  void setContextKey('language', language);
  return language;
}

/**
 * The variables of POSIX where there are any: the first look at `Intl` costs 30 ms, which is most of what the start of a window may take.
 */
function localesOfSystem(): readonly string[] {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env;
  const locale = [LC_ALL, LC_MESSAGES, LANG].find((value) => value !== undefined && value !== '');
  return locale === undefined ? systemLocales(process.env) : [locale];
}

export async function setContextKey(name: keyof typeof contextKeys, value: string | boolean): Promise<void> {
  await vscode.commands.executeCommand('setContext', contextKeys[name], value);
}
