import { readFileSync, writeFileSync } from 'node:fs';
import type { DriveProcess } from '../../scripts/demo/drive-emulator.ts';
import { signInDrive } from '../../scripts/demo/sign-in-drive.ts';
import { otherAccount, sampleAccount } from '../drive-emulator/index.ts';
import type { ControlOrder } from '../drive-emulator/control.ts';
import type { CodeWindow } from './code-window.ts';
import type { PreparedSet } from './prepared-set.ts';
import type { Stage } from './stage.ts';

/** An off-site copy of the prepared set's repository, *Accounting off-site*, as somebody would write it into the configuration. */
export function configureCopy(stage: Stage, { repository }: PreparedSet, { clientFile }: Pick<DriveProcess, 'clientFile'>): void {
  const offsiteCopies = [{ name: 'offsite', title: 'Accounting off-site', repository, to: 'gdrive:Backup/accounting', settleSeconds: 1 }];
  changeConfiguration(stage, (configuration) => ({ ...configuration, googleDrive: { account: sampleAccount, clientFile }, offsiteCopies }));
}

export function changeConfiguration(
  {
    server: {
      folders: { configFile },
    },
  }: Stage,
  change: (configuration: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): void {
  writeFileSync(
    configFile,
    JSON.stringify(change(JSON.parse(readFileSync(configFile, 'utf8')) as Readonly<Record<string, unknown>>), undefined, 2),
  );
}

/** On the command line, before a window opens. */
export async function signInAhead(
  {
    server: {
      folders: { configFile, stateFolder },
    },
  }: Stage,
  { url }: DriveProcess,
): Promise<void> {
  await signInDrive({ CADANGAN_CONFIG: configFile, CADANGAN_STATE: stateFolder, CADANGAN_GOOGLE_ENDPOINT: url }, sampleAccount);
}

/** Makes the emulator's process fail, stop, start again ... */
export async function order({ control }: DriveProcess, what: ControlOrder): Promise<void> {
  const answer = await fetch(control, { method: 'POST', body: JSON.stringify(what) });
  if (!answer.ok) throw new Error(`The Drive emulator does not do this: ${await answer.text()}`);
}

/**
 * Agrees as `account` on the page that comes up in a tab of the same browser.
 * @param shotName of the picture of the page of consent for another account, else of the last page
 */
export async function consent(window: CodeWindow, account: string, shotName: string): Promise<void> {
  const context = window.page.context();
  // It may be there before anybody waits for it.
  const page = context.pages().find((each) => each !== window.page) ?? (await context.waitForEvent('page'));
  // This server sends the browser through a proxy of its own to addresses of this machine, and has none; Google's page is on no such
  // address.
  await page.waitForURL(/\/proxy\/\d+\//);
  const [, port = '', path = ''] = /\/proxy\/(\d+)\/(.*)$/.exec(page.url()) ?? [];
  await page.goto(`http://127.0.0.1:${port}/${path}`);
  await page.locator(`input[type=radio][value="${account}"]`).check();
  if (account === otherAccount) await page.screenshot({ path: window.shotFile(shotName) });
  await page.locator('#allow').click();
  // The page of the program that signs in, which has heard of it then: this one, of Google, is at 127.0.0.1 too.
  await page.waitForURL((url) => url.hostname === '127.0.0.1' && url.port !== port);
  if (account !== otherAccount) await page.screenshot({ path: window.shotFile(shotName) });
  await page.close();
}
