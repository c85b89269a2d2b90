import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDriveLibrary, makeOAuthLibrary } from '../../src/google/google-library.ts';
import { consentInBrowser, sampleClient, scopes, startDriveEmulator } from '../drive-emulator/index.ts';
import { startDriveProcess } from '../../scripts/demo/drive-emulator.ts';
import { DriveWire } from './drive-wire.ts';
import { folderType, makeStage, sampleAccount } from './stage.ts';
import { wire, type Json } from './wire.ts';

const kib256 = 256 * 1024;
const mib = 1024 * 1024;

class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'cadangan-drive-emulator-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

test('on disk all of it is there again after a restart: files, tokens, uploads half done', async () => {
  using folder = new TemporaryFolder();
  const bytes = Buffer.from(Array.from({ length: 2 * kib256 + 9 }, (_, i) => (i * 13) % 253));
  let token: string;
  let session: string;
  let id: string;
  let port: number;
  {
    await using emulator = await startDriveEmulator({ folder: folder.path });
    token = emulator.accounts.accessToken(sampleAccount);
    const drive = new DriveWire(emulator.url, token);
    id = (await drive.upload({ name: 'whole' }, bytes)).id;
    session = String((await drive.open({ name: 'half' })).headers.location);
    assert.equal((await drive.put(session, bytes.subarray(0, kib256), `bytes 0-${kib256 - 1}/${bytes.length}`)).status, 308);
    port = Number(new URL(emulator.url).port);
  }
  await using emulator = await startDriveEmulator({ folder: folder.path, port });
  const drive = new DriveWire(emulator.url, token);
  assert.ok((await drive.get(`/files/${id}?alt=media`)).bytes.equals(bytes));
  const finished = await drive.put(session, bytes.subarray(kib256), `bytes ${kib256}-${bytes.length - 1}/${bytes.length}`);
  assert.equal(finished.json.sha256Checksum, createHash('sha256').update(bytes).digest('hex'));
  assert.equal((await drive.list("'root' in parents")).json.files.length, 2);
  assert.equal((await drive.get('/about?fields=storageQuota/usage')).json.storageQuota.usage, String(2 * bytes.length));
});

test('a consent that was withdrawn stays withdrawn over a restart, and a new one is good', async () => {
  using folder = new TemporaryFolder();
  let refresh: string;
  {
    await using emulator = await startDriveEmulator({ folder: folder.path });
    refresh = emulator.accounts.refreshToken(sampleAccount);
    emulator.accounts.accessToken(sampleAccount);
    emulator.person(sampleAccount).withdrawConsent();
  }
  for (let turn = 0; turn < 2; turn++) {
    await using emulator = await startDriveEmulator({ folder: folder.path });
    assert.throws(() => emulator.accounts.grants.use(refresh, sampleClient.id), { error: 'invalid_grant' });
    const drive = new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount));
    assert.equal((await drive.get('/about?fields=user')).status, 200);
    assert.ok(emulator.accounts.refreshToken(sampleAccount).length > 0);
    emulator.person(sampleAccount).withdrawConsent();
  }
});

test('the service can be away for a while, and forget its uploads and page tokens', async () => {
  await using stage = await makeStage();
  const { drive, emulator } = stage;
  for (let i = 0; i < 3; i++) await drive.post('/files', { name: `f${i}` });
  const session = String((await drive.open({ name: 'x' })).headers.location);
  const { nextPageToken } = (await drive.list("'root' in parents", '&pageSize=1')).json;
  await emulator.stop();
  await assert.rejects(drive.get('/files'), { code: 'ECONNREFUSED' });
  await emulator.start({ sessions: 'lost' });
  assert.equal((await drive.put(session, new Uint8Array(), 'bytes */*')).status, 404);
  assert.equal((await drive.list("'root' in parents", `&pageSize=1&pageToken=${encodeURIComponent(nextPageToken)}`)).status, 400);
  assert.equal((await drive.list("'root' in parents")).json.files.length, 3);
});

