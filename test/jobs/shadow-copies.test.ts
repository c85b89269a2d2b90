import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, win32 } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { copiesIn, diskshadowScript, linkCommand, refusalIn, removeScript } from '../../src/jobs/shadow-copies/commands.ts';
import { makeShadowCopies, shadowToolsOf, type ShadowTools, type ShadowWorld } from '../../src/jobs/shadow-copies/index.ts';
import { byteStringFromText, isCode, system, systemRandom, textOf } from '../../src/platform/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

const imitation = fileURLToPath(new URL('shadow-tool.mjs', import.meta.url));
const here = new URL('../../src/', import.meta.url).href;

/** Two volumes with a file each, and the programs that make copies of them. */
class Volumes {
  readonly folder: string;
  readonly state: string;
  readonly clock = new VirtualClock();

  constructor(t: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'cadangan-shadow-'));
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    this.state = join(this.folder, 'state');
    for (const letter of ['C', 'D']) {
      mkdirSync(join(this.folder, 'volumes', letter, 'Data'), { recursive: true });
      writeFileSync(join(this.folder, 'volumes', letter, 'Data', 'ledger'), `of ${letter}`);
    }
  }

  tools(isServer = false): ShadowTools {
    const tool = (name: string) => [process.execPath, imitation, name, this.folder] as const;
    const programs = { powershell: tool('powershell'), cmd: tool('cmd'), diskshadow: isServer ? tool('diskshadow') : undefined };
    return { ...programs, environment: {}, isVolume: async (drive) => 'CD'.includes(drive) };
  }

  world(more: Partial<ShadowWorld> = {}): ShadowWorld {
    const { signal } = new AbortController();
    return { stateFolder: this.state, tools: this.tools(), clock: this.clock, random: systemRandom, signal, ...more };
  }

  /** How the imitation is to behave. */
  say(name: string, value = ''): void {
    writeFileSync(join(this.folder, name), value);
  }

  get did(): string[] {
    const path = join(this.folder, 'did');
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }

  /** With `slow`: a program makes a copy. */
  get hasBegun(): boolean {
    return existsSync(join(this.folder, 'began'));
  }

  /** What is still noted of runs. */
  get left(): string[] {
    const folder = join(this.state, 'shadow-copies');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  }

  /** Begins to make copies in a process of its own, whose clock is at that of the test. */
  spawn(then: string) {
    const { environment, powershell, cmd } = this.tools();
    const program = `
      import { makeShadowCopies } from ${JSON.stringify(`${here}jobs/shadow-copies/index.ts`)};
      import { systemClock, systemRandom } from ${JSON.stringify(`${here}platform/index.ts`)};
      const tools = { ...${JSON.stringify({ environment, powershell, cmd })}, isVolume: async () => true };
      const clock = { ...systemClock, nowNs: () => ${this.clock.nowNs()}n };
      const signal = new AbortController().signal;
      const world = { stateFolder: ${JSON.stringify(this.state)}, tools, clock, random: systemRandom, signal };
      await makeShadowCopies(['C:\\\\Data', 'D:\\\\Data'], world);
      ${then}`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'ignore' });
    return { child, ended: once(child, 'exit') };
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test('each volume is read from its copy, which goes with the run; what is no volume is read as it is, and named', async (t) => {
  const volumes = new Volumes(t);
  {
    const sources = ['C:\\Data', '\\\\nas\\share\\docs', 'D:\\', 'S:\\subst', 'C:\\'];
    await using copies = await makeShadowCopies(sources, volumes.world());
    writeFileSync(join(volumes.folder, 'volumes', 'C', 'Data', 'ledger'), 'came later');
    const read = (path: string): string => readFileSync(join(textOf(copies.placeToRead(byteStringFromText(path)))), 'utf8');
    assert.deepEqual([read('C:/Data/ledger'), read('D:/Data/ledger')], ['of C', 'of D']);
    assert.equal(copies.placeToRead(byteStringFromText('//nas/share/docs')), '//nas/share/docs');
    const reason = 'it lies on no volume of this machine';
    assert.deepEqual(copies.failures, [
      { item: '\\\\nas\\share\\docs', reason },
      { item: 'S:\\subst', reason },
    ]);
    assert.deepEqual(copies.volumes, [
      { volume: 'C:\\', hasWriters: false },
      { volume: 'D:\\', hasWriters: false },
    ]);
    // Node makes each path absolute before it asks the system: what is left must not be the device of a volume.
    const root = textOf(copies.placeToRead(byteStringFromText('C:/')));
    assert.ok(!win32.toNamespacedPath(root).includes('GLOBALROOT'));
    assert.deepEqual(readdirSync(root), ['Data']);
    assert.equal(volumes.left.length, 1);
  }
  assert.deepEqual(volumes.did, ['made C 1', 'made D 2', 'removed 1', 'removed 2']);
  assert.deepEqual(readdirSync(join(volumes.state, 'shadow-copies')), []);
});

