// A service as its manager has it: installed below another root, run by its unit's command line as its own account, killed, started again.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostAddress } from '../../../src/host/address.ts';
import { installService, planInstall, servicePlace } from '../../../src/host/index.ts';
import { accountNamed } from '../../../src/host/system-service/place.ts';
import { cadanganVersion, systemClock, systemRandom } from '../../../src/platform/index.ts';
import { recordsIn } from '../../records/some-records.ts';
import { runCli, type CliRun } from '../../cli/run-cli.ts';
import { needs } from '../../needs.ts';
import { EngineStage, hostPid, isAlive, openWindow, password, runnerPids, signalIfThere, until } from '../engine-stage.ts';
import { credentialName } from '../../../src/service/index.ts';

const account = 'nobody';
const asRoot =
  process.platform === 'linux' && process.getuid?.() === 0 && accountNamed(account) !== undefined
    ? needs('setpriv')
    : { skip: `needs root on Linux, to run the service as "${account}"` };
const posix = { skip: process.platform === 'win32' ? 'a service of Windows is only written' : false };

/** A machine below a folder. Its user has a configuration, a state and a host. */
class ServiceStage extends EngineStage {
  readonly root = this.path('machine');
  readonly state = join(this.root, 'var/lib/cadangan');
  readonly unit = join(this.root, 'etc/systemd/system/cadangan.service');
  readonly opt = join(this.root, 'opt/cadangan');

  constructor(t: TestContext) {
    super(t);
    mkdirSync(this.root);
    chmodSync(this.folder, 0o755);
  }

  async cli(...args: readonly string[]): Promise<CliRun> {
    return runCli(['service', ...args, '--root', this.root, '--manager', 'systemd', '--run-as', account]);
  }

  install(...args: readonly string[]): Promise<CliRun> {
    return this.cli('install', '--from-state', this.path('state'), '--from-config', this.configFile, ...args);
  }

