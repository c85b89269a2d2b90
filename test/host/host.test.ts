import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Channel } from '../../src/host/channel.ts';
import { Host, HostError, visitHost, type HostEnd, type HostOptions } from '../../src/host/index.ts';
import { StateLease } from '../../src/host/lease.ts';
import { nodeFlags } from '../../src/host/start-host.ts';
import { encodeFrame, FrameReader } from '../../src/host/message-frame.ts';
import { MessageSocket } from '../../src/host/message-socket.ts';
import {
  tryToConnect,
  byteStringFromText,
  CadanganError,
  joinBytes,
  snapshotPathOf,
  systemClock,
  systemRandom,
  type Clock,
} from '../../src/platform/index.ts';
import { hostAddress } from '../../src/host/address.ts';
import { greet, protocolVersion } from '../../src/host/handshake.ts';
import { knownHostKey } from '../../src/host/key.ts';
import { protocol } from '../../src/service/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { untilOn } from './engine-here.ts';
import {
  compileCache,
  endHost,
  EngineStage,
  gate,
  hostLog,
  isAlive,
  killHost,
  password,
  stateOf,
  until,
  type Window,
} from './engine-stage.ts';
import { seedsOf } from '../rounds.ts';

const linux = { skip: process.platform !== 'linux' && 'looks into /proc' };

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => (error instanceof HostError || error instanceof CadanganError) && error.code === code;
}

async function stageWithRepository(t: TestContext): Promise<EngineStage> {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  return stage;
}

/** A host in this process, without a schedule. */
function hostOptions(
  stage: EngineStage,
  { clock = systemClock as Clock, version = '1.2.10', lingerMs = undefined as number | undefined } = {},
): HostOptions {
  const world = { clock, random: systemRandom, environment: {}, version, programVersion: 'test' };
  return { stateFolder: stage.path('state'), configFile: stage.configFile, world, runsSchedule: false, lingerMs, log: () => undefined };
}

/** A client of that version; it lets go with the test. */
async function visitor(stage: EngineStage, version = '1.2.10'): Promise<{ readonly channel: Channel; readonly close: () => void }> {
  const visit = await visitHost({ stateFolder: stage.path('state'), version, random: systemRandom });
  assert.ok(visit, 'a host answers');
  stage.atEnd(() => visit.close());
  const channel = new Channel(visit.connection);
  visit.connection.listen();
  await channel.request(protocol.initialize, { language: 'en', via: 'editor' });
  return { channel, close: () => visit.close() };
}

for (const seed of seedsOf({ sample: 5, long: 50 })) {
  test(`two windows that are opened at the same moment have one host (seed ${seed})`, async (t) => {
    const stage = await stageWithRepository(t);
    const random = new SeededRandom(seed);
    const windows = [stage.window(), stage.window()];
    const pids = await Promise.all(
      windows.map(async ({ client }) => {
        await delay(random.below(200));
        return (await client.start()).pid;
      }),
    );
    assert.equal(pids[0], pids[1]);
    assert.equal(hostLog(stage.path('state')).match(/ serves /g)?.length, 1);
    const starts = (): string[] => readFileSync(stage.path('state', 'host.starts'), 'utf8').trimEnd().split('\n');
    const count = (): number => starts().reduce((sum, line) => sum + (line === 'taken' ? -1 : 1), 0);
    await until(() => count() === 1, 'whoever finds another host is no host that crashed');
    assert.deepEqual(await Promise.all(windows.map(stateOf)), ['never-run', 'never-run']);
  });
}

/** Somebody without our key. */
class Stranger {
  readonly socket: Socket;
  readonly heard: unknown[] = [];
  readonly #frames = new FrameReader(4096);
  readonly cutOff: Promise<unknown>;

