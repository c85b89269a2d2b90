import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compileExcludeRules } from '../../src/backup/index.ts';
import { backupJob, checkJob, initJob, pruneJob, restoreJob, retentionJob, type PasswordAccess } from '../../src/jobs/index.ts';
import {
  isCode,
  passwordFromText,
  RateLimiter,
  systemClock,
  type CadanganError,
  type Clock,
  type ErrorCode,
} from '../../src/platform/index.ts';
import type { SnapshotId } from '../../src/repository/index.ts';
import { openS3, type FileName, type S3Access, type S3Storage } from '../../src/storage/index.ts';
import { defaultPrunePolicy } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { needs } from '../needs.ts';
import { ObjectStore } from '../s3/object-store.ts';
import type { S3Peer } from '../s3/s3-peer.ts';
import { describeStorage, failsWith, fileOf } from '../storage/conformance.ts';
import { startRestic } from './programs.ts';
import { Stage } from './stage.ts';

const objectStore = ObjectStore.ofFile();
const stage = new Stage();
const random = new SeededRandom(1602);
const mib = 1024 * 1024;
const prefix = 'deep/repo';
const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const config: FileName = { kind: 'config', name: '' };

function storageIn(peer: S3Peer, bucket: string, access: Partial<S3Access> = {}): S3Storage {
  const { endpoint, environment } = peer;
  return openS3({ endpoint: new URL(endpoint), bucket, prefix }, { environment, homeFolder: '/nowhere', clock: systemClock, ...access });
}

interface Ready extends AsyncDisposable {
  readonly storage: S3Storage;
  readonly peer: S3Peer;
  readonly bucket: string;
}

async function ready(access: Partial<S3Access> = {}, bucketHeaders: Record<string, string> = {}): Promise<Ready> {
  const { peer } = await objectStore();
  const bucket = peer.freshName();
  await peer.must('PUT', `/${bucket}`, { headers: bucketHeaders });
  const storage = storageIn(peer, bucket, access);
  await storage.create(neverAborted);
  return { storage, peer, bucket, [Symbol.asyncDispose]: () => storage.close() };
}

async function caught(work: Promise<unknown>, code: ErrorCode): Promise<CadanganError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(isCode(error, code), `wanted ${code}, got ${String(error)}`);
  return error;
}

