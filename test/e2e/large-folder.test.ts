import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from './prepared-set.ts';
import { setTest } from './set-test.ts';

const fileCount = 50_000;

setTest('a folder of 50,000 files unfolds page by page', {}, async (window, set, _stage, context) => {
  const folder = join(set.source, 'scans');
  mkdirSync(folder);
  for (let file = 0; file < fileCount; file++) writeFileSync(join(folder, `scan-${String(file).padStart(5, '0')}.txt`), '');
  runCli(set, 'backup', '--tag', 'accounting', set.source);

  const shot = window.story('large folder,');
  await window.openContainer('Cadangan');
  const view = window.view('Snapshots');
  await view.waitFor('Today');
  await window.maximizeView('Snapshots');
  await view.expand('Accounting');
  await view.expand(set.source);
  await view.waitFor('scans');
  const startMs = performance.now();
  await view.expand('scans');
  await view.waitFor('scan-00000.txt');
  context.diagnostic(`its first page was there after ${(performance.now() - startMs).toFixed(0)} ms`);
  await shot('first page');
  for (let shown = 500; shown <= 1_500; shown += 500) {
    await window.press('End');
    await view.goTo('Show More', 'ArrowUp');
    assert.match((await view.row('Show More').textContent()) ?? '', new RegExp(`${shown.toLocaleString('en')} of 50,000`));
    await window.press('Enter');
    await view.waitFor(`scan-${String(shown).padStart(5, '0')}.txt`);
  }
  await shot('third page');
});
