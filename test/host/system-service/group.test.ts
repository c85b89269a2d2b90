// Who is of the group of a machine's service: what he may, what he may not, and what is told of it.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Channel } from '../../../src/host/channel.ts';
import {
  findHostPlace,
  HostClient,
  refuseBesideService,
  serviceConfigFile,
  visitHost,
  type OlderService,
} from '../../../src/host/index.ts';
import { changeableByOthers, filesWithin } from '../../../src/host/system-service/administrators-only.ts';
import { assetPath } from '../../../src/platform/index.ts';
import { procedures, protocol } from '../../../src/service/index.ts';
import { recordsIn } from '../../records/some-records.ts';
import { startCli } from '../../cli/run-cli.ts';
import { EngineStage, gate, hostPid, isAlive, until } from '../engine-stage.ts';
import { asRoot, GroupStage, member, withSets } from './group-stage.ts';

const unix = { skip: process.platform === 'win32' && 'a pipe has no folder that a group could enter' };
test(
  'a member of the group sees, starts and stops; everything that names a path, a command, a destination or a secret is refused',
  asRoot,
  async (t) => {
    const stage = new GroupStage(t);
    const { command, isRunning, open } = gate(stage);
    await withSets(stage, { before: command });
    await stage.serve();
    const ask = stage.member();
    const { repository: location } = stage;
    const entry = { location, snapshot: 'latest', path: '/' };

    // What he may.
    const sets = (await ask('sets/list')).result as { readonly name: string }[];
    assert.deepEqual(
      sets.map(({ name }) => name),
      ['data', 'wages'],
    );
    for (const [name, params] of [
      ['schedule/status', undefined],
      ['records/summary', undefined],
      ['records/list', { offset: 0, limit: 10 }],
      ['drive/status', undefined],
      ['records/dashboard', { year: 2026 }],
    ] as const)
      assert.equal((await ask(name, params)).code, undefined, name);
    const backup = (await ask('run/backup', { set: 'wages', options: { force: false } })).result as protocol.RunResult;
    assert.equal(backup.outcome, 'success');
    const [record] = (await recordsIn(stage.state)).filter(({ kind }) => kind === 'internal-backup');
    assert.equal(record?.operator.user, member.name, 'the record says who');

    // Runs of his own, and those of others.
    const own = ask('run/backup', { set: 'data' });
    await until(isRunning, 'it runs');
    assert.deepEqual(await ask('run/stop', { set: 'data' }), { name: 'run/stop', result: true });
    assert.equal(((await own).result as protocol.RunResult).outcome, 'stopped');
    open();
    const administrator = stage.administrator();
    const others = administrator.request(protocol.startBackup, { set: 'data' });
    await until(isRunning, 'it runs');

    const forbidden: readonly (readonly [name: string, params?: unknown])[] = [
      ['run/stop', { set: 'data' }],
      ['run/backup', { set: 'wages', hasPassword: true }],
      ['run/backup', { set: 'wages', options: { noLock: true } }],
      ['sets/add', { name: 'mine', sources: ['/root'], location: '/tmp/mine' }],
      ['sets/remove', { set: 'wages' }],
      ['sets/keep-password-file', { set: 'wages' }],
      ['run/restore', { location, snapshot: 'latest', paths: ['/'], target: { kind: 'folder', folder: '/tmp/x' }, overwrite: 'always' }],
      ['run/restore', { location, snapshot: 'latest', paths: ['/'], target: { kind: 'original' }, overwrite: 'always' }],
      ['run/restore/preview', { location, snapshot: 'latest', paths: ['/'], target: { kind: 'original' }, overwrite: 'always' }],
      ['run/check', { location, readData: true }],
      ['run/drill', { sample: { folder: '/tmp/x' } }],
      ['run/missed/dismiss', { set: 'data' }],
      ['repository/init', { location: stage.path('other'), password: 'his own' }],
      ['repository/info', { location }],
      ['repository/place', { location }],
      ['repository/unlock', { location }],
      ['repository/forget-password', { location }],
      ['repository/recovery-kit', { location, withPassword: true }],
      ['drive/sign-in', { withDeviceCode: true }],
      ['drive/copy/add', { name: 'mine', repository: location, to: 'gdrive:Mine' }],
      ['records/append', { content: { kind: 'check', host: 'h', operator: { user: 'root', via: 'command-line' }, software: 's' } }],
      ['records/approve', { act: 'approved', from: '2026-11-01', to: '2026-11-30', name: 'B', position: 'C' }],
      ['snapshots/list', { location }],
      ['snapshots/folder', { ...entry, offset: 0, limit: 10 }],
      ['snapshots/read', { ...entry, path: '/a.txt', maxBytes: 100 }],
      ['leave'],
    ];
    for (const [name, params] of forbidden) assert.equal((await ask(name, params)).code, 'rights.denied', `${name} is refused`);
    // What only a process that works for the host answers is answered to nobody here.
    assert.notEqual((await ask('work/key', { location, mayAsk: false })).code, undefined);
    open();
    assert.equal((await others).outcome, 'success', 'the run of somebody else was not stopped');
    assert.equal(existsSync(stage.path('other')), false);
    assert.deepEqual(
      stage.heard.filter(({ name }) => name === 'password' || name === 'log'),
      [],
      'he is asked for nothing, and reads no log',
    );

    const refusals = (await recordsIn(stage.state)).filter(({ kind }) => kind === 'refusal');
    const recorded = new Set(refusals.map(({ reason }) => String(reason?.facts['procedure'])));
    assert.ok(refusals.every(({ operator, result }) => operator.user === member.name && result === 'failed'));
    for (const name of ['sets/add', 'run/restore', 'run/stop', 'repository/init', 'records/approve', 'snapshots/read', 'run/backup'])
      assert.ok(recorded.has(name), `${name} is recorded`);
    assert.equal(refusals.length, recorded.size, 'a row of refusals is one record');
    assert.equal(recorded.has('repository/info'), false, 'a look that showed nothing is not recorded');

    // What the system itself keeps from him.
    assert.equal(statSync(stage.state).mode & 0o077, 0);
    assert.equal(statSync(stage.door).mode & 0o007, 0);
  },
);