test('the tree of a folder is written out as an independent client would', async () => {
  using folder = new TemporaryFolder();
  await using stage = await makeStage();
  const { drive, emulator } = stage;
  const top = (await drive.post('/files', { name: 'top', mimeType: folderType })).json.id as string;
  for (const _ of [1, 2]) {
    const twin = (await drive.post('/files', { name: 'data', mimeType: folderType, parents: [top] })).json.id as string;
    await drive.upload({ name: `of ${_}`, parents: [twin] }, Buffer.from(String(_)));
  }
  const trashed = await drive.upload({ name: 'trashed', parents: [top] }, Buffer.from('x'));
  await drive.patch(`/files/${trashed.id}`, { trashed: true });
  assert.equal(await emulator.person(sampleAccount).mirror('top', folder.path), 2);
  assert.deepEqual(
    ['of 1', 'of 2'].map((name) => readFileSync(join(folder.path, 'data', name), 'utf8')),
    ['1', '2'],
  );
});

test("Google's own client signs in, lists by page, creates and reads", async () => {
  await using stage = await makeStage({ accessTokenSeconds: 3_600 });
  const { emulator } = stage;
  const auth = makeOAuthLibrary(emulator.endpoints, { clientId: sampleClient.id, clientSecret: sampleClient.secret }, 10_000);
  auth.setCredentials({ refresh_token: emulator.accounts.refreshToken(sampleAccount) });
  const drive = makeDriveLibrary(emulator.endpoints);
  const made = await drive.files.create({ auth, requestBody: { name: 'from the client', mimeType: folderType }, fields: 'id,parents' });
  const page = await drive.files.list({
    auth,
    q: "'root' in parents and trashed = false",
    pageSize: 1_000,
    fields: 'nextPageToken,incompleteSearch,files(id,name)',
  });
  assert.deepEqual(page.data.files, [{ id: made.data.id, name: 'from the client' }]);
  assert.equal((await drive.about.get({ auth, fields: 'user(emailAddress),storageQuota' })).data.user?.emailAddress, sampleAccount);
  await assert.rejects(drive.files.get({ auth, fileId: '1nosuchfile' }), (error: Error & { status?: number }) => error.status === 404);
  assert.equal(emulator.log.count({ operation: 'oauth.refresh' }), 1);
});

test('four files of 128 MiB at once go through in flat memory, and come back as they were', async () => {
  using folder = new TemporaryFolder();
  await using child = await startDriveProcess({ folder: folder.path, isFast: true });
  const token = await tokenOf(child.url);
  const drive = new DriveWire(child.url, token);
  const size = 128 * mib;
  const before = residentBytes(child.pid);
  const uploads = [1, 2, 3, 4].map(async (fill) => {
    const session = String((await drive.open({ name: `big ${fill}` })).headers.location);
    return { fill, file: await putStream(session, fill, size) };
  });
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, residentBytes(child.pid))), 20);
  const files = await Promise.all(uploads);
  const wanted = createHash('sha256');
  for (let i = 0; i < size / mib; i++) wanted.update(Buffer.alloc(mib, 1));
  assert.equal(files[0]?.file.sha256Checksum, wanted.digest('hex'));
  for (const { fill, file } of files) assert.equal(file.size, String(size), `big ${fill}`);
  const back = await hashOf(`${child.url}/drive/v3/files/${files[0]?.file.id}?alt=media`, token);
  clearInterval(watch);
  assert.equal(back, files[0]?.file.sha256Checksum);
  assert.ok(peak - before < 200 * mib, `grew by ${Math.round((peak - before) / mib)} MiB`);
});

