// A set is restored onto another server, from the window: its key is confirmed, what would happen is shown, and the files are there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sshd } from '../sshd/sshd.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

const words = new Words('id');

setTest(
  'in Indonesian: a set is restored onto a server that was never met before, and the record names it',
  { language: 'id', displayLanguage: 'id', theme: 'light', settings: { 'remote.autoForwardPorts': false } },
  async (window, _set, { server: { folders } }) => {
    const shot = window.story('restore to a server,');
    const { quickInput, notifications } = window;
    await using sshd = await Sshd.start();
    const root = `sftp://${sshd.user}@127.0.0.1:${sshd.port}/`;
    const target = `${root}${join(folders.root, 'new-server')}`;
    const configuration: unknown = JSON.parse(await readFile(folders.configFile, 'utf8'));
    const storages = [{ location: root, identityFile: sshd.keyFile }];
    await writeFile(folders.configFile, JSON.stringify({ ...(configuration as object), storages }, undefined, 2));

    await window.openContainer('Cadangan');
    const sets = window.view(words.view('sets'));
    await sets.open();
    await sets.inlineAction('Accounting', words.title('restore'));
    await quickInput.choose(words.say('Everything in {name}', { name: 'Accounting' }));
    await quickInput.rows().nth(0).waitFor();
    await quickInput.rows().filter({ hasText: '20 Nov 2026' }).click();
    await quickInput.waitForRow(words.say('Another server…'));
    await shot('where to');
    await quickInput.choose(words.say('Another server…'));
    await quickInput.asks('sftp:user@host:/path');
    await quickInput.type('gdrive:Somewhere');
    await quickInput.accept();
    await window.page.locator('.quick-input-message').waitFor();
    await shot('no server');
    await quickInput.type(target);
    await quickInput.accept();
    await notifications.answer(
      words.say('The server "{host}" is not known yet.', { host: '127.0.0.1' }),
      words.say('It Is the Right Server'),
    );
    await quickInput.choose(words.say('Overwrite what differs'));
    await quickInput.answer(words.say('For example: Budi, Finance: the ledger of October was overwritten'), '');
    await quickInput.waitForRow(words.say('Start'));
    await shot('preview');
    await quickInput.choose(words.say('Start'));
    await notifications.waitFor(
      words.say('{name} is restored: {files}, {bytes}; {verified} verified.', {
        name: 'Accounting',
        files: words.say('{count} files', { count: '3' }),
        bytes: '29 B',
        verified: '3',
      }),
    );
    await shot('restored');
    assert.equal(readFileSync(join(folders.root, 'new-server', 'accounting', 'ledger.txt'), 'utf8'), 'first\n');
    const records = readFileSync(join(folders.stateFolder, 'records', `${new Date().toISOString().slice(0, 7)}.jsonl`), 'utf8');
    assert.ok(records.includes(target), 'the record names the server');
  },
);
