import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startHost } from '../../src/host/index.ts';
import { placeProgram, removeUnusedPrograms } from '../../src/host/program-folder.ts';
import { Host } from '../../src/host/host.ts';
import { cadanganVersion, systemRandom } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { EngineStage, gate, hostPid, until } from './engine-stage.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

interface Installed {
  readonly folder: string;
  readonly hostPath: string;
  readonly stateFolder: string;
}

/** An extension as it lies in VS Code's folder of extensions, and a state folder. */
function installed(t: TestContext, host = 'the host'): Installed {
  const home = mkdtempSync(join(tmpdir(), 'cadangan-program-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const folder = join(home, 'extension');
  mkdirSync(join(folder, 'dist', 'fonts'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"version":"1.0.0"}');
  for (const name of [
    'host.js',
    'backup-worker.js',
    'kernel.wasm',
    'fonts/a.ttf',
    'host.js.map',
    'extension.js',
    'dashboard.css',
    'meta.json',
  ])
    writeFileSync(join(folder, 'dist', name), name === 'host.js' ? host : name);
  return { folder, hostPath: join(folder, 'dist', 'host.js'), stateFolder: join(home, 'state') };
}

function copies(stateFolder: string): string[] {
  return readdirSync(join(stateFolder, 'host'));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && basename(entry.parentPath) !== 'users')
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll(sep, '/'),
    )
    .toSorted();
}

test('a program is copied with all that a host needs, once for each content', async (t) => {
  const { folder, hostPath, stateFolder } = installed(t);
  const placed = await placeProgram(hostPath, stateFolder, new SeededRandom(1));
  assert.equal(readFileSync(placed, 'utf8'), 'the host');
  const copy = dirname(dirname(placed));
  assert.match(basename(copy), /^(.+)-[0-9a-f]{16}$/);
  assert.ok(basename(copy).startsWith(`${cadanganVersion()}-`));
  assert.deepEqual(filesOf(copy), ['dist/backup-worker.js', 'dist/fonts/a.ttf', 'dist/host.js', 'dist/kernel.wasm', 'package.json']);
  assert.equal(await placeProgram(hostPath, stateFolder, new SeededRandom(2)), placed);
  assert.deepEqual(copies(stateFolder), [basename(copy)]);
  writeFileSync(join(folder, 'dist', 'kernel.wasm'), 'another');
  const other = await placeProgram(hostPath, stateFolder, new SeededRandom(3));
  assert.notEqual(other, placed);
  assert.equal(copies(stateFolder).length, 2);
});

test('a copy of which something is missing or torn is made anew', async (t) => {
  const { hostPath, stateFolder } = installed(t);
  const placed = await placeProgram(hostPath, stateFolder, systemRandom);
  for (const damage of [() => writeFileSync(placed, ''), () => rmSync(join(dirname(placed), 'kernel.wasm'))]) {
    damage();
    assert.equal(await placeProgram(hostPath, stateFolder, systemRandom), placed);
    assert.equal(filesOf(dirname(dirname(placed))).length, 5);
    assert.equal(readFileSync(placed, 'utf8'), 'the host');
  }
});

test('several processes that place the same program at the same time have one copy, and leave nothing else', async (t) => {
  const { hostPath, stateFolder } = installed(t, 'x'.repeat(1_000_000));
  const placed = await Promise.all(Array.from({ length: 8 }, () => placeProgram(hostPath, stateFolder, systemRandom)));
  assert.equal(new Set(placed).size, 1);
  assert.deepEqual(copies(stateFolder), [basename(dirname(dirname(placed[0] ?? '')))]);
  assert.equal(filesOf(dirname(dirname(placed[0] ?? ''))).length, 5);
});

test('sources are run where they are', async (t) => {
  const { stateFolder } = installed(t);
  assert.equal(await placeProgram('/src/host/host-main.ts', stateFolder, systemRandom), '/src/host/host-main.ts');
  assert.equal(existsSync(stateFolder), false);
});

test('a copy stays while a process needs it, and goes when that has ended', async (t) => {
  const { folder, hostPath, stateFolder } = installed(t);
  const script = `const { placeProgram } = await import(process.argv[1]); await placeProgram(...process.argv.slice(2), { fill: (bytes) => bytes });
    console.log('placed'); setInterval(() => undefined, 1000);`;
  const module = new URL('../../src/host/program-folder.ts', import.meta.url).href;
  const user = spawn(process.execPath, ['--input-type=module', '-e', script, module, hostPath, stateFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => user.kill('SIGKILL'));
  await once(user.stdout, 'data');
  const [theirs = ''] = copies(stateFolder);
  writeFileSync(join(folder, 'dist', 'host.js'), 'the next host');
  const ours = basename(dirname(dirname(await placeProgram(hostPath, stateFolder, systemRandom))));
  mkdirSync(join(stateFolder, 'host', 'half-tmp-1', 'dist'), { recursive: true }); // of a process that was killed while it copied

  await removeUnusedPrograms(stateFolder);
  assert.deepEqual(copies(stateFolder).toSorted(), [theirs, ours].toSorted());
  user.kill('SIGKILL');
  await once(user, 'close');
  await removeUnusedPrograms(stateFolder);
  assert.deepEqual(copies(stateFolder), [ours]);
});

test('a host that has lived for a minute removes the copies that nobody needs', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const stateFolder = stage.path('state');
  mkdirSync(join(stateFolder, 'host', '0.0.1-0123456789abcdef', 'dist'), { recursive: true });
  const clock = new VirtualClock();
  const world = { clock, random: systemRandom, environment: {}, version: '1.2.10', programVersion: 'test' };
  const log = (): void => undefined;
  const host = await Host.start({ stateFolder, configFile: stage.configFile, world, runsSchedule: false, lingerMs: undefined, log });
  stage.atEnd(() => host.end('asked'));
  await clock.advance(59_000);
  assert.equal(copies(stateFolder).length, 1);
  await clock.advance(1_000);
  await until(() => copies(stateFolder).length === 0, 'it is removed');
});

test('a host goes on when an update removes the extension that started it: threads, fonts and documents are its own', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command });
  const extension = stage.path('extension');
  mkdirSync(extension);
  for (const name of ['dist', 'package.json']) cpSync(join(project, name), join(extension, name), { recursive: true });
  const hostPath = join(extension, 'dist', 'host.js');
  const { client } = stage.window({ client: { startHost: () => startHost({ ...stage.hostStart(), hostPath }) } });
  const running = client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'the run begins');
  if (process.platform === 'linux')
    assert.ok(readFileSync(`/proc/${client.pid}/cmdline`, 'utf8').includes(join(stage.path('state'), 'host')), 'it runs from its copy');
  rmSync(extension, { recursive: true });
  open();
  assert.equal((await running).outcome, 'success');
  const form = { from: '2026-01-01', to: '2026-12-31', format: 'pdf', language: 'id' } as const;
  const { bytes } = await client.request(protocol.makeReport, form);
  assert.match(Buffer.from(bytes).toString('latin1'), /^%PDF-/);
  const users = readdirSync(join(stage.path('state'), 'host', copies(stage.path('state'))[0] ?? '', 'users'));
  assert.ok(users.includes(String(hostPid(stage.path('state')))), 'it says so');
});
