// The off-site copy as an admin sees it: signing in on the consent page, the copy, a restore from it, a sign-out in the middle.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDriveProcess } from '../../scripts/demo/drive-emulator.ts';
import { otherAccount, sampleAccount } from '../drive-emulator/index.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { configureCopy, consent } from './drive-steps.ts';
import { prepareSet, type PreparedSet } from './prepared-set.ts';
import { openStage, type Stage } from './stage.ts';
import { Words, type Language } from './words.ts';

for (const language of ['en', 'id'] as const) {
  test(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: sign in, another account refused by name, the first copy, a date restored from Drive, signed out in the middle`,
    needsVscode('newest'),
    async () => {
      await using folder = await temporaryFolder();
      await using drive = await startDriveProcess({ folder: folder.path, isFast: true });
      await using stage = await openStage({
        language,
        displayLanguage: language,
        theme: language === 'en' ? 'dark' : 'light',
        environment: { CADANGAN_GOOGLE_ENDPOINT: drive.url },
      });
      const set = prepareSet(stage);
      configureCopy(stage, set, drive);
      const window = await stage.openWindow();
      try {
        await new OffsiteCopy(window, stage, set, language).play();
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(`drive ${language}`)}`, {
          cause: error,
        });
      }
    },
  );
}

class OffsiteCopy {
  private readonly window: CodeWindow;
  private readonly set: PreparedSet;
  private readonly words: Words;
  private readonly destination: string;
  private readonly shot: (step: string) => Promise<void>;

  constructor(
    window: CodeWindow,
    {
      server: {
        folders: { workspace },
      },
    }: Stage,
    set: PreparedSet,
    language: Language,
  ) {
    [this.window, this.set, this.words] = [window, set, new Words(language)];
    this.destination = join(workspace, 'restored');
    mkdirSync(this.destination);
    this.shot = window.story('drive,');
  }

  async play(): Promise<void> {
    const { window, words } = this;
    await window.openContainer('Cadangan');
    await window.view(words.view('drive')).open();
    await this.signIn();
    await this.restoreFirstDate();
    await this.signOutInTheMiddle();
  }

  private async signIn(): Promise<void> {
    const { window, words } = this;
    const view = window.view(words.view('drive'));
    await view.waitFor(words.say('not signed in'));
    await this.shot('not signed in');
    await view.inlineAction(sampleAccount, words.title('driveSignIn'));
    await this.consent(otherAccount);
    await window.notifications.waitFor(
      words.say('Refused: {account} is not the designated account, {designated}.', { account: otherAccount, designated: sampleAccount }),
    );
    await this.shot('another account');
    await window.clearMessages();
    await view.inlineAction(sampleAccount, words.title('driveSignIn'));
    await this.consent(sampleAccount);
    await window.notifications.waitFor(words.say('Signed in to Google Drive as {account}.', { account: sampleAccount }));
    await view.waitFor(words.say('in sync'));
    await window.clearMessages();
    await this.shot('in sync');
  }

  private async consent(account: string): Promise<void> {
    await consent(this.window, account, `drive, ${account === otherAccount ? 'consent' : 'signed in'}`);
  }

  private async restoreFirstDate(): Promise<void> {
    const {
      window,
      words,
      set: { source },
      destination,
    } = this;
    const { quickInput } = window;
    const view = window.view(words.view('drive'));
    await window.maximizeView(words.view('drive'));
    await view.expand('Accounting off-site');
    await view.waitFor(words.say('Last scrub'));
    await view.waitFor(words.language === 'en' ? 'Yesterday' : 'Kemarin');
    await view.expand('November 2026');
    await this.shot('snapshots by date');
    await view.inlineAction('Accounting off-site', words.title('restore'));
    await quickInput.choose(words.say('Everything in {name}', { name: 'Accounting' }));
    // Of the 20th; the day stands above the row, and the next day's is larger by a byte.
    await quickInput.choose(words.language === 'en' ? '21:00, 29 B' : '21.00, 29 B');
    await quickInput.choose(words.say('Another folder…'));
    await quickInput.chooseFolder(destination);
    await quickInput.choose(words.say('Overwrite what differs'));
    await quickInput.answer(words.say('For example: Budi, Finance: the ledger of October was overwritten'), '');
    await quickInput.waitForRow(words.say('Start'));
    await this.shot('preview');
    await quickInput.choose(words.say('Start'));
    await window.notifications.waitFor(
      words.say('{name} is restored: {files}, {bytes}; {verified} verified.', { name: 'Accounting' }).split(':')[0] ?? '',
    );
    await this.shot('restored');
    const at = join(destination, 'accounting');
    assert.equal(readFileSync(join(at, 'ledger.txt'), 'utf8'), 'first\n');
    for (const same of ['invoice.json', '2026/notes.md']) assert.deepEqual(readFileSync(join(at, same)), readFileSync(join(source, same)));
    await window.clearMessages();
  }

  private async signOutInTheMiddle(): Promise<void> {
    const {
      window,
      words,
      set: { source },
    } = this;
    const view = window.view(words.view('drive'));
    await view.inlineAction(sampleAccount, words.title('driveSignOut'));
    await window.notifications.answer(words.say('Sign out of Google Drive?'), words.say('Sign Out'));
    await view.waitFor(words.say('not signed in'));
    // All that follows a sign-out has happened: a question that is asked before loses the focus to it, and is gone.
    await window.statusItem(words.say('Off-site copy stands still: {name}', { name: 'Accounting off-site' })).waitFor();
    writeFileSync(join(source, 'ledger.txt'), 'fourth\n');
    await window.run(words.inPalette('backUpNow'));
    await window.quickInput.asks(words.say('Choose a backup set'));
    await window.quickInput.choose('Accounting');
    await window.notifications.waitFor(
      words.say('{name} is backed up: {files}, {bytes}; {added} added.', { name: 'Accounting' }).split(':')[0] ?? '',
    );
    const sets = window.view(words.view('sets'));
    await sets.open();
    await sets.expand('Accounting');
    await sets.waitFor(words.say('last snapshot is not off-site yet'));
    await this.shot('signed out');
    await window.clearMessages();
    await view.inlineAction(sampleAccount, words.title('driveSignIn'));
    await this.consent(sampleAccount);
    await sets.waitFor(words.say('last snapshot is off-site, verified'));
    await view.waitFor(words.say('in sync'));
    await this.shot('protected');
  }
}
