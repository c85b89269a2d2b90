import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configurationChanges, recordConfiguration } from '../../src/jobs/record-configuration.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory } from '../../src/records/index.ts';
import { keepLastGood, parseConfiguration, type UsedConfiguration } from '../../src/settings/index.ts';

const set = { name: 'data', sources: ['/srv'], excludes: ['*.tmp'] };

test('a key that only the newer version has, with nothing in it, is no change; the same key with something is one', () => {
  const before = { version: 1, sets: [set] };
  assert.deepEqual(configurationChanges(before, { version: 1, sets: [{ ...set, readers: [], excludeCaches: false }] }), []);
  assert.deepEqual(configurationChanges({ version: 1, sets: [{ ...set, readers: [] }] }, before), [], 'nor is going back');
  assert.deepEqual(configurationChanges(before, { version: 1, sets: [{ ...set, readers: ['budi'] }] }), [
    { what: 'sets.data.readers', after: '["budi"]' },
  ]);
  assert.deepEqual(configurationChanges(before, { version: 1, sets: [{ ...set, excludes: [] }] }), [
    { what: 'sets.data.excludes', before: '["*.tmp"]', after: '[]' },
  ]);
});

test('what is in force is recorded, and not what stands in the file: a slip removes nothing, neither here nor after a new start', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-in-force-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const history = new RecordHistory(folder, { clock: systemClock, random: systemRandom, software: 'cadangan' });
  const about = { software: 'cadangan', via: 'command-line' } as const;
  const note = async (text: string, before?: UsedConfiguration): Promise<string[]> => {
    const changes = await recordConfiguration(history, keepLastGood(parseConfiguration(text), before), about, systemRandom);
    return changes.map(({ what }) => what);
  };
  const copy = (to: string): string => `{ "name": "drive", "repository": "/r", "to": ${to} }`;
  const set = (name: string, window: string): string =>
    `{ "name": "${name}", "sources": ["/srv"], "repository": { "location": "/r" }, "schedule": { "window": "${window}" } }`;
  const text = (windowOfFiles: string, to: string, days: string): string =>
    `{ "version": 1, "instruction": { "drillIntervalDays": ${days} }, "offsiteCopies": [${copy(to)}, ${copy('"gdrive:B"').replace('drive"', 'two"')}],
       "sets": [${set('mail', '21:00-23:00')}, ${set('files', windowOfFiles)}] }`;
  const good = text('20:00-22:00', '"gdrive:A"', '30');
  assert.deepEqual(await note(good), ['configuration']);
  const slip = text('20:00-2200', '7', '"x"');
  assert.deepEqual(await note(slip, keepLastGood(parseConfiguration(good), undefined)), [], 'it goes on as it was');
  for (const wrong of [slip, good.slice(0, -9), '', '{ "version": 7 }']) assert.deepEqual(await note(wrong), [], 'nobody knows how it was');
  const less = slip.replace(set('mail', '21:00-23:00'), set('mail', '21:00-23:30'));
  assert.deepEqual(await note(less), ['sets.mail.schedule'], 'beside the slip, what changes is recorded');
  assert.deepEqual(await note(text('20:00-22:00', '"gdrive:A"', '30')), ['sets.mail.schedule'], 'and when it is mended, nothing else');
  assert.deepEqual(
    await note('{ "version": 1 }'),
    ['instruction', 'offsiteCopies', 'sets.mail', 'sets.files'],
    'what is taken out is gone',
  );
});
