import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { faultCatalogue, type FaultOrder, type Operation } from '../drive-emulator/index.ts';
import { canHappen } from '../drive-emulator/fault.ts';
import { operations } from '../drive-emulator/operations.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { DriveWire } from './drive-wire.ts';
import { makeStage, sampleAccount, type Stage } from './stage.ts';
import { wire, type Json, type WireAnswer } from './wire.ts';

const kib256 = 256 * 1024;
const tenBytes = Buffer.from('0123456789');

/** Another of the same, with `orders` waiting. */
async function failing(...orders: readonly FaultOrder[]): Promise<Stage> {
  const stage = await makeStage();
  stage.emulator.faults.order(...orders);
  return stage;
}

function reasonOf({ status, json }: WireAnswer): [number, string | undefined] {
  return [status, json?.error?.errors?.[0]?.reason];
}

/** Waits until so much of files has come in. */
async function received({ emulator }: Stage, bytes: number): Promise<void> {
  while (emulator.log.receivedBytes < bytes) await new Promise((resolve) => setImmediate(resolve));
}

async function openSession(drive: DriveWire, name = 'x'): Promise<string> {
  return String((await drive.open({ name })).headers.location);
}

test('every fault of the catalogue can happen, and every kind is in it or ordered by a test below', () => {
  for (const [name, orders] of Object.entries(faultCatalogue)) {
    for (const order of orders) {
      const wanted = order.on === undefined ? operations : ([order.on].flat() as readonly Operation[]);
      assert.ok(
        wanted.some((operation) => canHappen(order, operation)),
        name,
      );
    }
  }
});

test('refusals carry their reason, status and Retry-After, n times after m that pass, and then no more', async () => {
  await using stage = await failing({
    fault: 'refuse',
    reason: 'rateLimitExceeded',
    status: 429,
    retryAfterSeconds: 3,
    on: 'files.list',
    after: 1,
    times: 2,
  });
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await stage.drive.get('/files'));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 429, 429, 200],
  );
  assert.equal(answers[1]?.headers['retry-after'], '3');
  assert.deepEqual([stage.emulator.faults.happened, stage.emulator.log.count({ fault: 'refuse' })], [2, 2]);
});

test('a fault can be until a time, for one file only, and after the effect', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock });
  const { drive, emulator } = stage;
  emulator.faults.order({
    fault: 'server-error',
    status: 502,
    body: 'html',
    when: 'after',
    file: 'special',
    untilMs: Number(clock.nowNs() / 1_000_000n) + 1_000,
  });
  assert.equal((await drive.post('/files', { name: 'ordinary' })).status, 200);
  const failed = await drive.post('/files', { name: 'special one' });
  assert.deepEqual([failed.status, failed.headers['content-type'], failed.json], [502, 'text/html; charset=utf-8', undefined]);
  assert.equal(emulator.person(sampleAccount).find('special one').length, 1);
  await clock.advance(1_000);
  assert.equal((await drive.post('/files', { name: 'special two' })).status, 200);
});

test('the same seed fails the same requests, another one others', async () => {
  const run = async (seed: number): Promise<string> => {
    await using stage = await makeStage({ seed });
    stage.emulator.faults.order({ fault: 'server-error', status: 503, body: 'empty', probability: 0.5 });
    const statuses: number[] = [];
    for (let i = 0; i < 20; i++) statuses.push((await stage.drive.get('/files')).status);
    return statuses.join(' ');
  };
  assert.equal(await run(5), await run(5));
  assert.notEqual(await run(5), await run(6));
});

test('an answer is lost though the file is there', async () => {
  await using stage = await failing({ fault: 'lost-answer', on: 'upload.final' });
  const session = await openSession(stage.drive);
  await assert.rejects(stage.drive.put(session, tenBytes));
  assert.equal(stage.emulator.person(sampleAccount).find('x').length, 1);
  assert.equal((await stage.drive.put(session, new Uint8Array(), 'bytes */10')).json.size, '10');
});

