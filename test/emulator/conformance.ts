import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { DriveWire } from './drive-wire.ts';
import type { Json, WireAnswer } from './wire.ts';

export interface DriveUnderTest extends AsyncDisposable {
  readonly drive: DriveWire;
  /** The e-mail of the account, where it is known. */
  readonly account?: string;
}

const folderType = 'application/vnd.google-apps.folder';
const mib = 1024 * 1024;
const kib256 = 256 * 1024;

/**
 * What Drive v3 does, as documented or as others recorded from the live service. It is asked of the emulator, and of Google when somebody
 * lends a token of scope `drive.file`: everything happens in a folder of its own that is removed at the end. Lists are waited for, since
 * Google promises nothing about when they know.
 */
export function describeDrive(name: string, start: () => Promise<DriveUnderTest>): void {
  const check = (behaviour: string, run: (drive: DriveWire, folder: string) => Promise<void>): void => {
    test(`${name}: ${behaviour}`, async () => {
      await using it = await start();
      const made = await it.drive.post('/files', { name: `conformance ${new Date().toISOString()}`, mimeType: folderType });
      assert.equal(made.status, 200, made.text);
      try {
        await run(it.drive, made.json.id);
      } finally {
        await it.drive.remove(`/files/${made.json.id}`);
      }
    });
  };

  check('about needs fields, and then tells the account and the space', async (drive) => {
    assert.equal((await drive.get('/about')).status, 400);
    const { json } = await drive.get('/about?fields=user(emailAddress,permissionId),storageQuota');
    assert.match(json.user.emailAddress, /@/);
    assert.match(json.user.permissionId, /^\d+$/);
    assert.match(json.storageQuota.usage, /^\d+$/);
  });

  check('creating answers 200, gives a small set of fields, and "Untitled" without a name', async (drive, folder) => {
    const answer = await drive.post('/files', { parents: [folder] });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.name, 'Untitled');
    assert.deepEqual(
      Object.keys(answer.json)
        .filter((key) => key !== 'resourceKey')
        .sort(),
      ['id', 'kind', 'mimeType', 'name'],
    );
  });

  check('a file made without bytes has size "0" and the MD5 of nothing; a folder has no size', async (drive, folder) => {
    const file = (await drive.post('/files', { name: 'empty', parents: [folder], mimeType: 'application/octet-stream' })).json;
    const { json } = await drive.get(`/files/${file.id}?fields=size,md5Checksum,version`);
    assert.deepEqual({ size: json.size, md5: json.md5Checksum }, { size: '0', md5: 'd41d8cd98f00b204e9800998ecf8427e' });
    assert.equal(typeof json.version, 'string');
    assert.deepEqual((await drive.get(`/files/${folder}?fields=size,md5Checksum`)).json, {});
  });

  check('a mask is honoured exactly, and an unknown field is refused, etag among them', async (drive, folder) => {
    assert.deepEqual(Object.keys((await drive.get(`/files/${folder}?fields=id,name,parents,size`)).json).sort(), ['id', 'name', 'parents']);
    const unmasked = Object.keys((await drive.get(`/files/${folder}`)).json);
    assert.deepEqual(Object.keys((await drive.get(`/files/${folder}?fields=`)).json), unmasked);
    for (const fields of ['etag', 'id,nonsense', 'owners(nonsense)']) {
      const answer = await drive.get(`/files/${folder}?fields=${fields}`);
      refuses(answer, 400, 'invalidParameter');
      assert.equal(answer.json.error.errors[0].location, 'fields');
    }
  });

  check('two files and two folders of one name live side by side', async (drive, folder) => {
    for (const mimeType of ['application/octet-stream', folderType]) {
      const ids = await Promise.all(
        [1, 2].map(async () => (await drive.post('/files', { name: 'twin', mimeType, parents: [folder] })).json.id as string),
      );
      assert.equal(new Set(ids).size, 2);
    }
    await until(drive, `'${folder}' in parents and trashed = false`, 4);
  });

  check('If-None-Match on a create and If-Match on a change are passed over', async (drive, folder) => {
    const body = JSON.stringify({ name: 'one', parents: [folder] });
    const headers = { 'Content-Type': 'application/json', 'If-None-Match': '*' };
    const first = await drive.call('/drive/v3/files', { method: 'POST', body, headers });
    assert.equal((await drive.call('/drive/v3/files', { method: 'POST', body, headers })).status, 200);
    const changed = await drive.call(`/drive/v3/files/${first.json.id}`, {
      method: 'PATCH',
      body: '{"name":"two"}',
      headers: { 'Content-Type': 'application/json', 'If-Match': '"wrong"' },
    });
    assert.equal(changed.status, 200);
  });

  check('a create with a reserved id works once; then 409, and one file is there', async (drive, folder) => {
    const [id, other] = (await drive.get('/files/generateIds?count=2&space=drive&type=files')).json.ids as [string, string];
    const first = await drive.post('/files', { id, name: 'once', parents: [folder] });
    assert.deepEqual([first.status, first.json.id], [200, id]);
    const second = await drive.post('/files', { id, name: 'once', parents: [folder] });
    assert.equal(second.status, 409);
    assert.match(second.json.error.message, /already exists/i);
    const made = await drive.post('/files', { id: other, name: 'folder', mimeType: folderType, parents: [folder] });
    assert.deepEqual([made.status, made.json.id], [200, other]);
    await until(drive, `'${folder}' in parents and trashed = false`, 2);
  });

  check('an id that nobody reserved is refused', async (drive, folder) => {
    assert.equal((await drive.post('/files', { id: '1nobodyreservedthisidatall00000000', name: 'x', parents: [folder] })).status, 400);
  });

  check('a parent that does not exist is not found', async (drive) => {
    refuses(await drive.post('/files', { name: 'x', parents: ['1nosuchfolder'] }), 404, 'notFound');
    refuses(await drive.list("'1nosuchfolder' in parents"), 404, 'notFound');
  });

  check('a file has one parent', async (drive, folder) => {
    const other = (await drive.post('/files', { name: 'other', mimeType: folderType, parents: [folder] })).json.id as string;
    assert.equal((await drive.post('/files', { name: 'x', parents: [folder, other] })).status >= 400, true);
    const { id } = (await drive.post('/files', { name: 'x', parents: [folder] })).json;
    const moved = await drive.patch(`/files/${id}?addParents=${other}&removeParents=${folder}&fields=parents`, {});
    assert.deepEqual(moved.json, { parents: [other] });
    assert.equal((await drive.patch(`/files/${id}`, { parents: [folder] })).status, 403);
  });

  check('a missing file is 404 notFound with its id in the message', async (drive) => {
    for (const answer of [
      await drive.get('/files/1nosuchfile'),
      await drive.patch('/files/1nosuchfile', {}),
      await drive.remove('/files/1nosuchfile'),
    ]) {
      refuses(answer, 404, 'notFound');
      assert.equal(answer.json.error.message, 'File not found: 1nosuchfile.');
      assert.deepEqual([answer.json.error.errors[0].location, answer.json.error.errors[0].domain], ['fileId', 'global']);
    }
    assert.equal((await drive.call('/upload/drive/v3/files/1nosuchfile?uploadType=media', { method: 'PUT', body: 'x' })).status, 404);
  });

  check('no token and a bad one are 401, each with its reason', async (drive) => {
    const without = await drive.call('/drive/v3/files', { headers: { Authorization: '' } });
    assert.equal(without.status, 401);
    const bad = await drive.call('/drive/v3/files', { headers: { Authorization: 'Bearer nonsense' } });
    refuses(bad, 401, 'authError');
    assert.equal(bad.json.error.status, 'UNAUTHENTICATED');
  });

  check('delete answers 204 without a body, then 404, and takes what lies below along', async (drive, folder) => {
    const inner = (await drive.post('/files', { name: 'inner', mimeType: folderType, parents: [folder] })).json.id as string;
    const file = (await drive.upload({ name: 'x', parents: [inner] }, Buffer.from('x'))).id as string;
    const gone = await drive.remove(`/files/${inner}`);
    assert.deepEqual([gone.status, gone.bytes.length], [204, 0]);
    refuses(await drive.get(`/files/${inner}`), 404, 'notFound');
    await eventually(async () => (await drive.get(`/files/${file}`)).status === 404);
    assert.equal((await drive.remove(`/files/${inner}`)).status, 404);
  });

  check('what is trashed is still there by id, and out of lists without the trash', async (drive, folder) => {
    const { id } = await drive.upload({ name: 'x', parents: [folder] }, Buffer.from('still here'));
    assert.deepEqual((await drive.patch(`/files/${id}?fields=trashed,explicitlyTrashed`, { trashed: true })).json, {
      trashed: true,
      explicitlyTrashed: true,
    });
    assert.equal((await drive.get(`/files/${id}?alt=media`)).text, 'still here');
    await until(drive, `'${folder}' in parents and trashed = false`, 0);
    await until(drive, `'${folder}' in parents and trashed = true`, 1);
    assert.deepEqual((await drive.patch(`/files/${id}?fields=trashed`, { trashed: false })).json, { trashed: false });
  });

  check('what lies in a trashed folder is trashed with it', async (drive, folder) => {
    const inner = (await drive.post('/files', { name: 'inner', mimeType: folderType, parents: [folder] })).json.id as string;
    const { id } = await drive.upload({ name: 'x', parents: [inner] }, Buffer.from('x'));
    await drive.patch(`/files/${inner}`, { trashed: true });
    await eventually(async () => {
      const { json } = await drive.get(`/files/${id}?fields=trashed,explicitlyTrashed`);
      return json.trashed === true && json.explicitlyTrashed === false;
    });
  });

  check('modifiedTime has milliseconds, can be set, and moves with a change', async (drive, folder) => {
    const { id } = (await drive.post('/files', { name: 'x', parents: [folder], modifiedTime: '2020-02-02T02:02:02.022Z' })).json;
    assert.equal((await drive.get(`/files/${id}?fields=modifiedTime`)).json.modifiedTime, '2020-02-02T02:02:02.022Z');
    const { modifiedTime } = (await drive.patch(`/files/${id}?fields=modifiedTime`, { name: 'y' })).json;
    assert.match(modifiedTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Date.parse(modifiedTime) > Date.UTC(2021));
  });

  check('appProperties are found by has, and taken away with null', async (drive, folder) => {
    const { id } = (await drive.post('/files', { name: 'x', parents: [folder], appProperties: { repository: "it's" } })).json;
    await until(drive, `appProperties has { key='repository' and value='it\\'s' } and '${folder}' in parents`, 1);
    await drive.patch(`/files/${id}`, { appProperties: { repository: null } });
    assert.deepEqual((await drive.get(`/files/${id}?fields=appProperties`)).json, {});
    assert.equal((await drive.patch(`/files/${id}`, { appProperties: { key: 'x'.repeat(125) } })).status >= 400, true);
  });

  check('questions: names without regard to case, escapes, brackets, not, or, words by their beginning', async (drive, folder) => {
    for (const name of ['t.txt', "it's", 'back\\slash', 'laporan keuangan', 'Ümlaut 日本'])
      await drive.post('/files', { name, parents: [folder] });
    const here = (query: string): string => `'${folder}' in parents and (${query})`;
    await until(drive, `'${folder}' in parents`, 5);
    await until(drive, here("name = 'T.TXT'"), 1);
    await until(drive, here("name = 'it\\'s' or name = 'back\\\\slash'"), 2);
    await until(drive, here("not name = 't.txt'"), 4);
    await until(drive, here("name contains 'keu'"), 1);
    await until(drive, here("name contains 'uangan'"), 0);
    await until(drive, here("name = 'Ümlaut 日本' and (trashed = false and mimeType != 'x/y')"), 1);
    await until(drive, here("createdTime > '2012-06-04T12:00:00' and modifiedTime < '2100-01-01T00:00:00Z'"), 5);
  });

  check('a question that is none is 400 invalid at q', async (drive) => {
    for (const query of ['nonsense', "name = 'x", 'trashed = maybe', "name == 'x'", "id > 'x'", "name = 'x' and", "(name = 'x'"]) {
      const answer = await drive.list(query);
      refuses(answer, 400, 'invalid');
      assert.equal(answer.json.error.errors[0].location, 'q');
    }
  });

  check('pages: tokens lead through all of them, each entry once, and the end has none', async (drive, folder) => {
    for (let i = 0; i < 7; i++) await drive.post('/files', { name: `f${i}`, parents: [folder] });
    await until(drive, `'${folder}' in parents`, 7);
    const names: string[] = [];
    let token = '';
    do {
      const { json } = await drive.list(
        `'${folder}' in parents`,
        `&pageSize=3&fields=nextPageToken,incompleteSearch,files(name)${token === '' ? '' : `&pageToken=${encodeURIComponent(token)}`}`,
      );
      assert.ok(json.files.length <= 3);
      names.push(...json.files.map((file: { name: string }) => file.name));
      token = json.nextPageToken ?? '';
    } while (token !== '');
    assert.deepEqual(names.sort(), ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6']);
    refuses(await drive.list(`'${folder}' in parents`, '&pageToken=nonsense'), 400, 'invalid');
  });

  check('orderBy folder,name puts folders first', async (drive, folder) => {
    for (const [name, mimeType] of [
      ['b', 'a/b'],
      ['c', folderType],
      ['a', 'a/b'],
      ['d', folderType],
    ])
      await drive.post('/files', { name, mimeType, parents: [folder] });
    await until(drive, `'${folder}' in parents`, 4);
    const { json } = await drive.list(`'${folder}' in parents`, '&orderBy=folder,name&fields=files(name)');
    assert.deepEqual(
      json.files.map((file: { name: string }) => file.name),
      ['c', 'd', 'a', 'b'],
    );
  });

  check('bytes come back verbatim by all three ways of uploading, with their checksums', async (drive, folder) => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256));
    const media = await drive.call('/upload/drive/v3/files?uploadType=media&fields=id,size,md5Checksum,sha256Checksum', {
      method: 'POST',
      body: bytes,
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    const multipart = await drive.multipart({ name: 'm', parents: [folder] }, bytes);
    const resumable = await drive.upload({ name: 'r', parents: [folder] }, bytes);
    for (const file of [media.json, multipart.json, resumable]) {
      assert.equal(file.size, '100000');
      assert.equal(file.md5Checksum, createHash('md5').update(bytes).digest('hex'));
      await eventually(
        async () =>
          (await drive.get(`/files/${file.id}?fields=sha256Checksum`)).json.sha256Checksum ===
          createHash('sha256').update(bytes).digest('hex'),
      );
      const back = await drive.get(`/files/${file.id}?alt=media`);
      assert.ok(back.bytes.equals(bytes));
      assert.equal(back.headers.etag, undefined);
    }
    await drive.remove(`/files/${media.json.id}`);
  });

  check('ranges: 206 with Content-Range, to the end, from the end, 416 behind it', async (drive, folder) => {
    const { id } = await drive.upload({ name: 'x', parents: [folder] }, Buffer.from('0123456789'));
    const range = (text: string): Promise<WireAnswer> => drive.get(`/files/${id}?alt=media`, { Range: text });
    const middle = await range('bytes=2-5');
    assert.deepEqual(
      [middle.status, middle.text, middle.headers['content-range'], middle.headers['content-length']],
      [206, '2345', 'bytes 2-5/10', '4'],
    );
    assert.deepEqual(
      [(await range('bytes=7-')).text, (await range('bytes=-3')).text, (await range('bytes=8-100')).text],
      ['789', '789', '89'],
    );
    assert.equal((await range('bytes=10-12')).status, 416);
    assert.equal((await drive.get(`/files/${id}?alt=media`, { Range: 'bytes=2-5', 'If-Match': '"wrong"' })).status, 206);
  });

  check('a range of an empty file is refused', async (drive, folder) => {
    const { id } = (await drive.post('/files', { name: 'empty', parents: [folder], mimeType: 'application/octet-stream' })).json;
    assert.equal((await drive.get(`/files/${id}?alt=media`, { Range: 'bytes=0-0' })).status, 416);
    assert.equal((await drive.get(`/files/${id}?alt=media`)).bytes.length, 0);
  });

  check('a folder cannot be downloaded, nor uploaded', async (drive, folder) => {
    refuses(await drive.get(`/files/${folder}?alt=media`), 403, 'fileNotDownloadable');
    assert.equal((await drive.multipart({ name: 'f', mimeType: folderType, parents: [folder] }, Buffer.alloc(1))).status, 400);
  });

  check('a resumable upload goes on where it stood, and no file is there before its last byte', async (drive, folder) => {
    const bytes = Buffer.from(Array.from({ length: mib + 5 }, (_, i) => (i * 31) % 251));
    const opened = await drive.open(
      { name: 'big', parents: [folder] },
      { headers: { 'X-Upload-Content-Length': String(bytes.length), 'X-Upload-Content-Type': 'application/octet-stream' } },
    );
    assert.deepEqual([opened.status, opened.bytes.length], [200, 0]);
    const session = String(opened.headers.location);
    assert.match(session, /upload_id=/);
    const nothing = await drive.put(session, new Uint8Array(), `bytes */${bytes.length}`);
    assert.deepEqual([nothing.status, nothing.headers.range, nothing.bytes.length], [308, undefined, 0]);
    const first = await drive.put(session, bytes.subarray(0, 2 * kib256), `bytes 0-${2 * kib256 - 1}/${bytes.length}`);
    assert.deepEqual([first.status, first.headers.range], [308, `bytes=0-${2 * kib256 - 1}`]);
    const status = await drive.put(session, new Uint8Array(), `bytes */${bytes.length}`);
    assert.deepEqual([status.status, status.headers.range], [308, `bytes=0-${2 * kib256 - 1}`]);
    assert.equal((await drive.list(`'${folder}' in parents`)).json.files.length, 0);
    const last = await drive.put(session, bytes.subarray(2 * kib256), `bytes ${2 * kib256}-${bytes.length - 1}/${bytes.length}`);
    assert.deepEqual(
      [last.status, last.json.size, last.json.md5Checksum],
      [200, String(bytes.length), createHash('md5').update(bytes).digest('hex')],
    );
    const again = await drive.put(session, new Uint8Array(), `bytes */${bytes.length}`);
    assert.deepEqual([again.status, again.json.id], [200, last.json.id]);
    assert.ok((await drive.get(`/files/${last.json.id}?alt=media`)).bytes.equals(bytes));
  });

  check('a size unknown at first is told with the last piece', async (drive, folder) => {
    const session = String((await drive.open({ name: 'x', parents: [folder] })).headers.location);
    const bytes = Buffer.alloc(kib256 + 10, 7);
    assert.equal((await drive.put(session, bytes.subarray(0, kib256), `bytes 0-${kib256 - 1}/*`)).status, 308);
    assert.equal(
      (await drive.put(session, bytes.subarray(kib256), `bytes ${kib256}-${bytes.length - 1}/${bytes.length}`)).json.size,
      String(bytes.length),
    );
  });

  check('an empty file is one PUT without bytes', async (drive, folder) => {
    const session = String((await drive.open({ name: 'x', parents: [folder] })).headers.location);
    assert.equal((await drive.put(session, new Uint8Array())).json.size, '0');
  });

  check('a piece that is no multiple of 256 KiB is refused, or not kept whole', async (drive, folder) => {
    const session = String((await drive.open({ name: 'x', parents: [folder] })).headers.location);
    const answer = await drive.put(session, Buffer.alloc(kib256 + 1), `bytes 0-${kib256}/${mib}`);
    assert.ok(
      answer.status === 400 || (answer.status === 308 && answer.headers.range !== `bytes=0-${kib256}`),
      `${answer.status} ${answer.headers.range}`,
    );
  });

  check('pieces out of order are an error, and the upload goes on afterwards', async (drive, folder) => {
    const session = String((await drive.open({ name: 'x', parents: [folder] })).headers.location);
    const skipped = await drive.put(session, Buffer.alloc(kib256), `bytes ${kib256}-${2 * kib256 - 1}/${4 * kib256}`);
    assert.ok(skipped.status >= 400, String(skipped.status));
  });

  check('an address that nobody gave out is not found', async (drive) => {
    const session = String((await drive.open({ name: 'x' })).headers.location).replace(/upload_id=[^&]+/, 'upload_id=nonsense');
    assert.equal((await drive.put(session, new Uint8Array(), 'bytes */10')).status, 404);
  });

  check('new content keeps the id, makes a new head, and the old one is listed with its MD5', async (drive, folder) => {
    const first = await drive.upload({ name: 'x', parents: [folder] }, Buffer.from('one'));
    const session = String((await drive.open({}, { target: first.id })).headers.location);
    const second = (await drive.put(session, Buffer.from('two'))).json;
    assert.equal(second.id, first.id);
    assert.notEqual(second.headRevisionId, first.headRevisionId);
    const { revisions } = (await drive.get(`/files/${first.id}/revisions?fields=revisions(id,md5Checksum,keepForever,size)`)).json;
    assert.deepEqual(
      revisions.map((revision: { md5Checksum: string }) => revision.md5Checksum),
      ['one', 'two'].map((text) => createHash('md5').update(text).digest('hex')),
    );
    assert.equal(revisions[1].id, second.headRevisionId);
    assert.equal(revisions[0].size, '3');
  });

  check('a copy is a file of its own', async (drive, folder) => {
    const { id } = await drive.upload({ name: 'x', parents: [folder] }, Buffer.from('copied'));
    const copy = (await drive.post(`/files/${id}/copy`, { name: 'y', parents: [folder] })).json;
    assert.notEqual(copy.id, id);
    assert.equal((await drive.get(`/files/${copy.id}?alt=media`)).text, 'copied');
  });

  check('changes tell what came, was trashed and went, each file once', async (drive, folder) => {
    const start = (await drive.get('/changes/startPageToken')).json.startPageToken as string;
    assert.match(start, /^\d+$/);
    const kept = (await drive.upload({ name: 'kept', parents: [folder] }, Buffer.from('x'))).id as string;
    const gone = (await drive.upload({ name: 'gone', parents: [folder] }, Buffer.from('x'))).id as string;
    await drive.patch(`/files/${kept}`, { trashed: true });
    await drive.remove(`/files/${gone}`);
    await eventually(async () => {
      const { json } = await drive.get(
        `/changes?pageToken=${start}&pageSize=1000&includeRemoved=true&fields=newStartPageToken,changes(fileId,removed,file(trashed))`,
      );
      const of = (id: string): Json[] => json.changes.filter((change: { fileId: string }) => change.fileId === id);
      assert.match(json.newStartPageToken, /^\d+$/);
      return (
        of(kept).length === 1 &&
        of(kept)[0].file.trashed === true &&
        of(gone).length === 1 &&
        of(gone)[0].removed === true &&
        of(gone)[0].file === undefined
      );
    });
  });

  check('under drive.file the root of My Drive has no face, but takes files', async (drive) => {
    assert.equal((await drive.get('/files/root?fields=id')).status, 404);
    await drive.list("'root' in parents and trashed = false").then(({ status }) => assert.equal(status, 200));
  });
}

/** Lists learn of things when they like: seconds, says experience. */
async function until(drive: DriveWire, query: string, count: number): Promise<void> {
  let seen = -1;
  await eventually(async () => {
    const answer = await drive.list(query, '&pageSize=1000');
    assert.equal(answer.status, 200, `${query}: ${answer.text}`);
    seen = answer.json.files.length;
    return seen === count;
  }).catch((error: unknown) => assert.fail(`${query}: wanted ${count}, saw ${seen}. ${String(error)}`));
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let waitMs = 50; waitMs < 20_000; waitMs *= 2) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  assert.fail('it did not come about');
}

function refuses(answer: WireAnswer, status: number, reason: string): void {
  assert.deepEqual([answer.status, answer.json?.error?.errors?.[0]?.reason], [status, reason], answer.text);
  assert.equal(answer.json.error.code, status);
}
