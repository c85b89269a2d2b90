import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeServiceAccount, sampleClient, sampleDeviceClient, scopes, startDriveEmulator } from '../drive-emulator/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { DriveWire } from './drive-wire.ts';
import { folderType, makeStage, otherAccount, sampleAccount } from './stage.ts';
import type { WireAnswer } from './wire.ts';

const shared = 'supportsAllDrives=true';

function reasonOf({ status, json }: WireAnswer): [number, string | undefined] {
  return [status, json?.error?.errors?.[0]?.reason];
}

test('under drive.file a program sees only what it made; the owner with the wide scope sees all', async () => {
  await using stage = await makeStage();
  const { emulator, drive } = stage;
  const { id } = await drive.upload({ name: 'mine' }, Buffer.from('x'));
  const foreign = await emulator.person(sampleAccount).plant({ name: 'from the web', bytes: Buffer.from('y') });
  const other = new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount, { client: sampleDeviceClient }));
  assert.deepEqual(reasonOf(await other.get(`/files/${id}`)), [404, 'notFound']);
  assert.equal((await other.list("'root' in parents")).json.files.length, 0);
  assert.deepEqual(reasonOf(await drive.get(`/files/${foreign.id}`)), [404, 'notFound']);
  const wide = new DriveWire(
    emulator.url,
    emulator.accounts.accessToken(sampleAccount, { client: sampleDeviceClient, scopes: [scopes.readOnly] }),
  );
  assert.equal((await wide.list("'root' in parents")).json.files.length, 2);
  assert.deepEqual(reasonOf(await wide.remove(`/files/${id}`)), [403, 'insufficientPermissions']);
});

test('clients of one project can be told to share what they made', async () => {
  await using emulator = await startDriveEmulator({ projectSharesFiles: true });
  const [drive, other] = [sampleClient, sampleDeviceClient].map(
    (client) => new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount, { client })),
  ) as [DriveWire, DriveWire];
  const { id } = await drive.upload({ name: 'mine' }, Buffer.from('x'));
  assert.equal((await other.get(`/files/${id}`)).status, 200);
});

test('another account sees nothing of it', async () => {
  await using stage = await makeStage();
  const { id } = await stage.drive.upload({ name: 'mine' }, Buffer.from('x'));
  const other = new DriveWire(stage.emulator.url, stage.emulator.accounts.accessToken(otherAccount, { scopes: [scopes.all] }));
  assert.deepEqual(reasonOf(await other.get(`/files/${id}`)), [404, 'notFound']);
});

test('a shared drive exists only for members who say that they know of such', async () => {
  const drives = [{ id: '0AShared', name: 'Backups', members: { [sampleAccount]: 'writer', [otherAccount]: 'organizer' } as const }];
  await using stage = await makeStage({ sharedDrives: drives });
  const { emulator, drive } = stage;
  const { id } = await drive.upload({ name: 'x', parents: ['0AShared'] }, Buffer.from('x'));
  assert.deepEqual(reasonOf(await drive.get(`/files/${id}`)), [404, 'notFound']);
  assert.deepEqual((await drive.get(`/files/${id}?${shared}&fields=driveId,ownedByMe,parents`)).json, {
    driveId: '0AShared',
    parents: ['0AShared'],
  });
  assert.equal(
    (await drive.list("'0AShared' in parents", `&${shared}&includeItemsFromAllDrives=true&corpora=drive&driveId=0AShared`)).json.files
      .length,
    1,
  );
  assert.equal((await drive.list('trashed = false')).json.files.length, 0);
  assert.equal((await drive.post('/files', { name: 'y', parents: ['0AShared'] })).status, 404);
  // A writer can neither delete nor trash there; an organizer can.
  assert.equal((await drive.remove(`/files/${id}?${shared}`)).status, 403);
  assert.equal((await drive.patch(`/files/${id}?${shared}`, { trashed: true })).status, 403);
  const organizer = new DriveWire(emulator.url, emulator.accounts.accessToken(otherAccount));
  assert.equal((await organizer.remove(`/files/${id}?${shared}`)).status, 204);
  assert.deepEqual(
    (await drive.get('/drives')).json.drives.map(({ name }: { name: string }) => name),
    ['Backups'],
  );
});

test('a folder does not move from My Drive into a shared drive', async () => {
  await using stage = await makeStage({ sharedDrives: [{ id: '0AShared', name: 'Backups', members: { [sampleAccount]: 'organizer' } }] });
  const { id } = (await stage.drive.post('/files', { name: 'f', mimeType: folderType })).json;
  assert.deepEqual(reasonOf(await stage.drive.patch(`/files/${id}?addParents=0AShared&removeParents=root&${shared}`, {})), [
    403,
    'teamDrivesFolderMoveInNotSupported',
  ]);
});

