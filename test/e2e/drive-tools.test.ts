// What one does with an off-site copy beside restoring from it, and what the window says when the network goes away.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDriveProcess, type DriveProcess } from '../../scripts/demo/drive-emulator.ts';
import { sampleAccount } from '../drive-emulator/index.ts';
import { readZip } from '../offsite/read-zip.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { needsVscode } from '../vscode/needs-vscode.ts';
import type { CodeWindow } from './code-window.ts';
import { changeConfiguration, configureCopy, consent, order, signInAhead } from './drive-steps.ts';
import { prepareSet, runCli, type PreparedSet } from './prepared-set.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';
import { Words } from './words.ts';

/** A copy that was cut off looks again after some seconds to minutes, as Google asks of programs. */
const goesOnMsMax = 4 * 60_000;

driveTest(
  'a copy is made by its steps, then synced, paused, scrubbed, written as a ZIP, looked into and restored from',
  { theme: 'dark' },
  async (stage, drive) => {
    const set = prepareSet(stage);
    await new CopyTools(await stage.openWindow(), stage, set, drive).play();
  },
);

driveTest(
  'in Indonesian: when the network goes away in the middle of a sync, the view and the status bar say so, and the copy ends in sync by itself',
  { theme: 'light', language: 'id', displayLanguage: 'id' },
  async (stage, drive) => {
    const set = prepareSet(stage);
    writeFileSync(join(set.source, 'scan.tif'), randomBytes(4_000_000));
    runCli(set, 'backup', '--tag', 'accounting', set.source);
    configureCopy(stage, set, drive);
    await signInAhead(stage, drive);
    await order(drive, {
      do: 'faults',
      orders: [
        { fault: 'drip', on: ['upload.piece', 'upload.final', 'upload.multipart', 'upload.simple'], bytesPerSecond: 50_000, times: null },
      ],
    });
    const window = await stage.openWindow();
    const words = new Words('id');
    const shot = window.story('drive cut off,');
    await window.openContainer('Cadangan');
    await window.maximizeView(words.view('drive'));
    const view = window.view(words.view('drive'));
    await view.open();
    await view.waitFor(words.say('copying'));
    await shot('copying');

    await order(drive, { do: 'stop' });
    await view.waitFor(words.say('unreachable'));
    await window.statusItem(words.say('Off-site copy waits for an answer: {name}', { name: 'Accounting off-site' })).waitFor();
    await shot('cut off');

    await order(drive, { do: 'heal' });
    await order(drive, { do: 'start' });
    await view.row(words.say('in sync')).waitFor({ timeout: goesOnMsMax });
    await window
      .statusItem(words.say('Off-site copy waits for an answer: {name}', { name: 'Accounting off-site' }))
      .waitFor({ state: 'detached' });
    await shot('in sync again');
  },
);

class CopyTools {
  private readonly window: CodeWindow;
  private readonly stage: Stage;
  private readonly set: PreparedSet;
  private readonly drive: DriveProcess;
  private readonly folder: string;
  private readonly destination: string;
  private readonly shot: (step: string) => Promise<void>;

  constructor(window: CodeWindow, stage: Stage, set: PreparedSet, drive: DriveProcess) {
    [this.window, this.stage, this.set, this.drive] = [window, stage, set, drive];
    const { workspace } = stage.server.folders;
    [this.folder, this.destination] = [join(workspace, 'readable'), join(workspace, 'restored')];
    for (const folder of [this.folder, this.destination]) mkdirSync(folder);
    this.shot = window.story('drive tools,');
  }

  async play(): Promise<void> {
    await this.window.openContainer('Cadangan');
    await this.newCopy();
    await this.syncNow();
    await this.pauseAndResume();
    await this.scrub();
    await this.readableCopy();
    await this.openFile();
    await this.restoreFromChoice();
  }

  private get view(): ReturnType<CodeWindow['view']> {
    return this.window.view('Off-site Copies');
  }

  private async newCopy(): Promise<void> {
    const {
      window,
      set: { repository },
      drive,
      view,
    } = this;
    const { quickInput } = window;
    await window.maximizeView('Off-site Copies');
    await view.open();
    await view.welcome().getByText('New Off-site Copy', { exact: true }).waitFor();
    await this.shot('welcome');
    await view.welcome().getByText('New Off-site Copy', { exact: true }).click();
    await quickInput.shown('New Off-site Copy (1/5)');
    await this.shot('repository');
    await quickInput.choose(repository);
    await quickInput.shown('New Off-site Copy (2/5)');
    await this.shot('place');
    await quickInput.choose('Google Drive');
    await quickInput.asks('Cadangan/server-1');
    await quickInput.type('/wrong//folder');
    await quickInput.accept();
    await quickInput.says('Write it as Folder/Subfolder.');
    await quickInput.type('Backup/accounting');
    await this.shot('folder');
    await quickInput.accept();
    await quickInput.shown('New Off-site Copy (3/5)');
    await this.shot('records');
    await quickInput.choose('In clear');
    await quickInput.shown('New Off-site Copy (4/5)');
    await quickInput.type(sampleAccount);
    await this.shot('account');
    await quickInput.accept();
    await quickInput.shown('New Off-site Copy (5/5)');
    await this.shot('client');
    await quickInput.choose('Choose the file…');
    await quickInput.chooseFile(drive.clientFile);
    await consent(window, sampleAccount, 'drive tools, consent given');
    await window.notifications.waitFor(`Signed in to Google Drive as ${sampleAccount}.`);
    await view.waitFor('in sync');
    await window.clearMessages();
    await this.shot('in sync');
  }

