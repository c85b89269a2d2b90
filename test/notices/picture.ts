// `node test/notices/picture.ts FOLDER`: the mail of a bad night and of a week, at the width of a phone, to be looked at.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChromium } from '../../scripts/vscode/chromium.ts';
import { inLocale } from '../../src/platform/index.ts';
import { htmlText } from '../../src/notices/message-forms.ts';
import { badNight, calmWeek, poorWeek } from './sample-messages.ts';

const [, , folder = '.'] = process.argv;
const browser = await startChromium();
const page = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
for (const language of ['en', 'id'] as const)
  for (const [name, make] of Object.entries({ badNight, calmWeek, poorWeek })) {
    const html = await inLocale({ language, timeZone: 'Asia/Jakarta' }, async () => htmlText(await make()));
    writeFileSync(join(folder, `${name}-${language}.html`), html);
    await page.setContent(html);
    await page.screenshot({ path: join(folder, `${name}-${language}.png`), fullPage: true });
  }
await browser.close();