test('a service account can make a folder, but no bytes outside of a shared drive', async () => {
  const { account } = makeServiceAccount('robot@x.iam.gserviceaccount.com');
  await using emulator = await startDriveEmulator({
    serviceAccounts: [account],
    sharedDrives: [{ id: '0AShared', name: 'B', members: { [account.email]: 'fileOrganizer' } }],
  });
  const drive = new DriveWire(emulator.url, emulator.accounts.accessToken(account.email, { scopes: [scopes.all] }));
  assert.equal((await drive.post('/files', { name: 'f', mimeType: folderType })).status, 200);
  assert.deepEqual(reasonOf(await drive.multipart({ name: 'x' }, Buffer.from('x'))), [403, 'storageQuotaExceeded']);
  assert.equal((await drive.upload({ name: 'x', parents: ['0AShared'] }, Buffer.from('x'))).size, '1');
});

test('space runs out at the opening when the size is announced, at the end otherwise, and the trash counts', async () => {
  await using stage = await makeStage({ accounts: [{ email: sampleAccount, limitBytes: 10 }] });
  const { emulator, drive } = stage;
  const { id } = await drive.upload({ name: 'x' }, Buffer.alloc(8));
  await drive.patch(`/files/${id}`, { trashed: true });
  assert.deepEqual((await drive.get('/about?fields=storageQuota')).json.storageQuota, {
    limit: '10',
    usage: '8',
    usageInDrive: '8',
    usageInDriveTrash: '8',
  });
  assert.deepEqual(reasonOf(await drive.open({ name: 'y' }, { headers: { 'X-Upload-Content-Length': '3' } })), [
    403,
    'storageQuotaExceeded',
  ]);
  const session = String((await drive.open({ name: 'y' })).headers.location);
  assert.deepEqual(reasonOf(await drive.put(session, Buffer.alloc(3))), [403, 'storageQuotaExceeded']);
  emulator.person(sampleAccount).setLimit(null);
  assert.equal((await drive.put(session, new Uint8Array(), 'bytes */3')).json.size, '3', 'the bytes were kept');
  assert.equal((await drive.get('/about?fields=storageQuota')).json.storageQuota.limit, undefined);
});

test('the trash empties itself after 30 days, and some time after the order to do so', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock });
  const { drive, emulator } = stage;
  const token = (): DriveWire => new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount));
  const [first, second] = [await drive.upload({ name: 'a' }, Buffer.from('x')), await drive.upload({ name: 'b' }, Buffer.from('x'))];
  await drive.patch(`/files/${first.id}`, { trashed: true });
  assert.equal((await drive.remove('/files/trash')).status, 204);
  assert.equal((await drive.get(`/files/${first.id}`)).status, 200);
  await clock.advance(60_000);
  assert.equal((await drive.get(`/files/${first.id}`)).status, 404);
  await drive.patch(`/files/${second.id}`, { trashed: true });
  await clock.advance(29 * 86_400_000);
  assert.equal((await token().get(`/files/${second.id}`)).status, 200);
  await clock.advance(86_400_000 + 3_600_000);
  assert.equal((await token().get(`/files/${second.id}`)).status, 404);
});

test('folders fill up, and do not nest for ever', async () => {
  await using stage = await makeStage({ limits: { childrenPerFolder: 2, folderDepth: 3 } });
  const { drive } = stage;
  let parent = (await drive.post('/files', { name: 'f', mimeType: folderType })).json.id as string;
  const [first] = [parent];
  for (let depth = 2; depth <= 3; depth++)
    parent = (await drive.post('/files', { name: 'f', mimeType: folderType, parents: [parent] })).json.id;
  assert.deepEqual(reasonOf(await drive.post('/files', { name: 'f', parents: [parent] })), [403, 'myDriveHierarchyDepthLimitExceeded']);
  assert.equal((await drive.post('/files', { name: 'second', parents: [first] })).status, 200);
  assert.deepEqual(reasonOf(await drive.post('/files', { name: 'third', parents: [first] })), [403, 'numChildrenInNonRootLimitExceeded']);
});

test("the day's volume ends as an ordinary rate limit, for about a day, while small requests pass", async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock, limits: { dailyUploadBytes: 10 } });
  const { drive, emulator } = stage;
  await drive.upload({ name: 'x' }, Buffer.alloc(12));
  assert.deepEqual(reasonOf(await drive.open({ name: 'y' }, { headers: { 'X-Upload-Content-Length': '1' } })), [
    403,
    'userRateLimitExceeded',
  ]);
  assert.equal((await drive.post('/files', { name: 'f', mimeType: folderType })).status, 200);
  await clock.advance(24 * 3_600_000);
  const later = new DriveWire(emulator.url, emulator.accounts.accessToken(sampleAccount));
  assert.equal((await later.upload({ name: 'y' }, Buffer.alloc(1))).size, '1');
});

