// The trial of a new user: from an empty machine to the first restore, in both languages, with keys alone and with clicks.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedVersion } from '../../scripts/vscode/versions.ts';
import type { CodeWindow } from './code-window.ts';
import { password } from './prepared-set.ts';
import { windowTest, type Stage, type StageOptions } from './stage.ts';
import { Words, type Language } from './words.ts';

type Means = 'keys' | 'clicks';

for (const { means, language, ...options } of [
  { means: 'keys', language: 'en', theme: 'dark', version: 'newest' },
  { means: 'clicks', language: 'id', theme: 'light', version: 'newest' },
  { means: 'keys', language: 'id', theme: 'high contrast', version: 'floor' },
  { means: 'clicks', language: 'en', theme: 'high contrast light', version: 'floor' },
] as const satisfies readonly (StageOptions & { readonly means: Means; readonly language: Language })[]) {
  const { vscode } = pinnedVersion(options.version);
  const speech = language === 'en' ? 'English' : 'Indonesian';
  windowTest(
    `from an empty machine to the first restore in ${speech}, with ${means === 'keys' ? 'the keyboard alone' : 'clicks'}, in VS Code ${vscode}`,
    { ...options, language, displayLanguage: language },
    async (window, stage, context) => {
      const startMs = performance.now();
      await new FirstBackup(window, stage, means, new Words(language)).play();
      const { keys, clicks, confirmations } = await window.effort();
      if (means === 'keys') assert.equal(clicks, 0);
      context.diagnostic(
        `${speech}, ${means}: ${confirmations} confirmations (Enter or click); ${keys} keys in all, ${clicks} clicks; ${((performance.now() - startMs) / 1000).toFixed(1)} s`,
      );
    },
  );
}

class FirstBackup {
  private readonly window: CodeWindow;
  private readonly means: Means;
  private readonly words: Words;
  private readonly shot: (step: string) => Promise<void>;
  private readonly source: string;
  private readonly repository: string;
  private readonly destination: string;
  private readonly configFile: string;

  constructor(
    window: CodeWindow,
    {
      server: {
        folders: { workspace, configFile },
      },
    }: Stage,
    means: Means,
    words: Words,
  ) {
    [this.window, this.means, this.words] = [window, means, words];
    this.shot = window.story(`first backup, ${means},`);
    [this.source, this.repository, this.destination, this.configFile] = [
      join(workspace, 'accounting'),
      join(workspace, 'backup-disk'),
      join(workspace, 'restored'),
      configFile,
    ];
    for (const folder of [this.source, this.repository, this.destination, join(this.source, '2026')]) mkdirSync(folder);
    writeFileSync(join(this.source, 'ledger.txt'), 'first\n');
    writeFileSync(join(this.source, 'invoice.json'), '{ "total": 1 }\n');
    writeFileSync(join(this.source, '2026', 'notes.md'), '# Notes\n');
  }

  async play(): Promise<void> {
    const { window, words } = this;
    await this.openViews();
    await this.createSet();
    await window.notifications.waitFor(words.say('The backup set {name} is ready.', { name: 'accounting' }));
    await window.view(words.view('sets')).waitFor('accounting');
    await this.shot('the set is ready');
    const { version, sets } = JSON.parse(readFileSync(this.configFile, 'utf8').replace(/^\/\/.*$/m, '')) as Record<string, unknown>;
    const written = {
      name: 'accounting',
      sources: [this.source],
      repository: { location: this.repository },
      schedule: { window: '21:00-23:00' },
    };
    assert.deepEqual({ version, sets }, { version: 1, sets: [written] }, 'the file promises what was asked for, and no more');
    await this.backUp();
    writeFileSync(join(this.source, 'ledger.txt'), 'changed\n');
    await this.restore();
    assert.equal(readFileSync(join(this.destination, 'accounting', 'ledger.txt'), 'utf8'), 'first\n');
    await this.openDestination();
  }

  private async openViews(): Promise<void> {
    const { window, words } = this;
    if (this.means === 'clicks') await window.openContainer('Cadangan');
    else await window.run('View: Show Cadangan');
    const welcome = window.view(words.view('sets')).welcome();
    await welcome
      .getByText(words.language === 'en' ? 'Nothing on this server is protected yet' : 'Belum ada yang dilindungi di server ini')
      .waitFor();
    await this.shot('welcome');
    if (this.means === 'keys') return window.run(words.inPalette('newSet'));
    await welcome.getByText(words.button('newSet'), { exact: true }).click();
  }

