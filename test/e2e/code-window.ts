import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import { projectFolder } from '../../scripts/vscode/installed-server.ts';
import { Notifications } from './notifications.ts';
import { patienceMs } from './patience.ts';
import { QuickInput } from './quick-input.ts';
import { cssString } from './selectors.ts';
import { chooseFromMenu, TreeView } from './tree-view.ts';

export const shotsFolder = join(import.meta.dirname, 'shots');

/** What every window says because native modules, built-in web extensions and GitHub are not there. */
const noise =
  /^%c INFO|bindings file|additional builtin|watchdog|Activating extension 'vscode\.|github|web worker extension host|iframe which has both|Failed to load resource|ServiceWorker/i;

/** Of one message: its buttons, its gear and its cross. */
const tabStopsMax = 8;

/** A window of VS Code, driven as its user would: keys, clicks, and what can be read on the screen. */
export class CodeWindow {
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly notifications: Notifications;
  /** What the window wrote to the browser's console, oldest first. */
  readonly log: string[] = [];
  /** Added to the names of pictures: theme, language, version. */
  variant = '';

  constructor(page: Page) {
    this.page = page;
    this.quickInput = new QuickInput(page);
    this.notifications = new Notifications(page);
    page.on('console', (message) => {
      const text = message.text();
      if (!noise.test(text)) this.log.push(`${message.type()}: ${text.slice(0, 500)}`);
    });
  }

  /** Goes there and waits until the window has its parts; its extensions start meanwhile. */
  async open(url: string): Promise<void> {
    await this.page.addInitScript(countEffort);
    await this.page.goto(url);
    await this.restored();
  }

  /** As *Developer: Reload Window*: the extension host ends and another one starts. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.restored();
  }

  private async restored(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor();
  }

  /** Runs a command from the palette, by keyboard: `Cadangan: Back Up Now`. */
  async run(title: string): Promise<void> {
    await this.quickInput.run(title);
  }

  /** Shows a container of the activity bar by clicking its icon. */
  async openContainer(title: string): Promise<void> {
    const tab = this.container(title);
    if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
    await this.page.locator('.part.sidebar .composite.title').filter({ hasText: title }).waitFor();
  }

  /** The icon of a container in the activity bar, with its badge. */
  container(title: string): Locator {
    return this.page.locator(`.part.activitybar [role=tab]:has(> .action-label[aria-label^=${cssString(title)}])`);
  }

  /** Chooses from the context menu that is open. */
  async chooseFromMenu(item: string): Promise<void> {
    await chooseFromMenu(this.page, item);
  }

  view(title: string): TreeView {
    return new TreeView(this.page, title);
  }

