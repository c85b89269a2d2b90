import { basename, dirname } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { cssString } from './selectors.ts';

/** The widget at the top of the window: command palette, quick picks, input boxes, and the file dialog of a server. */
export class QuickInput {
  readonly page: Page;
  readonly widget: Locator;
  /** Where one types; its placeholder and value can be read from it. */
  readonly input: Locator;

  constructor(page: Page) {
    this.page = page;
    this.widget = page.locator('.quick-input-widget');
    this.input = this.widget.locator('.quick-input-box input');
  }

  /**
   * Runs a command by keyboard, as an admin does: F1, its title with category, Enter. What an extension brings is not in the
   * palette of a window that has just opened; then it is looked up again.
   */
  async run(title: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('F1');
      await this.shown();
      await this.page.keyboard.type(title);
      const isThere = await this.row(title)
        .waitFor({ timeout: paletteTimeoutMs })
        .then(
          () => true,
          () => false,
        );
      if (isThere || attempt === paletteAttempts) return await this.choose(title);
      await this.cancel();
    }
  }

  /** Waits for a step whose title says this; with `3/4` in it for a step of several. Without a title: for the widget. */
  async shown(title?: string): Promise<void> {
    await this.widget.and(this.page.locator(':visible')).waitFor();
    if (title !== undefined) await this.widget.locator('.quick-input-title').filter({ hasText: title }).waitFor();
    await this.page.locator('.quick-input-widget input:focus').waitFor();
  }

  /** Waits for a step whose field asks this before anything is typed. */
  async asks(placeholder: string): Promise<void> {
    await this.widget.locator(`.quick-input-box input[placeholder^=${cssString(placeholder)}]`).waitFor();
  }

  async title(): Promise<string> {
    return (await this.widget.locator('.quick-input-title').textContent()) ?? '';
  }

  /** What the rows that can be seen say, label and description, in order. */
  async items(): Promise<string[]> {
    return await this.rows().evaluateAll((rows) => rows.map((row) => (row as unknown as AriaElement).getAttribute('aria-label') ?? ''));
  }

  rows(): Locator {
    return this.widget.locator('.quick-input-list .monaco-list-row');
  }

  /**
   * Answers the question whose field shows this example or name: types, and presses Enter. What is typed earlier would go to the question
   * before, which may be a list that asks the same.
   */
  async answer(placeholder: string, text: string): Promise<void> {
    await this.asks(placeholder);
    await this.widget.locator('.quick-input-list').waitFor({ state: 'hidden' });
    await this.type(text);
    await this.accept();
  }

  /** Types into the field that has the focus, replacing what is there. */
  async type(text: string): Promise<void> {
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.type(text);
  }

  /**
   * Goes to the row with this label by arrow keys, and presses Enter. Its description need not be given; an icon is read out first: `pass
   * accounting`.
   */
  async choose(label: string): Promise<void> {
    do {
      await this.waitForRow(label);
      const steps = await this.rows().count();
      for (let step = 0; step <= steps; step++) {
        if ((await this.row(label, '.focused').count()) > 0) return await this.accept();
        await this.page.keyboard.press('ArrowDown');
      }
    } while ((await this.row(label).count()) === 0); // another list has come meanwhile
    throw new Error(`"${label}" cannot be reached by arrow keys: ${(await this.items()).join(' | ')}`);
  }

  /** Clicks the row with this label. */
  async click(label: string): Promise<void> {
    await this.waitForRow(label);
    await this.row(label).click();
  }

  /** Waits until the list has this row. */
  async waitForRow(label: string): Promise<void> {
    await this.row(label)
      .waitFor()
      .catch(async (cause: unknown) => {
        throw new Error(`"${label}" is not in the list: ${(await this.items()).join(' | ')}`, { cause });
      });
  }

  /** Clicks a button of a row, by its tooltip. */
  async clickButton(label: string, button: string): Promise<void> {
    await this.waitForRow(label);
    await this.row(label).hover();
    await this.row(label)
      .locator(`.action-label[aria-label^=${cssString(button)}]`)
      .click();
  }

  /** Enter: takes the focused row, or what was typed. With a label only once the focused row begins so, since lists fill late. */
  async accept(label?: string): Promise<void> {
    if (label !== undefined) {
      const focused = this.widget.locator(`.quick-input-list .monaco-list-row.focused[aria-label^=${cssString(label)}]`);
      await focused.waitFor().catch(async (cause: unknown) => {
        throw new Error(`"${label}" is not what Enter would take: ${(await this.items()).join(' | ')}`, { cause });
      });
    }
    await this.page.keyboard.press('Enter');
  }

  /**
   * Pastes the path of a folder that exists into the folder dialog, and takes it. Not key by key: the dialog looks into a folder for
   * each, and the answers may overtake each other. Enter counts only after it has looked, which shows in its list: that has the
   * folder among its neighbours now, or, where it had it before, what is inside the folder.
   */
  async chooseFolder(path: string): Promise<void> {
    await this.row('..').waitFor();
    const name = this.row(basename(path));
    const isListed = (await name.count()) > 0;
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(isListed ? `${path}/` : path);
    await name.waitFor({ state: isListed ? 'detached' : 'attached' });
    await this.page.keyboard.press('Enter');
  }

  /** Pastes the path of a file that exists into the file dialog, and takes it. */
  async chooseFile(path: string): Promise<void> {
    await this.waitForRow('..');
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(path);
    await this.waitForRow(basename(path));
    await this.page.keyboard.press('Enter');
  }

  /**
   * Types the path of a file that is not there yet into the dialog that saves, and takes it. Its folder is there and has this other
   * one in it: that the dialog has looked shows in its list.
   */
  async saveAs(path: string, neighbour: string): Promise<void> {
    await this.waitForRow('..');
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(path);
    await this.waitForRow(neighbour);
    await this.page.keyboard.press('Enter');
    await this.gone();
  }

  /** Clicks through the folders of the folder dialog, from the one it shows at first, and then its button. */
  async clickFolder(names: readonly string[], button: string): Promise<void> {
    await this.waitForRow('..');
    for (const name of names) {
      const before = await this.input.inputValue();
      await this.click(name);
      const expected = name === '..' ? `${dirname(before)}/` : `${before}${name}/`;
      await this.page.waitForFunction(hasValue, ['.quick-input-widget .quick-input-box input', expected] as const);
    }
    await this.widget.locator('.monaco-button').filter({ hasText: button }).click();
  }

  /** The button in the title bar that goes back one step. */
  async back(): Promise<void> {
    await this.widget.locator('.quick-input-titlebar .action-label[aria-label^="Back"]').click();
  }

  async cancel(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.gone();
  }

  async gone(): Promise<void> {
    await this.widget.waitFor({ state: 'hidden' });
  }

  /** Waits until an input box says this of what was typed. */
  async says(text: string): Promise<void> {
    await this.widget.locator('.quick-input-message').filter({ hasText: text }).waitFor();
  }

  /** Labels of rows are read out as `label, description`. */
  private row(label: string, state = ''): Locator {
    const selector = `.quick-input-list .monaco-list-row${state}`;
    return this.widget.locator(`${selector}[aria-label=${cssString(label)}], ${selector}[aria-label^=${cssString(`${label}, `)}]`).first();
  }
}

const paletteTimeoutMs = 3_000;
const paletteAttempts = 8;

interface AriaElement {
  getAttribute(name: string): string | null;
}

/** Runs in the page. */
function hasValue([selector, expected]: readonly [selector: string, expected: string]): boolean {
  const page = globalThis as unknown as { document: { querySelector(selector: string): { readonly value: string } | null } };
  return page.document.querySelector(selector)?.value === expected;
}
