import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeStage } from './run-cli.ts';

const fileBytes = 2_000_000;
const fileCount = 50;

test(
  'Ctrl-C in the middle of a backup leaves no snapshot and no lock, and the next run uses what was stored',
  { skip: process.platform === 'win32' },
  async (t) => {
    const stage = await makeStage(t);
    mkdirSync(stage.path('source'));
    // Hexadecimal digits at the highest compression keep two cores busy for some seconds.
    for (let number = 0; number < fileCount; number++)
      writeFileSync(stage.path('source', `file-${number}`), randomBytes(fileBytes / 2).toString('hex'));

    const NODE_OPTIONS = `--import ${new URL('interrupt-itself.ts', import.meta.url).href}`;
    const stopped = await stage.run(['backup', 'source', '--json', '--compression', 'max'], { environment: { NODE_OPTIONS } });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.match(stopped.stderr, /stopping…/);
    assert.equal((await stage.run(['snapshots', '--json'])).stdout, '[]\n');
    assert.deepEqual(readdirSync(stage.path('repository', 'locks')), []);

    const next = await stage.json(['backup', 'source']);
    assert.equal(next.code, 0);
    const summary = next.messages.at(-1);
    assert.equal(summary?.['total_bytes_processed'], fileBytes * fileCount);
    assert.ok(
      Number(summary?.['data_added']) < fileBytes * (fileCount - 1),
      `only the rest is stored, not ${String(summary?.['data_added'])} bytes`,
    );
    assert.equal((await stage.run(['check', '--read-data'])).code, 0);
  },
);
