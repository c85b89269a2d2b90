import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Attempts, defaultPatience, type AttemptsWorld, type Wait } from '../../src/google/attempts.ts';
import { emulatorEndpoints, endpointsFrom, googleEndpoints } from '../../src/google/endpoints.ts';
import { faultOf } from '../../src/google/answer-fault.ts';
import { DriveFault, errorOf } from '../../src/google/fault.ts';
import { Pacer } from '../../src/google/pacer.ts';
import { isCode } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return { status, body, header: (name: string) => headers[name] };
}

function googleError(status: number, reason: string, details?: unknown) {
  return answer(status, {
    error: {
      code: status,
      message: 'said',
      errors: [{ domain: 'global', reason, message: 'said' }],
      ...(details === undefined ? {} : { details }),
    },
  });
}

describe('a refusal', () => {
  const meanings = [
    [403, 'userRateLimitExceeded', 'rate', 'drive.rate-limited'],
    [403, 'rateLimitExceeded', 'rate', 'drive.rate-limited'],
    [403, 'RATE_LIMIT_EXCEEDED', 'rate', 'drive.rate-limited'],
    [429, 'rateLimitExceeded', 'rate', 'drive.rate-limited'],
    [403, 'storageQuotaExceeded', 'full', 'drive.full'],
    [403, 'teamDriveFileLimitExceeded', 'full', 'drive.full'],
    [403, 'downloadQuotaExceeded', 'download-refused', 'drive.download-refused'],
    [403, 'insufficientFilePermissions', 'permission', 'drive.denied'],
    [403, 'somethingNew', 'permission', 'drive.denied'],
    [403, 'accessNotConfigured', 'set-up', 'drive.not-set-up'],
    [401, 'authError', 'token', 'drive.signed-out'],
    [404, 'notFound', 'gone', 'drive.not-found'],
    [409, 'fileIdInUse', 'conflict', 'drive.unavailable'],
    [500, 'internalError', 'transient', 'drive.unavailable'],
    [503, 'backendError', 'transient', 'drive.unavailable'],
    [400, 'invalidParameter', 'request', 'drive.unavailable'],
  ] as const;
  for (const [status, reason, kind, code] of meanings) {
    test(`${status} ${reason} means ${kind}`, () => {
      const fault = faultOf(googleError(status, reason));
      assert.equal(fault.kind, kind);
      assert.equal(errorOf(fault).code, code);
      assert.equal(errorOf(fault).facts['reason'], reason);
    });
  }

  test('without the scope is told from one without the right', () => {
    const fault = faultOf(googleError(403, 'insufficientPermissions', [{ '@type': 'x', reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' }]));
    assert.deepEqual([fault.kind, fault.reason], ['permission', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT']);
  });

  test('of a load balancer says nothing about rights', () => {
    const others = [{ error: 'unauthorized' }, { error: { code: 9, status: 'BLOCKED' } }, { error: { code: 403, message: 'blocked' } }];
    for (const body of [undefined, '<html>', {}, [], ...others]) assert.equal(faultOf(answer(403, body)).kind, 'transient');
  });

  test('is read whatever its body is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.jsonValue(), (status, body) => {
        const fault = faultOf(answer(status, body));
        assert.ok(fault instanceof DriveFault);
        assert.ok(fault.message.length < 20_000);
      }),
    );
  });
});

describe('patience', () => {
  const world = (clock: VirtualClock, waits: Wait[]): AttemptsWorld => ({
    clock,
    random: new SeededRandom(5),
    pacer: new Pacer(clock),
    patience: defaultPatience,
    onWait: (wait) => waits.push(wait),
  });
  const fail = async (attempts: Attempts, clock: VirtualClock, fault: DriveFault): Promise<unknown> => {
    let outcome: unknown = 'waiting';
    const failed = attempts.failed(fault).then(
      () => (outcome = 'again'),
      (error: unknown) => (outcome = error),
    );
    while (outcome === 'waiting') {
      await clock.advance(1000);
      await Promise.race([failed, new Promise(setImmediate)]);
    }
    return outcome;
  };

  test('with trouble of the service ends after ten tries of one operation, and progress renews it', async () => {
    const clock = new VirtualClock();
    const waits: Wait[] = [];
    const attempts = new Attempts(world(clock, waits), { file: 'x' }, undefined);
    const trouble = new DriveFault('transient', { status: 503, reason: 'backendError' });
    for (let i = 0; i < 9; i++) assert.equal(await fail(attempts, clock, trouble), 'again');
    attempts.progress();
    for (let i = 0; i < 9; i++) assert.equal(await fail(attempts, clock, trouble), 'again');
    assert.ok(isCode(await fail(attempts, clock, trouble), 'drive.unavailable'));
    for (const [number, { ms }] of waits.entries()) assert.ok(ms <= Math.min(64_000, 1000 * 2 ** (number % 9)), `wait ${number}: ${ms}`);
  });

  test('with the rate limit has no end, and waits as long as Google asks for, within reason', async () => {
    const clock = new VirtualClock();
    const waits: Wait[] = [];
    const attempts = new Attempts(world(clock, waits), {}, undefined);
    for (let i = 0; i < 200; i++)
      assert.equal(await fail(attempts, clock, new DriveFault('rate', { status: 403, reason: 'userRateLimitExceeded' })), 'again');
    waits.length = 0;
    await fail(attempts, clock, new DriveFault('rate', { status: 429, reason: 'rateLimitExceeded', retryAfterMs: 300_000 }));
    await fail(attempts, clock, new DriveFault('rate', { status: 429, reason: 'rateLimitExceeded', retryAfterMs: 86_400_000 }));
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [300_000, 600_000],
    );
  });

  test('has none with what waiting does not mend', async () => {
    const clock = new VirtualClock();
    const attempts = new Attempts(world(clock, []), {}, undefined);
    for (const kind of ['full', 'permission', 'gone', 'set-up', 'download-refused', 'request'] as const) {
      await assert.rejects(attempts.failed(new DriveFault(kind, { reason: 'r' })));
    }
    assert.equal(clock.sleeping, 0);
  });

  test('ends at once when it is stopped', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const failed = new Attempts(world(clock, []), {}, stop.signal).failed(new DriveFault('transient', { reason: 'r' }));
    stop.abort();
    await assert.rejects(failed, (error) => isCode(error, 'aborted'));
  });
});