  private changeCopy(values: Readonly<Record<string, unknown>>): void {
    changeConfiguration(this.stage, ({ offsiteCopies, ...configuration }) => ({
      ...configuration,
      offsiteCopies: (offsiteCopies as object[]).map((copy) => ({ ...copy, ...values })),
    }));
  }

  private async syncNow(): Promise<void> {
    const { window, view, set } = this;
    writeFileSync(join(set.source, 'ledger.txt'), 'fourth\n');
    runCli(set, 'backup', '--tag', 'accounting', set.source);
    // The copy waits until the folder is at rest; nobody has to.
    await view.inlineAction(name, 'Update Off-site Copy Now');
    await window.notifications.waitFor(`${name} is in sync, verified:`);
    await view.waitFor('in sync');
    await this.shot('synced now');
    await window.clearMessages();
  }

  private async pauseAndResume(): Promise<void> {
    const { view, set } = this;
    await view.inlineAction(name, 'Pause Off-site Copy');
    await view.waitFor('paused');
    writeFileSync(join(set.source, 'ledger.txt'), 'fifth\n');
    runCli(set, 'backup', '--tag', 'accounting', set.source);
    await this.shot('paused');
    await view.inlineAction(name, 'Resume Off-site Copy');
    await view.row('in sync').waitFor({ timeout: goesOnMsMax }); // when the folder has been at rest for half a minute
  }

  private async scrub(): Promise<void> {
    const { window, view, drive } = this;
    await order(drive, { do: 'trash', account: sampleAccount, path: 'Backup/accounting/config' });
    await view.contextMenu(name, 'Scrub Off-site Copy');
    await window.notifications.waitFor(`${name} was compared with its repository:`);
    await view.expand(name);
    await view.waitFor('1 file wrong, healed');
    await this.shot('scrubbed');
    await window.clearMessages();
  }

  private async readableCopy(): Promise<void> {
    const { window, view, folder } = this;
    this.changeCopy({ readableCopies: { set: 'accounting', every: 'year', to: folder } });
    // By its rule: the first one is due at once.
    await view.waitFor('.zip');
    await view.icon(name, 'pass').waitFor();
    await this.shot('readable by rule');
    await view.contextMenu(name, 'Write Readable Copy…');
    await window.quickInput.choose('Accounting');
    await window.notifications.waitFor('The readable copy of Accounting is written:');
    await this.shot('readable');
    const [file = ''] = readdirSync(folder).filter((each) => each.endsWith('.zip'));
    const entries = readZip(readFileSync(join(folder, file)));
    assert.equal(entries.find((entry) => entry.name.endsWith('accounting/ledger.txt'))?.content.toString(), 'fifth\n');
    await window.clearMessages();
  }

  private async openFile(): Promise<void> {
    const { window, view, set } = this;
    await view.expand('12:00 Accounting');
    await view.expand(set.source);
    await view.focus('ledger.txt');
    await window.tab('ledger.txt').waitFor();
    await window.waitForText('third');
    assert.match(await window.editorText(), /^third/);
    await this.shot('opened from Drive');
  }

  private async restoreFromChoice(): Promise<void> {
    const {
      window,
      set: { source },
      destination,
    } = this;
    const { quickInput } = window;
    const sets = window.view('Backup Sets');
    await sets.open();
    await sets.inlineAction('Accounting', 'Restore…');
    await quickInput.waitForRow('From the backup server');
    await this.shot('from where');
    await quickInput.choose('From the off-site copy');
    await quickInput.choose('Everything in Accounting');
    await quickInput.choose('12:00');
    await quickInput.choose('Another folder…');
    await quickInput.chooseFolder(destination);
    await quickInput.choose('Overwrite what differs');
    await quickInput.answer('For example: Budi, Finance: the ledger of October was overwritten', '');
    await quickInput.waitForRow('Start');
    await this.shot('preview');
    await quickInput.choose('Start');
    await window.notifications.waitFor('Accounting is restored:');
    await this.shot('restored');
    const at = join(destination, 'accounting');
    assert.equal(readFileSync(join(at, 'ledger.txt'), 'utf8'), 'third\n');
    for (const same of ['invoice.json', '2026/notes.md']) assert.deepEqual(readFileSync(join(at, same)), readFileSync(join(source, same)));
  }
}

/** As the steps name it: after its folder. */
const name = 'accounting';

function driveTest(title: string, options: StageOptions, body: (stage: Stage, drive: DriveProcess) => Promise<void>): void {
  test(title, needsVscode('newest'), async () => {
    await using folder = await temporaryFolder();
    await using drive = await startDriveProcess({ folder: folder.path, isFast: true });
    await using stage = await openStage({ ...options, environment: { CADANGAN_GOOGLE_ENDPOINT: drive.url } });
    try {
      await body(stage, drive);
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : String(error)}\n${await stage.evidence(`drive tools ${options.language ?? 'en'}`)}`,
        { cause: error },
      );
    }
  });
}
