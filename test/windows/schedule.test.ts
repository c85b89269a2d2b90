import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWindow, until } from '../host/engine-stage.ts';
import { jsonLines } from '../interop/programs.ts';
import { needsWindows, startNode } from './wine.ts';
import { WindowsServer } from './windows-server.ts';

interface Status {
  readonly host: object | null;
  readonly sets: readonly { readonly last_run?: { readonly trigger: string; readonly outcome: string } }[];
}

test('the host of the schedule makes the backup of a window in Windows, and commands find it', needsWindows, async (t) => {
  const server = new WindowsServer(t);
  server.write('data/a.txt', 'a');
  server.configure({}, { schedule: openWindow() });
  await server.run(server.onRepository('init'));
  const files = ['--state', server.windows('state'), '--config', server.windows('cadangan.jsonc')];
  const host = startNode(['W:\\dist\\host.js', ...files], { env: server.environment });
  let ended: unknown;
  void host.ended.then((ran) => (ended = ran));
  const status = async (): Promise<Status> => {
    assert.equal(ended, undefined, JSON.stringify(ended));
    return JSON.parse((await server.run(['schedule', 'status', '--json'])).stdout);
  };
  await until(async () => (await status()).sets[0]?.last_run?.outcome === 'success', 'the backup of the window');
  const { host: found, sets } = await status();
  assert.ok(found, 'the command asks the host');
  assert.equal(sets[0]?.last_run?.trigger, 'window');
  const asked = jsonLines((await server.run(['backup', 'accounting', '--json'])).stdout).at(-1);
  assert.equal(asked?.['files_unmodified'], 1, 'it goes on from the snapshot of the schedule');
  assert.match((await server.run(['records', 'verify'])).stdout, /Intact/);
});