  async status(): Promise<Record<string, unknown>> {
    const { stdout, stderr, code } = await this.cli('status', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const { services } = JSON.parse(stdout) as { readonly services: Record<string, unknown>[] };
    return services[0] ?? {};
  }

  /** As systemd would: with the rights that the unit leaves, nothing of our environment, and what it hands over. */
  start(...more: readonly string[]): ChildProcess {
    const [, command = ''] = /^ExecStart=(.*)$/m.exec(readFileSync(this.unit, 'utf8')) ?? [];
    const { uid, gid } = accountNamed(account) ?? { uid: -1, gid: -1 };
    const rights = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=-all,+dac_read_search`);
    const who = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...rights, '--no-new-privs', '--'];
    const child = spawn('setpriv', [...who, ...command.split(' '), ...more], {
      cwd: '/',
      env: { PATH: process.env['PATH'], CREDENTIALS_DIRECTORY: this.path('credentials') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    this.atEnd(() => {
      child.kill('SIGKILL');
      this.endRunners();
    });
    return child;
  }

  said = '';

  /** Processes that work on repositories for the service. Its manager ends them with it: they are of the same unit. */
  runners(): readonly number[] {
    return runnerPids(this.state);
  }

  endRunners(): void {
    for (const pid of this.runners()) signalIfThere(pid, 'SIGKILL');
  }
}

function commandLineOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return []; // it has just gone
  }
}

test(
  'of the night: what a user had moves to the service, which backs up as its own account what root alone can read, and outlives a kill',
  asRoot,
  async (t) => {
    const stage = new ServiceStage(t);
    stage.write('secret.txt', 'for root only');
    chmodSync(join(stage.source, 'secret.txt'), 0o600);
    chmodSync(stage.source, 0o700);
    await stage.initRepository();
    const passwordFile = stage.path('password');
    stage.configure({ repository: { location: stage.repository, passwordFile } });
    // The user works with a window before.
    const before = stage.window({ maySchedule: false });
    await before.client.start();
    const userHost = hostPid(stage.path('state'));
    await before.client.close();
    stage.configure({ repository: { location: stage.repository, passwordFile }, schedule: openWindow() });
    const { uid, gid } = accountNamed(account) ?? { uid: -1, gid: -1 };
    for (const name of ['.', ...readdirSync(stage.repository, { recursive: true, encoding: 'utf8' })])
      chownSync(join(stage.repository, name), uid, gid);
    mkdirSync(stage.path('credentials'));
    writeFileSync(stage.path('credentials', credentialName(passwordFile)), password); // the file itself is not there

    const { code, stderr, stdout } = await stage.install();
    assert.deepEqual([code, stderr], [0, ''], stdout);
    assert.ok(userHost !== undefined);
    await until(() => !isAlive(userHost), 'the host of the user, which was asked to leave, has ended');
    assert.equal(statSync(stage.state).uid, uid);
    assert.equal(statSync(stage.state).mode & 0o777, 0o700);

    const first = stage.start();
    await until(async () => (await recordsIn(stage.state)).some(({ kind }) => kind === 'internal-backup'), 'the night has its backup');
    const backup = (await recordsIn(stage.state)).find(({ kind }) => kind === 'internal-backup');
    assert.equal(backup?.result, 'success', stage.said);
    const { host, version, uncovered } = await stage.status();
    assert.deepEqual(host, { pid: first.pid, version: cadanganVersion() });
    assert.deepEqual([version, uncovered], [cadanganVersion(), []]);
    // Of two that were started for it at once the second goes.
    await until(() => stage.runners().length === 1, 'a process of its own has worked on the repository');
    const [runner] = stage.runners();
    assert.ok(runner !== undefined);
    const [node, , program] = commandLineOf(runner);
    const copy = join(stage.opt, readlinkSync(join(stage.opt, 'current')));
    assert.deepEqual([node, program], [join(copy, 'node'), join(copy, 'dist/host.js')], 'the same copy of the program');
    for (const pid of [first.pid, runner]) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
      for (const set of ['CapEff', 'CapPrm', 'CapBnd'])
        assert.match(status, new RegExp(`^${set}:\\t0{15}4$`, 'm'), 'CAP_DAC_READ_SEARCH alone');
    }
    assert.equal((await hostAddress(stage.state)).path, join(stage.root, 'run/cadangan/host.sock'));

    // A guard finds it and goes.
    const [guardCode] = (await once(stage.start('--unless-running'), 'close')) as [number];
    assert.equal(guardCode, 0);

    first.kill('SIGKILL');
    await once(first, 'close');
    stage.endRunners();
    assert.equal((await stage.status())['host'], 'none');
    const second = stage.start();
    await until(async () => hostPid(stage.state) === second.pid, 'it is there again');
    await until(async () => (await stage.status())['host'] !== 'none', 'it answers');
    second.kill('SIGTERM');
    const [endCode] = (await once(second, 'close')) as [number];
    assert.equal(endCode, 0);

    const removed = await stage.cli('uninstall');
    assert.deepEqual([removed.code, removed.stderr], [0, '']);
    const left = readdirSync(stage.root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const places = new Set(
      left.map((entry) =>
        entry.parentPath
          .slice(stage.root.length + 1)
          .split('/')
          .slice(0, 3)
          .join('/'),
      ),
    );
    assert.deepEqual([...places].toSorted(), ['etc/cadangan', 'var/lib/cadangan']);
    assert.equal(existsSync(join(stage.state, 'service.json')), false);
    assert.ok((await recordsIn(stage.state)).length > 0);
  },
);

test('the service of the machine does not start when others could change what it runs, and says what', asRoot, async (t) => {
  const stage = new ServiceStage(t);
  stage.configure({ before: ['/bin/sh', stage.path('dump.sh')] });
  assert.equal((await stage.install()).code, 0);
  const config = join(stage.root, 'etc/cadangan/cadangan.jsonc');
  const program = join(stage.opt, readlinkSync(join(stage.opt, 'current')), 'dist/cli.js');
  writeFileSync(stage.path('dump.sh'), '', { mode: 0o644 });
  for (const path of [config, program, join(stage.root, 'opt'), stage.path('dump.sh')]) {
    const { mode } = statSync(path);
    chmodSync(path, mode | 0o002);
    stage.said = '';
    const [code] = (await once(stage.start(), 'close')) as [number];
    assert.equal(code, 1);
    assert.ok(stage.said.includes(`"${path}"`), stage.said);
    assert.equal(hostPid(stage.state), undefined, 'no host was there');
    chmodSync(path, mode);
  }
});

test('a program that others could change is not run, also when it is named after the start, and the record says why', asRoot, async (t) => {
  const stage = new ServiceStage(t);
  await stage.initRepository();
  const { uid, gid } = accountNamed(account) ?? { uid: -1, gid: -1 };
  for (const name of ['.', ...readdirSync(stage.repository, { recursive: true, encoding: 'utf8' })])
    chownSync(join(stage.repository, name), uid, gid);
  const repository = { location: stage.repository, passwordFile: stage.path('password') };
  mkdirSync(stage.path('credentials'));
  writeFileSync(stage.path('credentials', credentialName(repository.passwordFile)), password);
  stage.configure({ repository });
  assert.equal((await stage.install()).code, 0);
  stage.start();
  await until(async () => (await stage.status())['host'] !== 'none', 'the service answers');

  const [script, mark] = [stage.path('dump.sh'), stage.path('open', 'has-run')];
  mkdirSync(stage.path('open'));
  chmodSync(stage.path('open'), 0o777);
  writeFileSync(script, `#!/bin/sh\ntouch '${mark}'\n`);
  chmodSync(script, 0o757);
  stage.configure({ repository, before: ['/bin/sh', '-c', `exec '${script}'`], schedule: openWindow() });
  cpSync(stage.configFile, join(stage.root, 'etc/cadangan/cadangan.jsonc'));
  await until(async () => (await recordsIn(stage.state)).some(({ kind }) => kind === 'internal-backup'), 'the run has its record');
  const run = (await recordsIn(stage.state)).find(({ kind }) => kind === 'internal-backup');
  assert.equal(run?.result, 'failed');
  assert.match(JSON.stringify(run), /service\.unsafe/);
  assert.ok(JSON.stringify(run).includes(script));
  assert.equal(existsSync(mark), false);
});

test(
  'a set whose program needs rights that nothing gains under the service is refused at install, and named by status',
  asRoot,
  async (t) => {
    const stage = new ServiceStage(t);
    for (const [before, program] of [
      [['/usr/bin/sudo', '-u', 'postgres', 'pg_dump'], 'sudo'],
      [['/bin/sh', '-c', 'cd /srv; sudo -u postgres pg_dump > dump'], 'sudo'],
      [['/usr/bin/env', 'LC_ALL=C', 'sudo', 'pg_dump'], 'sudo'],
      [[stage.path('as-root'), '--all'], 'as-root'],
    ] as const) {
      writeFileSync(stage.path('as-root'), '', { mode: 0o755 });
      chmodSync(stage.path('as-root'), 0o4755);
      stage.configure({ before });
      const { code, stderr } = await stage.install();
      assert.notEqual(code, 0);
      assert.ok(stderr.includes(`runs ${program}, and no program gains rights`), stderr);
      assert.equal(existsSync(stage.unit), false, 'nothing was written');
    }
    // Words that are told to a program are no program.
    for (const told of [
      ['/bin/echo', 'sudo make me a sandwich'],
      ['/bin/sh', '/srv/dump.sh', 'su'],
    ]) {
      stage.configure({ before: told });
      assert.equal((await stage.install()).code, 0);
    }
    stage.configure({ before: ['/bin/sh', '-c', 'su postgres -c pg_dump'] });
    cpSync(stage.configFile, join(stage.root, 'etc/cadangan/cadangan.jsonc'));
    assert.match((await stage.cli('status')).stdout, /"\w+" runs su, which fails there/);
  },
);

test('a new version takes the place of the old one by one rename, and what has changed in the configuration is told', posix, async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const root = stage.path('machine');
  const program = stage.path('extension');
  mkdirSync(join(program, 'dist'), { recursive: true });
  cpSync(new URL('../../../package.json', import.meta.url), join(program, 'package.json'));
  writeFileSync(join(program, 'dist', 'cli.js'), 'console.log("the first")');
  const place = servicePlace({ scope: 'system', manager: 'systemd', environment: {}, home: '/', account, root });
  const world = { clock: systemClock, random: systemRandom, version: '0.0.0', programVersion: 'test', run: undefined };
  const wish = { place, program, node: process.execPath, takeOver: { stateFolder: undefined, configFile: stage.configFile } };
  const current = (): string => readFileSync(join(place.programFolder, 'current', 'dist', 'cli.js'), 'utf8');
  const copies = (): string[] => readdirSync(place.programFolder).filter((name) => name !== 'current');

  const first = await installService(await planInstall(wish), world);
  assert.deepEqual([first.replaced, first.hasMoved, copies().length], [undefined, false, 1]);
  assert.match(current(), /the first/);
  const again = await installService(await planInstall(wish), world);
  assert.deepEqual([again.replaced, copies().length], [undefined, 1]);

  writeFileSync(join(program, 'dist', 'cli.js'), 'console.log("the second")');
  const second = await installService(await planInstall(wish), world);
  assert.equal(second.replaced, cadanganVersion());
  assert.match(current(), /the second/);
  assert.equal(copies().length, 1);

  // A copy that does not run changes nothing.
  writeFileSync(join(program, 'dist', 'cli.js'), 'process.exit(1)');
  await assert.rejects(
    planInstall(wish).then((plan) => installService(plan, world)),
    /does not run/,
  );
  assert.match(current(), /the second/);
  assert.equal(copies().length, 1);
});

