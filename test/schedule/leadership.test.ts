import assert from 'node:assert/strict';
import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CadanganError, isCode, systemClock, systemRandom, type Clock } from '../../src/platform/index.ts';
import {
  leaderAddress,
  leaderKey,
  Leadership,
  type Credentials,
  type LeaderAddress,
  type LeadingService,
  type PastRun,
  type Role,
  type ScheduleEvent,
  type SetStatus,
} from '../../src/schedule/index.ts';
import { LineChannel } from '../../src/schedule/leader/line-channel.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { waitUntil } from './wait-until.ts';

const status: SetStatus = {
  set: 'files',
  state: 'missed',
  missed: [{ day: '2026-11-23', startMs: 1, endMs: 2 }],
  next: { day: '2026-11-24', startMs: 3, endMs: 4 },
  lastRun: { trigger: 'window', startedMs: 1, endedMs: 2, outcome: 'failed' },
};

/** A schedule that answers from what it was given, and remembers what it was asked. */
class Answering implements LeadingService {
  readonly asked: string[] = [];
  status = async (): Promise<SetStatus[]> => [status];
  close = async (mode: string): Promise<void> => void this.asked.push(`close ${mode}`);

  async run(set: string, trigger: string): Promise<'accepted'> {
    if (set !== 'files') throw new CadanganError('set.unknown', { set });
    this.asked.push(`${trigger} ${set}`);
    return 'accepted';
  }

  async stop(set: string): Promise<boolean> {
    this.asked.push(`stop ${set}`);
    return true;
  }

  async dismissMissed(set: string): Promise<void> {
    this.asked.push(`dismiss ${set}`);
  }

  async adopt(): Promise<undefined> {}

  async noteRun({ set }: PastRun): Promise<void> {
    this.asked.push(`note ${set}`);
  }
}

class Member implements AsyncDisposable {
  readonly roles: Role[] = [];
  readonly events: ScheduleEvent[] = [];
  readonly service = new Answering();
  readonly leadership: Leadership;
  publish: (event: ScheduleEvent) => void = () => assert.fail('it does not lead');

  constructor(address: LeaderAddress, credentials: Credentials, clock: Clock = systemClock) {
    this.leadership = new Leadership({
      address,
      credentials,
      clock,
      onRole: (role) => this.roles.push(role),
      onEvent: (event) => this.events.push(event),
      lead: async (publish) => {
        this.publish = publish;
        return this.service;
      },
    });
  }

  async is(kind: Role['kind']): Promise<this> {
    await waitUntil(`it is ${kind}`, () => this.leadership.role.kind === kind);
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leadership.close();
  }
}

async function place(): Promise<{ address: LeaderAddress; credentials: Credentials; path: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const address = await leaderAddress({ configFile: join(folder.path, 'cadangan.jsonc'), stateFolder: folder.path });
  const credentials = { key: await leaderKey(folder.path, systemRandom), version: '1.2.3', random: systemRandom };
  return { address, credentials, path: folder.path, [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]() };
}

test('a follower gets every answer and every error as if it led itself', async () => {
  await using here = await place();
  await using leader = await new Member(here.address, here.credentials).is('leader');
  await using follower = await new Member(here.address, here.credentials).is('follower');
  assert.deepEqual(follower.leadership.role, { kind: 'follower', leader: { version: '1.2.3', pid: process.pid } });
  for (const { leadership } of [leader, follower]) {
    assert.deepEqual(await leadership.status(), [status]);
    assert.equal(await leadership.run('files', 'catch-up'), 'accepted');
    assert.equal(await leadership.stop('files'), true);
    await leadership.dismissMissed('files');
    await assert.rejects(leadership.run('fils', 'manual'), (error) => isCode(error, 'set.unknown') && error.facts['set'] === 'fils');
  }
  assert.deepEqual(leader.service.asked, [
    'catch-up files',
    'stop files',
    'dismiss files',
    'catch-up files',
    'stop files',
    'dismiss files',
  ]);
});

test('what happens is told to the leader itself and to all followers', async () => {
  await using here = await place();
  await using leader = await new Member(here.address, here.credentials).is('leader');
  await using one = await new Member(here.address, here.credentials).is('follower');
  await using other = await new Member(here.address, here.credentials).is('follower');
  const events: ScheduleEvent[] = [
    { kind: 'status', status },
    { kind: 'started', set: 'files', atMs: 5, trigger: 'manual' },
    { kind: 'removed', set: 'é\n' },
  ];
  for (const event of events) leader.publish(event);
  for (const { events: heard } of [leader, one, other]) {
    await waitUntil('all is heard', () => heard.length === events.length);
    assert.deepEqual(heard, events);
  }
});

