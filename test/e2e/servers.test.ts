// The view *Servers*: nine servers back up into one repository, and one of them has fallen silent.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { runCli } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

const dayMs = 86_400_000;
const others = Array.from({ length: 8 }, (_, at) => `srv-0${at + 2}`);
const silent = 'srv-05';

for (const language of ['en', 'id'] as const) {
  const words = new Words(language);
  setTest(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: of nine servers the silent one stands first, and each row says as of when it is`,
    { language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light', set: { rpoHours: 72 } },
    async (window, set, { server: { folders } }) => {
      const shot = window.story('servers,');
      for (const host of others) {
        const time = new Date(Date.now() - (host === silent ? 20 * dayMs : dayMs / 4)).toISOString().slice(0, 19).replace('T', ' ');
        runCli(set, 'backup', '--host', host, '--time', time, '--tag', 'nightly', set.source);
      }
      const configuration: unknown = JSON.parse(readFileSync(folders.configFile, 'utf8'));
      const servers = others.map((host) => ({ host, rpoHours: 26 }));
      writeFileSync(folders.configFile, JSON.stringify({ ...(configuration as object), servers }, undefined, 2));

      await window.openContainer('Cadangan');
      const view = window.view(words.view('servers'));
      await view.open();
      // A long tree has only the rows that can be seen: the others make room.
      for (const name of ['sets', 'snapshots'] as const) await window.view(words.view(name)).close();
      // Only what the configuration wants of it makes it silent: then the others are judged by it, too.
      await view.icon(silent, 'error').waitFor();
      const labels = await view.labels();
      assert.match(labels[0] ?? '', new RegExp(`${silent}, ${words.say('silent')}`));
      assert.equal(labels.filter((label) => label.includes(words.say('in time'))).length, 8);
      assert.ok(labels.some((label) => label.includes(hostname()) && label.includes(words.say('this server'))));
      await shot('nine');
      await view.expand(silent);
      await view.waitFor('nightly');
      await view.row('nightly').hover();
      await window.page
        .locator('.monaco-hover')
        .filter({ hasText: words.say('Looked at') })
        .waitFor();
      await shot('silent');
    },
  );
}