describe('Ceph', needs('radosgw'), () => {
  describeStorage("the S3 storage at Ceph's gateway", async () => {
    const { peer } = await objectStore();
    const bucket = peer.freshName();
    const storage = storageIn(peer, bucket);
    return {
      storage,
      plant: async (path, bytes) => void (await peer.must('PUT', `/${bucket}/${prefix}/${path}`, { body: Buffer.from(bytes) })),
      takeAway: () => peer.removeBucket(bucket),
      leaves: 'no-folder',
      [Symbol.asyncDispose]: () => storage.close(),
    };
  });

  test('the layout is that of restic', async () => {
    await using it = await ready();
    const bytes = random.bytes(50);
    const { name } = fileOf(bytes);
    await it.storage.write(config, bytes, neverAborted);
    for (const kind of ['data', 'index', 'keys'] as const) await it.storage.write(fileOf(bytes, kind), bytes, neverAborted);
    assert.deepEqual(
      await it.peer.keysIn(it.bucket),
      ['config', `data/${name.slice(0, 2)}/${name}`, `index/${name}`, `keys/${name}`].map((path) => `${prefix}/${path}`),
    );
  });

  test('under a prefix without a config an empty list is no answer, since a wrong prefix looks the same', async () => {
    await using it = await ready();
    const another = storageIn(it.peer, it.bucket);
    await assert.rejects(another.list('snapshots', neverAborted), failsWith('storage.no-repository'));
    await assert.rejects(another.sizeOf(fileOf(random.bytes(1)), neverAborted), failsWith('storage.no-repository'));
    assert.equal(await another.sizeOf(config, neverAborted), undefined);
    await it.storage.write(config, random.bytes(155), neverAborted);
    assert.deepEqual(await another.list('snapshots', neverAborted), []);
    await another.close();
  });

  test('bytes that do not fit their name are refused by the server, and called what they are', async () => {
    await using it = await ready();
    const file = fileOf(random.bytes(100));
    await assert.rejects(it.storage.write(file, random.bytes(100), neverAborted), failsWith('repository.verification'));
    assert.equal(await it.storage.sizeOf(file, neverAborted), undefined);
  });

  describe('who is refused learns why, also by a question whose answer has no body', () => {
    const missing = fileOf(random.bytes(8));
    const asked = [
      (storage: S3Storage) => storage.sizeOf(config, neverAborted),
      (storage: S3Storage) => storage.list('data', neverAborted),
      (storage: S3Storage) => storage.read(missing, neverAborted),
      (storage: S3Storage) => storage.write(config, random.bytes(9), neverAborted),
      (storage: S3Storage) => storage.remove(missing, neverAborted),
    ];
    for (const [why, environment, reason] of [
      ['a wrong secret', { AWS_ACCESS_KEY_ID: 'AKIDOFTESTS', AWS_SECRET_ACCESS_KEY: 'not-the-secret' }, 'SignatureDoesNotMatch'],
      ['an unknown key', { AWS_ACCESS_KEY_ID: 'AKIDOFNOBODY', AWS_SECRET_ACCESS_KEY: 'not-the-secret' }, 'InvalidAccessKeyId'],
    ] as const)
      test(why, async () => {
        await using it = await ready();
        const storage = storageIn(it.peer, it.bucket, { environment });
        for (const ask of asked) {
          const error = await caught(ask(storage), 'storage.denied');
          assert.equal(error.facts['reason'], reason);
          assert.equal(error.facts['location'], storage.location);
          assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /not-the-secret/);
        }
        await storage.close();
      });

    test('a clock that is off', async () => {
      await using it = await ready();
      const clock: Clock = { ...systemClock, nowNs: () => systemClock.nowNs() - 3_600_000_000_000n };
      const storage = storageIn(it.peer, it.bucket, { clock });
      for (const ask of asked) {
        const { facts } = await caught(ask(storage), 'storage.denied');
        assert.equal(facts['reason'], 'RequestTimeTooSkewed');
        const aheadMs = Date.parse(String(facts['theirs'])) - Date.parse(String(facts['ours']));
        assert(aheadMs > 3_590_000, `theirs ${String(facts['theirs'])}, ours ${String(facts['ours'])}`);
      }
      await storage.close();
    });
  });

  describe('a file that goes in parts', () => {
    const parts = { partsFromBytes: 6 * mib, partBytes: 5 * mib };

    test('comes back as it was, and again it is not sent', async () => {
      await using it = await ready({ parts });
      const bytes = random.bytes(12 * mib + 7);
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
      assert(Buffer.from(await it.storage.read(fileOf(bytes), neverAborted)).equals(bytes));
      const { name } = fileOf(bytes);
      const key = `/${it.bucket}/${prefix}/data/${name.slice(0, 2)}/${name}`;
      const tag = (await it.peer.must('HEAD', key)).headers.get('etag');
      assert.match(tag ?? '', /-3"?$/, 'three parts');
      await it.storage.write(fileOf(bytes), bytes, neverAborted);
    });

    test('leaves nothing when it is aborted', async () => {
      // On this clock no time passes: the parts wait for their turn until they are aborted.
      const upload = new RateLimiter(new VirtualClock(), () => 1000);
      await using it = await ready({ parts, pace: { upload } });
      const bytes = random.bytes(12 * mib);
      const controller = new AbortController();
      const write = it.storage.write(fileOf(bytes), bytes, controller.signal);
      const uploads = async (): Promise<string> => (await it.peer.must('GET', `/${it.bucket}?uploads`)).bytes.toString();
      while (!(await uploads()).includes('<UploadId>')) await new Promise(setImmediate);
      controller.abort();
      await assert.rejects(write, failsWith('aborted'));
      assert.doesNotMatch(await uploads(), /<UploadId>/);
      assert.equal(await it.storage.sizeOf(fileOf(bytes), neverAborted), undefined);
    });

    test('that somebody else began is left alone beside others, and goes when the repository is ours alone', async () => {
      await using it = await ready({ parts });
      const { name } = fileOf(random.bytes(3));
      const begin = async (path: string): Promise<void> => {
        const begun = await it.peer.must('POST', `/${it.bucket}/${path}?uploads=`);
        const id = /<UploadId>([^<]+)</.exec(begun.bytes.toString())?.[1] ?? '';
        await it.peer.must('PUT', `/${it.bucket}/${path}?partNumber=1&uploadId=${encodeURIComponent(id)}`, { body: random.bytes(1000) });
      };
      await begin(`${prefix}/data/${name.slice(0, 2)}/${name}`);
      await begin(`${prefix}/data/stranger`);
      assert.deepEqual(await it.storage.removeLeftovers(neverAborted, { besideOthers: true }), { files: 0, bytes: 0 });
      assert.deepEqual(await it.storage.removeLeftovers(neverAborted), { files: 1, bytes: 1000 });
      assert.match((await it.peer.must('GET', `/${it.bucket}?uploads`)).bytes.toString(), /stranger/);
    });
  });

  describe('a bucket that keeps versions', () => {
    const versionsIn = async ({ peer, bucket }: Ready): Promise<number> =>
      ((await peer.must('GET', `/${bucket}?versions`)).bytes.toString().match(/<VersionId>/g) ?? []).length;
    const keepVersions = async ({ peer, bucket }: Ready): Promise<void> => {
      const body = `<VersioningConfiguration ${namespace}><Status>Enabled</Status></VersioningConfiguration>`;
      await peer.must('PUT', `/${bucket}?versioning`, { body });
    };

    test('frees what is removed, with all its versions', async () => {
      await using it = await ready();
      await keepVersions(it);
      const bytes = random.bytes(100);
      await it.peer.must('PUT', `/${it.bucket}/${prefix}/keys/${fileOf(bytes).name}`, { body: 'torn' });
      await it.storage.write(fileOf(bytes, 'keys'), bytes, neverAborted);
      assert.equal(await versionsIn(it), 2);
      await it.storage.remove(fileOf(bytes, 'keys'), neverAborted);
      assert.equal(await versionsIn(it), 0);
    });

    test('that begins to do so later is noticed by the marker', async () => {
      await using it = await ready();
      const [first, second] = [random.bytes(10), random.bytes(10)];
      for (const bytes of [first, second]) await it.storage.write(fileOf(bytes), bytes, neverAborted);
      await it.storage.remove(fileOf(first), neverAborted);
      await keepVersions(it);
      await it.storage.remove(fileOf(second), neverAborted);
      assert.equal(await versionsIn(it), 0);
    });

    test('keeps what somebody else has hidden', async () => {
      await using it = await ready();
      await keepVersions(it);
      const bytes = random.bytes(10);
      await it.storage.write(fileOf(bytes, 'keys'), bytes, neverAborted);
      await it.peer.must('DELETE', `/${it.bucket}/${prefix}/keys/${fileOf(bytes).name}`);
      await it.storage.remove(fileOf(bytes, 'keys'), neverAborted);
      assert.equal(await versionsIn(it), 2);
      await it.storage.write(fileOf(bytes, 'keys'), bytes, neverAborted);
      assert(Buffer.from(await it.storage.read(fileOf(bytes, 'keys'), neverAborted)).equals(bytes));
    });
  });

  describe('objects that are locked', () => {
    const withRule = async (mode: string): Promise<Ready> => {
      const it = await ready({}, { 'x-amz-bucket-object-lock-enabled': 'true' });
      const rule = `<Rule><DefaultRetention><Mode>${mode}</Mode><Days>1</Days></DefaultRetention></Rule>`;
      const body = `<ObjectLockConfiguration ${namespace}><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
      await it.peer.must('PUT', `/${it.bucket}?object-lock`, { body });
      return it;
    };

    for (const mode of ['COMPLIANCE', 'GOVERNANCE'])
      test(`in ${mode} mode say until when, are not removed, and stay where they are`, async () => {
        await using it = await withRule(mode);
        const bytes = random.bytes(100);
        const file = fileOf(bytes);
        assert.equal(await it.storage.lockedUntilMs(file, neverAborted), undefined);
        await it.storage.write(file, bytes, neverAborted);
        const untilMs = (await it.storage.lockedUntilMs(file, neverAborted)) ?? 0;
        const writtenMs = (await it.storage.writtenMs(file, neverAborted)) ?? 0;
        assert(Math.abs(untilMs - writtenMs - 24 * 3_600_000) < 60_000, `${writtenMs} to ${untilMs}`);
        const { facts } = await caught(it.storage.remove(file, neverAborted), 'storage.denied');
        assert.deepEqual(
          { ...facts },
          { location: it.storage.location, file: `data/${file.name}`, reason: 'object-lock', until: new Date(untilMs).toISOString() },
        );
        assert(Buffer.from(await it.storage.read(file, neverAborted)).equals(bytes));
        assert.equal((await it.storage.list('data', neverAborted)).length, 1);
        await it.storage.write(file, bytes, neverAborted);
      });

    test('under a legal hold stay until it is lifted', async () => {
      await using it = await ready({}, { 'x-amz-bucket-object-lock-enabled': 'true' });
      const bytes = random.bytes(100);
      const file = fileOf(bytes, 'snapshots');
      await it.storage.write(file, bytes, neverAborted);
      assert.equal(await it.storage.lockedUntilMs(file, neverAborted), undefined);
      const hold = (status: string) =>
        it.peer.must('PUT', `/${it.bucket}/${prefix}/snapshots/${file.name}?legal-hold`, {
          body: `<LegalHold ${namespace}><Status>${status}</Status></LegalHold>`,
        });
      await hold('ON');
      assert.equal(await it.storage.lockedUntilMs(file, neverAborted), Infinity);
      assert.equal((await caught(it.storage.remove(file, neverAborted), 'storage.denied')).facts['reason'], 'legal-hold');
      await hold('OFF');
      await it.storage.remove(file, neverAborted);
      assert.deepEqual(await it.storage.list('snapshots', neverAborted), []);
    });

    test('are hidden where they are locks of the repository, which would keep everybody out', async () => {
      await using it = await withRule('COMPLIANCE');
      const bytes = random.bytes(100);
      await it.storage.write(fileOf(bytes, 'locks'), bytes, neverAborted);
      await it.storage.remove(fileOf(bytes, 'locks'), neverAborted);
      assert.deepEqual(await it.storage.list('locks', neverAborted), []);
    });
  });

  describe('beside restic', needs('restic'), () => {
    const password = 'kata sandi';
    const succeeded = (result: { readonly outcome: string }): void =>
      assert.equal(
        result.outcome,
        'success',
        JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      );

    interface Shared {
      readonly access: PasswordAccess;
      readonly restic: (...args: string[]) => Promise<string>;
      readonly backUp: (source: string) => Promise<SnapshotId>;
    }

    /** A repository of ours, and stock restic on it. */
    async function shared(peer: S3Peer, bucket: string): Promise<Shared> {
      const openStorage = (): S3Storage => storageIn(peer, bucket);
      const { location } = openStorage();
      const access = { location, password: async () => passwordFromText(password), world: { openStorage }, signal: neverAborted };
      succeeded(await initJob(access));
      const rules = await compileExcludeRules({}, { environment: {} });
      const common = { workingFolder: '/', rules, host: 'srv-uji', workerCount: 1, programVersion: 'test' };
      return {
        access,
        restic: async (...args) => {
          const env = { ...peer.environment, RESTIC_PASSWORD: password, RESTIC_REPOSITORY: location };
          const { code, stderr, stdout } = await startRestic(args, { env }).ended;
          assert.equal(code, 0, stderr);
          return stdout.toString();
        },
        backUp: async (source) => {
          const result = await backupJob(access, { ...common, sources: [source] });
          succeeded(result);
          return result.details?.snapshotId ?? assert.fail('no snapshot');
        },
      };
    }

    test('what is locked stays when it is forgotten and pruned, the repository stays whole, and it goes when it is free', async () => {
      const { peer } = await objectStore();
      const bucket = peer.freshName();
      await peer.must('PUT', `/${bucket}`, { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
      const { access, restic, backUp } = await shared(peer, bucket);
      const source = stage.folder('of-two-days');
      writeFileSync(join(source, 'file'), random.bytes(300_000));
      const first = await backUp(source);
      const locked = (await peer.keysIn(bucket)).filter((key) => /\/(?:data|index|snapshots)\//.test(key));
      const hold = async (status: 'ON' | 'OFF'): Promise<void> => {
        const body = `<LegalHold ${namespace}><Status>${status}</Status></LegalHold>`;
        const held = status === 'ON' ? locked : locked.filter((key) => !key.endsWith(first)); // which is hidden by then
        for (const key of held) await peer.must('PUT', `/${bucket}/${key}?legal-hold`, { body });
      };
      await hold('ON');
      writeFileSync(join(source, 'file'), random.bytes(300_000));
      await backUp(source);

      const forget = () => retentionJob(access, { kind: 'named', snapshots: [first], filter: {} });
      const refused = await forget();
      assert.deepEqual(refused.exceptions, [{ item: `snapshots/${first}`, kind: 'locked', reason: 'legal-hold', weight: 'note' }]);
      assert.match(await restic('snapshots'), new RegExp(first.slice(0, 8)));

      // Whoever hides it, as restic does, frees nothing: what only it needs goes, if it can.
      await peer.must('DELETE', `/${bucket}/${prefix}/snapshots/${first}`);
      const prune = () => pruneJob(access, { policy: { ...defaultPrunePolicy, removeAtOnce: true }, workerCount: 1 });
      const left = await prune();
      succeeded(left);
      assert.equal(left.details?.sums.packs.locked, 2);
      assert.ok(left.details.locked.every((file) => file.untilMs === Infinity));
      assert.match(await restic('check', '--read-data'), /no errors were found/);

      await hold('OFF');
      const done = await prune();
      succeeded(done);
      assert.deepEqual([done.details?.sums.packs.removeNow, done.details?.locked], [2, []]);
      assert.match(await restic('check', '--read-data'), /no errors were found/);
    });

    test('either reads what the other wrote', async () => {
      const { peer } = await objectStore();
      const { access, restic, backUp } = await shared(peer, peer.freshName());
      const source = stage.folder('source');
      mkdirSync(join(source, 'deep'));
      writeFileSync(join(source, 'deep', 'large'), random.bytes(5_000_000));
      for (let i = 0; i < 20; i++) writeFileSync(join(source, `small-${i}`), random.bytes(1000 + i * 700));

      await backUp(source);
      assert.match(await restic('check', '--read-data'), /no errors were found/);
      const theirs = stage.fresh('by-restic');
      await restic('restore', 'latest', '--target', theirs);
      assert.deepEqual(contentOf(join(theirs, source)), contentOf(source));

      writeFileSync(join(source, 'deep', 'more'), random.bytes(3_000_000));
      await restic('backup', source);
      succeeded(await checkJob(access, { readData: 'all', workerCount: 1 }));
      const ours = stage.fresh('by-us');
      succeeded(await restoreJob(access, { snapshot: `latest:${source}`, target: ours }));
      assert.deepEqual(contentOf(ours), contentOf(source));
    });
  });
});

function contentOf(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ parentPath, name }) => [join(parentPath, name).slice(folder.length), readFileSync(join(parentPath, name))]));
}