test('on a server all copies are of one moment, and with the writers of applications', async (t) => {
  const volumes = new Volumes(t);
  {
    await using copies = await makeShadowCopies(['C:\\Data', 'd:\\SQL', 'C:\\Users'], volumes.world({ tools: volumes.tools(true) }));
    assert.deepEqual(copies.failures, []);
    assert.deepEqual(copies.volumes, [
      { volume: 'C:\\', hasWriters: true },
      { volume: 'D:\\', hasWriters: true },
    ]);
  }
  assert.deepEqual(volumes.did, ['diskshadow C D', 'made C 1', 'made D 2', 'removed 1', 'removed 2']);
});

test('a volume that can have no copy, or none with writers, takes it from no other', async (t) => {
  const volumes = new Volumes(t);
  volumes.say('no-writers-D');
  {
    await using copies = await makeShadowCopies(['C:\\', 'D:\\'], volumes.world({ tools: volumes.tools(true) }));
    assert.deepEqual([copies.volumes.map(({ hasWriters }) => hasWriters), copies.failures], [[true, false], []]);
  }
  assert.deepEqual(volumes.did.slice(0, 5), ['diskshadow C D', 'diskshadow C', 'made C 1', 'diskshadow D', 'made D 2']);
  volumes.say('refuses-D', '6');
  {
    await using copies = await makeShadowCopies(['C:\\', 'D:\\'], volumes.world({ tools: volumes.tools(true) }));
    assert.deepEqual(copies.volumes, [{ volume: 'C:\\', hasWriters: true }]);
    assert.deepEqual(copies.failures, [{ item: 'D:\\', reason: 'there is not enough room for a shadow copy' }]);
  }
  volumes.say('fails');
  await using copies = await makeShadowCopies(['D:\\'], volumes.world());
  assert.deepEqual(copies.failures, [{ item: 'D:\\', reason: 'Get-CimInstance : Access is denied.' }]);
  await using elsewhere = await makeShadowCopies(['/srv'], volumes.world({ tools: undefined }));
  assert.deepEqual(elsewhere.failures, [{ item: '/srv', reason: 'only Windows has shadow copies' }]);
});

test('a source whose way leads out of the copy is named: what is read there is the volume itself', async (t) => {
  const volumes = new Volumes(t);
  symlinkSync('Data', join(volumes.folder, 'volumes', 'C', 'Documents and Settings'));
  const sources = ['C:\\Documents and Settings\\ledger', 'C:\\Documents and Settings', 'C:\\Data\\ledger', 'C:\\gone\\x'];
  await using copies = await makeShadowCopies(sources, volumes.world());
  assert.deepEqual(copies.failures, [{ item: sources[0], reason: 'its way leads through a link or another volume' }]);
});

test('who is stopped while copies are made leaves none', async (t) => {
  const volumes = new Volumes(t);
  const stopping = new AbortController();
  volumes.say('slow');
  const making = makeShadowCopies(['C:\\', 'D:\\'], volumes.world({ signal: stopping.signal }));
  await until(() => volumes.hasBegun);
  stopping.abort();
  volumes.say('goes-on');
  await assert.rejects(making, (error) => isCode(error, 'aborted'));
  const numbers = (what: string) => volumes.did.filter((line) => line.startsWith(what)).map((line) => line.split(' ').at(-1));
  assert.deepEqual([numbers('made'), numbers('removed')], [['1'], ['1']]);
  assert.deepEqual(volumes.left, []);
});

