// What `npm run planted` needs to be true; the run itself takes many minutes.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defects } from './defects.ts';

const source = join(import.meta.dirname, '..', '..', 'src');

test('each planted defect still has its one line, changes it, and has a test that should notice', () => {
  for (const { file, before, after, test: noticing } of defects) {
    const lines = readFileSync(join(source, file), 'utf8').split('\n');
    assert.equal(lines.filter((line) => line === before).length, 1, `${file}: ${before}`);
    assert.notEqual(after, before);
    assert.ok(!after.includes('\n'), 'one line each');
    assert.ok(existsSync(join(import.meta.dirname, '..', noticing)), noticing);
  }
});

test('there are at least thirty of them, no two alike, in every room that works on data or says what was done', () => {
  assert.ok(defects.length >= 30);
  assert.equal(new Set(defects.map(({ file, before }) => `${file}\n${before}`)).size, defects.length);
  const rooms = new Set(defects.map(({ file }) => file.split('/')[0]));
  // These show, or call, what the others do.
  const shown = ['browse', 'extension', 'jobs'];
  const all = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(
    all.map(({ name }) => name).filter((name) => !rooms.has(name) && !shown.includes(name)),
    [],
  );
});
