import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isCode, passwordFromText, systemClock, type CadanganError, type ErrorCode } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { isTransient, openS3, type FileName, type S3Access, type S3Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { refused, S3Server, type Asked, type Reply, type Whim } from '../s3/s3-server.ts';
import { describeStorage, failsWith, fileOf } from './conformance.ts';

const prefix = 'Cadangan & co/a+b (1)';
const config: FileName = { kind: 'config', name: '' };
const random = new SeededRandom(16);

function storageOf(server: S3Server, access: Partial<S3Access> = {}): S3Storage {
  return openS3(server.locationOf(prefix), { environment: server.environment, homeFolder: '/nowhere', clock: systemClock, ...access });
}

interface Stage extends AsyncDisposable {
  readonly server: S3Server;
  readonly storage: S3Storage;
}

async function made(access: Partial<S3Access> = {}): Promise<Stage> {
  const server = await S3Server.start();
  server.isMade = true;
  const storage = storageOf(server, access);
  await storage.create(neverAborted);
  server.takeAsked();
  return {
    server,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server.stop();
    },
  };
}

async function caught(work: Promise<unknown>, code: ErrorCode): Promise<CadanganError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(isCode(error, code), `wanted ${code}, got ${String(error)}`);
  return error;
}

async function reasonOf(work: Promise<unknown>, code: ErrorCode = 'storage.unreachable'): Promise<unknown> {
  return (await caught(work, code)).facts['reason'];
}

describeStorage('the S3 storage, when nobody answers any more,', async () => {
  const server = await S3Server.start();
  const storage = storageOf(server);
  return {
    storage,
    plant: async (path, bytes) => void server.objects.set(`${prefix}/${path}`, Buffer.from(bytes)),
    takeAway: () => server.stop(),
    leaves: 'no-answer',
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server.stop();
    },
  };
});