test('as a program it takes orders, and ends when its parent does', async () => {
  using folder = new TemporaryFolder();
  const child = await startDriveProcess({ folder: folder.path, isFast: true });
  assert.equal((JSON.parse(readFileSync(child.clientFile, 'utf8')) as Json).installed.client_id, sampleClient.id);
  const order = async (body: unknown): Promise<number> =>
    (await wire(child.control, { method: 'POST', body: JSON.stringify(body) })).status;
  assert.equal(await order({ do: 'faults', orders: [{ fault: 'server-error', status: 503, on: 'files.list' }] }), 200);
  const drive = new DriveWire(child.url, await tokenOf(child.url));
  assert.deepEqual([(await drive.get('/files')).status, (await drive.get('/files')).status], [503, 200]);
  await drive.upload({ name: 'x' }, Buffer.from('x'));
  assert.equal(await order({ do: 'trash', account: sampleAccount, path: 'x' }), 200);
  assert.equal((await wire(`${child.control}/files`)).json[0].trashed, true);
  assert.ok((await wire(`${child.control}/log`)).json.length > 3);
  assert.equal(await child.end(), 0);
});

test('killed in the middle of a piece it finds itself again at the same address, and the upload goes on', async () => {
  using folder = new TemporaryFolder();
  const bytes = Buffer.alloc(8 * kib256, 'x');
  const first = await startDriveProcess({ folder: folder.path, isFast: true });
  const token = await tokenOf(first.url);
  const session = String((await new DriveWire(first.url, token).open({ name: 'x' })).headers.location);
  assert.equal(
    (await new DriveWire(first.url, token).put(session, bytes.subarray(0, kib256), `bytes 0-${kib256 - 1}/${bytes.length}`)).status,
    308,
  );
  const half = request(session, {
    method: 'PUT',
    headers: { 'Content-Length': 7 * kib256, 'Content-Range': `bytes ${kib256}-${bytes.length - 1}/${bytes.length}` },
    agent: false,
  });
  const broken = once(half, 'error');
  half.write(bytes.subarray(0, 5 * kib256));
  await new Promise((resolve) => setTimeout(resolve, 200));
  process.kill(first.pid, 'SIGKILL');
  await broken;
  await first.end();
  await using second = await startDriveProcess({ folder: folder.path, port: Number(new URL(first.url).port), isFast: true });
  const drive = new DriveWire(second.url, token);
  const kept =
    Number(/-(\d+)$/.exec(String((await drive.put(session, new Uint8Array(), `bytes */${bytes.length}`)).headers.range))?.[1]) + 1;
  const { json } = await drive.put(session, bytes.subarray(kept), `bytes ${kept}-${bytes.length - 1}/${bytes.length}`);
  assert.equal(json.sha256Checksum, createHash('sha256').update(bytes).digest('hex'));
});

async function tokenOf(url: string): Promise<string> {
  let code = '';
  const server = createServer((incoming, response) => {
    code = new URL(incoming.url ?? '/', 'http://127.0.0.1').searchParams.get('code') ?? '';
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const redirect_uri = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  await consentInBrowser(
    `${url}/o/oauth2/v2/auth?${new URLSearchParams({ client_id: sampleClient.id, redirect_uri, response_type: 'code', scope: scopes.file }).toString()}`,
    { account: sampleAccount },
  );
  await new Promise((resolve) => server.close(resolve));
  const form = { client_id: sampleClient.id, client_secret: sampleClient.secret, grant_type: 'authorization_code', code, redirect_uri };
  return (await wire(`${url}/token`, { method: 'POST', body: new URLSearchParams(form).toString() })).json.access_token;
}

async function putStream(session: string, fill: number, size: number): Promise<Json> {
  const put = request(session, { method: 'PUT', headers: { 'Content-Length': size }, agent: false });
  const answered = once(put, 'response');
  const piece = Buffer.alloc(mib, fill);
  for (let sent = 0; sent < size; sent += piece.length) if (!put.write(piece)) await once(put, 'drain');
  put.end();
  const [response] = await answered;
  const pieces: Buffer[] = [];
  for await (const bytes of response) pieces.push(bytes);
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

async function hashOf(url: string, token: string): Promise<string> {
  const hash = createHash('sha256');
  const asked = request(url, { headers: { Authorization: `Bearer ${token}` }, agent: false }).end();
  const [response] = await once(asked, 'response');
  for await (const bytes of response) hash.update(bytes);
  return hash.digest('hex');
}

/** Of another process; 0 where the system does not tell. */
function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
