import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../../src/platform/index.ts';
import { configurationInForce, LastGoodFile } from '../../src/service/index.ts';
import { loadConfiguration } from '../../src/settings/index.ts';

const set = (name: string, more = ''): string =>
  `{ "name": "${name}", "sources": ["/srv/${name}"], "repository": { "location": "/r" }${more} }`;
const broken = ', "rpoHours": "x"';

test('what was in force is known after a new start, also when a second slip follows the first, and of a file that is no file any more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-last-good-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'config.jsonc');
  const begin = async (...sets: readonly string[]): Promise<string> => {
    writeFileSync(path, `{ "version": 1, "sets": [${sets.join(', ')}] }`);
    return look();
  };
  const look = async (): Promise<string> => {
    const lastGood = new LastGoodFile(folder, systemRandom);
    const { loaded, used } = await configurationInForce(path, lastGood);
    await lastGood.keep(loaded);
    return used.configuration.sets.map(({ name, rpoHours = '' }) => `${name}${rpoHours}`).join(' ');
  };
  assert.equal(await begin(set('mail'), set('files')), 'mail files');
  assert.equal(await begin(set('mail', broken), set('files', ', "rpoHours": 5'), set('photos')), 'mail files5 photos');
  assert.equal(await begin(set('mail', broken), set('files', broken), set('photos', broken)), 'mail files5 photos');
  assert.equal((await loadConfiguration(path)).problems.length > 0, true);
  for (const text of ['', '{', '\ufeff']) {
    writeFileSync(path, text);
    assert.equal(await look(), 'mail files5 photos', JSON.stringify(text));
  }
  assert.equal(await begin(set('mail')), 'mail', 'who takes a set out means it');
  assert.equal(await begin(set('mail'), set('files', broken)), 'mail');
});
