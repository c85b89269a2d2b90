import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** The system's own browser; Playwright's builds are a download that is not to be had everywhere. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)));
  return candidates.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts it without a display. It ends with `close()`, and by itself when this process dies: its pipe breaks. */
export async function startChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no Chromium: sudo apt-get install chromium');
  return await chromium.launch({
    executablePath,
    // Root has no sandbox in Chromium.
    chromiumSandbox: process.getuid?.() !== 0,
    // Only the server under test is reachable, wherever a page would like to ask.
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--disable-gpu', '--font-render-hinting=none'],
  });
}