test('a piece that is dropped in the middle is kept in whole granules', async () => {
  await using stage = await failing({ fault: 'drop', on: 'upload.piece', afterBytes: kib256 + 1_000 });
  const session = await openSession(stage.drive);
  await assert.rejects(stage.drive.put(session, Buffer.alloc(4 * kib256), `bytes 0-${4 * kib256 - 1}/*`));
  const status = await stage.drive.put(session, new Uint8Array(), 'bytes */*');
  assert.deepEqual([status.status, status.headers.range], [308, `bytes=0-${kib256 - 1}`]);
});

test('a caller that goes away in the middle leaves whole granules as well', async () => {
  await using stage = await makeStage();
  const session = await openSession(stage.drive);
  const { request } = await import('node:http');
  await new Promise<void>((resolve) => {
    const put = request(session, { method: 'PUT', headers: { 'Content-Length': 4 * kib256 }, agent: false });
    put.once('error', () => resolve());
    put.write(Buffer.alloc(2 * kib256 + 5));
    void received(stage, 2 * kib256 + 5).then(() => put.destroy(new Error('gone')));
  });
  for (let tries = 0; ; tries++) {
    const { headers } = await stage.drive.put(session, new Uint8Array(), '*/1048576');
    if (headers.range === `bytes=0-${2 * kib256 - 1}`) return;
    assert.ok(tries < 100, String(headers.range));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('a half-open connection never says a byte again, and lets go when the caller does', async () => {
  await using stage = await failing({ fault: 'hang', on: 'files.get' });
  const { id } = await stage.drive.upload({ name: 'x' }, tenBytes);
  const answer = fetch(`${stage.emulator.endpoints.api}/files/${id}`, {
    headers: { Authorization: `Bearer ${stage.drive.token}` },
    signal: AbortSignal.timeout(200),
  });
  await assert.rejects(answer, { name: 'TimeoutError' });
});

test('who asks again has given up on his first try', async () => {
  await using stage = await failing({ fault: 'hang', on: 'upload.piece', afterBytes: kib256 + 1 });
  const session = await openSession(stage.drive);
  const bytes = Buffer.alloc(2 * kib256, 'y');
  const first = assert.rejects(stage.drive.put(session, bytes, `bytes 0-${bytes.length - 1}/*`));
  await received(stage, kib256 + 1);
  const status = await stage.drive.put(session, new Uint8Array(), 'bytes */*');
  assert.deepEqual([status.status, status.headers.range], [308, `bytes=0-${kib256 - 1}`]);
  await first;
  const { json } = await stage.drive.put(session, bytes.subarray(kib256), `bytes ${kib256}-${bytes.length - 1}/${bytes.length}`);
  assert.equal(json.sha256Checksum, createHash('sha256').update(bytes).digest('hex'));
});

test('a piece can be kept in part, or not at all, or claimed beyond what is kept', async () => {
  await using stage = await failing(
    { fault: 'keep-less', keepBytes: kib256 },
    { fault: 'keep-less', keepBytes: 0 },
    { fault: 'false-range' },
  );
  const session = await openSession(stage.drive);
  const ask = async (bytes: Uint8Array, range: string): Promise<[number, string | undefined]> =>
    stage.drive.put(session, bytes, range).then(({ status, headers }) => [status, headers.range]);
  const total = 4 * kib256;
  assert.deepEqual(await ask(Buffer.alloc(total), `bytes 0-${total - 1}/${total}`), [308, `bytes=0-${kib256 - 1}`]);
  assert.deepEqual(await ask(Buffer.alloc(3 * kib256), `bytes ${kib256}-${total - 1}/${total}`), [308, `bytes=0-${kib256 - 1}`]);
  assert.deepEqual(await ask(Buffer.alloc(kib256), `bytes ${kib256}-${2 * kib256 - 1}/${total}`), [308, `bytes=0-${3 * kib256 - 1}`]);
  assert.deepEqual((await ask(new Uint8Array(), `bytes */${total}`))[1], `bytes=0-${2 * kib256 - 1}`);
});

test('the address of an upload can end, or move', async () => {
  await using stage = await failing({ fault: 'session-moved', on: 'upload.piece' });
  const { drive, emulator } = stage;
  const session = await openSession(drive);
  const moved = await drive.put(session, Buffer.alloc(kib256), `bytes 0-${kib256 - 1}/*`);
  const location = String(moved.headers.location);
  assert.notEqual(location, session);
  assert.equal((await drive.put(session, new Uint8Array(), 'bytes */*')).status, 404);
  assert.equal((await drive.put(location, new Uint8Array(), 'bytes */*')).status, 308);
  for (const status of [404, 410, 400] as const) {
    emulator.faults.order({ fault: 'session-gone', status });
    const doomed = await openSession(drive);
    assert.equal((await drive.put(doomed, new Uint8Array(), 'bytes */*')).status, status);
    assert.equal((await drive.put(doomed, new Uint8Array(), 'bytes */*')).status, 404);
  }
});

test('an address of a week ago is gone', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock });
  const session = await openSession(stage.drive);
  await clock.advance(7 * 86_400_000);
  assert.equal((await stage.drive.put(session, tenBytes)).status, 404);
});