test('a leader that closes ends its schedule first, and then another leads', async () => {
  await using here = await place();
  const leader = await new Member(here.address, here.credentials).is('leader');
  await using follower = await new Member(here.address, here.credentials).is('follower');
  await leader.leadership.close('finish');
  assert.deepEqual(leader.service.asked, ['close finish']);
  await follower.is('leader');
  await assert.rejects(leader.leadership.status(), (error) => isCode(error, 'schedule.no-leader'));
});

test('an address that cannot be had is told, and asking ends with "no leader"', async () => {
  await using here = await place();
  const clock = new VirtualClock();
  await using member = new Member({ kind: 'file', path: join(here.path, 'no', 'such', 'folder.sock') }, here.credentials, clock);
  await waitUntil('it has trouble', () => member.roles.length > 0);
  const [role] = member.roles;
  assert.equal(role?.kind === 'seeking' ? role.trouble : role?.kind, 'no-socket');
  const asking = assert.rejects(member.leadership.status(), (error) => isCode(error, 'schedule.no-leader'));
  await waitUntil('it waits', () => clock.sleeping === 2);
  await clock.advance(20_000);
  await asking;
});

test('a schedule that cannot begin gives the name back, and is tried again', async () => {
  await using here = await place();
  let attempts = 0;
  const clock = new VirtualClock();
  const roles: Role[] = [];
  const leadership = new Leadership({
    address: here.address,
    credentials: here.credentials,
    clock,
    onRole: (role) => roles.push(role),
    onEvent: () => undefined,
    lead: async () => {
      attempts += 1;
      if (attempts === 1) throw new CadanganError('storage.denied', { location: '/state' });
      return new Answering();
    },
  });
  await waitUntil('it has trouble', () => roles.some((role) => role.kind === 'seeking' && role.trouble === 'cannot-lead'));
  await waitUntil('it pauses', () => clock.sleeping === 1);
  await clock.advance(6_000);
  await waitUntil('it leads', () => leadership.role.kind === 'leader');
  await leadership.close();
});

test('a stranger without the key learns nothing and does no harm', async () => {
  await using here = await place();
  await using leader = await new Member(here.address, here.credentials).is('leader');
  await using stranger = new Member(here.address, { ...here.credentials, key: new Uint8Array(32) });
  await waitUntil('the stranger is turned away', () =>
    stranger.roles.some((role) => role.kind === 'seeking' && role.trouble === 'not-ours'),
  );
  leader.publish({ kind: 'removed', set: 'secret' });
  await using friend = await new Member(here.address, here.credentials).is('follower');
  assert.deepEqual(await friend.leadership.status(), [status]);
  assert.deepEqual(stranger.events, []);
  assert.deepEqual(leader.service.asked, []);
});

test('a proof cannot be turned round or used again', async () => {
  await using here = await place();
  await using _leader = await new Member(here.address, here.credentials).is('leader');
  const socket = connect({ path: here.address.path });
  const channel = new LineChannel(socket);
  const introduction = (await channel.next(5000)) as Record<string, unknown>;
  channel.send(introduction); // with the leader's own number, so that both proofs would be over the same
  channel.send({ proof: 'a'.repeat(64) });
  assert.equal(await channel.next(5000), undefined);
  await channel.closed;
});

test('nonsense on the socket ends the connection that sent it, and nothing else', async () => {
  await using here = await place();
  await using _leader = await new Member(here.address, here.credentials).is('leader');
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.json().map((text) => Buffer.from(`${text}\n`)),
      ),
      async (bytes) => {
        const socket = connect({ path: here.address.path });
        socket.on('error', () => undefined).resume();
        socket.end(bytes);
        await new Promise((resolve) => socket.once('close', resolve));
      },
    ),
    { numRuns: 50 },
  );
  const flood = connect({ path: here.address.path });
  flood.on('error', () => undefined);
  const closed = new Promise((resolve) => flood.once('close', resolve));
  flood.write(Buffer.alloc(5 * 1024 * 1024, 'x')); // a line without an end
  await closed;
  await using follower = await new Member(here.address, here.credentials).is('follower');
  assert.deepEqual(await follower.leadership.status(), [status]);
});

test('somebody else who holds the name is told of, and the name is taken when it is free', async () => {
  await using here = await place();
  const sockets: Socket[] = [];
  const squatter = await listen(here.address, (socket) => {
    sockets.push(socket);
    const channel = new LineChannel(socket);
    channel.send({ cadangan: 'schedule', protocol: 2, version: 'x', pid: 1, nonce: 'b'.repeat(64) });
    channel.send({ proof: 'c'.repeat(64) });
  });
  await using member = new Member(here.address, here.credentials);
  await waitUntil('it has trouble', () => member.roles.some((role) => role.kind === 'seeking' && role.trouble === 'not-ours'));
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => squatter.close(resolve));
  await member.is('leader');
});

