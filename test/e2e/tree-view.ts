import type { Locator, Page } from 'playwright-core';
import { cssString } from './selectors.ts';

/** One view of a container in the side bar: its header, its rows, or its welcome text. */
export class TreeView {
  readonly page: Page;
  readonly pane: Locator;
  private readonly header: Locator;

  /** @param title as its header shows it */
  constructor(page: Page, title: string) {
    this.page = page;
    this.pane = page.locator('.pane').filter({ has: page.locator(`.pane-header .title:text-is(${cssString(title)})`) });
    this.header = this.pane.locator('.pane-header');
  }

  /** Unfolds the view when only its header is there. */
  async open(): Promise<void> {
    if ((await this.header.getAttribute('aria-expanded')) === 'false') await this.header.click();
    await this.pane.locator('.pane-body').waitFor();
  }

  /** Leaves only its header, so that other views have room for their rows. */
  async close(): Promise<void> {
    if ((await this.header.getAttribute('aria-expanded')) === 'true') await this.header.click();
  }

  /** The rows that can be seen; a long tree has only those. */
  rows(): Locator {
    return this.pane.locator('[role=treeitem]');
  }

  /** What a screen reader says of each, in order. The newest VS Code adds that a row has actions; that is left out. */
  async labels(): Promise<string[]> {
    const labels = await this.rows().evaluateAll((rows) =>
      rows.map((row) => (row as unknown as AriaElement).getAttribute('aria-label') ?? ''),
    );
    return labels.map((label) => label.replace(/, has actions$/, '').trim());
  }

  /** The first row that says this, in its label or its description. */
  row(text: string): Locator {
    return this.rows().filter({ hasText: text }).first();
  }

  /** A codicon of a row, by its name. */
  icon(text: string, name: string): Locator {
    return this.row(text).locator(`.codicon-${name}`);
  }

  /** Waits until there is one. */
  async waitFor(text: string): Promise<void> {
    await this.row(text).waitFor();
  }

  async expand(text: string): Promise<void> {
    if ((await this.row(text).getAttribute('aria-expanded')) === 'true') return;
    await this.focus(text);
    await this.page.keyboard.press('ArrowRight');
    await this.row(text).and(this.page.locator('[aria-expanded=true]')).waitFor();
  }

  /** Goes to a row that can be seen by arrow keys, down or up; the tree has the focus. */
  async goTo(text: string, key: 'ArrowDown' | 'ArrowUp' = 'ArrowDown'): Promise<void> {
    await this.waitFor(text);
    const wanted = this.pane.locator('.monaco-list-row.focused').filter({ hasText: text });
    // The tree gets the focus a moment after the command that gives it; keys that come earlier are lost, and at the end of the list they do
    // nothing.
    for (let round = 0; round < roundsMax; round++) {
      const steps = await this.rows().count();
      for (let step = 0; step <= steps; step++) {
        if ((await wanted.count()) > 0) return;
        await this.page.keyboard.press(key);
      }
      await this.page.waitForTimeout(300);
    }
    throw new Error(`"${text}" cannot be reached by arrow keys: ${(await this.labels()).join(' | ')}`);
  }

  /** Goes to a row and unfolds it, with keys alone. */
  async unfold(text: string): Promise<void> {
    await this.goTo(text);
    if ((await this.row(text).getAttribute('aria-expanded')) === 'true') return;
    await this.page.keyboard.press('ArrowRight');
    await this.row(text).and(this.page.locator('[aria-expanded=true]')).waitFor();
  }

  /** Selects a row; the keyboard then goes on from there. */
  async focus(text: string): Promise<void> {
    await this.row(text).click();
  }

  /** Clicks one of the buttons that a row shows under the mouse, by its tooltip. */
  async inlineAction(text: string, action: string): Promise<void> {
    await this.row(text).hover();
    await this.row(text)
      .locator(`.action-label[aria-label^=${cssString(action)}]`)
      .click();
  }

  /** Clicks one of the buttons of the view's header, which it shows when the mouse is over the view. */
  async titleAction(action: string): Promise<void> {
    await this.pane.hover();
    await this.header.locator(`.action-label[aria-label^=${cssString(action)}]`).click();
  }

  /** Opens the context menu of a row and chooses an item. */
  async contextMenu(text: string, item: string): Promise<void> {
    await this.row(text).click({ button: 'right' });
    await chooseFromMenu(this.page, item);
  }

  /** What an empty view says; its buttons can be clicked in it. */
  welcome(): Locator {
    return this.pane.locator('.welcome-view-content');
  }
}

/** Chooses from the menu that is open, by arrow keys: for a moment after it opens it takes no clicks. */
export async function chooseFromMenu(page: Page, item: string): Promise<void> {
  const items = page.locator('.monaco-menu .action-item');
  const wanted = items.filter({ has: page.locator(`.action-label[aria-label=${cssString(item)}]`) });
  await wanted.first().waitFor();
  const steps = await items.count();
  for (let step = 0; step <= steps; step++) {
    if ((await wanted.and(page.locator('.focused')).count()) > 0) return await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`"${item}" cannot be reached in the menu: ${(await items.allTextContents()).join(' | ')}`);
}

const roundsMax = 10;

interface AriaElement {
  getAttribute(name: string): string | null;
}
