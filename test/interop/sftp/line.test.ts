import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { isAbort, isCode } from '../../../src/platform/index.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { VirtualClock } from '../../fakes/virtual-clock.ts';
import { needs } from '../../needs.ts';
import { CutLine } from '../../sshd/cut-line.ts';
import { config, stageOn } from '../../sshd/sftp-stage.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { fileOf } from '../../storage/conformance.ts';

const mib = 1024 * 1024;
const seed = 20261130;
const random = new SeededRandom(seed);

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** What the call failed with, if it did. */
function outcome(call: Promise<unknown>): Promise<Error | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error('not an Error', { cause: error })),
  );
}

/** Lets time pass until the call has come to its end. */
async function passing<T>(clock: VirtualClock, call: Promise<T>): Promise<T> {
  let isOver = false;
  const over = call.finally(() => (isOver = true));
  over.catch(() => undefined);
  while (!isOver) await clock.advance(1000);
  return over;
}

describe('a line to an OpenSSH server', needs('sshd'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts(`* ${await sshd.hostKey()}\n`);
  });
  after(() => sshd[Symbol.asyncDispose]());

  test('that is cut at any moment of a write ends it as unreachable; written again the file is whole, and what was left can be removed', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1 }, line.port);
    await it.storage.create(neverAborted);
    const written: Uint8Array[] = [];
    let failures = 0;
    for (let turn = 0; turn < 24; turn++) {
      const bytes = random.bytes(random.below(3 * mib));
      const storage = it.another();
      await storage.sizeOf(config, neverAborted);
      line.cutAfter(random.below(bytes.length + 2000), turn % 2 === 0 ? 'reset' : 'end').catch(() => undefined);
      const error = await outcome(storage.write(fileOf(bytes), bytes, neverAborted));
      line.keepWhole();
      if (error !== undefined) {
        failures += 1;
        assert(isCode(error, 'storage.unreachable'), `seed ${seed}, turn ${turn}: ${String(error)}`);
        assert.equal(error.facts['file'], `data/${fileOf(bytes).name}`);
        assert.match(String(error.facts['reason']), /^(?:ECONNRESET|EPIPE)$/); // by what our side was doing just then
        const seen = await storage.sizeOf(fileOf(bytes), neverAborted); // what comes next has a new line
        assert(seen === undefined || seen === bytes.length, `it is there or not, got ${seen}`);
      }
      await it.another().write(fileOf(bytes), bytes, neverAborted);
      written.push(bytes);
    }
    assert(failures > 10, `${failures} of 24`);
    for (const bytes of written) assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
    const { files } = await it.storage.removeLeftovers(neverAborted);
    assert(files <= failures);
    assert.deepEqual((await filesIn(it.root)).toSorted(), written.map((bytes) => fileOf(bytes).name).toSorted());
  });

  test('that is cut while a file is read ends the call, and others at work on it', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1 }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(8 * mib);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    const cut = line.cutAfter(1500, 'reset');
    const calls = [
      it.storage.read(fileOf(bytes), neverAborted),
      it.storage.readRange(fileOf(bytes), 100, 7 * mib, { signal: neverAborted }),
    ];
    const errors = await Promise.all(calls.map(outcome));
    await cut;
    for (const error of errors) assert(isCode(error, 'storage.unreachable'), String(error));
    assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
  });

  test('on which nothing is heard any more is given up in time, and another one made', async () => {
    await using line = await CutLine.to(sshd.port);
    const clock = new VirtualClock();
    await using it = await stageOn(sshd, { linesMax: 1, clock }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(4 * mib);
    const stalled = line.cutAfter(mib, 'stall');
    const write = outcome(it.storage.write(fileOf(bytes), bytes, neverAborted));
    await stalled;
    const error = await passing(clock, write);
    assert(isCode(error, 'storage.unreachable'), String(error));
    assert.equal(error.facts['reason'], 'ETIMEDOUT');
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), bytes.length);
  });

  test('an abort is heeded at once on a line that is dead, be it in a write, a read or a login', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1, clock: new VirtualClock() }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(4 * mib);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    for (const [after, call] of [
      [1200, (signal: AbortSignal) => it.storage.read(fileOf(bytes), signal)],
      [0, (signal: AbortSignal) => it.storage.list('data', signal)],
    ] as const) {
      const storage = it.another();
      await storage.sizeOf(config, neverAborted);
      const stop = new AbortController();
      const stalled = line.cutAfter(after, 'stall');
      const work = outcome(call(stop.signal));
      await stalled;
      stop.abort();
      assert(isAbort(await work));
    }
    await using silent = await CutLine.to(line.port);
    const stalled = silent.cutAfter(1, 'stall');
    const stop = new AbortController();
    const login = outcome(it.another({}, silent.port).sizeOf(config, stop.signal));
    await stalled;
    stop.abort();
    assert(isAbort(await login));
  });

  test('an aborted read leaves the memory that it was given alone', async () => {
    await using line = await CutLine.to(sshd.port);
    await using it = await stageOn(sshd, { linesMax: 1 }, line.port);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(8 * mib);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    const target = new Uint8Array(bytes.length);
    const stop = new AbortController();
    const stalled = line.cutAfter(1500, 'stall');
    const read = outcome(it.storage.readRange(fileOf(bytes), 0, bytes.length, { target, signal: stop.signal }));
    await stalled;
    stop.abort();
    assert(isAbort(await read));
    target.fill(0x55);
    line.resume();
    assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), bytes.length, 'all that was asked for before has come');
    assert(target.every((byte) => byte === 0x55));
  });

  test('an aborted write leaves nothing', async () => {
    await using it = await stageOn(sshd);
    await it.storage.create(neverAborted);
    for (let turn = 0; turn < 10; turn++) {
      const bytes = random.bytes(2 * mib);
      const stop = new AbortController();
      const write = outcome(it.storage.write(fileOf(bytes), bytes, stop.signal));
      for (let i = 0; i < turn * 3; i++) await new Promise(setImmediate);
      stop.abort();
      const error = await write;
      if (error === undefined) await it.storage.remove(fileOf(bytes), neverAborted);
      else assert(isAbort(error), String(error));
    }
    await it.storage.close();
    assert.deepEqual(await filesIn(it.root), []);
  });

  test('a server that dies takes its calls along, and one that is not there is unreachable', async () => {
    await using mortal = await Sshd.start();
    await mortal.writeKnownHosts();
    await using it = await stageOn(mortal);
    await it.storage.create(neverAborted);
    const bytes = random.bytes(32 * mib);
    const write = outcome(it.storage.write(fileOf(bytes), bytes, neverAborted));
    await mortal.stop();
    const error = await write;
    assert(isCode(error, 'storage.unreachable'), String(error));
    const next = await outcome(it.storage.sizeOf(config, neverAborted));
    assert(isCode(next, 'storage.unreachable'), String(next));
    assert.equal(next.facts['reason'], 'ECONNREFUSED');
  });
});
