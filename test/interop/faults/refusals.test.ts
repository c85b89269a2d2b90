// A server that does not want us, or cannot: each way is told by a code, with the place and what to do, and nothing is lost by it.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describeError } from '../../../src/jobs/index.ts';
import { systemClock, type CadanganError, type Clock, type ErrorCode } from '../../../src/platform/index.ts';
import { openRclone, openRest, openS3, type Storage } from '../../../src/storage/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { ObjectStore } from '../../s3/object-store.ts';
import type { S3Peer } from '../../s3/s3-peer.ts';
import { makeCertificates } from '../certificates.ts';
import { RcloneServer } from '../rclone-server.ts';
import { SmallDisk } from '../small-disk.ts';
import { Stage } from '../stage.ts';
import { assertGood, JobsOnStorage } from './jobs-on-storage.ts';
import { all } from './road.ts';

const stage = new Stage();
const objectStore = ObjectStore.ofFile();
const random = new SeededRandom(1605);
const mib = 1024 * 1024;

/** Files of a MiB each. */
function addFiles(folder: string, count: number): string {
  for (let at = 0; at < count; at++) writeFileSync(join(folder, `file ${random.uint32()}`), random.bytes(mib));
  return folder;
}

interface AtPeer {
  readonly bucket?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

function jobsAt(
  peer: S3Peer,
  { bucket = peer.freshName(), environment = peer.environment, clock = systemClock }: AtPeer = {},
): JobsOnStorage {
  const place = { endpoint: new URL(peer.endpoint), bucket, prefix: 'repo' };
  const openRoad = (): Storage => openS3(place, { environment, homeFolder: '/nowhere', clock });
  return new JobsOnStorage(stage, { openRoad, location: `s3:${peer.endpoint}/${bucket}/repo` });
}

/** A backup into what has no room for it; then there is room. @returns what was said of it */
async function untilThereIsRoom(
  jobs: JobsOnStorage,
  fillUp: () => Promise<void> | void,
  makeRoom: () => Promise<void> | void,
): Promise<CadanganError> {
  await jobs.init();
  const source = addFiles(stage.folder('source'), 2);
  assertGood(await jobs.backup(source));
  await fillUp();
  addFiles(source, 20);
  const error = jobs.assertFailed(await jobs.backup(source), 'storage.full', 'storage.unreachable');
  await makeRoom();
  await jobs.unlock();
  assertGood(await jobs.check());
  assertGood(await jobs.backup(source));
  assertGood(await jobs.restore(source));
  assertGood(await jobs.check('all'));
  return error;
}

describe('a server that is full', () => {
  test('over REST is named, and what is stored is used when there is room again', needs('rclone'), async (t) => {
    const disk = SmallDisk.mount(stage.fresh('small'), 40);
    if (typeof disk === 'string') return t.skip(disk);
    const [served, ballast] = [join(disk.path, 'served'), join(disk.path, 'ballast')];
    mkdirSync(served);
    await using server = await RcloneServer.open(['restic', served]);
    const url = new URL('one/', server.url);
    const jobs = new JobsOnStorage(stage, { openRoad: () => openRest(url, { clock: systemClock }), location: `rest:${url.href}` });
    const fillUp = (): void => writeFileSync(ballast, Buffer.alloc(28 * mib));
    const error = await untilThereIsRoom(jobs, fillUp, () => rmSync(ballast));
    assert.equal(error.facts['reason'], 'could-not-store');
    assert.match(describeError(error).what, /could not store the file; it may be full/);
  });

  test('over S3 is named, and what is stored is used when there is room again', needs('radosgw'), async () => {
    const store = await objectStore();
    const bucket = store.peer.freshName();
    const quota = ['--bucket', bucket, '--quota-scope=bucket'];
    const fillUp = async (): Promise<void> => {
      await store.admin('quota', 'set', ...quota, '--max-size', `${9 * mib}`);
      await store.admin('quota', 'enable', ...quota);
    };
    const error = await untilThereIsRoom(jobsAt(store.peer, { bucket }), fillUp, () => store.admin('quota', 'disable', ...quota));
    assert.equal(error.code, 'storage.full');
    assert.equal(error.facts['reason'], 'QuotaExceeded');
  });
});

describe('a server that does not let us in', () => {
  /** Everything that somebody may ask of a repository fails so. */
  async function assertAllFail(jobs: JobsOnStorage, code: ErrorCode, reason: RegExp, secret: string): Promise<void> {
    const source = addFiles(stage.folder('source'), 1);
    for (const result of [await jobs.backup(source), await jobs.prune(), await jobs.check(), await jobs.restore(source)]) {
      const error = jobs.assertFailed(result, code);
      assert.match(String(error.facts['reason']), reason);
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error.facts)} ${JSON.stringify(describeError(error))}`, new RegExp(secret));
    }
    await assert.rejects(jobs.init());
  }

  test('over REST: a wrong password', needs('rclone'), async () => {
    await using server = await RcloneServer.open(['restic', '--user', 'one', stage.folder('served')], { RCLONE_PASS: 'right' });
    const credentials = { user: 'one', password: () => Promise.resolve('not-the-secret') };
    const openRoad = (): Storage => openRest(server.url, { clock: systemClock, credentials });
    const jobs = new JobsOnStorage(stage, { openRoad, location: `rest:${server.url.href}` });
    await assertAllFail(jobs, 'storage.denied', /HTTP 401/, 'not-the-secret');
  });

  test('over S3: a wrong secret, and a key that nobody knows', needs('radosgw'), async () => {
    const { peer } = await objectStore();
    for (const [id, reason] of [
      [peer.keys.accessKeyId, /^SignatureDoesNotMatch$/],
      ['AKIDOFNOBODY', /^InvalidAccessKeyId$/],
    ] as const) {
      const environment = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: 'not-the-secret' };
      await assertAllFail(jobsAt(peer, { environment }), 'storage.denied', reason, 'not-the-secret');
    }
  });

  test('over rclone: a wrong key of its cloud', all('rclone', 'radosgw'), async () => {
    const store = await objectStore();
    const { user } = await store.swiftLogin();
    const settings = { TYPE: 'swift', USER: user, KEY: 'not-the-secret', AUTH: `${store.peer.endpoint}/auth/v1.0` };
    const own = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`RCLONE_CONFIG_CLOUD_${name}`, value]));
    const environment = { ...process.env, RCLONE_CONFIG: '/dev/null', RCLONE_LOW_LEVEL_RETRIES: '1', ...own };
    const openRoad = (): Storage => openRclone({ remote: 'cloud', path: 'one' }, { environment, clock: systemClock });
    await assertAllFail(new JobsOnStorage(stage, { openRoad, location: 'rclone:cloud:one' }), 'storage.unreachable', /./, 'not-the-secret');
  });

  test('over TLS: a certificate that nobody vouches for, and one of another name', all('rclone', 'openssl'), async () => {
    const { server: certified, authorityFile } = makeCertificates(stage.folder('certificates'));
    const tls = ['--cert', certified.certificateFile, '--key', certified.keyFile];
    await using server = await RcloneServer.open(['restic', ...tls, stage.folder('served')]);
    for (const [host, caFile, reason] of [
      ['127.0.0.1', undefined, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT/],
      ['localhost', authorityFile, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ] as const) {
      const url = new URL(`https://${host}:${server.url.port}/one/`);
      const openRoad = (): Storage => openRest(url, { clock: systemClock, caFile });
      await assertAllFail(new JobsOnStorage(stage, { openRoad, location: `rest:${url.href}` }), 'storage.unreachable', reason, 'PRIVATE');
    }
  });

  test('over S3: our clock is an hour behind', needs('radosgw'), async () => {
    const { peer } = await objectStore();
    const clock: Clock = { ...systemClock, nowNs: () => systemClock.nowNs() - 3_600_000_000_000n };
    const jobs = jobsAt(peer, { clock });
    await assertAllFail(jobs, 'storage.denied', /^RequestTimeTooSkewed$/, peer.keys.secretAccessKey);
    const { what, next } = describeError(jobs.assertFailed(await jobs.check(), 'storage.denied'));
    assert.match(`${what} ${next}`, /clock/i);
  });
});