  private async createSet(): Promise<void> {
    const {
      window: { quickInput },
      words,
    } = this;
    await quickInput.shown(`${words.button('newSet')} (1/`);
    await quickInput.type('accounting');
    await this.shot('name');
    await quickInput.accept();
    await this.take('Add folder…');
    await this.takeFolder('Folder to Back Up', this.source, ['accounting'], 'Back Up');
    await quickInput.waitForRow(words.say('Continue'));
    await this.shot('sources');
    await this.take('Continue');
    await quickInput.shown('(3/');
    await this.shot('repository');
    await this.take('Choose a folder…');
    await this.takeFolder('Folder for the Repository', this.repository, ['backup-disk'], 'Keep Backups Here');
    await quickInput.shown('(4/');
    await quickInput.type(password);
    await this.shot('password');
    await quickInput.accept();
    await quickInput.shown('(5/');
    await quickInput.type(password);
    await this.shot('password again');
    await quickInput.accept();
    await quickInput.shown('(6/');
    await this.shot('window');
    await quickInput.shown('(6/6)');
    await this.take('Every day, 21:00 to 23:00');
  }

  private async backUp(): Promise<void> {
    const { window, words } = this;
    const sets = window.view(words.view('sets'));
    await window.notifications.read();
    if (this.means === 'clicks') {
      await sets.inlineAction('accounting', words.title('backUpNow'));
    } else {
      await window.run(words.inPalette('backUpNow'));
      await window.quickInput.shown(words.button('backUpNow'));
      await this.take('accounting');
    }
    await window.notifications.waitFor(
      new RegExp(
        words.say('{name} is backed up: {files}, {bytes}; {added} added.', {
          name: 'accounting',
          files: words.say('{count} files', { count: '3' }),
          bytes: '29 B',
          added: '.+',
        }),
      ),
    );
    await this.unfold('sets', 'accounting');
    await sets.waitFor(words.say('Last run'));
    const snapshots = window.view(words.view('snapshots'));
    await snapshots.waitFor(words.language === 'en' ? 'Today' : 'Hari ini');
    await this.shot('backed up');
    await this.unfold('snapshots', 'accounting');
    await this.unfold('snapshots', this.source);
    await snapshots.waitFor('ledger.txt');
    await this.shot('in the tree');
  }

  private async restore(): Promise<void> {
    const { window, words } = this;
    const { quickInput } = window;
    if (this.means === 'clicks') {
      await window.view(words.view('sets')).inlineAction('accounting', words.title('restore'));
    } else {
      await window.run(words.inPalette('restore'));
      await quickInput.shown(`${words.button('restore')} (1/`);
      await this.shot('restore what');
      await this.take('accounting');
    }
    await quickInput.waitForRow(words.say('Everything in {name}', { name: 'accounting' }));
    await this.shot('restore all or a part');
    await this.take('Everything in {name}', { name: 'accounting' });
    await quickInput.rows().filter({ hasText: '29 B' }).waitFor();
    await this.shot('restore date');
    if (this.means === 'clicks') await quickInput.rows().filter({ hasText: '29 B' }).click();
    else await quickInput.accept();
    await quickInput.waitForRow(words.say('Another folder…'));
    await this.shot('restore destination');
    await this.take('Another folder…');
    await this.takeFolder('Destination Folder', this.destination, ['restored'], 'Restore into This Folder');
    await quickInput.waitForRow(words.say('Overwrite what differs'));
    await this.shot('restore over existing files');
    await this.take('Overwrite what differs');
    await quickInput.answer(words.say('For example: Budi, Finance: the ledger of October was overwritten'), '');
    await quickInput.waitForRow(words.say('Start'));
    await this.shot('restore preview');
    await this.take('Start');
    await window.notifications.waitFor(this.restored);
    await this.shot('restored');
  }

  private get restored(): string {
    const { words } = this;
    return words.say('{name} is restored: {files}, {bytes}; {verified} verified.', {
      name: 'accounting',
      files: words.say('{count} files', { count: '3' }),
      bytes: '29 B',
      verified: '3',
    });
  }

  private async openDestination(): Promise<void> {
    const { window, words } = this;
    const button = words.say('Open Destination');
    if (this.means === 'clicks') await window.notifications.press(this.restored, button);
    else await window.acceptMessage(this.restored, button);
    await window.page
      .locator('.explorer-folders-view [role=treeitem].selected, .explorer-folders-view .monaco-list-row.selected')
      .filter({ hasText: 'restored' })
      .waitFor();
    await this.shot('destination');
  }

  private async unfold(view: 'sets' | 'snapshots', text: string): Promise<void> {
    const { window, words } = this;
    const tree = window.view(words.view(view));
    await tree.waitFor(text);
    if (this.means === 'clicks') return tree.expand(text);
    await window.run(`Cadangan: Focus on ${words.view(view)} View`);
    await tree.unfold(text);
  }

  private async take(english: string, values: Readonly<Record<string, string>> = {}): Promise<void> {
    const label = english === 'accounting' ? english : this.words.say(english, values);
    const { quickInput } = this.window;
    await (this.means === 'keys' ? quickInput.choose(label) : quickInput.click(label));
  }

  private async takeFolder(title: string, path: string, clicks: readonly string[], button: string): Promise<void> {
    const {
      window: { quickInput },
      words,
    } = this;
    await quickInput.shown(words.say(title));
    await this.shot(title.toLowerCase());
    if (this.means === 'keys') await quickInput.chooseFolder(path);
    else await quickInput.clickFolder(clicks, words.say(button));
  }
}
