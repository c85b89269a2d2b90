import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { DriveFolder, revokeSignIn, sourceOfBytes, type DriveClientOptions } from '../../src/google/index.ts';
import { CadanganError, isCode, systemClock, systemRandom } from '../../src/platform/index.ts';
import { sampleAccount, sampleClient } from '../drive-emulator/index.ts';
import { driveStage, quick, type DriveStage } from './drive-stage.ts';
import { pageOf, strangeStatuses, UnfriendlyWay } from './unfriendly-way.ts';

async function stageBehind(way: UnfriendlyWay, client: Partial<DriveClientOptions> = {}): Promise<DriveStage> {
  const stage = await driveStage({ client: { endpoints: way.endpoints, ...client } });
  way.target = stage.drive.url;
  return stage;
}

/** None of these may be made of what somebody else says. */
const claims = ['drive.signed-out', 'drive.not-found', 'drive.denied', 'drive.full', 'repository.damaged', 'storage.not-found'] as const;

const bytes = Buffer.from('the bytes of a pack '.repeat(500));
const file = { kind: 'data', name: createHash('sha256').update(bytes).digest('hex') } as const;

function inThrees(statuses: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(statuses.length / 3) }, (_, at) => statuses.slice(at * 3, at * 3 + 3));
}

describe('an answer that is not Google’s', () => {
  for (const statuses of inThrees(strangeStatuses))
    test(`HTTP ${statuses.join(', ')} on every kind of request, before and after its effect: all is done all the same`, async () => {
      await using way = await UnfriendlyWay.open();
      // One call is a token, whose it is, and what was asked for: each of them meets all.
      await using stage = await stageBehind(way, { patience: { ...quick.patience, transientTries: 40 } });
      const refusals = statuses.flatMap((status) => [pageOf(status), pageOf(status, true)]);
      const seen = new Map<string, number>();
      way.trouble = ({ method = '', url = '' }) => {
        const kind = `${method} ${url.replace(/\?.*/, '').replace(/\/files\/.+/, '/files/ID')}${url.includes('alt=media') ? ' bytes' : ''}`;
        const before = seen.get(kind) ?? 0;
        seen.set(kind, before + 1);
        return refusals[before];
      };
      const folder = new DriveFolder(stage.client, 'Backup/office');
      await folder.create();
      const { item } = await folder.upload(file, sourceOfBytes(bytes));
      assert.deepEqual(Buffer.from(await folder.readRange(item, 0, bytes.length)), bytes);
      const lists = await folder.listAll();
      assert.equal(lists.files.length, 1, 'one file, sent once');
      await folder.trash(item.id);
      assert.equal((await folder.listAll()).files.filter(({ trashed }) => !trashed).length, 0);
      await folder.remove(item.id);
      assert.ok(
        !stage.drive
          .person(sampleAccount)
          .files()
          .some(({ id }) => id === item.id),
        'it is gone for good',
      );
      assert.ok(seen.size >= 8, [...seen.keys()].join('\n'));
    });

  test('that stays is told as what it is: nobody is signed out, no file is missing', async () => {
    await using way = await UnfriendlyWay.open();
    await using stage = await stageBehind(way, { patience: { transientTries: 3, firstWaitMsMax: 1, waitMsMax: 2 } });
    const folder = new DriveFolder(stage.client, 'Backup/office');
    await folder.create();
    const { item } = await folder.upload(file, sourceOfBytes(bytes));
    // 5xx and 429 are nobody's in particular, and Google's library repeats them by itself, slowly.
    for (const status of [200, 302, 308, 400, 401, 403, 404, 407, 409, 410, 416]) {
      for (const body of ['<html>', '{"error":"unauthorized"}', '{"error":{"message":"blocked"}}']) {
        way.trouble = () => pageOf(status, false, body);
        const asked = [
          stage.client.account(),
          stage.another().account(),
          folder.listAll(),
          folder.current(item),
          folder.readRange(item, 0, 100),
          folder.upload({ kind: 'index', name: 'ab'.repeat(32) }, sourceOfBytes(Buffer.from('x')), { sha256: 'ab'.repeat(32) }),
          folder.trash(item.id),
          revokeSignIn(
            {
              client: { clientId: sampleClient.id, clientSecret: sampleClient.secret },
              endpoints: way.endpoints,
              clock: systemClock,
              random: systemRandom,
              signal: new AbortController().signal,
              patience: { transientTries: 2, firstWaitMsMax: 1, waitMsMax: 2 },
            },
            (await stage.store.load())!,
          ),
        ];
        for (const [number, result] of (await Promise.allSettled(asked)).entries()) {
          const story = `HTTP ${status} ${body}, request ${number}`;
          assert.ok(result.status === 'rejected', `${story}: believed`);
          const error: unknown = result.reason;
          assert.ok(isCode(error, 'drive.unavailable'), `${story}: ${String(error)}`);
          assert.ok(!isCode(error, ...claims), story);
        }
      }
    }
    way.trouble = () => undefined;
    assert.ok(await folder.current(item), 'it is there');
  });

  test('is named: a proxy, and where a redirect leads', async () => {
    await using way = await UnfriendlyWay.open();
    await using stage = await stageBehind(way, { patience: { transientTries: 2, firstWaitMsMax: 1, waitMsMax: 2 } });
    const reasonFor = async (status: number): Promise<CadanganError['facts']> => {
      way.trouble = () => pageOf(status);
      const error: unknown = await stage.client.account().catch((thrown: unknown) => thrown);
      assert.ok(error instanceof CadanganError);
      return error.facts;
    };
    assert.deepEqual(await reasonFor(407), {
      reason: 'something on the way answers instead of Google: HTTP 407',
      status: 407,
      between: 'proxy',
    });
    assert.equal((await reasonFor(302))['reason'], 'something on the way answers instead of Google: HTTP 302 to login.gateway.example');
  });
});