  constructor(path: string, { allowHalfOpen = false } = {}) {
    this.socket = connect({ path, allowHalfOpen });
    this.socket.on('error', () => undefined); // it is cut off while it speaks
    this.socket.on('data', (bytes: Buffer) => this.heard.push(...this.#frames.take(bytes)));
    // Whether it learns by an end or by an error: one that still speaks may be told that nobody hears it.
    this.cutOff = new Promise((resolve) => this.socket.once('close', resolve).once(allowHalfOpen ? 'end' : 'close', resolve));
  }

  get heardKeys(): string[][] {
    return this.heard.map((message) => Object.keys(message as object).toSorted());
  }
}

const hello = { cadangan: 'host', protocol: protocolVersion, version: '1.2.10', pid: 1, nonce: 'ab'.repeat(32) };
/** What anybody may hear: a random number. */
const introductionOnly = [['cadangan', 'nonce', 'pid', 'protocol', 'version']];

test('somebody without our key learns nothing but a random number, is cut off, and keeps no host from ending', async (t) => {
  const stage = await stageWithRepository(t);
  const host = await Host.start(hostOptions(stage));
  stage.atEnd(() => host.end('asked'));
  const { path } = await hostAddress(stage.path('state'));
  const tooLong = Buffer.alloc(4);
  tooLong.writeUInt32BE(4097);
  const says = {
    'what is no message': [Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    'a message that is too long': [tooLong],
    'no greeting': [encodeFrame({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { language: 'en' } })],
    'a greeting of another place': [encodeFrame({ ...hello, cadangan: 'schedule' })],
    'a greeting of another protocol': [encodeFrame({ ...hello, protocol: protocolVersion + 1 })],
    'a wrong proof': [encodeFrame(hello), encodeFrame({ proof: 'cd'.repeat(32) })],
    'its own proof, and more than it is asked': [
      encodeFrame(hello),
      encodeFrame({ proof: 'cd'.repeat(32) }),
      encodeFrame({ jsonrpc: '2.0', id: 1, method: protocol.listSets.name }),
    ],
  };
  for (const [what, messages] of Object.entries(says)) {
    await t.test(what, async () => {
      // One that does not let go itself, too.
      for (const allowHalfOpen of [false, true]) {
        const stranger = new Stranger(path, { allowHalfOpen });
        t.after(() => stranger.socket.destroy());
        for (const message of messages) stranger.socket.write(message);
        await stranger.cutOff;
        assert.ok(stranger.heard.length <= 1);
        for (const keys of stranger.heardKeys) assert.deepEqual([keys], introductionOnly);
      }
    });
  }
  const { channel } = await visitor(stage);
  assert.equal((await channel.request(protocol.listSets, undefined)).length, 1, 'others are served');
  const mute = new Stranger(path, { allowHalfOpen: true });
  t.after(() => mute.socket.destroy());
  await until(() => mute.heard.length > 0, 'it is greeted');
  assert.equal(await host.end('asked'), 'asked');
});

test('a greeting whose bytes come one by one is cut off, however steadily they come', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const drip = connect(port, '127.0.0.1').on('error', () => undefined);
  t.after(() => drip.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  const bytes = encodeFrame({ proof: 'x'.repeat(1000) }).values();
  const dripping = setInterval(() => drip.write(Uint8Array.from([bytes.next().value ?? 0])), 5);
  t.after(() => clearInterval(dripping));
  assert.equal(await new MessageSocket(socket).next(500), undefined);
});

test('many who connect and say nothing keep nobody out: the first of them make room', async (t) => {
  const stage = await stageWithRepository(t);
  const host = await Host.start(hostOptions(stage));
  stage.atEnd(() => host.end('asked'));
  const { path } = await hostAddress(stage.path('state'));
  const strangers = Array.from({ length: 110 }, () => new Stranger(path)); // more than the system lets wait and speak at the same time
  for (const { socket } of strangers) t.after(() => socket.destroy());
  await Promise.all(strangers.slice(0, 70).map(({ cutOff }) => cutOff));
  assert.ok(
    strangers.slice(-20).every(({ socket }) => !socket.closed),
    'not because nobody listens for long',
  );
  const { channel } = await visitor(stage);
  assert.equal((await channel.request(protocol.listSets, undefined)).length, 1);
});

test('a client that asks and does not read is cut off, and others go on', async (t) => {
  const stage = await stageWithRepository(t);
  const bytes = 40 * 1024 * 1024;
  stage.write('long', new Uint8Array(bytes));
  const window = stage.window();
  assert.equal((await window.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');

  const key = await knownHostKey(stage.path('state'));
  const socket = await tryToConnect(await hostAddress(stage.path('state')));
  assert.ok(key && typeof socket !== 'string');
  t.after(() => socket.destroy());
  const slow = new MessageSocket(socket);
  await greet(slow, 'client', { key, version: '0.0.0', random: systemRandom });
  const connection = slow.connection();
  const channel = new Channel(connection);
  connection.listen();
  await channel.request(protocol.initialize, { language: 'en', via: 'editor' });
  socket.pause();
  const path = joinBytes(snapshotPathOf(stage.source), byteStringFromText('long'));
  const file = { location: stage.repository, snapshot: 'latest', path, maxBytes: bytes };
  const answers = Array.from({ length: 5 }, () => channel.request(protocol.readFile, file).then(() => true));
  void Promise.allSettled(answers);
  let isClosed = false;
  void slow.closed.then(() => (isClosed = true));
  // Who does not read learns of the end when it writes.
  await until(() => {
    channel.tell(protocol.log, { level: 'debug', message: 'still here' });
    return isClosed;
  }, 'it is cut off');
  assert.equal(await stateOf(window), 'success');
  assert.deepEqual(window.lost, []);
});

test('a host that is killed in mid-run: who waits is told, all windows have another one, which takes the run over', async (t) => {
  const stage = await stageWithRepository(t);
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command });
  const ready: number[] = [];
  const onReady = (): unknown => ready.push(0);
  const windows = [stage.window({ client: { onReady } }), stage.window({ client: { onReady } })] as const;
  const [one, other] = windows;
  await Promise.all(windows.map(({ client }) => client.start()));
  const running = one.client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'the run begins');
  const before = killHost(one);
  await assert.rejects(running, hasCode('host.lost'));
  await until(() => ready.length === 4, 'both are connected again, though neither asks for anything');
  assert.notEqual(one.client.pid, before);
  assert.equal(one.client.pid, other.client.pid);
  assert.deepEqual(
    windows.map(({ lost }) => lost.length),
    [1, 1],
  );
  await until(async () => (await stateOf(other)) === 'running', 'the run goes on');
  const joined = other.client.request(protocol.startBackup, { set: 'data' });
  await stateOf(other); // questions arrive in their order: by then it has joined
  open();
  assert.equal((await joined).outcome, 'success');
  const runs = await one.client.request(protocol.recentRuns, { limit: 5 });
  assert.deepEqual(
    runs.map(({ outcome, error }) => [outcome, error?.code]),
    [['success', undefined]],
  );
});

test('a host that lives is never displaced', async (t) => {
  const stage = await stageWithRepository(t);
  const host = await Host.start(hostOptions(stage));
  stage.atEnd(() => host.end('asked'));
  const { channel } = await visitor(stage);
  const lease = readFileSync(stage.path('state', 'host.json'), 'utf8');
  for (const version of ['1.2.10', '9.0.0']) await assert.rejects(Host.start(hostOptions(stage, { version })), hasCode('host.taken'));
  assert.equal(readFileSync(stage.path('state', 'host.json'), 'utf8'), lease);
  assert.equal((await channel.request(protocol.listSets, undefined)).length, 1);
  await host.end('asked');
  await (await Host.start(hostOptions(stage, { version: '9.0.0' }))).end('asked');
});

test('a state folder that another machine uses is left to it, until it renews its lease no more', async (t) => {
  const stage = new EngineStage(t);
  const stateFolder = stage.path('state');
  mkdirSync(stateFolder);
  const [theirs, ours] = [new VirtualClock(), new VirtualClock()];
  const renewed = (): number => JSON.parse(readFileSync(join(stateFolder, 'host.json'), 'utf8')).renewedMs;
  const take = (machine: string, clock: Clock): Promise<StateLease> =>
    StateLease.take({ stateFolder, version: '0.0.0', clock, random: systemRandom, machine }, t.signal);
  const their = await take('theirs', theirs);

  const refused = assert.rejects(take('ours', ours), (error) => {
    assert.ok(error instanceof CadanganError);
    assert.deepEqual([error.code, error.facts['path'], error.facts['process']], ['state.in-use', stateFolder, process.pid]);
    return true;
  });
  await until(() => ours.sleeping === 1, 'we look');
  const before = renewed();
  await theirs.advance(20_000);
  await until(() => renewed() !== before, 'it renews its lease');
  await ours.advance(5_000);
  await refused;
  await their[Symbol.asyncDispose]();
  await (await take('ours', ours))[Symbol.asyncDispose](); // it was given back: nobody waits

  // Neither renewed nor given back: its clock stands still.
  const dead = await take('theirs', theirs);
  stage.atEnd(() => dead[Symbol.asyncDispose]());
  let isTaken = false;
  const taking = take('ours', ours).finally(() => (isTaken = true));
  await until(() => ours.sleeping === 1, 'we look');
  let waitedMs = 0;
  while (!isTaken) {
    await ours.advance(5_000);
    waitedMs += 5_000;
    await until(() => isTaken || ours.sleeping === 1, 'we look again');
  }
  assert.ok(waitedMs >= 60_000, String(waitedMs));
  const lease = await taking;
  stage.atEnd(() => lease[Symbol.asyncDispose]());
  await (await take('ours', ours))[Symbol.asyncDispose](); // of a host of the same machine the socket tells
});

test('a host holds nothing of whoever started it: no pipe, no folder, no session, and opens no inspector', linux, async (t) => {
  const stage = await stageWithRepository(t);
  const stateFolder = stage.path('state');
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      'ulimit -S -c "$(ulimit -H -c)"; exec "$0" "$@"', // cores as large as may be
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('window-child.ts', import.meta.url)),
      stage.configFile,
      stateFolder,
      '60000',
    ],
    {
      cwd: stage.source,
      env: {
        PATH: process.env['PATH'],
        HOME: stage.folder,
        NODE_COMPILE_CACHE: compileCache,
        TZ: 'Asia/Jakarta',
        LANG: 'id_ID.UTF-8',
        VSCODE_IPC_HOOK_CLI: 'x',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  stage.atEnd(async () => {
    child.kill('SIGKILL');
    await endHost(stateFolder);
  });
  child.stderr.resume();
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(() => /^\d+$/m.test(said), 'the host runs');
  const pid = Number(/^\d+$/m.exec(said)?.[0]);
  const theirs = [0, 1, 2].map((fd) => readlinkSync(`/proc/${child.pid}/fd/${fd}`));
  const held = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
  assert.deepEqual(
    held.filter((what) => theirs.includes(what)),
    [],
  );
  assert.equal(readlinkSync(`/proc/${pid}/cwd`), realpathSync(stateFolder));
  const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];
  assert.equal(session, String(pid));
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
  assert.doesNotMatch(environment, /(?:^|\0)(?:LANG|VSCODE_\w+)=/);
  assert.match(environment, /(?:^|\0)TZ=Asia\/Jakarta(?:\0|$)/, 'in a container it is the zone of the machine');

  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 /m);
  assert.equal(Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16), 0, 'no memory is a part of any core');
  for (const flag of nodeFlags) assert.ok(readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0${flag}\0`));
  process.kill(pid, 'SIGUSR1');
  process.kill(pid, 'SIGHUP'); // signals come in their order
  await until(() => hostLog(stateFolder).includes('SIGHUP means nothing here'), 'it hears the signal');
  assert.equal(readFileSync(join(stateFolder, 'host.out'), 'utf8'), '', 'an inspector would say that it listens');

  child.kill('SIGKILL');
  await once(child, 'close'); // its pipes are closed everywhere: `ssh server cadangan` returns
  assert.ok(isAlive(pid));
});

test(
  'SIGUSR1 opens no inspector: neither before the first line of a host nor, where Node has no flag for it, from then on',
  linux,
  async (t) => {
    const first = ['--disable-warning=ExperimentalWarning', '--import', new URL('../../src/host/first-moments.ts', import.meta.url).href];
    for (const flags of [nodeFlags, first]) {
      const child = spawn(process.execPath, [...flags, '-e', `console.log('here'); process.stdin.resume()`]);
      t.after(() => child.kill('SIGKILL'));
      let said = '';
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      await once(child.stdout, 'data');
      child.kill('SIGUSR1');
      child.stdin.end(); // it ends when it has done what is to be done
      assert.deepEqual([...(await once(child, 'close')), said], [0, null, '']);
    }
  },
);

/** Nobody else sleeps so long. */
const lingerMs = 61_234;

class LingerClock extends VirtualClock {
  /** How many wait for a client. */
  lingering = 0;

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const sleeping = super.sleep(ms, signal);
    if (ms !== lingerMs) return sleeping;
    this.lingering += 1;
    return sleeping.finally(() => (this.lingering -= 1));
  }
}

test('a host ends by itself some time after its last client, unless one comes meanwhile', async (t) => {
  const stage = await stageWithRepository(t);
  const clock = new LingerClock();
  let ended: HostEnd | undefined;
  const host = await Host.start(hostOptions(stage, { clock, lingerMs }));
  void host.ended.then((reason) => (ended = reason));
  const untilLingers = (lingers: boolean): Promise<void> =>
    until(() => clock.lingering === (lingers ? 1 : 0), lingers ? 'it waits for a client' : 'it waits no more');
  await untilLingers(true);
  const first = await visitor(stage);
  await untilLingers(false);
  await clock.advance(10 * lingerMs);
  first.close();
  await untilLingers(true);
  await clock.advance(lingerMs - 1_000);
  const second = await visitor(stage);
  await untilLingers(false);
  await clock.advance(lingerMs - 1_000);
  second.close();
  await untilLingers(true);
  await clock.advance(lingerMs - 1_000);
  assert.equal(clock.lingering, 1);
  host.service.onChange(); // whatever happens that needs nobody
  await clock.advance(1_000);
  assert.equal(clock.lingering, 0);
  await untilOn(clock, () => ended !== undefined, 'it ends');
  assert.equal(ended, 'idle');
  assert.equal(await visitHost({ stateFolder: stage.path('state'), version: '1.2.10', random: systemRandom }), undefined);
});

test('an older program does not make a newer host leave; the same one and a newer one do', async (t) => {
  for (const [version, leaves] of [
    ['1.2.9', undefined],
    ['0.9.99', undefined],
    ['1.2.10', 'asked'],
    ['1.2.11', 'newer'],
    ['2.0.0', 'newer'],
  ] as const)
    await t.test(version, async (each) => {
      const stage = await stageWithRepository(each);
      const host = await Host.start(hostOptions(stage));
      const { channel } = await visitor(stage, version);
      assert.equal(await channel.request(protocol.leave, undefined), leaves !== undefined);
      if (leaves === undefined) {
        assert.equal((await channel.request(protocol.listSets, undefined)).length, 1);
        await host.end('signal');
      }
      assert.equal(await host.ended, leaves ?? 'signal');
    });
});

test('clients of two languages are spoken to in their own, at the same time', async (t) => {
  const stage = await stageWithRepository(t);
  const [english, indonesian] = [stage.window(), stage.window({ language: 'id' })];
  const { record: number = 0 } = await english.client.request(protocol.startBackup, { set: 'data' });
  const kindOf = async ({ client }: Window): Promise<string> => (await client.request(protocol.readRecord, { number })).kindText;
  const told = await Promise.all(Array.from({ length: 20 }, (_, at) => kindOf(at % 2 === 0 ? english : indonesian)));
  assert.equal(english.client.pid, indonesian.client.pid);
  assert.deepEqual(
    told,
    told.map((_, at) => (at % 2 === 0 ? 'Internal backup' : 'Cadangan internal')),
  );
});

test('only the window that wants something is asked for a password', async (t) => {
  const stage = await stageWithRepository(t);
  const others = [stage.window(), stage.window()];
  const window = stage.window({ password: ({ mayAsk }) => (mayAsk ? password : undefined) });
  await Promise.all([...others, window].map(({ client }) => client.start()));
  assert.equal((await window.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  const asked = [{ location: stage.repository, wasWrong: false, mayAsk: true }];
  assert.deepEqual([window.asked, others.map((other) => other.asked)], [asked, [[], []]]);
});

test('who is asked at the same time as somebody who does not know the password is asked, too', async (t) => {
  const stage = await stageWithRepository(t);
  const asking = Promise.withResolvers<undefined>();
  let isAsked = false;
  const [one, other] = [stage.window({ client: { password: () => ((isAsked = true), asking.promise) } }), stage.window()];
  await Promise.all([one.client.start(), other.client.start()]);
  const first = assert.rejects(one.client.request(protocol.listSnapshots, { location: stage.repository }), hasCode('password.missing'));
  await until(() => isAsked, 'the first is asked');
  const second = other.client.request(protocol.listSnapshots, { location: stage.repository });
  await stateOf(other); // by then the other waits, too
  asking.resolve(undefined);
  await first;
  assert.deepEqual(await second, []);
});
