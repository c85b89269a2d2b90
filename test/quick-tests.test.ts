import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isQuick, namedFiles } from '../scripts/quick-tests.ts';

const tests = globSync('**/*.test.ts', { cwd: import.meta.dirname });

test('quick tests have something of every room', () => {
  const inside = readdirSync(join(import.meta.dirname, '..', 'src'), { withFileTypes: true });
  const rooms = inside.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.ok(rooms.length > 10, rooms.join());
  assert.deepEqual(
    rooms.filter((room) => !tests.some((file) => file.startsWith(join(room, '/')) && isQuick(file))),
    [],
  );
});

test('a test that is said to be slow or quick is there under that name', () => {
  assert.deepEqual(
    namedFiles.filter((file) => !existsSync(join(import.meta.dirname, file))),
    [],
  );
});