test('a set that the unit does not cover any more is named, with what is missing', posix, async (t) => {
  const stage = new ServiceStage(t);
  stage.configure();
  assert.equal((await stage.install()).code, 0);
  const { repository } = stage;
  const moved = [
    { name: 'inside', sources: ['/srv'], repository: { location: join(repository, 'deeper') } },
    { name: 'accounting', sources: ['/srv'], repository: { location: '/mnt/new/repository', passwordFile: '/etc/cadangan/p' } },
  ];
  writeFileSync(join(stage.root, 'etc/cadangan/cadangan.jsonc'), JSON.stringify({ version: 1, sets: moved }));
  assert.deepEqual((await stage.status())['uncovered'], [
    { name: 'accounting', what: 'repository', path: '/mnt/new/repository' },
    { name: 'accounting', what: 'password', path: '/etc/cadangan/p' },
  ]);
  const { stdout } = await stage.cli('status');
  assert.match(stdout, /"accounting": the service may not write to its repository "\/mnt\/new\/repository"/);
  assert.equal((await stage.install()).code, 0);
  assert.deepEqual((await stage.status())['uncovered'], []);
});

test('a dry run names every file with its mode and owner, and writes none', posix, async (t) => {
  const stage = new ServiceStage(t);
  stage.configure();
  const { code, stdout, stderr } = await stage.install('--dry-run');
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(readdirSync(stage.root), []);
  const planned = [...stdout.matchAll(/^(\d{4}) {2}(\S+) {2}(.*?)(?: -> .*)?$/gm)].map(
    ([, mode, owner, path = '']) => `${mode} ${owner} ${path}`,
  );
  rmSync(stage.path('state'), { recursive: true, force: true });
  assert.equal((await stage.install()).code, 0);
  const written = readdirSync(stage.root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes('/current'))
    .map((entry) => join(entry.parentPath, entry.name));
  assert.deepEqual(planned.map((line) => line.split(' ').slice(2).join(' ')).toSorted(), written.toSorted());
  for (const line of planned) {
    const [mode = '', , ...path] = line.split(' ');
    if (mode !== '0777') assert.equal(statSync(path.join(' ')).mode & 0o777, Number.parseInt(mode, 8), line);
  }
});

