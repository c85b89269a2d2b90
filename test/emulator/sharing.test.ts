import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherAccount, scopes, startDriveEmulator } from '../drive-emulator/index.ts';
import { DriveWire } from './drive-wire.ts';
import { folderType, sampleAccount } from './stage.ts';

test('accounts of an organisation with pooled storage share one space, and about tells that of all', async () => {
  await using emulator = await startDriveEmulator({
    accounts: [
      { email: sampleAccount, pool: 'company', limitBytes: 1_000 },
      { email: otherAccount, pool: 'company', limitBytes: 1_000 },
    ],
  });
  const [one, two] = [sampleAccount, otherAccount].map((email) => new DriveWire(emulator.url, emulator.accounts.accessToken(email)));
  await one!.upload({ name: 'a' }, Buffer.alloc(700));
  const { storageQuota } = (await two!.get('/about?fields=storageQuota')).json;
  assert.deepEqual([storageQuota.limit, storageQuota.usage, storageQuota.usageInDrive], ['1000', '700', '0']);
  const refused = await two!.open({ name: 'b' }, { headers: { 'X-Upload-Content-Length': '400' } });
  assert.equal(refused.json.error.errors[0].reason, 'storageQuotaExceeded');
});

test('a shared folder takes files of those it is shared with, which stay theirs; only the owner may trash', async () => {
  await using emulator = await startDriveEmulator();
  const [owner, guest] = [sampleAccount, otherAccount].map(
    (email) => new DriveWire(emulator.url, emulator.accounts.accessToken(email, { scopes: [scopes.all] })),
  );
  const folder = (await owner!.post('/files', { name: 'ours', mimeType: folderType })).json.id as string;
  assert.equal((await guest!.get(`/files/${folder}`)).status, 404);
  emulator.person(sampleAccount).share(folder, otherAccount);
  const { id } = (await guest!.post('/files?fields=id', { name: 'from the guest', parents: [folder] })).json;
  for (const drive of [owner!, guest!]) {
    assert.equal((await drive.list(`'${folder}' in parents`)).json.files.length, 1);
    assert.equal((await drive.get(`/files/${id}?fields=ownedByMe`)).json.ownedByMe, drive === guest);
  }
  assert.equal((await owner!.patch(`/files/${id}`, { trashed: true })).status, 403);
  assert.equal((await guest!.patch(`/files/${folder}`, { trashed: true })).status, 403);
  assert.equal((await guest!.patch(`/files/${id}`, { trashed: true })).status, 200);
});