describe('the pacer', () => {
  /** How many requests of a kind get through in a time, however many ask. */
  const through = async (kind: 'create' | 'download' | 'list', seconds: number, pacer: Pacer, clock: VirtualClock): Promise<number> => {
    let count = 0;
    const stop = new AbortController();
    const asking = Array.from({ length: 2000 }, () =>
      pacer.take(kind, stop.signal).then(
        () => count++,
        () => undefined,
      ),
    );
    await clock.advance(seconds * 1000);
    const passed = count;
    stop.abort();
    await Promise.all(asking);
    return passed;
  };

  test('lets a burst of new files through, and then two a second', async () => {
    const clock = new VirtualClock();
    const passed = await through('create', 100, new Pacer(clock), clock);
    assert.ok(passed >= 290 && passed <= 302, String(passed));
  });

  test('keeps reads under the quota of one account', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock);
    const passed = await through('download', 60, pacer, clock);
    assert.ok(passed <= 1625 && passed >= 1200, String(passed));
  });

  test('goes at half the pace after a refusal, and comes back slowly', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock, { unitsPerSecond: 4000, unitsBurst: 0, createsPerSecond: 2, createsBurst: 0 });
    assert.equal(pacer.factor, 1);
    pacer.slowDown();
    assert.equal(pacer.factor, 0.5);
    for (let i = 0; i < 20; i++) pacer.slowDown();
    assert.equal(pacer.factor, 1 / 32);
    await clock.advance(60_000);
    assert.ok(pacer.factor > 0.27 && pacer.factor < 0.3, String(pacer.factor));
    await clock.advance(600_000);
    assert.equal(pacer.factor, 1);
  });

  test('sends nothing before the time that Google named', async () => {
    const clock = new VirtualClock();
    const pacer = new Pacer(clock);
    pacer.slowDown(30_000);
    let isThrough = false;
    void pacer.take('read', undefined).then(() => (isThrough = true));
    await clock.advance(29_000);
    assert.equal(isThrough, false);
    await clock.advance(2000);
    assert.equal(isThrough, true);
  });
});

describe('the addresses', () => {
  test("are Google's own unless an emulator on this machine is named", () => {
    assert.equal(endpointsFrom({}), googleEndpoints);
    assert.equal(endpointsFrom({ CADANGAN_GOOGLE_ENDPOINT: '' }), googleEndpoints);
    assert.equal(endpointsFrom({ CADANGAN_GOOGLE_ENDPOINT: 'http://127.0.0.1:1234' }).api, 'http://127.0.0.1:1234/drive/v3');
    assert.equal(emulatorEndpoints('http://[::1]:1234/').token, 'http://[::1]:1234/token');
  });

  test('of anything else are refused: tokens would go there', () => {
    const others = [
      'http://example.org',
      'https://127.0.0.1.example.org',
      'http://localhost:1',
      'https://www.googleapis.com',
      'http://10.0.0.1:1',
      'http://user@127.0.0.1:1',
      'http://127.0.0.1:1/x',
      'http://127.0.0.1:1/?x',
      'file:///etc',
      'x',
    ];
    for (const address of others)
      assert.throws(
        () => endpointsFrom({ CADANGAN_GOOGLE_ENDPOINT: address }),
        (error) => isCode(error, 'arguments.invalid'),
        address,
      );
    // What only looks different: these are 127.0.0.1 to everybody.
    for (const address of ['http://2130706433:1', 'http://0x7f.1:1', 'http://127.1:1'])
      assert.equal(new URL(endpointsFrom({ CADANGAN_GOOGLE_ENDPOINT: address }).api).hostname, '127.0.0.1');
  });
});