for (const manager of ['cron', 'launchd', 'task-scheduler']) {
  for (const user of [[], ['--user']]) {
    test(`what ${manager} would be told ${user.length > 0 ? 'for a user ' : ''}can be looked at on any machine`, async () => {
      const { code, stdout, stderr } = await runCli(['service', 'install', '--dry-run', '--manager', manager, ...user], {
        environment: { HOME: '/home/budi', USER: 'budi' },
      });
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /service[^]*run[^]*--config/);
      if (manager === 'cron') return;
      const installed = await runCli([
        'service',
        'install',
        '--manager',
        manager === 'launchd' && process.platform === 'darwin' ? 'systemd' : manager,
      ]);
      if (process.platform !== 'win32') assert.match(installed.stderr, /of another system/);
    });
  }
}

test('what the configuration names in the folder that moves is named where it is then: a password file for nights', asRoot, async (t) => {
  const stage = new ServiceStage(t);
  const [before, after] = [stage.path('state', 'passwords', 'data'), join(stage.state, 'passwords', 'data')];
  mkdirSync(dirname(before), { recursive: true });
  writeFileSync(before, password, { mode: 0o600 });
  stage.configure({ repository: { location: stage.repository, passwordFile: before } });
  const { code, stderr } = await stage.install();
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(readFileSync(after, 'utf8'), password);
  const configuration = readFileSync(join(stage.root, 'etc/cadangan/cadangan.jsonc'), 'utf8');
  assert.deepEqual([configuration.includes(after), configuration.includes(before)], [true, false]);
  const unit = readFileSync(stage.unit, 'utf8');
  assert.deepEqual([unit.includes(after), unit.includes(before)], [true, false]);
  assert.ok(readFileSync(stage.configFile, 'utf8').includes(before), 'the file itself is as it was');
});

test('records that lead elsewhere are not moved, and nothing is written where they lead', asRoot, async (t) => {
  const stage = new ServiceStage(t);
  stage.configure();
  const elsewhere = stage.path('elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, '2026-11.jsonl'), 'of somebody else\n');
  mkdirSync(stage.path('state'));
  symlinkSync(elsewhere, stage.path('state', 'records'));
  const { code, stderr } = await stage.install();
  assert.equal(code, 1);
  assert.match(stderr, /records/);
  assert.deepEqual(readdirSync(elsewhere), ['2026-11.jsonl']);
  assert.equal(readFileSync(join(elsewhere, '2026-11.jsonl'), 'utf8'), 'of somebody else\n');
});
