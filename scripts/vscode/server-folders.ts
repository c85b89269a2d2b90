import { mkdirSync, mkdtempSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstalledServer } from './installed-server.ts';

/** What a server keeps, apart from everything that belongs to whoever runs the tests. */
export interface ServerFolders {
  /** Everything below; remove it when the server has ended. */
  readonly root: string;
  readonly data: string;
  readonly extensions: string;
  readonly builtins: string;
  /** The programs' `TMPDIR`. */
  readonly temporary: string;
  /** Holds the secret without which the server answers nobody. */
  readonly tokenFile: string;
  /** Cadangan's own: its configuration file and the folder of its state. */
  readonly configFile: string;
  readonly stateFolder: string;
  /** A folder to open that is there and empty. */
  readonly workspace: string;
}

/** The editor's own extensions that are enough for tests; all of them would cost two more seconds a window. */
const fewBuiltins = ['theme-defaults', 'theme-seti', 'json', 'json-language-features', 'diff', 'markdown-basics', 'configuration-editing'];

/** What wants an account and a network. */
const onlineBuiltins = /^(copilot|github|github-authentication|microsoft-authentication|tunnel-forwarding)$/;

/** No start page, no offers, nothing that asks or moves by itself. */
const quietSettings: Readonly<Record<string, unknown>> = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'window.commandCenter': false,
  'workbench.enableExperiments': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
};

export type Settings = Readonly<Record<string, unknown>>;

/** Makes the folders for one server. Short names: sockets in the temporary folder have a limit of 108 bytes. */
export function makeServerFolders(server: InstalledServer, settings: Settings, token: string, builtins: 'few' | 'all'): ServerFolders {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-vscode-')));
  const folders: ServerFolders = {
    root,
    data: join(root, 'data'),
    extensions: join(root, 'extensions'),
    builtins: join(root, 'builtins'),
    temporary: join(root, 'tmp'),
    tokenFile: join(root, 'token'),
    configFile: join(root, 'config', 'cadangan.json'),
    stateFolder: join(root, 'state'),
    workspace: join(root, 'workspace'),
  };
  for (const folder of [folders.data, folders.extensions, folders.builtins, folders.temporary, folders.workspace]) mkdirSync(folder);
  const available = join(server.folder, 'extensions');
  const names = builtins === 'few' ? fewBuiltins : readdirSync(available).filter((name) => !onlineBuiltins.test(name));
  for (const name of names) symlinkSync(join(available, name), join(folders.builtins, name));
  writeFileSync(folders.tokenFile, token, { mode: 0o600 });
  writeSettings(folders, settings);
  return folders;
}

/**
 * Replaces all settings; windows read them when they open. Our own go to two places: those of scope `machine`
 * count only on the server, those of scope `application` only with the user, and VS Code passes over the wrong ones.
 */
export function writeSettings(folders: ServerFolders, settings: Settings): void {
  const ours = Object.fromEntries(Object.entries(settings).filter(([key]) => key.startsWith('cadangan.')));
  for (const [scope, content] of [
    ['User', { ...quietSettings, ...settings }],
    ['Machine', ours],
  ] as const) {
    const folder = join(folders.data, 'data', scope);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(content, undefined, 2));
  }
}

/**
 * Makes Indonesian a display language, as an installed language pack would: VS Code has none of its own, and without a pack it
 * takes no `package.nls.id.json`. The pack is empty, so VS Code's own words stay English. Call it before the server starts.
 */
export function addIndonesian(folders: ServerFolders): void {
  const translations = join(folders.root, 'indonesian.json');
  writeFileSync(translations, JSON.stringify({ contents: {} }));
  const pack = {
    hash: 'cadangan-tests',
    label: 'Bahasa Indonesia',
    extensions: [{ extensionIdentifier: { id: 'cadangan.bahasa' }, version: '1.0.0' }],
    translations: { vscode: translations },
  };
  writeFileSync(join(folders.data, 'data', 'languagepacks.json'), JSON.stringify({ id: pack }));
}
