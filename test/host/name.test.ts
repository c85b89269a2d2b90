// The name that one host at a time holds, the key by which its clients know it, and the engines of version 0.1 that know neither.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, Socket, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { engineAddress, hostAddress, runnerAddress } from '../../src/host/address.ts';
import { claimForGood } from '../../src/host/claim-for-good.ts';
import { hostKey } from '../../src/host/key.ts';
import {
  claimName,
  holdName,
  isCode,
  systemClock,
  systemRandom,
  tryToConnect,
  type Claim,
  type ExclusiveName,
  type Random,
} from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { freshSeed } from '../seeds.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { untilOn, engineHere } from './engine-here.ts';
import { EngineStage } from './engine-stage.ts';

const posix = { skip: process.platform === 'win32' ? 'sockets have no files' : false };

test('two spellings of one state folder give one name, two folders give two, and a path is never too long for a socket', async () => {
  await using folder = await temporaryFolder();
  const nameOf = async (stateFolder: string): Promise<string> => (await hostAddress(stateFolder, 'abstract')).path;
  assert.equal(await nameOf(folder.path), await nameOf(`${folder.path}/./x/..`));
  assert.notEqual(await nameOf(folder.path), await nameOf(join(folder.path, 'other')));
  const deep = join(folder.path, 'x'.repeat(120));
  for (const { path } of [
    await hostAddress(deep, 'file'),
    await engineAddress({ configFile: 'c', stateFolder: deep }, 'file'),
    await runnerAddress(deep, 'ab'.repeat(16), 'file'),
  ])
    assert.ok(Buffer.byteLength(path) <= 103, 'sun_path has 104 bytes on macOS');
});

test('who wants to serve under the name of a dead one does so at once, and beside a living one not at all', posix, async (t) => {
  await using folder = await temporaryFolder();
  const world = { stateFolder: folder.path, clock: systemClock, random: systemRandom };
  for (const address of [await hostAddress(folder.path, 'file'), await runnerAddress(folder.path, 'ab'.repeat(16), 'file')]) {
    await leaveDead(address);
    const { server } = await claimForGood(address, world, (socket) => socket.destroy());
    t.after(() => server.close());
    await assert.rejects(
      claimForGood(address, world, (socket) => socket.destroy()),
      (error) => isCode(error, 'host.taken'),
    );
  }
});

test('many that ask for the key at once get the same, closed to others; a spoilt one is replaced', async () => {
  await using folder = await temporaryFolder();
  const keys = await Promise.all(Array.from({ length: 20 }, () => hostKey(folder.path, systemRandom)));
  assert.equal(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size, 1);
  assert.deepEqual(await readdir(folder.path), ['leader.key']);
  const path = join(folder.path, 'leader.key');
  if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
  await writeFile(path, 'short');
  assert.equal((await hostKey(folder.path, systemRandom)).length, 32);
  assert.equal((await readFile(path)).length, 32);
});

test('the file of a dead host is taken over by one of many, every time, and nothing is left beside it', posix, async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  await using folder = await temporaryFolder();
  const address = await hostAddress(folder.path, 'file');
  let ours: Ours[] = [];
  t.after(() => ours.forEach(({ server }) => server.close()));
  for (let round = 0; round < 300; round++) {
    await leaveDead(address);
    ours = [];
    const take = async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      for (;;) {
        const claim = await claimName(address, random, (socket) => socket.destroy());
        if (claim.kind === 'neither') continue; // its owner is just dying, or just listening
        if (claim.kind === 'ours') ours.push(claim);
        else claim.socket.destroy();
        return;
      }
    };
    await Promise.all(Array.from({ length: 8 }, () => take(random.below(8))));
    // One that was taken aside for a moment, and looked at, may have lost its name to another meanwhile, which it knows then.
    const still = await Promise.all(ours.map(({ isOurs }) => isOurs()));
    assert.deepEqual([round, still.filter(Boolean).length], [round, 1]);
    assert.deepEqual(await readdir(folder.path), ['host.sock']);
    // Who lost the name leaves the file of who has it.
    const [owner, ...others] = ours.toSorted((one, other) => Number(still[ours.indexOf(other)]) - Number(still[ours.indexOf(one)]));
    for (const other of others) await close(other.server);
    assert.equal(await owner?.isOurs(), true);
    if (owner) await close(owner.server);
    assert.deepEqual(await readdir(folder.path), []);
  }
});

