import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationChanges } from '../../src/jobs/record-configuration.ts';

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
