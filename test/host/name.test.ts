// The name that one host at a time holds, the key by which its clients know it, and the engines of version 0.1 that know neither.
import assert from 'node:assert/strict';
import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { engineAddress, hostAddress } from '../../src/host/address.ts';
import { hostKey } from '../../src/host/key.ts';
import { claimName, holdName, systemRandom, type Claim, type ExclusiveName } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
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
  for (const { path } of [await hostAddress(deep, 'file'), await engineAddress({ configFile: 'c', stateFolder: deep }, 'file')])
    assert.ok(Buffer.byteLength(path) <= 103, 'sun_path has 104 bytes on macOS');
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

test('the file of a dead host is taken over by one of many, and nothing is left aside', posix, async (t) => {
  await using folder = await temporaryFolder();
  const address = await hostAddress(folder.path, 'file');
  const dead = await listen(address);
  // Node removes the file of a server that it closes. A killed process cannot, so a second name keeps it.
  await link(address.path, `${address.path}-kept`);
  await new Promise((resolve) => dead.close(resolve));
  await rename(`${address.path}-kept`, address.path);
  const ours: Extract<Claim, { kind: 'ours' }>[] = [];
  t.after(() => Promise.all(ours.map(({ server }) => new Promise((resolve) => server.close(resolve)))));
  const take = async (): Promise<void> => {
    for (;;) {
      const claim = await claimName(address, systemRandom, (socket) => socket.destroy());
      if (claim.kind === 'neither') continue; // its owner is just dying, or just listening
      if (claim.kind === 'ours') ours.push(claim);
      else claim.socket.destroy();
      return;
    }
  };
  await Promise.all(Array.from({ length: 8 }, take));
  // One that was taken aside for a moment, and looked at, may have lost its name to another meanwhile, which it knows then.
  const still = await Promise.all(ours.map(({ isOurs }) => isOurs()));
  assert.equal(still.filter(Boolean).length, 1);
  assert.deepEqual(
    (await readdir(folder.path)).filter((name) => name.startsWith('host.sock')),
    ['host.sock'],
  );
});

test('whoever holds a name by a file that was taken away knows it', posix, async () => {
  await using folder = await temporaryFolder();
  const address = await hostAddress(folder.path, 'file');
  const claim = await claimName(address, systemRandom, (socket) => socket.destroy());
  assert.ok(claim.kind === 'ours');
  assert.equal(await claim.isOurs(), true);
  await rm(address.path);
  assert.equal(await claim.isOurs(), false);
  const next = await listen(address);
  assert.equal(await claim.isOurs(), false, 'nor when somebody else has it');
  for (const server of [next, claim.server]) await new Promise((resolve) => server.close(resolve));
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

async function listen({ path }: ExclusiveName, onConnection: (socket: Socket) => void = (socket) => socket.destroy()): Promise<Server> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ path }, resolve));
  return server;
}
