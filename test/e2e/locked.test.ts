// Snapshots in a bucket that locks its objects: until when they cannot be deleted is seen on them, and said to whoever tries.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCadangan } from '../interop/programs.ts';
import { ObjectStore } from '../s3/object-store.ts';
import { password, writeConfiguration } from './prepared-set.ts';
import { windowTest } from './stage.ts';
import { Words } from './words.ts';

const objectStore = ObjectStore.ofFile();

for (const language of ['en', 'id'] as const) {
  const words = new Words(language);
  windowTest(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: a snapshot that its storage has locked says until when it cannot be deleted`,
    { language, displayLanguage: language, theme: language === 'en' ? 'light' : 'dark' },
    async (window, { server: { folders } }) => {
      const shot = window.story('locked,');
      const { quickInput, notifications } = window;
      const { peer } = await objectStore();
      const location = `s3:${peer.endpoint}/${await peer.makeLockingBucket(1)}/one`;
      const [source, passwordFile, credentialsFile] = [
        join(folders.root, 'source'),
        join(folders.root, 'password'),
        join(folders.root, 's3-keys'),
      ];
      mkdirSync(source);
      writeFileSync(join(source, 'ledger.txt'), 'first\n');
      writeFileSync(passwordFile, password, { mode: 0o600 });
      const { accessKeyId, secretAccessKey } = peer.keys;
      writeFileSync(credentialsFile, `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`, {
        mode: 0o600,
      });
      const set = { name: 'ledger', title: 'Ledger', sources: [source], repository: { location, passwordFile } };
      writeConfiguration(folders.configFile, [set], { storages: [{ location, credentialsFile }] });
      const env = { CADANGAN_CONFIG: folders.configFile, CADANGAN_STATE: folders.stateFolder };
      for (const args of [
        ['-r', location, '--password-file', passwordFile, 'init'],
        ['backup', 'ledger'],
      ]) {
        const { code, stderr } = await startCadangan(args, { env }).ended;
        assert.equal(code, 0, stderr);
      }

      await window.openContainer('Cadangan');
      const view = window.view(words.view('snapshots'));
      await view.waitFor('Ledger');
      await view.row('Ledger').hover();
      const until = words.say('cannot be deleted until {0}', { 0: '' }).trim();
      await window.page.locator('.monaco-hover').filter({ hasText: until }).waitFor();
      await shot('until when');

      await view.contextMenu('Ledger', words.title('deleteSnapshot'));
      await quickInput.answer(words.say('Reason'), 'made by mistake');
      await notifications.answer(words.say('Delete this snapshot?'), words.button('deleteSnapshot'));
      await notifications.waitFor(until);
      await shot('not deleted');
      await view.waitFor('Ledger');
    },
  );
}