test(
  'a reader of a set looks into its snapshots and into no others of the same repository, and writes a file down himself',
  asRoot,
  async (t) => {
    const stage = new GroupStage(t);
    await withSets(stage, { readers: [member.name] });
    stage.write('large', Buffer.alloc(5_000_000, 'abcdefghijk'));
    await stage.serve();
    const administrator = stage.administrator();
    for (const set of ['data', 'wages']) assert.equal((await administrator.request(protocol.startBackup, { set })).outcome, 'success');
    const { repository: location } = stage;
    const all = await administrator.request(protocol.listSnapshots, { location });
    const idOf = (set: string): string => all.find(({ tags }) => tags[0] === set)?.id ?? '';
    const ask = stage.member();

    const seen = (await ask('snapshots/list', { location })).result as protocol.SnapshotInfo[];
    assert.deepEqual(
      seen.map(({ id }) => id),
      [idOf('data')],
    );
    const path = Buffer.from(join(stage.source, 'a.txt')).toString('latin1');
    const large = Buffer.from(join(stage.source, 'large')).toString('latin1');
    for (const snapshot of ['latest', idOf('data').slice(0, 8)])
      assert.equal(((await ask('snapshots/stat', { location, snapshot, path })).result as protocol.EntryInfo).label, 'a.txt');
    const part = (await ask('snapshots/read-part', { location, snapshot: 'latest', path: large, from: 4_999_990, maxBytes: 100 })).result;
    const { bytes, size } = part as { readonly bytes: Readonly<Record<string, number>>; readonly size: number };
    assert.deepEqual([Buffer.from(Object.values(bytes)), size], [readFileSync(join(stage.source, 'large')).subarray(-10), 5_000_000]);
    const versions = (await ask('snapshots/versions', { location, path })).result as protocol.VersionInfo[];
    assert.deepEqual(
      versions.map(({ snapshot, alsoIn }) => [snapshot.id, alsoIn]),
      [[idOf('data'), []]],
    );
    // The newer snapshot of the other set has the same file: it counts for nothing, whatever he says of where to look.
    for (const limit of [1, 10])
      for (const more of [{}, { among: [idOf('wages')] }]) {
        const found = (await ask('snapshots/find', { location, pattern: 'a.txt', limit, ...more })).result as protocol.FoundEntry[];
        assert.deepEqual(
          found.map(({ snapshot }) => snapshot.id),
          [idOf('data')],
        );
      }

    const wages = idOf('wages');
    for (const [name, params] of [
      ['snapshots/read', { location, snapshot: wages, path, maxBytes: 100 }],
      ['snapshots/stat', { location, snapshot: wages.slice(0, 12), path }],
      ['snapshots/folder', { location, snapshot: wages, path: '/', offset: 0, limit: 10 }],
      ['snapshots/compare', { location, older: idOf('data'), newer: wages, maxChanges: 10 }],
      ['snapshots/list', { location: stage.path('elsewhere') }],
      ['run/restore', { location, snapshot: 'latest', paths: ['/'], target: { kind: 'folder', folder: '/tmp/x' }, overwrite: 'always' }],
    ] as const)
      assert.equal((await ask(name, params)).code, 'rights.denied', name);

    // Once that set is gone its snapshots are nobody's to read.
    stage.configure({ name: 'data', repository: { location, passwordFile: stage.path('password') }, readers: [member.name] });
    await until(async () => (await administrator.request(protocol.listSets, undefined)).length === 1, 'the set is gone');
    const left = (await ask('snapshots/list', { location })).result as protocol.SnapshotInfo[];
    assert.deepEqual(
      left.map(({ id }) => id),
      [idOf('data')],
    );
  },
);