  /** An item of the status bar, by what a screen reader says of it. */
  statusItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: text }).first();
  }

  /** Waits until this can be read anywhere in the window. */
  async waitForText(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).and(this.page.locator(':visible')).first().waitFor();
  }

  /** What the focused or first editor shows; only lines on the screen are there. */
  async editorText(): Promise<string> {
    const lines = await this.page.locator('.editor-instance .view-lines').first().locator('.view-line').allTextContents();
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** The tab of an open editor. */
  tab(title: string | RegExp): Locator {
    return this.page.locator('.part.editor .tab').filter({ hasText: title }).first();
  }

  /** The frame of the webview that shows this element. */
  async webview(selector: string): Promise<Frame> {
    const deadlineMs = performance.now() + patienceMs;
    while (performance.now() < deadlineMs) {
      for (const frame of this.page.frames()) {
        if (
          (await frame
            .locator(selector)
            .count()
            .catch(() => 0)) > 0
        )
          return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`No webview shows ${selector}`);
  }

  /** Waits until the tab of pages shows one with this title, with such an element in it. */
  async titledPage(title: string, also = 'main'): Promise<Frame> {
    const count = (frame: Frame, locator: Locator): Promise<number> =>
      frame.isDetached() ? Promise.resolve(0) : locator.count().catch(() => 0);
    const deadlineMs = performance.now() + patienceMs;
    while (performance.now() < deadlineMs) {
      for (const frame of this.page.frames()) {
        const isShown = (await count(frame, frame.locator('h1').filter({ hasText: title }))) > 0;
        if (isShown && (await count(frame, frame.locator(also))) > 0) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`no page is called ${title}`);
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** All messages that can be closed, also those in the list behind the bell. */
  async clearMessages(): Promise<void> {
    await this.run('Notifications: Clear All Notifications');
    await this.notifications
      .all()
      .filter({ has: this.page.locator('.codicon-notifications-clear') })
      .first()
      .waitFor({ state: 'detached' });
  }

  /** Presses a button of the message that says this, with keys alone. */
  async acceptMessage(text: string | RegExp, button: string): Promise<void> {
    const message = await this.notifications.waitFor(text);
    await this.run('Notifications: Focus Notification Toast');
    const focused = this.page.locator('.notification-toast:focus-within');
    await focused.waitFor();
    const count = await this.notifications.all().count();
    await this.pressUntil('ArrowDown', focused.filter({ hasText: text }), count);
    await this.pressUntil('Tab', message.locator('.monaco-button:focus').filter({ hasText: button }), tabStopsMax);
    await this.press('Enter');
  }

  private async pressUntil(key: string, reached: Locator, most: number): Promise<void> {
    for (let step = 0; (await reached.count()) === 0; step++) {
      if (step > most) throw new Error(`${key} does not lead there`);
      await this.press(key);
    }
  }

  /** Pictures of one story, numbered in the order of its steps: `first backup 03 password`. */
  story(name: string): (step: string) => Promise<void> {
    let count = 0;
    return (step) => this.screenshot(`${name} ${String(++count).padStart(2, '0')} ${step}`);
  }

  /** Folds the other views of the container up, so that this one has all the room. */
  async maximizeView(title: string): Promise<void> {
    const unfolded = this.page.locator('.part.sidebar .pane-header[aria-expanded=true]');
    for (const other of await unfolded.locator('.title').allTextContents()) {
      if (other !== title) await unfolded.filter({ hasText: other }).click();
    }
  }

  /** Waits until a walkthrough shows this picture of `media/walkthrough/`; what the editor shows has the paths of the file. */
  async walkthroughPicture(name: string): Promise<void> {
    const [, path = ''] = / d="([^"]+)"/.exec(readFileSync(join(projectFolder, 'media', 'walkthrough', `${name}.svg`), 'utf8')) ?? [];
    await this.webview(`svg path[d=${cssString(path)}]`);
  }

  /** What the user has had to do in this window since it opened. */
  async effort(): Promise<Effort> {
    return await this.page.evaluate(() => (globalThis as unknown as { effort: Effort }).effort);
  }

  /** `test/e2e/shots/<name> (<variant>).png` */
  async screenshot(name: string): Promise<void> {
    mkdirSync(shotsFolder, { recursive: true });
    // The mouse may have left a hover somewhere; the caret blinks.
    await this.page.mouse.move(820, 420);
    await this.page
      .locator('.workbench-hover:visible')
      .first()
      .waitFor({ state: 'detached', timeout: 2_000 })
      .catch(() => undefined);
    await this.page.screenshot({ path: this.shotFile(name), caret: 'hide', animations: 'disabled' });
  }

  /** Where the picture of this name goes. */
  shotFile(name: string): string {
    const file = `${name}${this.variant === '' ? '' : ` (${this.variant})`}`.replaceAll(/[^\w ().,+-]/g, '_');
    return join(shotsFolder, `${file}.png`);
  }

  /** Leaves the window as closing it does: its extension host says good-bye. A browser that is just ended is a lost connection instead. */
  async close(): Promise<void> {
    if (this.page.isClosed()) return;
    await this.page.goto('about:blank').catch(() => undefined);
    await this.page.close();
  }
}

/** Keys and clicks, and how often something was confirmed by one of them: the Enter key, or a click. */
export interface Effort {
  keys: number;
  clicks: number;
  confirmations: number;
}

/** Runs in the page. A paste is one key, as Control+V would be. */
function countEffort(): void {
  const scope = globalThis as unknown as {
    effort: Effort;
    addEventListener(type: string, listen: (event: { readonly key?: string; readonly isTrusted: boolean }) => void, capture: true): void;
  };
  const effort: Effort = { keys: 0, clicks: 0, confirmations: 0 };
  scope.effort = effort;
  scope.addEventListener(
    'keydown',
    ({ key, isTrusted }) => {
      if (!isTrusted) return;
      effort.keys += 1;
      if (key === 'Enter') effort.confirmations += 1;
    },
    true,
  );
  scope.addEventListener(
    'mousedown',
    ({ isTrusted }) => {
      if (!isTrusted) return;
      effort.clicks += 1;
      effort.confirmations += 1;
    },
    true,
  );
}
