import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandThatPrints, makeStage, password } from './run-cli.ts';

test('no password appears in any output, nor in a file of the repository', async (t) => {
  const stage = await makeStage(t);
  writeFileSync(stage.path('file'), 'x');
  writeFileSync(stage.path('new-password'), 'CANARY-new\n');
  const printing = commandThatPrints('CANARY-printed', 3);
  const lines: readonly (readonly [args: string[], password: string])[] = [
    [['backup', 'file', '-vv'], password],
    [['snapshots', '-vv'], 'CANARY-wrong'],
    [['snapshots', '-vv', '--json'], 'CANARY-wrong'],
    [['key', 'add', '--new-password-file', 'new-password', '-vv'], password],
    [['key', 'list', '--json'], 'CANARY-new'],
    [['check', '--read-data', '-vv'], 'CANARY-new'],
    [['snapshots', '-vv', '--password-command', printing], ''],
    [['snapshots', '-vv', '-r', 'rest:https://user:CANARY-url@host/x'], password],
    [['init', '-vv'], 'CANARY-init'],
    [['restore', 'latest', '-t', 'file/impossible', '-vv'], 'CANARY-new'],
  ];
  for (const [args, given] of lines) {
    const { stdout, stderr } = await stage.run(args, { environment: { RESTIC_PASSWORD: given } });
    const shown = (stdout + stderr).replaceAll(printing, '');
    assert.doesNotMatch(shown, /CANARY/, args.join(' '));
    assert.ok(!shown.includes(password), args.join(' '));
  }
  for (const file of readdirSync(stage.repository, { recursive: true, encoding: 'utf8' }).map((name) => join(stage.repository, name))) {
    if (statSync(file).isFile()) assert.doesNotMatch(readFileSync(file, 'latin1'), /CANARY|correct horse/);
  }
});
