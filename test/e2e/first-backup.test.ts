import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeWindow } from './code-window.ts';
import { windowTest, type Stage } from './stage.ts';

const password = 'kuda lari di pantai pagi';

windowTest('from an empty machine to the first restore, with the keyboard alone', {}, async (window, stage) => {
  const { source, repository, destination } = makeFolders(stage);
  await window.openContainer('Cadangan');
  await window.view('Backup Sets').welcome().getByText('Nothing on this server is protected yet').waitFor();
  await window.screenshot('first backup 01 welcome');
  await createSet(window, { name: 'accounting', source, repository });
  await window.notifications.waitFor('The backup set accounting is ready');
  await window.view('Backup Sets').waitFor('accounting');
  await window.screenshot('first backup 20 the set');

  await window.run('Cadangan: Back Up Now');
  await window.quickInput.shown('Back Up Now');
  await window.quickInput.choose('accounting');
  await window.notifications.waitFor('accounting is backed up: 3 files');
  await window.screenshot('first backup 30 backed up');

  writeFileSync(join(source, 'ledger.txt'), 'changed\n');
  await window.run('Cadangan: Restore…');
  await window.quickInput.shown('Restore');
  await window.screenshot('first backup 40 restore what');
  await window.quickInput.choose('accounting');
  await window.quickInput.choose('Everything in accounting');
  await window.screenshot('first backup 42 restore date');
  await window.quickInput.accept();
  await window.quickInput.choose('Another folder…');
  await typePath(window, 'Destination Folder', destination);
  await window.quickInput.choose('Overwrite what differs');
  await window.quickInput.choose('Start');
  await window.screenshot('first backup 46 restored');
  await window.notifications.waitFor('accounting is restored: 3 files');
  assert.equal(readFileSync(join(destination, source, 'ledger.txt'), 'utf8'), 'first\n');
});

function makeFolders(stage: Stage): { readonly source: string; readonly repository: string; readonly destination: string } {
  const { workspace, root } = stage.server.folders;
  const [source, repository, destination] = [join(workspace, 'accounting'), join(root, 'repository'), join(root, 'restored')];
  for (const folder of [source, repository, destination, join(source, '2026')]) mkdirSync(folder);
  writeFileSync(join(source, 'ledger.txt'), 'first\n');
  writeFileSync(join(source, 'invoice.json'), '{ "total": 1 }\n');
  writeFileSync(join(source, '2026', 'notes.md'), '# Notes\n');
  return { source, repository, destination };
}

async function createSet(window: CodeWindow, { name, source, repository }: { readonly name: string; readonly source: string; readonly repository: string }): Promise<void> {
  const { quickInput } = window;
  await window.run('Cadangan: New Backup Set…');
  await quickInput.shown('New Backup Set');
  await quickInput.type(name);
  await window.screenshot('first backup 02 name');
  await quickInput.accept();
  await quickInput.choose('Add folder…');
  await window.screenshot('first backup 03 folder dialog');
  await typePath(window, 'Folder to Back Up', source);
  await quickInput.choose('Continue');
  await quickInput.choose('Choose a folder…');
  await typePath(window, 'Folder for the Repository', repository);
  await quickInput.shown('4/');
  await quickInput.type(password);
  await window.screenshot('first backup 06 password');
  await quickInput.accept();
  await quickInput.shown('5/');
  await quickInput.type(password);
  await quickInput.accept();
  await quickInput.choose('Every day, 21:00 to 23:00');
  await window.screenshot('first backup 08 retention');
  await quickInput.choose('Keep everything');
}

/** The folder dialog of a server is a list with a field for the path. Enter counts once it has looked the path up. */
async function typePath(window: CodeWindow, title: string, path: string): Promise<void> {
  const { quickInput, page } = window;
  await quickInput.shown(title);
  // It first fills in its own folder, in the middle of what is typed too early.
  do {
    await page.waitForTimeout(500);
    await quickInput.type(path);
    await page.waitForTimeout(500);
  } while ((await quickInput.input.inputValue()) !== path);
  while ((await quickInput.title()) === title) {
    await window.press('Enter');
    await page.waitForTimeout(700);
  }
}
