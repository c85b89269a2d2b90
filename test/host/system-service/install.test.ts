// Where a service lies and what its manager is told to do, for the machine and for a user.
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostAddress } from '../../../src/host/address.ts';
import {
  Host,
  installService,
  managerOfHere,
  planInstall,
  runSystemCommand,
  serviceManagers,
  servicePlace,
  serviceStatus,
  uninstallService,
  visitHost,
  type InstallWorld,
  type ServiceManager,
  type SystemCommand,
} from '../../../src/host/index.ts';
import {
  canonicalPath,
  CadanganError,
  exclusiveName,
  isCode,
  serviceSeatFile,
  systemClock,
  systemRandom,
} from '../../../src/platform/index.ts';

const posix = { skip: process.platform === 'win32' ? 'a service of Windows is only written' : false };
const root = {
  skip: process.platform === 'linux' && process.getuid?.() === 0 ? false : 'needs root on Linux, to give a folder to somebody else',
};

interface Stage {
  readonly folder: string;
  readonly home: string;
  readonly commands: SystemCommand[];
  readonly world: InstallWorld;
  /** A program that runs, and Node without a copy of 120 MB. */
  readonly program: string;
  readonly node: string;
}

function stageOf(t: TestContext): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-install-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [program, home, node] = [join(folder, 'extension'), join(folder, 'home'), join(folder, 'node')];
  mkdirSync(join(program, 'dist'), { recursive: true });
  mkdirSync(home);
  writeFileSync(join(program, 'package.json'), '{}');
  writeFileSync(join(program, 'dist', 'cli.js'), '');
  writeFileSync(node, '#!/bin/sh\n', { mode: 0o755 });
  const commands: SystemCommand[] = [];
  const run = async (command: SystemCommand): Promise<string> => {
    commands.push(command);
    return '';
  };
  const world = { clock: systemClock, random: systemRandom, version: '1.0.0', programVersion: 'test', run };
  return { folder, home, commands, world, program, node };
}

function userPlace({ home }: Stage, manager: ServiceManager): ReturnType<typeof servicePlace> {
  const environment = { CADANGAN_CONFIG: join(home, 'cadangan.jsonc'), CADANGAN_STATE: join(home, 'state'), USER: 'budi' };
  return servicePlace({ scope: 'user', manager, environment, home });
}

test("a user's service lies in the home folder, and leaves configuration and state where they are", posix, async (t) => {
  const stage = stageOf(t);
  const place = userPlace(stage, 'systemd');
  mkdirSync(place.stateFolder);
  writeFileSync(join(place.stateFolder, 'schedule.jsonl'), 'of the user');
  const { program, node, world, home } = stage;
  const plan = await planInstall({ place, program, node, takeOver: { stateFolder: place.stateFolder, configFile: place.configFile } });
  assert.deepEqual([plan.move, (await installService(plan, world)).hasMoved], [undefined, false]);
  assert.deepEqual(
    stage.commands.map(({ argv }) => argv.join(' ')),
    ['systemctl --user daemon-reload', 'systemctl --user enable cadangan.service', 'systemctl --user restart cadangan.service'],
  );
  const unit = readFileSync(join(home, '.config/systemd/user/cadangan.service'), 'utf8');
  assert.ok(unit.includes(`${home}/.local/share/cadangan/service/current/node`));
  assert.doesNotMatch(unit, /--system|User=/);
  assert.equal(readFileSync(join(place.stateFolder, 'schedule.jsonl'), 'utf8'), 'of the user');
  const status = await serviceStatus(place, { version: '1.0.0', random: systemRandom });
  assert.deepEqual([status.isInstalled, status.host, status.uncovered], [true, 'none', []]);

  await uninstallService(place, world);
  assert.deepEqual([existsSync(place.programFolder), existsSync(place.unitFile ?? '')], [false, false]);
  assert.equal(readFileSync(join(place.stateFolder, 'schedule.jsonl'), 'utf8'), 'of the user');
  assert.ok(stage.commands.some(({ argv }) => argv.join(' ') === 'systemctl --user disable --now cadangan.service'));
});

test(
  "where there is no systemd, a user's crontab gets our lines and loses them again, and nothing else of it changes",
  posix,
  async (t) => {
    const stage = stageOf(t);
    const place = userPlace(stage, 'cron');
    const { program, node, world } = stage;
    const own = '0 1 * * * own\n';
    await installService(await planInstall({ place, program, node, crontab: own }), world);
    const [looked, written] = stage.commands;
    assert.deepEqual(
      [looked?.argv, written?.argv],
      [
        ['crontab', '-l'],
        ['crontab', '-'],
      ],
    );
    assert.ok(written?.input?.startsWith(own) && written.input.includes('service run'));
    assert.equal((await serviceStatus(place, { version: '1.0.0', random: systemRandom, crontab: written?.input })).isInstalled, true);
    await uninstallService(place, world, written?.input);
    assert.equal(stage.commands.at(-1)?.input, own);
  },
);

test("uninstalling a user's service ends its host where no manager does, and no host of a window", posix, async (t) => {
  for (const [service, isOver] of [
    [{ door: undefined }, true],
    [undefined, false],
  ] as const) {
    const stage = stageOf(t);
    const place = userPlace(stage, 'cron');
    const { program, node, world } = stage;
    await installService(await planInstall({ place, program, node }), world);
    const host = await Host.start({
      stateFolder: place.stateFolder,
      configFile: place.configFile,
      world: { clock: systemClock, random: systemRandom, environment: {}, version: '1.0.0', programVersion: 'test' },
      runsSchedule: false,
      lingerMs: undefined,
      log: () => undefined,
      service,
    });
    await uninstallService(place, world, '');
    const visit = await visitHost({ stateFolder: place.stateFolder, version: '1.0.0', random: systemRandom });
    assert.equal(visit === undefined, isOver);
    visit?.close();
    await host.end('asked');
  }
});

