import { windowTest } from './stage.ts';
import { Words } from './words.ts';

const words = new Words('id');
windowTest(
  'the walkthrough shows four steps with pictures in the colours of the theme, in Indonesian',
  { language: 'id', displayLanguage: 'id', theme: 'light' },
  async (window, stage) => {
    await window.run(words.inPalette('getStarted'));
    // Pictures have their place only in a wide editor.
    await window.press('Control+B');
    for (const step of ['protect', 'kit', 'restore', 'drive'] as const) {
      await window.page
        .locator('.getting-started-step')
        .filter({ hasText: words.walkthrough(step) })
        .click();
      await window.page
        .locator('.getting-started-step.expanded')
        .filter({ hasText: words.walkthrough(step) })
        .waitFor();
      await window.walkthroughPicture(step);
      await window.screenshot(`walkthrough ${step}`);
    }
    await stage.changeTheme(window, 'high contrast');
    await window.walkthroughPicture('drive');
    await window.screenshot('walkthrough drive');
  },
);
