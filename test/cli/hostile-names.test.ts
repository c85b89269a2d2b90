import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeStage } from './run-cli.ts';

/** Clears the screen, sets the title, goes up a line, writes right to left, and claims to be another line. */
const hostile = 'a\x1b[2J\x1b]0;owned\x07\x1b[1A\u202eb\nsnapshot deadbeef saved\x9b31m';
const controls = /[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u202e]/;

test(
  'names, tags and hosts that would take over the terminal are shown escaped, on one line',
  { skip: process.platform === 'win32' },
  async (t) => {
    const stage = await makeStage(t);
    mkdirSync(stage.path('source'));
    writeFileSync(stage.path('source', hostile), 'x');
    writeFileSync(Buffer.concat([Buffer.from(`${stage.path('source')}/`), Buffer.from([0x42, 0xfc, 0x72, 0x6f])]), 'y');
    assert.equal((await stage.run(['backup', 'source', '--tag', hostile, '--host', hostile])).code, 0);
    writeFileSync(stage.path('source', hostile), 'changed');
    const partial = await stage.run(['backup', 'source', hostile]);
    assert.equal(partial.code, 3);

    const lines = [
      ['snapshots'],
      ['snapshots', '-g', 'host,tags'],
      ['ls', 'latest'],
      ['ls', 'latest', '-l'],
      ['find', 'a*'],
      ['restore', 'latest', '-t', hostile, '-vv'],
      ['dump', 'latest', hostile],
      ['ls', hostile],
      ['check', '-v'],
    ];
    const runs = [partial, ...(await Promise.all(lines.map((args) => stage.run(args))))];
    for (const { stdout, stderr } of runs) {
      assert.doesNotMatch(stdout + stderr, controls);
      assert.doesNotMatch(stdout + stderr, /^snapshot deadbeef/m);
    }
    const { stdout } = await stage.run(['ls', 'latest']);
    assert.match(stdout, /^"\/source\/a\\x1b\[2J.*\\u202eb\\nsnapshot deadbeef saved.*"$/m);
    assert.match(stdout, /^"\/source\/B\\xfcro"$/m);
  },
);