describe('what an object store says is looked at', () => {
  const bytes = random.bytes(1000);
  const file = fileOf(bytes);
  const isPut = ({ method, key }: Asked): boolean => method === 'PUT' && key !== '';

  test('a file that was taken and not kept is not stored', async () => {
    await using it = await made();
    it.server.whim = (asked) => (isPut(asked) ? { status: 200 } : undefined);
    assert.equal(await reasonOf(it.storage.write(file, bytes, neverAborted)), 'stored-nothing');
    it.server.whim = (asked) => (asked.method === 'HEAD' ? { status: 200, lengthBytes: 999 } : undefined);
    assert.equal(await reasonOf(it.storage.write(fileOf(bytes, 'index'), bytes, neverAborted)), 'stored-another-size');
  });

  test('a list that is cut into pages is whole', async () => {
    await using it = await made();
    it.server.pageSize = 3;
    const names = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const each = random.bytes(20);
      names.add(fileOf(each).name);
      await it.storage.write(fileOf(each), each, neverAborted);
    }
    assert.deepEqual(new Set((await it.storage.list('data', neverAborted)).map(({ name }) => name)), names);
  });

  for (const [what, body] of [
    ['goes on nowhere', '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>'],
    [
      'goes on in a circle',
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>',
    ],
    ['does not say whether it goes on', '<ListBucketResult></ListBucketResult>'],
    ['counts more than it names', '<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>2</KeyCount></ListBucketResult>'],
    [
      'is of something else',
      '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>etc/passwd</Key><Size>1</Size></Contents></ListBucketResult>',
    ],
    [
      'has a size that is none',
      `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>${prefix.replace('&', '&amp;')}/data/x</Key><Size>-1</Size></Contents></ListBucketResult>`,
    ],
    ['ends in the middle', '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>'],
    ['brings entities of its own', '<!DOCTYPE r [<!ENTITY e "x">]><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'],
    ['is a page for people', '<html><body>Sign in to the hotel</body></html>'],
    ['is nothing', ''],
    ['is an error that is called a success', '<Error><Code>InternalError</Code></Error>'],
  ] as const)
    test(`a list that ${what} is no list`, async () => {
      await using it = await made();
      it.server.whim = ({ query }) => (query.has('list-type') ? { status: 200, body } : undefined);
      await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.unreachable'));
    });

  test('a list that is longer than any page is given up', async () => {
    await using it = await made();
    it.server.whim = () => ({ status: 200, body: Buffer.alloc(5 * 1024 * 1024, 0x20) });
    await assert.rejects(it.storage.list('data', neverAborted), failsWith('storage.unreachable'));
  });

  const rangeReplies: readonly (readonly [string, Reply])[] = [
    ['a whole file', { status: 200, body: bytes }],
    ['another range', { status: 206, body: bytes.subarray(0, 10), headers: { 'Content-Range': 'bytes 0-9/1000' } }],
    ['a longer range', { status: 206, body: bytes.subarray(100, 120), headers: { 'Content-Range': 'bytes 100-119/1000' } }],
    ['a range that does not say which', { status: 206, body: bytes.subarray(100, 110) }],
    ['fewer bytes than it says', { status: 206, body: bytes.subarray(100, 105), headers: { 'Content-Range': 'bytes 100-109/1000' } }],
    ['more bytes than it says', { status: 206, body: bytes.subarray(100, 115), headers: { 'Content-Range': 'bytes 100-109/1000' } }],
    [
      'a part, and drops',
      { status: 206, body: bytes.subarray(100, 104), lengthBytes: 10, headers: { 'Content-Range': 'bytes 100-109/1000' } },
    ],
  ];
  for (const [what, reply] of rangeReplies)
    test(`who answers a range with ${what} has not answered`, async () => {
      await using it = await made();
      await it.storage.write(file, bytes, neverAborted);
      it.server.whim = ({ headers }) => (headers['range'] === undefined ? undefined : reply);
      const target = new Uint8Array(20);
      const read = it.storage.readRange(file, 100, 10, { target, signal: neverAborted });
      await assert.rejects(read, failsWith('storage.unreachable'));
      assert(
        target.subarray(10).every((byte) => byte === 0),
        'nothing is written behind the range',
      );
    });

  test('who says that a file is larger than any takes no memory', async () => {
    await using it = await made();
    it.server.whim = ({ key }) => (key === '' ? undefined : { status: 200, lengthBytes: 2 ** 45 });
    await assert.rejects(it.storage.read(file, neverAborted), failsWith('repository.damaged'));
  });

  for (const [whim, reason, access] of [
    ['drop', 'ECONNRESET', {}],
    ['stall', 'ETIMEDOUT', { idleMsMax: 50 }],
  ] as const)
    test(`a server that does ${whim} is unreachable`, async () => {
      await using it = await made();
      it.server.whim = () => whim;
      const storage = storageOf(it.server, access);
      for (const call of [
        () => storage.list('data', neverAborted),
        () => storage.sizeOf(config, neverAborted),
        () => storage.read(file, neverAborted),
        () => storage.write(file, bytes, neverAborted),
        () => storage.remove(file, neverAborted),
        () => storage.removeLeftovers(neverAborted),
      ])
        assert.equal(await reasonOf(call()), reason);
      await storage.close();
    });

  test('an abort ends the waiting for a server that stalls', async () => {
    await using it = await made();
    const controller = new AbortController();
    it.server.whim = (): Whim => {
      setImmediate(() => controller.abort());
      return 'stall';
    };
    await assert.rejects(it.storage.list('data', controller.signal), failsWith('aborted'));
  });

  test('an upload in parts that says 200 and then that it failed, has failed and is taken back', async () => {
    await using it = await made({ parts: { partsFromBytes: 500, partBytes: 300 } });
    it.server.whim = ({ method, query }) => {
      if (query.has('uploads'))
        return { status: 200, body: '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>' };
      if (method === 'POST') return { status: 200, body: '<Error><Code>InternalError</Code></Error>' };
      return query.has('uploadId') ? { status: method === 'PUT' ? 200 : 204, headers: { ETag: '"t"' } } : undefined;
    };
    assert.equal(await reasonOf(it.storage.write(file, bytes, neverAborted)), 'InternalError');
    const last = it.server.asked.at(-1);
    assert.deepEqual([last?.method, last?.query.get('uploadId')], ['DELETE', 'u1']);
    assert.deepEqual(
      it.server.asked
        .filter(({ query }) => query.has('partNumber'))
        .map(({ body }) => body.length)
        .toSorted(),
      [100, 300, 300, 300],
    );
  });
});

