import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTest } from './set-test.ts';

setTest('snapshots stand by date, unfold into folders, and files open as they were', {}, async (window, { source }) => {
  await window.openContainer('Cadangan');
  const view = window.view('Snapshots');
  await view.waitFor('Yesterday');
  await window.screenshot('snapshots 01 dates');
  await view.expand('12:00 Accounting');
  await view.expand(source);
  await view.waitFor('ledger.txt');
  await window.screenshot('snapshots 02 files');
  await view.focus('ledger.txt');
  await window.tab('ledger.txt').waitFor();
  await window.waitForText('third');
  await window.screenshot('snapshots 03 opened');
  assert.match(await window.editorText(), /^third/);
  await view.inlineAction('ledger.txt', 'Compare with Current');
  await window.tab('↔ now').waitFor();
  await window.waitForText('today');
  await window.screenshot('snapshots 04 compared');
});

setTest('a file is opened, compared and restored as of a date, with the keyboard alone', {}, async (window, { source }) => {
  await window.press('Control+P');
  await window.quickInput.shown();
  await window.quickInput.type('ledger.txt');
  await window.waitForText('file results');
  await window.quickInput.accept();
  await window.tab('ledger.txt').waitFor();

  await window.run('Cadangan: Versions in Backups…');
  await window.quickInput.shown('Versions of ledger.txt');
  await window.screenshot('versions 01');
  await window.quickInput.choose('21 Nov 2026, 21:00');
  await window.waitForText('second');

  await window.run('Cadangan: Which Backup Changed This File');
  await window.quickInput.shown('Backups That Changed ledger.txt');
  await window.quickInput.choose('21 Nov 2026, 21:00');
  await window.tab('↔').waitFor();
  await window.screenshot('versions 02 what changed');

  await window.run('Cadangan: Restore…');
  await window.quickInput.shown('Restore');
  await window.quickInput.choose('Accounting');
  await window.quickInput.choose('A file or folder in it…');
  await window.quickInput.choose('ledger.txt');
  await window.screenshot('versions 03 dates');
  await window.quickInput.shown('3/6');
  await window.press('ArrowDown', 'ArrowDown', 'Enter');
  await window.quickInput.choose('The original place');
  await window.quickInput.choose('Overwrite what differs');
  await window.quickInput.shown('6/6');
  await window.waitForText('files are overwritten');
  await window.screenshot('versions 04 preview');
  await window.quickInput.choose('Start');
  await window.notifications.waitFor('ledger.txt is restored: 1 files');
  assert.equal(readFileSync(join(source, 'ledger.txt'), 'utf8'), 'first\n');
});

setTest('two snapshots are compared, a name is found, a date is gone to', {}, async (window) => {
  await window.openContainer('Cadangan');
  await window.view('Snapshots').waitFor('Yesterday');
  await window.run('Cadangan: Compare Two Snapshots…');
  await window.quickInput.choose('12:00 Accounting');
  await window.quickInput.shown('Compare Two Snapshots');
  await window.page.waitForTimeout(500);
  await window.quickInput.accept();
  await window.tab('↔').waitFor();
  await window.waitForText('second');
  await window.screenshot('compare 01 snapshots');
  // The editor that comes up takes the focus.
  await window.page.waitForTimeout(1_000);

  await window.run('Cadangan: Find in Snapshots…');
  await window.quickInput.shown('Find in Snapshots');
  await window.quickInput.type('LEDGER*');
  await window.quickInput.accept();
  await window.quickInput.choose('ledger.txt');
  await window.screenshot('compare 02 found');
  await window.quickInput.shown('Find in Snapshots');
  await window.page.waitForTimeout(500);
  await window.quickInput.accept();
  await window.waitForText('third');

  await window.run('Cadangan: Go to Date…');
  await window.quickInput.shown('Go to Date');
  await window.quickInput.type('2026-11-20');
  await window.screenshot('compare 03 go to date');
  await window.page.waitForTimeout(300);
  await window.quickInput.accept();
  await window.view('Snapshots').waitFor('20 Nov 2026');
  await window.screenshot('compare 04 gone to date');
});

setTest('everything speaks Indonesian when the setting says so, in a light window', { language: 'id', displayLanguage: 'id', theme: 'light' }, async (window) => {
  await window.openContainer('Cadangan');
  await window.view('Set Cadangan').waitFor('Accounting');
  await window.view('Snapshot').waitFor('Kemarin');
  await window.screenshot('indonesian 01 views');
  await window.run('Cadangan: Pulihkan…');
  await window.quickInput.shown('Pulihkan');
  await window.screenshot('indonesian 02 restore');
  await window.quickInput.choose('Accounting');
  await window.quickInput.choose('Semua isi Accounting');
  await window.page.waitForTimeout(500);
  await window.quickInput.accept();
  await window.quickInput.choose('Tempat semula');
  await window.quickInput.choose('Timpa yang berbeda');
  await window.waitForText('berkas ditimpa');
  await window.screenshot('indonesian 03 preview');
  await window.quickInput.choose('Mulai');
  await window.notifications.waitFor('Accounting telah dipulihkan');
  await window.screenshot('indonesian 04 restored');
});