/** Asked for a name for the second time, which is right before the file of a dead owner is taken aside. */
class BeforeClearing implements Random {
  asked = 0;
  readonly #happens: () => void;

  constructor(happens: () => void) {
    this.#happens = happens;
  }

  fill<T extends Uint8Array>(target: T): T {
    this.asked += 1;
    if (this.asked === 2) this.#happens();
    return systemRandom.fill(target);
  }
}

test('a living owner that comes between the look and the clearing away keeps its name', posix, async (t) => {
  await using folder = await temporaryFolder();
  const address = await hostAddress(folder.path, 'file');
  await leaveDead(address);
  const living = { kind: 'file', path: join(folder.path, 'living') } as const;
  const server = await listen(living);
  t.after(() => server.close());
  const random = new BeforeClearing(() => renameSync(living.path, address.path));
  const claim = await claimName(address, random, () => assert.fail('it was not ours'));
  assert.deepEqual([claim.kind, random.asked], ['neither', 2]);
  assert.deepEqual(await readdir(folder.path), ['host.sock']);
  const found = await claimName(address, systemRandom, () => undefined);
  assert.ok(found.kind === 'connected', 'whoever lives is found');
  found.socket.destroy();
});

test('an owner that has no room for one more connection lives, too', { skip: process.platform !== 'linux' && 'EAGAIN' }, async (t) => {
  await using folder = await temporaryFolder();
  const address = await hostAddress(folder.path, 'file');
  const living = { kind: 'file', path: join(folder.path, 'living') } as const;
  const goOn = await listenWithoutRoom(t, living);
  await leaveDead(address);
  const random = new BeforeClearing(() => renameSync(living.path, address.path));
  assert.deepEqual(await claimName(address, random, () => undefined), { kind: 'neither', reason: 'ECONNREFUSED' });
  assert.deepEqual(await readdir(folder.path), ['host.sock']);
  const again = new BeforeClearing(() => assert.fail('it is not even taken aside'));
  assert.deepEqual(await claimName(address, again, () => undefined), { kind: 'neither', reason: 'EAGAIN' });
  await goOn();
  const found = await claimName(address, systemRandom, () => undefined);
  assert.ok(found.kind === 'connected');
  found.socket.destroy();
});

/** A thread that listens, and accepts nobody until it is told to go on. */
async function listenWithoutRoom(t: TestContext, { path }: ExclusiveName): Promise<() => Promise<void>> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(
    `const { parentPort, workerData: { path, gate } } = require('node:worker_threads');
     const server = require('node:net').createServer((socket) => parentPort.postMessage('accepted'));
     server.listen({ path, backlog: 1 }, () => { parentPort.postMessage('listening'); Atomics.wait(gate, 0, 0); });`,
    { eval: true, workerData: { path, gate } },
  );
  t.after(() => thread.terminate());
  const told = (): Promise<unknown> => new Promise((resolve) => thread.once('message', resolve));
  await told();
  for (
    let found = await tryToConnect({ kind: 'file', path });
    typeof found !== 'string';
    found = await tryToConnect({ kind: 'file', path })
  ) {
    const waiting = found.on('error', () => undefined);
    t.after(() => waiting.destroy());
  }
  return async () => {
    const accepted = told();
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await accepted;
  };
}