test('units are counted by the minute, and their end is 403 or 429', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock, limits: { unitsPerMinutePerUser: 210 } });
  const { drive } = stage;
  await drive.get('/files');
  await drive.get('/files');
  assert.equal((await drive.get('/about?fields=user')).status, 200);
  assert.deepEqual(reasonOf(await drive.get('/files')), [403, 'userRateLimitExceeded']);
  assert.deepEqual(reasonOf(await drive.get('/files')), [429, 'rateLimitExceeded']);
  await clock.advance(60_000);
  assert.equal((await drive.get('/files')).status, 200);
});

test('lists can be late, each index in its own way, while get by id is not', async () => {
  const clock = new VirtualClock();
  await using stage = await makeStage({ clock, lags: { nameMs: 30_000, parentMs: 5_000, changesMs: 6_000, checksumMs: 2_000 } });
  const { drive } = stage;
  const start = (await drive.get('/changes/startPageToken')).json.startPageToken as string;
  const { id } = await drive.upload({ name: 'late' }, Buffer.from('x'));
  const seen = async (): Promise<readonly (number | string)[]> => {
    const [byName, byParent, changes, file] = await Promise.all([
      drive.list("name = 'late'"),
      drive.list("'root' in parents"),
      drive.get(`/changes?pageToken=${start}`),
      drive.get(`/files/${id}?fields=md5Checksum`),
    ]);
    return [
      byName.json.files.length,
      byParent.json.files.length,
      changes.json.changes.length > 0 ? 1 : 0,
      typeof file.json.md5Checksum === 'string' ? 1 : 0,
    ];
  };
  assert.deepEqual(await seen(), [0, 0, 0, 0]);
  await clock.advance(2_000);
  assert.deepEqual(await seen(), [0, 0, 0, 1]);
  await clock.advance(4_000);
  assert.deepEqual(await seen(), [0, 1, 1, 1]);
  await clock.advance(24_000);
  assert.deepEqual(await seen(), [1, 1, 1, 1]);
  await drive.remove(`/files/${id}`);
  assert.equal((await drive.get(`/files/${id}`)).status, 404);
  assert.deepEqual((await drive.list("name = 'late'")).json.files.length, 1, 'the index by name still shows what is gone');
});

test('an id is used up also after its file was deleted', async () => {
  await using stage = await makeStage();
  const [id] = (await stage.drive.get('/files/generateIds?count=1')).json.ids as [string];
  await stage.drive.post('/files', { id, name: 'x' });
  await stage.drive.remove(`/files/${id}`);
  assert.equal((await stage.drive.post('/files', { id, name: 'x' })).status, 409);
});

test('only pinned revisions and the head can be downloaded', async () => {
  await using stage = await makeStage();
  const { drive } = stage;
  const { id } = await drive.upload({ name: 'x' }, Buffer.from('one'));
  const replace = async (text: string): Promise<void> =>
    void (await drive.call(`/upload/drive/v3/files/${id}?uploadType=media`, { method: 'PATCH', body: text }));
  const head = (await drive.get(`/files/${id}?fields=headRevisionId`)).json.headRevisionId as string;
  await drive.patch(`/files/${id}/revisions/${head}`, { keepForever: true });
  await replace('two');
  const middle = (await drive.get(`/files/${id}?fields=headRevisionId`)).json.headRevisionId as string;
  await replace('three');
  assert.equal((await drive.get(`/files/${id}/revisions/${head}?alt=media`)).text, 'one');
  assert.equal((await drive.get(`/files/${id}/revisions/${middle}?alt=media`)).status, 403);
  assert.equal((await drive.get(`/files/${id}/revisions/head?alt=media`)).text, 'three');
  assert.deepEqual(reasonOf(await drive.patch(`/files/${id}/revisions/${head}`, { keepForever: false })), [
    403,
    'illegalKeepForeverModification',
  ]);
});

test('what Google takes for malware comes only to those who say that they know', async () => {
  await using stage = await makeStage();
  const { id } = await stage.drive.upload({ name: 'x' }, Buffer.from('x'));
  stage.emulator.person(sampleAccount).flag(id);
  assert.deepEqual(reasonOf(await stage.drive.get(`/files/${id}?alt=media`)), [403, 'cannotDownloadAbusiveFile']);
  assert.equal((await stage.drive.get(`/files/${id}?alt=media&acknowledgeAbuse=true`)).text, 'x');
});