test('a leader that speaks another protocol is left to lead', async () => {
  await using here = await place();
  const newer = await listen(here.address, (socket) => {
    socket.on('error', () => undefined);
    new LineChannel(socket).send({ cadangan: 'schedule', protocol: 3, version: '9.0.0', pid: 1, nonce: 'b'.repeat(64) });
  });
  await using member = new Member(here.address, here.credentials);
  await waitUntil('it has trouble', () => member.roles.some((role) => role.kind === 'seeking' && role.trouble === 'other-protocol'));
  await new Promise((resolve) => newer.close(resolve));
});

test('the file of a dead leader is taken over by one of many', { skip: process.platform === 'win32' }, async () => {
  await using here = await place();
  const address = await leaderAddress({ configFile: join(here.path, 'c'), stateFolder: here.path }, 'file');
  const dead = await listen(address, () => undefined);
  // Node removes the file of a server that it closes. A killed process cannot, so a second name keeps it.
  await link(address.path, `${address.path}-kept`);
  await new Promise((resolve) => dead.close(resolve));
  await rename(`${address.path}-kept`, address.path);
  const members = Array.from({ length: 8 }, () => new Member(address, here.credentials));
  await using _cleanup = {
    [Symbol.asyncDispose]: async () => void (await Promise.all(members.map(({ leadership }) => leadership.close()))),
  };
  await waitUntil('all have a role', () => members.every(({ leadership }) => leadership.role.kind !== 'seeking'));
  assert.equal(members.filter(({ leadership }) => leadership.role.kind === 'leader').length, 1);
  assert.deepEqual(
    (await readdir(here.path)).filter((name) => name.startsWith('leader.sock')),
    ['leader.sock'],
    'nothing is left aside',
  );
});

test('a leader whose file was taken away notices it, and leads again under a new one', { skip: process.platform === 'win32' }, async () => {
  await using here = await place();
  const address = await leaderAddress({ configFile: join(here.path, 'c'), stateFolder: here.path }, 'file');
  const clock = new VirtualClock();
  await using member = await new Member(address, here.credentials, clock).is('leader');
  await rm(address.path);
  await waitUntil('it looks after its file now and then', () => clock.sleeping === 1);
  await clock.advance(11_000);
  await waitUntil('it resigned', () => member.service.asked.includes('close stop'));
  await waitUntil('it pauses', () => clock.sleeping === 1);
  await clock.advance(1_000);
  await waitUntil('it leads again', () => member.roles.filter(({ kind }) => kind === 'leader').length === 2);
  assert.ok((await stat(address.path)).isSocket());
});

test('many that ask for the key at once get the same, closed to others; a spoilt one is replaced', async () => {
  await using folder = await temporaryFolder();
  const keys = await Promise.all(Array.from({ length: 20 }, () => leaderKey(folder.path, systemRandom)));
  assert.equal(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size, 1);
  assert.deepEqual(await readdir(folder.path), ['leader.key']);
  const path = join(folder.path, 'leader.key');
  if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
  await writeFile(path, 'short');
  assert.equal((await leaderKey(folder.path, systemRandom)).length, 32);
  assert.equal((await readFile(path)).length, 32);
});

test('two spellings of one configuration file give one address, two files give two', async () => {
  await using folder = await temporaryFolder();
  const addressOf = async (configFile: string): Promise<string> =>
    (await leaderAddress({ configFile, stateFolder: folder.path }, 'abstract')).path;
  assert.equal(await addressOf(join(folder.path, 'cadangan.jsonc')), await addressOf(`${folder.path}/./x/../cadangan.jsonc`));
  assert.notEqual(await addressOf(join(folder.path, 'cadangan.jsonc')), await addressOf(join(folder.path, 'other.jsonc')));
  const deep = await leaderAddress({ configFile: 'c', stateFolder: join(folder.path, 'x'.repeat(120)) }, 'file');
  assert.ok(deep.path.length <= 103, 'a socket has to have a short path');
});

test('values come out of a channel as they went in, however the bytes are cut', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue(), { minLength: 1, maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (values, cuts) => {
        const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
        const sender = connect(port, '127.0.0.1');
        const channel = new LineChannel(await accepted);
        const received: unknown[] = [];
        channel.receive((value) => received.push(value));
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const end = at + cuts[cut % cuts.length]!;
          await new Promise((resolve) => sender.write(bytes.subarray(at, end), resolve));
          at = end;
        }
        sender.end();
        await channel.closed;
        assert.deepEqual(received, JSON.parse(JSON.stringify(values)));
      },
    ),
    { numRuns: 30 },
  );
  await new Promise((resolve) => server.close(resolve));
});

function listen({ path }: LeaderAddress, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  return new Promise((resolve) => server.listen({ path }, () => resolve(server)));
}