test('a token can be refused once, or end; a grant can end with invalid_grant', async () => {
  await using stage = await failing({ fault: 'unauthorized' });
  const { drive, emulator } = stage;
  assert.deepEqual(reasonOf(await drive.get('/files')), [401, 'authError']);
  assert.equal((await drive.get('/files')).status, 200);
  emulator.faults.order({ fault: 'unauthorized', endsToken: true }, { fault: 'invalid-grant' });
  assert.equal((await drive.get('/files')).status, 401);
  assert.equal((await drive.get('/files')).status, 401);
  const { sampleClient } = await import('../drive-emulator/index.ts');
  const form = {
    client_id: sampleClient.id,
    client_secret: sampleClient.secret,
    grant_type: 'refresh_token',
    refresh_token: emulator.accounts.refreshToken(sampleAccount),
  };
  for (let i = 0; i < 2; i++) {
    const answer = await wire(emulator.endpoints.token, { method: 'POST', body: new URLSearchParams(form).toString() });
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant']);
  }
});

test('a piece under a bad token is refused, without any token taken', async () => {
  await using stage = await makeStage();
  const session = await openSession(stage.drive);
  const put = (headers: Readonly<Record<string, string>>): Promise<WireAnswer> => wire(session, { method: 'PUT', body: tenBytes, headers });
  assert.equal((await put({ Authorization: 'Bearer nonsense' })).status, 401);
  assert.equal((await put({})).status, 200);
});

test('lists: late, incomplete, empty, short, with refused tokens and an entry twice', async () => {
  await using stage = await makeStage();
  const { drive, emulator } = stage;
  for (let i = 0; i < 4; i++) await drive.post('/files', { name: `f${i}` });
  const list = async (more = ''): Promise<Json> => (await drive.list("'root' in parents", `&pageSize=3${more}`)).json;
  emulator.faults.order(
    { fault: 'stale-list', ms: 3_600_000 },
    { fault: 'incomplete-search' },
    { fault: 'empty-list' },
    { fault: 'short-page', entries: 0 },
    { fault: 'entry-twice' },
  );
  assert.equal((await list()).files.length, 0);
  assert.equal((await list()).incompleteSearch, true);
  const empty = await list();
  assert.deepEqual([empty.files.length, empty.nextPageToken], [0, undefined]);
  const short = await list();
  assert.deepEqual([short.files.length, typeof short.nextPageToken], [0, 'string']);
  const first = await list(`&pageToken=${encodeURIComponent(short.nextPageToken)}`);
  const second = await list(`&pageToken=${encodeURIComponent(first.nextPageToken)}`);
  assert.equal(first.files.at(-1).id, second.files[0].id);
  emulator.faults.order({ fault: 'token-refused', after: 1 });
  const { nextPageToken } = await list();
  assert.deepEqual(reasonOf(await drive.list("'root' in parents", `&pageSize=3&pageToken=${encodeURIComponent(nextPageToken)}`)), [
    400,
    'invalid',
  ]);
});

