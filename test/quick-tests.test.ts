import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
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

test('no quick test needs another program: nothing brings one for them, and a skipped test fails a build server', () => {
  const imports = /^(?:import .*|} )from '[./]+\/(?:needs|wine|windows-server)\.ts';$/m;
  const needing = tests.filter((file) => imports.test(readFileSync(join(import.meta.dirname, file), 'utf8')));
  assert.ok(needing.length > 10, needing.join());
  assert.deepEqual(needing.filter(isQuick), []);
});
