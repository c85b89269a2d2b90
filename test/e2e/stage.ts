import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Browser, BrowserContext } from 'playwright-core';
import { startChromium } from '../../scripts/vscode/chromium.ts';
import { projectFolder } from '../../scripts/vscode/installed-server.ts';
import { serveVscode, type VscodeServer } from '../../scripts/vscode/serve.ts';
import type { Settings } from '../../scripts/vscode/server-folders.ts';
import type { VersionName } from '../../scripts/vscode/versions.ts';
import { morningZone } from '../fakes/morning-zone.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import { CodeWindow } from './code-window.ts';
import { patienceMs } from './patience.ts';
import { themeClass, themeName, type Theme } from './themes.ts';

// Everything that a test starts has this zone, and so has the test: else midnight would come between a snapshot of yesterday and whoever
// looks for it, and in the evening the schedule would make runs of its own.
process.env['TZ'] = morningZone(Date.now()).timeZone;

/** The package that is tested: what a user installs, not the sources. `npm run package` makes it. */
const vsix = join(projectFolder, 'cadangan.vsix');

export interface StageOptions {
  /** The newest by default. */
  readonly version?: VersionName | undefined;
  /** Dark by default. */
  readonly theme?: Theme | undefined;
  /** Indonesian as VS Code's own display language, as with a language pack: titles of commands and views. */
  readonly displayLanguage?: 'en' | 'id' | undefined;
  /** The setting `cadangan.language`: everything that the extension says at run time. */
  readonly language?: 'auto' | 'en' | 'id' | undefined;
  readonly settings?: Settings | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Ask whether a folder is trusted, as VS Code does outside of tests. */
  readonly workspaceTrust?: boolean | undefined;
  readonly reconnectionGraceSeconds?: number | undefined;
  /** Packaged extensions to install beside ours. */
  readonly otherExtensions?: readonly string[] | undefined;
  /** What is opened; an empty folder by default, nothing with `null`. */
  readonly folder?: string | null | undefined;
}

export interface WindowChoice {
  /** Another folder than the stage's, or nothing. */
  readonly folder?: string | null | undefined;
  /** A client that has never been here: without secrets and without state. */
  readonly otherClient?: boolean | undefined;
}

/** A server with the packaged extension, a browser, and a window. Everything is gone at the end of the block. */
export class Stage implements AsyncDisposable {
  readonly server: VscodeServer;
  private readonly browser: Browser;
  private readonly options: StageOptions;
  private readonly windows: CodeWindow[] = [];
  private context: BrowserContext | undefined;
  private settings: Settings;

  /** Use `openStage()`. */
  constructor(server: VscodeServer, browser: Browser, options: StageOptions, settings: Settings) {
    this.server = server;
    this.browser = browser;
    this.options = options;
    this.settings = settings;
  }

  get version(): VersionName {
    return this.options.version ?? 'newest';
  }

  /** One more window. As of the same client, so with its secrets and its state, unless another is asked for. */
  async openWindow(options: WindowChoice = {}): Promise<CodeWindow> {
    if (this.context === undefined || options.otherClient === true) {
      this.context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
      this.context.setDefaultTimeout(patienceMs);
    }
    const window = new CodeWindow(await this.context.newPage());
    this.windows.push(window);
    window.variant = this.variant(this.options.theme ?? 'dark');
    const chosen = options.folder === undefined ? this.options.folder : options.folder;
    const folder = chosen === null ? undefined : (chosen ?? this.server.folders.workspace);
    await window.open(this.server.url(folder === undefined ? {} : { folder }));
    return window;
  }

  /** Changes some settings and reloads the windows: the server's files are read only then. */
  async changeSettings(settings: Settings): Promise<void> {
    this.settings = { ...this.settings, ...settings };
    this.server.changeSettings(this.settings);
    for (const window of this.windows) await window.reload();
  }

  /** Changes the theme in a window as its user would, and waits until it wears it; what is open stays so. */
  async changeTheme(window: CodeWindow, theme: Theme): Promise<void> {
    const { setting, label } = themeName(theme, this.version);
    await window.run('Preferences: Color Theme');
    await window.quickInput.shown();
    await window.quickInput.type(label);
    await window.quickInput.choose(label);
    await window.quickInput.gone();
    await window.page.locator(`.monaco-workbench.${themeClass(theme)}`).waitFor();
    this.settings = { ...this.settings, 'workbench.colorTheme': setting };
    window.variant = this.variant(theme);
  }

  private variant(theme: Theme): string {
    const language = this.options.displayLanguage === 'id' || this.options.language === 'id' ? 'id' : 'en';
    return [theme, language, ...(this.version === 'floor' ? ['floor'] : [])].join(', ');
  }

  /** A picture of every window and what was written, for a test that failed. */
  async evidence(name: string): Promise<string> {
    for (const [index, window] of this.windows.entries()) await window.screenshot(`FAILED ${name} ${index + 1}`).catch(() => undefined);
    const logs = this.windows.flatMap((window) => window.log.slice(-30));
    return ['Pictures are in test/e2e/shots/.', ...logs, this.server.log().slice(-3_000)].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const window of this.windows) await window.close();
    await this.browser.close();
    await this.server.stop();
  }
}

/** Starts the server, installs the package, starts the browser. Open windows with `openWindow()`. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const version = options.version ?? 'newest';
  const settings: Settings = {
    'workbench.colorTheme': themeName(options.theme ?? 'dark', version).setting,
    // A click on the icon of a container that a window has just opened by itself would close it.
    'workbench.activityBar.iconClickBehavior': 'focus',
    ...(options.language === undefined ? {} : { 'cadangan.language': options.language }),
    ...options.settings,
  };
  const { environment, workspaceTrust, reconnectionGraceSeconds, displayLanguage } = options;
  const starting = startChromium();
  starting.catch(() => undefined); // told below
  try {
    const server = await serveVscode({
      version,
      vsix: [vsix, ...(options.otherExtensions ?? [])],
      settings,
      environment,
      workspaceTrust,
      reconnectionGraceSeconds,
      language: displayLanguage,
    });
    try {
      return new Stage(server, await starting, options, settings);
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    await starting.then(
      (browser) => browser.close(),
      () => undefined,
    );
    throw error;
  }
}

/** A test with a stage and its first window. When it fails there are pictures, and the logs are in its message. */
export function windowTest(
  name: string,
  options: StageOptions,
  body: (window: CodeWindow, stage: Stage, context: TestContext) => Promise<void>,
): void {
  test(name, needsVscode(options.version ?? 'newest'), async (context) => {
    await using stage = await openStage(options);
    try {
      await body(await stage.openWindow(), stage, context);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(name)}`, { cause: error });
    }
  });
}