test('downloads: cut politely, dropped, of another place, altered, and whole when a part was asked for', async () => {
  await using stage = await makeStage();
  const { drive, emulator } = stage;
  const { id } = await drive.upload({ name: 'x' }, tenBytes);
  const part = (): Promise<WireAnswer> => drive.get(`/files/${id}?alt=media`, { Range: 'bytes=2-5' });
  emulator.faults.order(
    { fault: 'truncated' },
    { fault: 'drop', on: 'files.download', afterBytes: 1 },
    { fault: 'range-ignored' },
    { fault: 'other-range' },
    { fault: 'altered' },
  );
  await assert.rejects(part());
  await assert.rejects(part());
  const whole = await part();
  assert.deepEqual([whole.status, whole.text, whole.headers['content-range']], [200, '0123456789', undefined]);
  for (let i = 0; i < 2; i++) {
    const wrong = await part();
    assert.deepEqual([wrong.status, wrong.headers['content-range'], wrong.bytes.length], [206, 'bytes 2-5/10', 4]);
    assert.notEqual(wrong.text, '2345');
  }
  assert.equal((await part()).text, '2345');
});

test('what rots on the way has the checksum of what became of it; what rots silently has the right one', async () => {
  await using stage = await failing({ fault: 'rot', visible: true }, { fault: 'rot', visible: false });
  const right = createHash('sha256').update(tenBytes).digest('hex');
  const [visible, silent] = [await stage.drive.upload({ name: 'a' }, tenBytes), await stage.drive.upload({ name: 'b' }, tenBytes)];
  assert.notEqual(visible.sha256Checksum, right);
  assert.equal(silent.sha256Checksum, right);
  assert.notEqual((await stage.drive.get(`/files/${silent.id}?alt=media`)).text, '0123456789');
});

test('checksums and sizes can be missing, for ever or for a while', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock });
  stage.emulator.faults.order(
    { fault: 'lacks', fields: ['sha256Checksum'] },
    { fault: 'lacks', fields: ['size', 'md5Checksum'], ms: 2_000 },
  );
  const [ever, late] = [await stage.drive.upload({ name: 'a' }, tenBytes), await stage.drive.upload({ name: 'b' }, tenBytes)];
  assert.deepEqual(
    [ever.sha256Checksum, typeof ever.md5Checksum, late.size, late.md5Checksum],
    [undefined, 'string', undefined, undefined],
  );
  await clock.advance(2_000);
  assert.equal((await stage.drive.get(`/files/${late.id}?fields=size`)).json.size, '10');
});

test('a person makes a mess behind the back of the program', async () => {
  await using stage = await makeStage();
  const { drive, emulator } = stage;
  const person = emulator.person(sampleAccount);
  const { id, headRevisionId } = await drive.upload({ name: 'x' }, tenBytes);
  await person.double(id);
  assert.equal(person.find('x').length, 2);
  person.trash(id);
  assert.equal(person.find('x').length, 1);
  person.untrash(id);
  await person.replaceContent(id, Buffer.from('other'));
  assert.notEqual((await drive.get(`/files/${id}?fields=headRevisionId`)).json.headRevisionId, headRevisionId);
  await person.rot(id, 0);
  assert.notEqual((await drive.get(`/files/${id}?alt=media`)).text, 'other');
  person.withdrawConsent();
  assert.equal((await drive.get('/files')).status, 401);
});

test('slow answers and drips take their time on the clock of the emulator', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock });
  stage.emulator.faults.order({ fault: 'slow-answer', ms: 5_000, on: 'files.list' });
  let isThere = false;
  const answer = stage.drive.get('/files').finally(() => (isThere = true));
  while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isThere, false);
  await clock.advance(5_000);
  assert.equal((await answer).status, 200);
});