test('who knows the key of the group and does not show who he is, is not served', unix, async (t) => {
  const stage = new GroupStage(t);
  stage.configure();
  await stage.serve();
  const visit = await visitHost({ ...stage.own, stateFolder: stage.state, door: stage.door });
  assert.ok(visit);
  t.after(() => visit.close());
  const channel = new Channel(visit.connection);
  visit.connection.listen();
  await assert.rejects(channel.request(protocol.initialize, { language: 'en', via: 'editor' }), /rights.denied/);
  await assert.rejects(channel.request(protocol.listSets, undefined), /it comes first/);
});

test('windows and commands look for the service of the machine first, and an administrator starts no host beside it', unix, async (t) => {
  const stage = new GroupStage(t);
  stage.configure();
  const { own, environment } = stage;
  assert.equal(findHostPlace(own, environment), own, 'it does not run');
  assert.throws(() => refuseBesideService(own, environment, true), /service.not-running/);
  assert.doesNotThrow(() => refuseBesideService(own, environment, false));
  const host = await stage.serve();
  assert.equal(findHostPlace(own, environment).stateFolder, stage.state);
  assert.equal(serviceConfigFile(environment), stage.configFile);
  assert.throws(() => refuseBesideService(own, environment, false), /service.not-running/);
  for (const meant of [
    { ...environment, CADANGAN_SERVICE: '' },
    { CADANGAN_STATE: own.stateFolder },
    { CADANGAN_CONFIG: stage.configFile },
  ])
    assert.equal(findHostPlace(own, meant), own, 'who names something else means that');

  // A client of a newer version is served: the service is brought to it by who installed it.
  const told: OlderService[] = [];
  const newer = new HostClient({
    place: () => ({ ...findHostPlace(own, environment), version: '9.9.9' }),
    onOlderService: (service) => told.push(service),
    startHost: async () => assert.fail('a host is started beside the service'),
    language: () => 'en',
    password: async () => undefined,
  });
  t.after(() => newer.close());
  assert.equal((await newer.start()).version, '0.0.0');
  await newer.request(protocol.listSets, undefined);
  const command = `${process.getuid?.() === 0 ? '' : 'sudo '}cadangan service install`;
  assert.deepEqual(told, [{ version: '0.0.0', own: '9.9.9', command }], 'it is told once');
  assert.equal((await visitHost({ ...own, stateFolder: stage.state }))?.host.isService, true);
  await host.end('asked');
});

test('a host that a window has started ends when the service of the machine is there, once nothing runs', unix, async (t) => {
  const stage = new GroupStage(t);
  const { command, isRunning, open } = gate(stage);
  await withSets(stage, { before: command });
  const window = stage.window({ maySchedule: false, environment: stage.environment });
  const { pid } = await window.client.start();
  const running = window.client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'it runs');
  await stage.serve();
  open();
  assert.equal((await running).outcome, 'success', 'it came to its end');
  await until(() => !isAlive(pid), 'the host has made room');
});

test('a service takes the place of a host that a window has started, and a second service that of none', unix, async (t) => {
  const stage = new EngineStage(t);
  const unsafe = process.getuid?.() === 0 ? await changeableByOthers([process.execPath, ...(await filesWithin(assetPath('.')))]) : [];
  if (unsafe.length > 0) return t.skip(`root runs no service from here: ${unsafe[0]?.path} can be changed by others`);
  stage.configure();
  if (process.getuid?.() === 0) chmodSync(stage.folder, 0o755);
  const window = stage.window({ maySchedule: false });
  const { pid } = await window.client.start();
  await window.client.close();
  const words = ['service', 'run', '--config', stage.configFile, '--state', stage.path('state'), '--unless-running'];
  const service = startCli(words, {});
  stage.atEnd(() => service.child.kill('SIGKILL'));
  await until(() => hostPid(stage.path('state')) === service.child.pid, 'the service is there');
  await until(() => !isAlive(pid), 'that of the window has made room');
  assert.equal((await startCli(words, {}).ended).code, 0, 'it runs already');
  assert.equal(isAlive(service.child.pid ?? 0), true);
  service.child.kill('SIGTERM');
  assert.equal((await service.ended).code, 0);
});

test('what the group may stands beside each procedure; nobody of it may what is not named there', () => {
  const allowed: Record<string, string[]> = {};
  for (const { procedure } of procedures) (allowed[procedure.members ?? 'nobody'] ??= []).push(procedure.name);
  assert.deepEqual(allowed['see']?.toSorted(), [
    'alerts/state',
    'configuration',
    'drive/status',
    'records/dashboard',
    'records/list',
    'records/nonconformities',
    'records/pack',
    'records/read',
    'records/report',
    'records/summary',
    'records/verify',
    'run/of-id',
    'run/recent',
    'schedule/status',
    'sets/list',
  ]);
  assert.deepEqual([allowed['start'], allowed['stop-own']], [['run/backup'], ['run/stop']]);
  assert.ok(allowed['read-snapshots']?.every((name) => name.startsWith('snapshots/')));
  assert.ok((allowed['nobody']?.length ?? 0) > 20);
});