describe('what nothing but the storage itself looks at', () => {
  test('under a prefix without a config an empty list is no answer, since a wrong prefix looks the same', async () => {
    await using it = await made();
    const another = storageOf(it.server);
    await assert.rejects(another.list('snapshots', neverAborted), failsWith('storage.no-repository'));
    assert.equal(await another.sizeOf(config, neverAborted), undefined);
    await it.storage.write(config, random.bytes(155), neverAborted);
    assert.deepEqual(await another.list('snapshots', neverAborted), []);
    await another.close();
  });

  test('bytes that do not fit their name are called so, and those that a line has changed are not', async () => {
    await using it = await made();
    const bytes = random.bytes(100);
    await assert.rejects(it.storage.write(fileOf(random.bytes(100)), bytes, neverAborted), failsWith('repository.verification'));
    it.server.whim = ({ method }) => (method === 'PUT' ? refused(400, 'XAmzContentSHA256Mismatch') : undefined);
    await assert.rejects(it.storage.write(fileOf(bytes), bytes, neverAborted), failsWith('storage.unreachable'));
  });

  test('a server that passes over conditions without a word does not get a config replaced', async () => {
    await using it = await made();
    it.server.heedsConditions = false;
    const first = random.bytes(155);
    await it.storage.write(config, first, neverAborted);
    await assert.rejects(it.storage.write(config, random.bytes(155), neverAborted), failsWith('repository.exists'));
    assert(Buffer.from(await it.storage.read(config, neverAborted)).equals(first));
  });
});

describe('servers that know less than Amazon', () => {
  const writeTwo = async ({ storage }: Stage): Promise<void> => {
    for (const bytes of [random.bytes(50), random.bytes(50)]) await storage.write(fileOf(bytes), bytes, neverAborted);
  };
  const puts = ({ server }: Stage): (readonly (string | undefined)[])[] =>
    server.asked
      .filter(({ method }) => method === 'PUT')
      .map(({ headers }) =>
        [headers['if-none-match'], headers['x-amz-checksum-sha256'] && 'sha256', headers['content-md5'] && 'md5'].filter(Boolean),
      );

  test('are asked with all at first, and what they know stays', async () => {
    await using it = await made();
    await writeTwo(it);
    assert.deepEqual(puts(it), [
      ['*', 'sha256'],
      ['*', 'sha256'],
    ]);
  });

  test('are asked without the checksum that they refuse, and the next time at once', async () => {
    await using it = await made();
    it.server.whim = ({ headers }) => (headers['x-amz-checksum-sha256'] ? refused(501, 'NotImplemented') : undefined);
    await writeTwo(it);
    assert.deepEqual(puts(it), [
      ['*', 'sha256'],
      ['*', 'md5'],
      ['*', 'md5'],
    ]);
  });

  test('are asked first whether the name is taken, where they do not heed the condition', async () => {
    await using it = await made();
    it.server.whim = ({ headers }) => (headers['if-none-match'] ? refused(501, 'NotImplemented') : undefined);
    await writeTwo(it);
    assert.deepEqual(puts(it), [['*', 'sha256'], ['*', 'md5'], ['md5'], ['md5']]);
    it.server.takeAsked();
    const bytes = random.bytes(50);
    const key = `${prefix}/data/${fileOf(bytes).name.slice(0, 2)}/${fileOf(bytes).name}`;
    it.server.objects.set(key, Buffer.from(bytes));
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    assert.deepEqual(it.server.takeAsked(), [`HEAD ${key}`]);
  });

  test('a refusal that is no ignorance changes nothing', async () => {
    await using it = await made();
    it.server.whim = ({ method }) => (method === 'PUT' ? refused(400, 'InvalidRequest') : undefined);
    await assert.rejects(writeTwo(it), failsWith('storage.denied'));
    it.server.whim = undefined;
    it.server.takeAsked();
    await it.storage.write(config, random.bytes(9), neverAborted);
    assert.equal(it.server.asked.find(({ method }) => method === 'PUT')?.headers['if-none-match'], '*');
  });

  test('a write beside another of the same name ends with the file there', async () => {
    await using it = await made();
    it.server.whim = ({ headers }) => (headers['if-none-match'] ? refused(409, 'ConditionalRequestConflict') : undefined);
    await writeTwo(it);
    assert.equal((await it.storage.list('data', neverAborted)).length, 2);
    await assert.rejects(it.storage.write(config, random.bytes(9), neverAborted), failsWith('storage.unreachable'));
  });
});

