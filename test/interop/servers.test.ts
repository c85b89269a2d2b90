// Many servers, one store: nine back up into one repository, one of them with stock restic, and one has fallen silent.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listSnapshots, saveSnapshot } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { needs } from '../needs.ts';
import { jsonLines } from './programs.ts';
import { Stage } from './stage.ts';

const stage = new Stage();
const hourMs = 3_600_000;
const env = { TZ: 'UTC' };

/** As both programs take it. Far from any bound of the judgement, so that it does not matter how long the test takes. */
function timeAgo(hours: number): string {
  return new Date(Date.now() - hours * hourMs).toISOString().slice(0, 19).replace('T', ' ');
}

interface Shown {
  readonly hostname: string;
  readonly state: string;
  readonly size?: number;
  readonly backups: readonly { readonly snapshots: number; readonly rpo_by: string; readonly set?: string }[];
}

test('of nine servers the one that is silent is named, whichever program wrote their snapshots', needs('restic'), async () => {
  const shared = await stage.ourRepository();
  const source = stage.folder('source');
  writeFileSync(join(source, 'ledger.txt'), 'a'.repeat(5000));
  const ours = Array.from({ length: 8 }, (_, at) => `srv-0${at + 1}`);
  for (const host of ours) {
    const time = timeAgo(host === 'srv-04' ? 24 * 20 : 6);
    await shared.run('cadangan', ['backup', source, '--tag', 'nightly', '--host', host, '--time', time], { env });
  }
  const repository = await shared.open();
  for (const { snapshot, timeNs } of await listSnapshots(repository, neverAborted))
    for (let night = 1; night <= 4; night++) {
      const time = new Date(Number(timeNs / 1_000_000n) - night * 24 * hourMs).toISOString();
      await saveSnapshot(repository, { ...snapshot, time }, neverAborted);
    }
  for (const hours of [78, 54, 30, 6])
    await shared.run('restic', ['backup', source, '--tag', `night-${hours}`, '--host', 'srv-09', '--time', timeAgo(hours)], { env });

  // 3: not all is as it should be.
  const [report] = jsonLines(await shared.run('cadangan', ['servers', '--json'], { env }, 3));
  const servers = report?.['servers'] as readonly Shown[];
  assert.deepEqual(
    servers.map(({ hostname, state }) => `${hostname} ${state}`),
    ['srv-04 silent', ...[...ours.filter((host) => host !== 'srv-04'), 'srv-09'].map((host) => `${host} in-time`)],
  );
  const [ofUs, ofRestic] = ['srv-01', 'srv-09'].map((host) => servers.find(({ hostname }) => hostname === host));
  assert.deepEqual(
    ofUs?.backups.map(({ set, snapshots, rpo_by: by }) => [set, snapshots, by]),
    [['nightly', 5, 'rhythm']],
  );
  assert.deepEqual(
    ofRestic?.backups.map(({ set, snapshots, rpo_by: by }) => [set, snapshots, by]),
    [[undefined, 4, 'rhythm']],
    'a tag of each night makes no history of its own',
  );
  assert.equal(ofUs?.size, 5000);
  assert.ok(ofRestic?.size === 5000 || ofRestic?.size === undefined, 'restic says it from 0.17 on');

  // The silent one is heard of again.
  await shared.run('restic', ['backup', source, '--tag', 'nightly', '--host', 'srv-04', '--time', timeAgo(2)], { env });
  const text = await shared.run('cadangan', ['servers'], { env }, 3);
  assert.match(text, /srv-04 +late/, 'the set is silent, but the server is heard of');
  assert.match(text, /9 servers: 1 late, 8 in time/);
});
