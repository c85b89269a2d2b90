import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { serviceCommands } from '../../src/extension/presentation/service-commands.ts';

const facts = {
  node: '/home/budi/.vscode-server/bin/1/node',
  program: `/home/budi/it's here/dist/cli.js`,
  stateFolder: '/home/budi/.local/state/cadangan',
  configFile: '/home/budi/my files/$HOME.jsonc',
  platform: 'linux',
  isElevated: false,
} as const;

test('what a person runs to make a service is taken apart by a shell into what was meant', { skip: process.platform === 'win32' }, () => {
  const { system, user, dryRun, status } = serviceCommands(facts);
  const wordsOf = (command: string): readonly string[] =>
    execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
  const program = [facts.node, facts.program, 'service'];
  const takeOver = ['--from-state', facts.stateFolder, '--from-config', facts.configFile];
  assert.deepEqual(wordsOf(system), ['sudo', ...program, 'install', ...takeOver]);
  assert.deepEqual(wordsOf(user), [...program, 'install', '--user']);
  assert.deepEqual(wordsOf(dryRun), [...program, 'install', '--dry-run', ...takeOver]);
  assert.deepEqual(wordsOf(status), [...program, 'status']);
  assert.deepEqual(wordsOf(serviceCommands({ ...facts, isElevated: true }).system), [...program, 'install', ...takeOver]);
});

test('on Windows it is what PowerShell runs', () => {
  const { system, user } = serviceCommands({ ...facts, platform: 'win32', node: 'node', program: `C:\\it's\\cli.js` });
  assert.equal(user, `& node 'C:\\it''s\\cli.js' service install --user`);
  assert.doesNotMatch(system, /sudo/);
});