test('whoever holds a name by a file that was taken away knows it', posix, async (t) => {
  await using folder = await temporaryFolder();
  const address = await hostAddress(folder.path, 'file');
  const claim = await claimName(address, systemRandom, (socket) => socket.destroy());
  assert.ok(claim.kind === 'ours');
  t.after(() => claim.server.close());
  assert.equal(await claim.isOurs(), true);
  await rm(address.path);
  assert.equal(await claim.isOurs(), false);
  const next = await listen(address);
  t.after(() => next.close());
  assert.equal(await claim.isOurs(), false, 'nor when somebody else has it');
  await close(claim.server);
  const found = await tryToConnect(address);
  assert.ok(found instanceof Socket, 'and it leaves the file of somebody else alone');
  found.destroy();
  await close(next);
});

test('a name as long as a socket may have is held, and taken over, like any other', posix, async (t) => {
  await using folder = await temporaryFolder();
  const deep = join(folder.path, 'x'.repeat(103 - Buffer.byteLength(join(folder.path, '', 'host.sock')) - 1));
  await mkdir(deep);
  const address = await hostAddress(deep, 'file');
  assert.equal(Buffer.byteLength(address.path), 103);
  await leaveDead(address);
  const claim = async (): Promise<Claim> => claimName(address, systemRandom, (socket) => socket.destroy());
  assert.equal((await claim()).kind, 'neither', 'the dead one is cleared away');
  const ours = await claim();
  assert.ok(ours.kind === 'ours');
  t.after(() => ours.server.close());
  const other = await claim();
  assert.ok(other.kind === 'connected');
  other.socket.destroy();
});

test('a name that is held is held once, and free again afterwards', async () => {
  await using folder = await temporaryFolder();
  const first = await holdName(folder.path, 'offsite office', systemRandom);
  assert.equal(await holdName(folder.path, 'offsite office', systemRandom), undefined);
  await (await holdName(folder.path, 'offsite other', systemRandom))?.[Symbol.asyncDispose]();
  await first?.[Symbol.asyncDispose]();
  const next = await holdName(folder.path, 'offsite office', systemRandom);
  assert.ok(next);
  await next[Symbol.asyncDispose]();
});

test('while a window of version 0.1 runs the schedule nothing is run here; when it is gone, all is', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const place = { configFile: stage.configFile, stateFolder: stage.path('state') };
  const old = await listen(await engineAddress(place));
  const clock = new VirtualClock();
  const channel = await engineHere(stage, clock);
  const asked = channel.request(protocol.startBackup, { set: 'data' });
  await assert.rejects(asked, (error) => JSON.stringify(error).includes('"host.older"'));
  assert.equal((await channel.request(protocol.listSets, undefined)).length, 1, 'whoever looks is answered');
  await new Promise((resolve) => old.close(resolve));
  await clock.advance(5_000);
  let outcome: string | undefined;
  const run = async (): Promise<void> => {
    while (outcome === undefined)
      ({ outcome } = await channel.request(protocol.startBackup, { set: 'data' }).catch(() => ({ outcome: undefined })));
  };
  const running = run();
  await untilOn(clock, () => outcome !== undefined, 'it runs');
  await running;
  assert.equal(outcome, 'success');
});

test('a host holds the name of the engines before it, too: none of them comes to lead', async (t) => {
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.configure();
  const clock = new VirtualClock();
  await engineHere(stage, clock);
  const claim = await claimName(
    await engineAddress({ configFile: stage.configFile, stateFolder: stage.path('state') }),
    systemRandom,
    () => undefined,
  );
  assert.equal(claim.kind, 'connected');
  if (claim.kind === 'connected') await new Promise((resolve) => claim.socket.resume().once('close', resolve)); // and is told nothing
});

type Ours = Extract<Claim, { kind: 'ours' }>;

/** Node removes the file of a server that it closes. A killed process cannot, so a second name keeps it. */
async function leaveDead(address: ExclusiveName): Promise<void> {
  const dead = await listen(address);
  const kept = join(dirname(address.path), 'kept');
  await link(address.path, kept);
  await close(dead);
  await rename(kept, address.path);
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

async function listen({ path }: ExclusiveName, onConnection: (socket: Socket) => void = (socket) => socket.destroy()): Promise<Server> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ path }, resolve));
  return server;
}
