import { setTimeout as delay } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';

/** Of more than three messages within 800 ms the editor puts those that come last into its list alone (`NotificationsToasts`). */
const protectionMs = 900;

/** The messages at the lower right, and the modal dialogs in the middle. */
export class Notifications {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Those that are on the screen. */
  all(): Locator {
    return this.page.locator('.notifications-toasts .notification-toast');
  }

  /**
   * Waits for one that says this, and keeps it: as long as it believes the mouse over it, the editor does not take it away, which it does
   * after 15 seconds. A picture, and the way to its button by keys, may take longer on a busy machine.
   */
  async waitFor(text: string | RegExp): Promise<Locator> {
    const found = this.all().filter({ hasText: text });
    await found.first().waitFor();
    await found.evaluateAll(believeMouseOver);
    return found.first();
  }

  /** As long as a person takes to read what came last: what is done next may have its own messages. */
  async read(): Promise<void> {
    await delay(protectionMs);
  }

  /** Clicks a button of the one that says this, when it has been read. */
  async press(text: string | RegExp, button: string): Promise<void> {
    const found = await this.waitFor(text);
    await this.read();
    // Some show their buttons only under the mouse.
    await found.hover();
    await found.locator('.monaco-button, .action-label').filter({ hasText: button }).first().click();
  }

  /** Waits until none says this. */
  async gone(text: string | RegExp): Promise<void> {
    await this.all().filter({ hasText: text }).waitFor({ state: 'detached' });
  }

  /** Presses a button of the modal dialog that says this. */
  async answer(text: string | RegExp, button: string): Promise<void> {
    const dialog = this.page.locator('.monaco-dialog-box').filter({ hasText: text });
    await dialog.locator('.monaco-button').filter({ hasText: button }).first().click();
    await dialog.waitFor({ state: 'hidden' });
  }
}

interface PageScope {
  readonly MouseEvent: new (type: string, options: { readonly bubbles: boolean }) => object;
}

/** Runs in the page. */
function believeMouseOver(toasts: readonly unknown[]): void {
  const { MouseEvent } = globalThis as unknown as PageScope;
  for (const toast of toasts as readonly { dispatchEvent(event: object): void }[])
    toast.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
}