test('copies of a run that was killed are removed by the next one; what cannot be removed stays noted', async (t) => {
  const volumes = new Volumes(t);
  await volumes.spawn(`process.kill(process.pid, 'SIGKILL')`).ended;
  assert.equal(volumes.left.length, 1);
  volumes.say('keeps');
  await (await makeShadowCopies([], volumes.world()))[Symbol.asyncDispose]();
  assert.equal(volumes.left.length, 1);
  rmSync(join(volumes.folder, 'keeps'));
  await (await makeShadowCopies(['D:\\'], volumes.world()))[Symbol.asyncDispose]();
  assert.deepEqual(volumes.did, ['made C 1', 'made D 2', 'removed 1', 'removed 2', 'made D 3', 'removed 3']);
  assert.deepEqual(volumes.left, []);
});

test('a copy that comes into being when its run has been killed is found, too', async (t) => {
  const volumes = new Volumes(t);
  volumes.say('slow');
  const { child, ended } = volumes.spawn('');
  const outputs = (): string[] => readdirSync(volumes.state, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.out'));
  await until(() => volumes.hasBegun);
  child.kill('SIGKILL');
  await ended;
  await makeShadowCopies([], volumes.world());
  assert.equal(volumes.left.length, 1, 'the program may still be at work');
  volumes.say('goes-on');
  const isTold = (): boolean => outputs().every((name) => readFileSync(join(volumes.state, name), 'utf8').includes('HarddiskVolume'));
  await until(isTold);
  await makeShadowCopies([], volumes.world());
  assert.deepEqual(volumes.did, ['made C 1', 'removed 1']);
  await volumes.clock.advance(60 * 60_000);
  await makeShadowCopies([], volumes.world());
  assert.deepEqual(volumes.left, []);
});

test('what a run of this process could not remove is left over once it is over', async (t) => {
  const volumes = new Volumes(t);
  const copies = await makeShadowCopies(['C:\\'], volumes.world());
  await using beside = await makeShadowCopies(['D:\\'], volumes.world());
  assert.deepEqual(volumes.did, ['made C 1', 'made D 2'], 'those of a run that goes on stay');
  volumes.say('keeps');
  await copies[Symbol.asyncDispose]();
  rmSync(join(volumes.folder, 'keeps'));
  await makeShadowCopies([], volumes.world());
  assert.deepEqual(volumes.did, ['made C 1', 'made D 2', 'removed 1']);
  assert.equal(beside.volumes.length, 1);
});

test('without a note nothing is made', async (t) => {
  const volumes = new Volumes(t);
  mkdirSync(volumes.state);
  writeFileSync(join(volumes.state, 'shadow-copies'), 'no folder');
  const copies = await makeShadowCopies(['C:\\'], volumes.world());
  assert.deepEqual([copies.volumes, copies.failures.map(({ item }) => item), volumes.did], [[], ['C:\\'], []]);
});

test('what programs of Windows are told, and what they answer', () => {
  const device = String.raw`\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy12`;
  const id = '{3808876B-C176-4E48-B7AE-04046E6CC752}';
  const copy = (letter: string, ...more: readonly string[]): string => [`\t* = ${id}\t\t%CADANGAN_${letter}%`, ...more].join('\r\n');
  assert.deepEqual(copiesIn(copy('C', `- ${device}`), ['C']), [{ id, drive: 'C', device }]);
  assert.deepEqual(copiesIn(`${copy('C')}\r\n${copy('D', `- ${device}`)}`, ['C', 'D']), [
    { id, drive: 'C', device: undefined },
    { id, drive: 'D', device },
  ]);
  assert.deepEqual(copiesIn('-> create\r\nCOM call "..." failed.', ['C']), []);
  assert.equal(refusalIn('code 77\r\n'), 'Windows says 77');
  assert.equal(refusalIn(''), undefined);
  const lines = diskshadowScript(['C', 'D'], 'm.cab').split('\r\n');
  assert.deepEqual(lines.slice(2), ['add volume C: alias CADANGAN_C', 'add volume D: alias CADANGAN_D', 'create', '']);
  assert.deepEqual(linkCommand('C', device), ['mklink', '/d', 'C', `${device}\\`]);
  assert.ok(
    linkCommand('C', device).every((word) => !/[\s"]/.test(word)),
    'nothing is quoted',
  );
  assert.throws(() => diskshadowScript(['C & del'], 'm'));
  assert.throws(() => removeScript(["' OR 1=1"]));
  const tools = shadowToolsOf({});
  assert.equal(tools !== undefined, system.isWindows);
  for (const [program] of tools ? [tools.powershell, tools.cmd] : []) assert.ok(win32.isAbsolute(program));
});
