import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands/index.ts';
import { makeFolder, runCli } from './run-cli.ts';

const golden = new URL('help.golden.txt', import.meta.url);

/** To take over a change that is meant: UPDATE_GOLDEN=1. */
test('the help of the program and of every command is the golden text', async () => {
  const lines = [['help'], ...Object.keys(commands).map((name) => ['help', name])];
  const runs = await Promise.all(lines.map((args) => runCli(args)));
  assert.ok(runs.every(({ code, stderr }) => code === 0 && stderr === ''));
  const text = runs.map(({ stdout }, at) => `$ cadangan ${lines[at]?.join(' ')}\n${stdout}`).join('\n');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, 'utf8'));
});

test('the version is that of the manifest', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  const cwd = makeFolder(t);
  assert.equal((await runCli(['--version'], { cwd })).stdout, `cadangan ${version}\n`);
  assert.equal(JSON.parse((await runCli(['version', '--json'], { cwd })).stdout).version, version);
});