describe('a bucket that keeps versions', () => {
  const file = fileOf(random.bytes(10));
  const key = `${prefix}/data/${file.name.slice(0, 2)}/${file.name}`;
  const until = '2126-09-01T00:00:00.000Z';
  const lock = { 'x-amz-object-lock-retain-until-date': until, 'x-amz-version-id': 'version-1' };
  const marker = { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'marker-1' } };
  const status: Reply = { status: 200, body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' };

  const versionsReply = (...versions: readonly (readonly [name: string, id: string, isLatest: boolean])[]): Reply => {
    const elements = versions.map(
      ([name, id, isLatest]) =>
        `<${name}><Key>${key.replace('&', '&amp;')}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest></${name}>`,
    );
    return { status: 200, body: `<ListVersionsResult><IsTruncated>false</IsTruncated>${elements.join('')}</ListVersionsResult>` };
  };
  /** Of which versions; null: of none. */
  const removedIn = ({ server }: Stage): (string | null)[] =>
    server.asked.filter(({ method }) => method === 'DELETE').map(({ query }) => query.get('versionId'));

  test('and does not say so: what is locked is asked for first, and stays', async () => {
    await using it = await made();
    it.server.whim = ({ method, query }): Whim => {
      if (query.has('versioning')) return refused(403, 'AccessDenied');
      return method === 'HEAD' ? { status: 200, headers: lock } : marker;
    };
    const { facts } = await caught(it.storage.remove(file, neverAborted), 'storage.denied');
    assert.deepEqual([facts['reason'], facts['until'], facts['file']], ['object-lock', until, `data/${file.name}`]);
    assert.deepEqual(removedIn(it), []);
  });

  test('and does not say so: what was locked meanwhile is hidden, and shown again', async () => {
    await using it = await made();
    it.server.whim = ({ method, query }): Whim => {
      if (query.has('versioning')) return refused(403, 'AccessDenied');
      if (query.has('versions')) return versionsReply(['DeleteMarker', 'marker-1', true], ['Version', 'version-1', false]);
      if (method === 'HEAD') return query.has('versionId') ? { status: 200, headers: lock } : { status: 200 };
      return query.get('versionId') === 'version-1' ? refused(403, 'AccessDenied') : marker;
    };
    const { facts } = await caught(it.storage.remove(file, neverAborted), 'storage.denied');
    assert.deepEqual([facts['reason'], facts['until']], ['object-lock', until]);
    assert.deepEqual(removedIn(it), [null, 'version-1', 'marker-1']);
  });

  test('whose versions nobody here may list: files are hidden, as other programs do, but for what is locked', async () => {
    await using it = await made();
    const isLocked = new Set<string>();
    it.server.whim = (asked): Whim => {
      const { method, query } = asked;
      if (query.has('versioning')) return status;
      if (query.has('versions')) return refused(403, 'AccessDenied');
      if (query.has('retention')) return refused(404, 'NoSuchObjectLockConfiguration');
      if (method === 'HEAD') return { status: 200, headers: isLocked.has(asked.key) ? lock : { 'x-amz-version-id': 'version-1' } };
      return method === 'DELETE' ? marker : undefined;
    };
    await it.storage.remove({ ...file, kind: 'locks' }, neverAborted);
    await it.storage.remove(file, neverAborted);
    assert.deepEqual(removedIn(it), [null, null]);
    assert.equal(it.server.asked.filter(({ query }) => query.has('versions')).length, 1, 'who may not is asked once');
    isLocked.add(key);
    const { facts } = await caught(it.storage.remove(file, neverAborted), 'storage.denied');
    assert.equal(facts['until'], until);
    assert.deepEqual(removedIn(it), [null, null]);
  });

  test('whose versions nobody here may remove, nor ask for their locks: files are hidden', async () => {
    await using it = await made();
    it.server.whim = ({ method, query }): Whim => {
      if (query.has('versioning')) return status;
      if (query.has('versions')) return versionsReply(['Version', 'version-1', true]);
      if (query.has('retention')) return refused(403, 'AccessDenied');
      if (method === 'HEAD') return { status: 200, headers: { 'x-amz-version-id': 'version-1' } };
      return query.has('versionId') ? refused(403, 'AccessDenied') : marker;
    };
    await it.storage.remove(file, neverAborted);
    assert.deepEqual(removedIn(it), ['version-1', null]);
  });

  test('and lists them in another order: what is latest is what it says', async () => {
    await using it = await made();
    let reply = versionsReply(['Version', 'version-1', false], ['DeleteMarker', 'marker-1', true]);
    it.server.whim = ({ method, query }): Whim =>
      query.has('versioning') ? status : query.has('versions') ? reply : method === 'DELETE' ? { status: 204 } : undefined;
    await it.storage.remove(file, neverAborted);
    assert.deepEqual(removedIn(it), [], 'somebody hid it on purpose');
    reply = versionsReply(['DeleteMarker', 'marker-1', false], ['Version', 'version-2', true]);
    await it.storage.remove(file, neverAborted);
    assert.deepEqual(removedIn(it), ['version-2', 'marker-1']);
  });
});

