import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';

// With `terminate()` in its place, every run of this ended the process: "close before init".
test('a thread that makes zstd contexts ends behind its tasks, and takes nobody with it', async () => {
  const child = fileURLToPath(new URL('./end-threads.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, '10']);
  assert.equal(stdout, '20');
});
