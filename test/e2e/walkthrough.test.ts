import { windowTest } from './stage.ts';

windowTest('the walkthrough shows four steps with pictures in the colours of the theme', {}, async (window, stage) => {
  await window.run('Cadangan: Get Started');
  await window.waitForText('Protect a folder');
  // Pictures have their place only in a wide editor.
  await window.press('Control+B');
  for (const title of ['Keep the recovery kit', 'Run and restore once', 'Connect Google Drive']) {
    await window.page.locator('.getting-started-step').filter({ hasText: title }).click();
    await window.page.waitForTimeout(500);
    await window.screenshot(`walkthrough ${title}`);
  }
  await stage.changeTheme(window, 'light');
  await window.page.locator('.getting-started-step').filter({ hasText: 'Protect a folder' }).click();
  await window.page.waitForTimeout(500);
  await window.screenshot('walkthrough Protect a folder');
});
