// Where no descriptor is left Node gives a program no outputs, and says so a moment later: that ends the asking, and not the process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { system } from '../../src/platform/index.ts';

const from = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

const script = `
  import { openSync } from 'node:fs';
  const { runSystemCommand } = await import(${from('host/system-service/commands.ts')});
  const { runSetProgram } = await import(${from('jobs/set-program.ts')});
  const { openRclone } = await import(${from('storage/index.ts')});
  const { systemClock: clock } = await import(${from('platform/index.ts')});
  const { signal } = new AbortController();
  try { for (;;) openSync('/dev/null'); } catch { /* none is left */ }
  const reasons = [];
  const tell = (error) => void reasons.push(error.facts.reason);
  await runSystemCommand({ argv: ['/bin/true'] }).catch(tell);
  const program = { when: 'before', command: ['/bin/true'], limitMs: 5000, environment: {} };
  tell((await runSetProgram(program, { clock, onLine: () => undefined }, signal)).error);
  await openRclone({ remote: 'x', path: '' }, { environment: {}, clock }).list('keys', signal).catch(tell);
  console.log(JSON.stringify(reasons));
  setTimeout(() => process.exit(), 100);
`;

test('a program that cannot be started for want of descriptors fails whoever asked for it', { skip: system.isWindows }, () => {
  const limited = ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script];
  const { status, stdout, stderr } = spawnSync('/bin/sh', limited, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), ['spawn /bin/true EMFILE', 'EMFILE', 'EMFILE']);
});