describe('the question whether a bucket locks objects', () => {
  const file = fileOf(random.bytes(10));
  const until = '2126-09-01T00:00:00.000Z';
  const isAsked = ({ query }: Asked): boolean => query.has('object-lock');
  const whimOf =
    (answer: Whim) =>
    (asked: Asked): Whim => {
      if (isAsked(asked)) return answer;
      return asked.method === 'HEAD' ? { status: 200, headers: { 'x-amz-object-lock-retain-until-date': until } } : undefined;
    };

  const unknowing: readonly (readonly [server: string, answer: Reply])[] = [
    [
      'lists it, as to any query that it does not know',
      { status: 200, body: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' },
    ],
    ['fails', refused(500, 'InternalError')],
    ['takes it for a mistake', refused(400, 'InvalidArgument')],
    ['knows nothing of that name', refused(404, 'NoSuchKey')],
    ['does not let everybody ask', refused(403, 'AccessDenied')],
    [
      'says yes',
      { status: 200, body: '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>' },
    ],
  ];
  for (const [server, answer] of unknowing)
    test(`of a server that ${server}: it is asked once, and each object after it`, async () => {
      await using it = await made();
      it.server.whim = whimOf(answer);
      for (const _ of [1, 2]) assert.equal(await it.storage.lockedUntilMs(file, neverAborted), Date.parse(until));
      assert.equal(it.server.asked.filter(isAsked).length, 1);
      assert.equal(it.server.asked.filter(({ method }) => method === 'HEAD').length, 2);
    });

  test('of a bucket without: no object is asked', async () => {
    await using it = await made();
    for (const answer of [undefined, refused(501, 'NotImplemented')]) {
      it.server.whim = whimOf(answer);
      assert.equal(await storageOf(it.server).lockedUntilMs(file, neverAborted), undefined);
    }
    assert.deepEqual(it.server.takeAsked(), ['GET ', 'GET ']);
  });

  test('of a server that is busy, of a bucket that is gone, of keys that are not known, and of what stands between: it is asked again', async () => {
    await using it = await made();
    const answers: readonly (readonly [Whim, ErrorCode])[] = [
      [refused(503, 'SlowDown'), 'storage.unreachable'],
      [refused(429, 'TooManyRequests'), 'storage.unreachable'],
      ['drop', 'storage.unreachable'],
      [{ status: 200, body: 'Please log in' }, 'storage.unreachable'],
      [refused(404, 'NoSuchBucket'), 'storage.no-repository'],
      [refused(403, 'InvalidAccessKeyId'), 'storage.denied'],
    ];
    for (const [answer, code] of answers) {
      it.server.whim = whimOf(answer);
      await assert.rejects(it.storage.lockedUntilMs(file, neverAborted), failsWith(code));
    }
    it.server.whim = whimOf(refused(403, 'AccessDenied'));
    assert.equal(await it.storage.lockedUntilMs(file, neverAborted), Date.parse(until));
  });
});

describe('a place that is not there any more, or never was', () => {
  const bytes = random.bytes(100);

  test('a storage that was made and got its config is away when the config is', async () => {
    await using it = await made();
    assert.deepEqual(await it.storage.list('snapshots', neverAborted), [], 'it was told to be made');
    await it.storage.write(config, bytes, neverAborted);
    it.server.objects.clear();
    assert.equal((await caught(it.storage.list('snapshots', neverAborted), 'storage.no-repository')).facts['missing'], 'config');
  });

  test('so is one of which somebody else has written the config', async () => {
    await using it = await made();
    it.server.objects.set(`${prefix}/config`, Buffer.from(bytes));
    assert.deepEqual(await it.storage.list('snapshots', neverAborted), []);
    it.server.objects.clear();
    assert.equal((await caught(it.storage.list('snapshots', neverAborted), 'storage.no-repository')).facts['missing'], 'config');
  });

  test('under a prefix without a config nothing is written', async () => {
    await using it = await made();
    const another = storageOf(it.server);
    for (const kind of ['data', 'locks', 'snapshots'] as const)
      assert.equal(
        (await caught(another.write(fileOf(bytes, kind), bytes, neverAborted), 'storage.no-repository')).facts['missing'],
        'config',
      );
    assert.equal(it.server.objects.size, 0);
    await another.close();
  });

  test('a snapshot is not written where the repository went meanwhile', async () => {
    await using it = await made();
    await it.storage.write(config, bytes, neverAborted);
    await it.storage.write(fileOf(bytes), bytes, neverAborted);
    it.server.objects.clear();
    assert.equal(
      (await caught(it.storage.write(fileOf(bytes, 'snapshots'), bytes, neverAborted), 'storage.no-repository')).facts['missing'],
      'config',
    );
    assert.equal(it.server.objects.size, 0);
  });

  test('that there is no config is believed of an object store alone', async () => {
    await using it = await made();
    assert.equal(await it.storage.sizeOf(config, neverAborted), undefined);
    it.server.whim = () => ({ status: 404, body: '<html><body>Not Found</body></html>' });
    assert.equal(await reasonOf(it.storage.sizeOf(config, neverAborted)), 'HTTP 404');
  });

  test('a bucket that is missing is another thing than a repository that is', async () => {
    await using it = await made();
    const password = passwordFromText('kata sandi');
    await caught(Repository.open({ storage: it.storage }, password, neverAborted), 'repository.missing');
    it.server.isMade = false;
    const { facts } = await caught(Repository.open({ storage: it.storage }, password, neverAborted), 'storage.no-repository');
    assert.equal(facts['missing'], 'bucket');
  });
});

describe('a list without end is given up, and not asked for again', () => {
  for (const [what, tokenOf] of [
    ['in a circle of three', (page: number) => `t${page % 3}`],
    ['with ever new empty pages', (page: number) => `t${page}`],
  ] as const)
    test(what, async () => {
      await using it = await made();
      let pages = 0;
      it.server.whim = ({ query }): Whim => {
        if (!query.has('list-type')) return undefined;
        const token = `<NextContinuationToken>${tokenOf(pages++)}</NextContinuationToken>`;
        return { status: 200, body: `<ListBucketResult><IsTruncated>true</IsTruncated>${token}</ListBucketResult>` };
      };
      const error = await caught(it.storage.list('data', neverAborted), 'storage.unreachable');
      assert.equal(error.facts['reason'], 'endless-list');
      assert.equal(isTransient(error), false);
      assert.ok(pages <= 1001, String(pages));
    });
});

test('who may not list uploads in parts leaves them, and what it does besides is done', async () => {
  await using it = await made();
  it.server.whim = ({ query }) => (query.has('uploads') ? refused(403, 'AccessDenied') : undefined);
  for (const besideOthers of [true, false])
    assert.deepEqual(await it.storage.removeLeftovers(neverAborted, { besideOthers }), { files: 0, bytes: 0 });
  it.server.whim = () => refused(403, 'InvalidAccessKeyId');
  await assert.rejects(it.storage.removeLeftovers(neverAborted), failsWith('storage.denied'));
});

test('who offers a range larger than any file gets no memory for it', async () => {
  await using it = await made();
  it.server.whim = ({ headers }) =>
    headers['range'] === undefined ? undefined : { status: 206, headers: { 'Content-Range': `bytes 0-${2 ** 45 - 1}/${2 ** 45}` } };
  const read = it.storage.readRange(fileOf(random.bytes(1)), 0, 2 ** 45, { signal: neverAborted });
  await assert.rejects(read, failsWith('repository.damaged'));
  assert.deepEqual(it.server.takeAsked(), [], 'no file of a repository is so large');
});

describe('what a refusal means', () => {
  const bytes = random.bytes(10);
  for (const [reply, code, reason] of [
    [refused(503, 'SlowDown'), 'storage.unreachable', 'SlowDown'],
    [refused(500, 'InternalError'), 'storage.unreachable', 'InternalError'],
    [refused(403, 'QuotaExceeded'), 'storage.full', 'QuotaExceeded'],
    [refused(507, 'XMinioStorageFull'), 'storage.full', 'XMinioStorageFull'],
    [refused(403, 'AccessDenied'), 'storage.denied', 'AccessDenied'],
    [{ status: 403, body: '<html>secret words</html>' }, 'storage.denied', 'HTTP 403'],
    [{ status: 502 }, 'storage.unreachable', 'HTTP 502'],
    [refused(400, 'A word that is none'), 'storage.unreachable', 'HTTP 400'],
    [{ status: 302, headers: { Location: 'http://127.0.0.1:1/' } }, 'storage.denied', 'HTTP 302'],
  ] as const)
    test(`${reason} is ${code}`, async () => {
      await using it = await made();
      it.server.whim = () => reply;
      for (const call of [
        () => it.storage.write(fileOf(bytes), bytes, neverAborted),
        () => it.storage.sizeOf(fileOf(bytes), neverAborted),
        () => it.storage.list('keys', neverAborted),
      ]) {
        const { facts } = await caught(call(), code);
        assert.equal(facts['reason'], reason);
        assert.equal(facts['location'], it.storage.location);
      }
    });

  test('who wants to be left alone for a while says for how long', async () => {
    await using it = await made();
    it.server.whim = () => ({ ...refused(503, 'SlowDown'), headers: { 'Retry-After': '7' } });
    assert.equal((await caught(it.storage.list('keys', neverAborted), 'storage.unreachable')).facts['retryAfterMs'], 7000);
  });

  test('a bucket that is not there is a place without a repository', async () => {
    await using it = await made();
    it.server.whim = () => refused(404, 'NoSuchBucket');
    const { facts } = await caught(it.storage.list('keys', neverAborted), 'storage.no-repository');
    assert.deepEqual(facts, { location: it.storage.location, missing: 'bucket' });
  });

  test('a full server is told with what was to be written', async () => {
    await using it = await made();
    it.server.whim = () => refused(507, 'XMinioStorageFull');
    const { facts } = await caught(it.storage.write(fileOf(bytes), bytes, neverAborted), 'storage.full');
    assert.equal(facts['neededBytes'], 10);
  });
});

describe('the region', () => {
  test('that the server names is believed where none was configured, by every call', async () => {
    await using it = await made();
    it.server.region = 'ap-southeast-3';
    const storage = storageOf(it.server);
    assert.equal(await storage.sizeOf(config, neverAborted), undefined);
    await storage.write(config, random.bytes(9), neverAborted);
    await storage.close();
  });

  test('that was configured and is wrong is told with the right one', async () => {
    await using it = await made();
    it.server.region = 'ap-southeast-3';
    const storage = storageOf(it.server, { region: 'eu-west-1' });
    for (const call of [() => storage.sizeOf(config, neverAborted), () => storage.list('keys', neverAborted)]) {
      const { facts } = await caught(call(), 'storage.denied');
      assert.deepEqual([facts['reason'], facts['region']], ['wrong-region', 'ap-southeast-3']);
    }
    await storage.close();
  });

  test('that a server makes up is no name of a host', async () => {
    await using it = await made();
    it.server.region = 'x.example/..';
    await assert.rejects(storageOf(it.server).list('keys', neverAborted), failsWith('storage.unreachable'));
  });
});

describe('keys that are replaced', () => {
  const fileOfKeys = (secret: string, token: string): string =>
    `[default]\naws_access_key_id = AKIDOFTESTS\naws_secret_access_key = ${secret}\naws_session_token = ${token}\n`;

  test('are read anew when a session has ended, once for all that wait, and not again when they are the same', async (t) => {
    await using it = await made();
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-keys-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const credentialsFile = join(folder, 'credentials');
    writeFileSync(credentialsFile, fileOfKeys(it.server.keys.secretAccessKey, 'first'));
    const storage = storageOf(it.server, { environment: {}, credentialsFile });
    it.server.keys = { ...it.server.keys, sessionToken: 'first' };
    await storage.write(config, random.bytes(9), neverAborted);

    it.server.keys = { ...it.server.keys, sessionToken: 'second' };
    assert.equal(await reasonOf(storage.list('keys', neverAborted), 'storage.denied'), 'ExpiredToken');
    writeFileSync(credentialsFile, fileOfKeys(it.server.keys.secretAccessKey, 'second'));
    await Promise.all(Array.from({ length: 5 }, () => storage.sizeOf(config, neverAborted)));
    assert.deepEqual(await storage.list('keys', neverAborted), []);
    await storage.close();
  });

  test('the secret goes to no server and into no error', async () => {
    await using it = await made();
    it.server.whim = () => refused(403, 'AccessDenied');
    const error = await caught(it.storage.list('keys', neverAborted), 'storage.denied');
    const { secretAccessKey } = it.server.keys;
    assert(!JSON.stringify([error.facts, error.message, String(error.cause), error.stack]).includes(secretAccessKey));
    assert(!it.server.asked.some(({ headers }) => JSON.stringify(headers).includes(secretAccessKey)));
  });
});
