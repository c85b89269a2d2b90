// How long a set keeps its snapshots, in the window: the page of its rule, a change of the rule, a snapshot protected and another deleted.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordsFolder } from '../../src/records/index.ts';
import { runCli } from './prepared-set.ts';
import { setTest } from './set-test.ts';
import { Words } from './words.ts';

for (const language of ['en', 'id'] as const) {
  const words = new Words(language);
  setTest(
    `in ${language === 'en' ? 'English' : 'Indonesian'}: a rule is made and its preview read, a snapshot is protected, one is deleted, and why stands in the records`,
    { language, displayLanguage: language, theme: language === 'en' ? 'dark' : 'light' },
    async (window, set, { server: { folders } }) => {
      const shot = window.story('retention,');
      const { quickInput, notifications } = window;
      const view = window.view(words.view('snapshots'));
      const [noon, evening] = language === 'en' ? ['12:00', '21:00'] : ['12.00', '21.00'];
      const countOf = (count: number): string =>
        count === 1 ? words.say('1 snapshot') : words.say('{count} snapshots', { count: String(count) });

      await window.openContainer('Cadangan');
      await window.view(words.view('sets')).waitFor('Accounting');
      await window.run(words.inPalette('showRetention'));
      await quickInput.choose('Accounting');
      const title = words.say('Retention of {name}', { name: 'Accounting' });
      const empty = await window.titledPage(title, 'tbody');
      assert.match(await empty.locator('.state').innerText(), new RegExp(words.say('The set has no rule: all snapshots stay.')));
      await shot('no rule');

      await empty.getByRole('button', { name: words.button('changeRetention') }).press('Enter');
      await quickInput.shown('(1/6)');
      await quickInput.choose(words.say('None'));
      await quickInput.shown('(2/6)');
      await shot('daily');
      await quickInput.choose(words.say('Another number…'));
      await quickInput.answer(words.say('Of how many days does the last snapshot stay?'), '2');
      for (const step of ['(3/6)', '(4/6)', '(5/6)']) {
        await quickInput.shown(step);
        await quickInput.choose(words.say('None'));
      }
      await quickInput.shown('(6/6)');
      await shot('agree');
      await quickInput.choose(words.say('Save the Rule'));
      const ruled = await window.titledPage(title, 'section:nth-of-type(3)');
      await ruled.getByText(words.say('{removed} would go, {kept} would stay.', { removed: countOf(1), kept: countOf(2) })).waitFor();
      assert.match(readFileSync(folders.configFile, 'utf8'), /"retention": \{\s*"keepDaily": 2\s*\}/);
      await shot('rule');

      await view.waitFor(`${noon} Accounting`);
      await view.contextMenu(`${noon} Accounting`, words.title('protectSnapshot'));
      await quickInput.choose(words.say('Keep for good'));
      await quickInput.answer(words.say('Reason'), 'year-end');
      await notifications.waitFor(new RegExp(words.say('protected')));
      await view.icon(`${noon} Accounting`, 'lock').waitFor();
      await shot('protected');
      await window.clearMessages();

      await view.contextMenu(`${noon} Accounting`, words.title('deleteSnapshot'));
      await notifications.waitFor(new RegExp(words.say('protected')));
      await shot('refused');
      await window.clearMessages();

      await window.run(words.inPalette('deleteSnapshot'));
      await quickInput.shown(words.button('deleteSnapshot'));
      await quickInput.choose(`${evening} Accounting`);
      await quickInput.answer(words.say('Reason'), 'made by mistake');
      await window.page.locator('.monaco-dialog-box').waitFor();
      await shot('what goes');
      await notifications.answer(words.say('Delete this snapshot?'), words.button('deleteSnapshot'));
      await notifications.waitFor(countOf(1));
      await shot('deleted');

      const left = JSON.parse(runCli(set, 'snapshots', '--json')) as readonly { readonly time: string; readonly tags: readonly string[] }[];
      assert.deepEqual(
        left.map(({ time, tags }) => [time.slice(0, 10) === '2026-11-20', tags.filter((tag) => !tag.startsWith('records:'))]),
        [
          [true, ['accounting']],
          [false, ['accounting', 'keep']],
        ],
      );
      const folder = recordsFolder(folders.stateFolder);
      const months = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
      const records = months.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
      for (const reason of ['year-end', 'made by mistake']) assert.ok(records.includes(reason), reason);
    },
  );
}
