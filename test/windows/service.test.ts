import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cadanganVersion } from '../../src/platform/index.ts';
import { openWindow, until } from '../host/engine-stage.ts';
import { hostPathOf, needsWindows, prefixFolder, runCli, startNode, startWine } from './wine.ts';
import { restic, WindowsServer } from './windows-server.ts';

/** Where Wine keeps what it took of the XML: the settings. It keeps no trigger and no command, and `schtasks /Run` does nothing. */
const kept = join(prefixFolder, 'drive_c', 'windows', 'system32', 'tasks', 'Cadangan');

test(
  'a task of the Task Scheduler runs the nights of whoever installs it, is brought up to date, and goes again',
  needsWindows,
  async (t) => {
    const server = new WindowsServer(t);
    server.write('data/a.txt', 'a');
    server.configure({}, { schedule: openWindow() });
    await server.run(server.onRepository('init'));
    const service = async (...args: readonly string[]): Promise<string> => (await server.run(['service', ...args])).stdout;
    t.after(() => runCli(['service', 'uninstall', '--user']));
    const version = cadanganVersion();
    const local = (await startNode(['-p', 'process.env.LOCALAPPDATA']).ended).stdout.trim();
    const given = hostPathOf(`${local}\\Cadangan\\service\\task.xml`);

    assert.match(await service('install', '--user'), new RegExp(`^The service is installed \\(version ${version}\\)\\.`));
    const installed = new RegExp(`^The service of this user is installed \\(task-scheduler, version ${version}\\)\\.\r?\n`);
    assert.match(await service('status', '--user'), installed);
    assert.match(await service('status', '--user'), /It does not run at this moment/);

    assert.match(
      readFileSync(kept, 'utf8'),
      /<MultipleInstancesPolicy>IgnoreNew<.*<ExecutionTimeLimit>PT0S</s,
      'schtasks has read the XML',
    );
    const command = commandOf(readFileSync(given));
    const [node = '', ...args] = command;
    assert.match(node, /\\service\\[^\\]+-[0-9a-f]{16}\\node\.exe$/);
    assert.ok(existsSync(hostPathOf(node)), 'it names the copy');
    const running = startWine([node, ...args], { env: { CADANGAN_LANG: 'en' } });
    await until(async () => /It runs as process \d+/.test(await service('status', '--user')), 'the task runs');
    const last = async (): Promise<unknown> => {
      const { sets } = JSON.parse((await server.run(['schedule', 'status', '--json'])).stdout);
      return sets[0].last_run?.outcome;
    };
    await until(async () => (await last()) === 'success', 'the backup of the window');
    assert.equal(JSON.parse(restic(server.host('repository'), ['snapshots', '--json'])).length, 1);

    // The task that runs would go on with the program from before: it is asked to end.
    assert.match(await service('install', '--user'), /^The service is installed/);
    assert.equal((await running.ended).code, 0);
    assert.match(await service('status', '--user'), installed);
    assert.deepEqual(commandOf(readFileSync(given)), command);

    assert.match(await service('uninstall', '--user'), /^The service is removed\./);
    assert.match(await service('status', '--user'), /^No service is installed/);
    assert.deepEqual(
      [kept, given, hostPathOf(node)].map((path) => existsSync(path)),
      [false, false, false],
    );
  },
);

/** The program and its arguments, as Windows takes a command line apart. */
function commandOf(xml: Buffer): string[] {
  const text = xml.toString('utf16le');
  const [program = '', line = ''] = ['Command', 'Arguments'].map((name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]);
  return [program, ...[...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')];
}
