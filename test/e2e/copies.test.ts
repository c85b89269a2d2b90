// An off-site copy in an object store and a second one on a server: made by their steps, in sync, looked into, and whole for stock restic.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRestic } from '../interop/programs.ts';
import { ObjectStore } from '../s3/object-store.ts';
import { Sshd } from '../sshd/sshd.ts';
import { password } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

const objectStore = ObjectStore.ofFile();

for (const language of ['en', 'id'] as const) {
  const words = new Words(language);
  setTest(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: a copy goes to an object store, another to a server, and both are in sync`,
    { language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light', settings: { 'remote.autoForwardPorts': false } },
    async (window, set, { server: { folders } }) => {
      const shot = window.story('copies,');
      const { quickInput, notifications } = window;
      const { peer } = await objectStore();
      await using sshd = await Sshd.start();
      const object = `s3:${peer.endpoint}/copies/${language}`;
      const server = `sftp://${sshd.user}@127.0.0.1:${sshd.port}/${join(folders.root, 'over-sftp')}`;
      const credentialsFile = join(folders.root, 's3-keys');
      const { accessKeyId, secretAccessKey } = peer.keys;
      writeFileSync(credentialsFile, `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`, {
        mode: 0o600,
      });
      const configuration: unknown = JSON.parse(readFileSync(folders.configFile, 'utf8'));
      const storages = [
        { location: object, credentialsFile },
        { location: server, identityFile: sshd.keyFile },
      ];
      writeFileSync(folders.configFile, JSON.stringify({ ...(configuration as object), storages }, undefined, 2));

      await window.openContainer('Cadangan');
      const view = window.view(words.view('drive'));
      await window.maximizeView(words.view('drive'));
      await view.open();
      for (const to of [object, server]) {
        await window.run(words.inPalette('newCopy'));
        await quickInput.shown('(1/');
        await quickInput.choose(set.repository);
        await quickInput.waitForRow(words.say('A server or an object store…'));
        if (to === object) await shot('place');
        await quickInput.choose(words.say('A server or an object store…'));
        await quickInput.asks('/mnt/backup/repository');
        await quickInput.type(to);
        await quickInput.accept();
        if (to === server)
          await notifications.answer(
            words.say('The server "{host}" is not known yet.', { host: '127.0.0.1' }),
            words.say('It Is the Right Server'),
          );
        await quickInput.waitForRow(words.say('Sealed'));
        await shot(`records, ${to === object ? 's3' : 'sftp'}`);
        await quickInput.choose(words.say('Sealed'));
        await view.waitFor(to === object ? language : 'over-sftp');
      }
      await window.page
        .locator('.monaco-list-row')
        .filter({ hasText: new RegExp(`(${language}|over-sftp).*${words.say('in sync')}`) })
        .nth(1)
        .waitFor();
      await shot('both in sync');
      await view.expand(language);
      await view.waitFor(words.say('Last in sync'));
      await view.waitFor(words.say('Records'));
      await shot('looked into');
      for (const [location, options, environment] of [
        [object, [], peer.environment],
        [server, ['-o', `sftp.command=${sshOf(sshd)}`], {}],
      ] as const) {
        const restic = async (...args: readonly string[]): Promise<string> => {
          const running = startRestic(['-r', location, ...options, ...args], { env: { ...environment, RESTIC_PASSWORD: password } });
          const { code, stdout, stderr } = await running.ended;
          assert.equal(code, 0, stderr);
          return stdout.toString();
        };
        await restic('check', '--read-data');
        const listed = JSON.parse(await restic('snapshots', '--json', '--tag', 'accounting')) as readonly unknown[];
        assert.equal(listed.length, 3, location);
      }
    },
  );
}

function sshOf({ port, keyFile, user }: Sshd): string {
  return `ssh -F none -p ${port} -i ${keyFile} -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no ${user}@127.0.0.1 -s sftp`;
}