test('a command of the system that fails stops the installation with what it said; a second one finishes it', posix, async (t) => {
  const stage = stageOf(t);
  const place = userPlace(stage, 'systemd');
  const { program, node, world } = stage;
  const failing: InstallWorld = {
    ...world,
    run: async ({ argv }) => {
      throw new CadanganError('service.manager', { program: argv.join(' '), reason: 'no bus' });
    },
  };
  const plan = await planInstall({ place, program, node });
  await assert.rejects(installService(plan, failing), (error) => isCode(error, 'service.manager') && error.facts['reason'] === 'no bus');
  await installService(await planInstall({ place, program, node }), world);
  assert.equal(stage.commands.length, 3);
});

test('where there is neither systemd nor cron nothing is written, and it says what is missing', posix, async (t) => {
  const stage = stageOf(t);
  const place = userPlace(stage, 'cron');
  const { program, node, world } = stage;
  const run: InstallWorld['run'] = (command) => runSystemCommand({ ...command, argv: ['no-such-crontab', ...command.argv.slice(1)] });
  const plan = await planInstall({ place, program, node });
  await assert.rejects(
    installService(plan, { ...world, run }),
    (error) => isCode(error, 'service.manager') && error.facts['reason'] === 'that program is not installed on this machine',
  );
  assert.equal(existsSync(place.programFolder), false);
});

test('each manager has its places, and each system its manager', () => {
  assert.deepEqual(
    [managerOfHere('linux', true), managerOfHere('linux', false), managerOfHere('darwin', false), managerOfHere('win32', false)],
    serviceManagers,
  );
  assert.throws(
    () => managerOfHere('sunos', false),
    (error) => isCode(error, 'service.unsupported'),
  );
  const place = servicePlace({ scope: 'system', manager: 'systemd', environment: { CADANGAN_STATE: '/home/budi/s' }, home: '/home/budi' });
  assert.deepEqual(place, {
    scope: 'system',
    manager: 'systemd',
    account: 'cadangan',
    programFolder: '/opt/cadangan',
    configFile: '/etc/cadangan/cadangan.jsonc',
    stateFolder: '/var/lib/cadangan',
    runtimeFolder: '/run/cadangan',
    unitFile: '/etc/systemd/system/cadangan.service',
  });
  const windows = servicePlace({ scope: 'system', manager: 'task-scheduler', environment: { ProgramData: 'D:\\Data' }, home: '' });
  assert.deepEqual([windows.configFile, windows.stateFolder], ['D:\\Data\\Cadangan\\cadangan.jsonc', 'D:\\Data\\Cadangan\\state']);
});

test('who looks for the host of a service finds the socket in the folder that was made for it, whoever looks', async (t) => {
  const { folder } = stageOf(t);
  writeFileSync(serviceSeatFile(folder), JSON.stringify({ version: 1, runtimeFolder: '/run/cadangan' }));
  assert.deepEqual(await hostAddress(folder), { kind: 'file', path: join('/run/cadangan', 'host.sock') });
});

test("an administrator looks for the host of a folder's owner, not for one of root", root, async (t) => {
  const { folder } = stageOf(t);
  const nameFor = async (user: number) => exclusiveName(['host', await canonicalPath(folder)], '', 'abstract', user);
  assert.deepEqual(await hostAddress(folder, 'abstract'), await nameFor(0));
  chownSync(folder, 1234, 1234);
  assert.deepEqual(await hostAddress(folder, 'abstract'), await nameFor(1234));
});

test("on Windows the service's folder is closed to all but administrators, the system and its account, before anything is in it", async (t) => {
  const { program, node } = stageOf(t);
  const planned = async (scope: 'system' | 'user', account?: string) => {
    const environment = { ProgramData: 'C:\\ProgramData', LOCALAPPDATA: 'C:\\Users\\budi\\AppData\\Local', USERNAME: 'budi' };
    const place = servicePlace({ scope, manager: 'task-scheduler', environment, home: 'C:\\Users\\budi', account });
    const { before, after } = await planInstall({ place, program, node });
    return [...before.map(({ argv }) => argv), 'files', ...after.map(({ argv }) => argv)].filter(
      (step) => step === 'files' || step[0] === 'icacls',
    );
  };
  const data = 'C:\\ProgramData\\Cadangan';
  const both = ['*S-1-5-32-544:(OI)(CI)F', '*S-1-5-18:(OI)(CI)F'];
  const closed = [
    ['icacls', data, '/setowner', '*S-1-5-32-544', '/T', '/L', '/Q'],
    ['icacls', data, '/reset', '/L', '/Q'],
    ['icacls', data, '/inheritance:r', '/grant:r', ...both, '/Q'],
    ['icacls', `${data}\\*`, '/reset', '/T', '/L', '/Q'],
    'files',
  ];
  assert.deepEqual(await planned('system'), [...closed, ['icacls', `${data}\\state`, '/inheritance:r', '/grant:r', ...both, '/Q']]);
  assert.deepEqual(await planned('system', 'SRV\\backup'), [
    ...closed,
    ['icacls', `${data}\\state`, '/inheritance:r', '/grant:r', ...both, 'SRV\\backup:(OI)(CI)F', '/Q'],
  ]);
  assert.deepEqual(await planned('user'), ['files'], "a user's folder is that user's");
});
