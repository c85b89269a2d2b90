import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Channel } from '../../src/host/channel.ts';
import { recordsFolder } from '../../src/records/index.ts';
import { protocol } from '../../src/service/index.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { engineHere, untilOn } from '../host/engine-here.ts';
import { EngineStage } from '../host/engine-stage.ts';

const hourMs = 3_600_000;

test('in a host in which nothing happens the chain of records is read every day all the same, and a line that was forged is found', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const clock = new VirtualClock();
  const host = await engineHere(stage, clock);
  await untilOn(clock, async () => (await verifiedMs(host)) !== undefined, 'it is read when the first host begins');
  const firstMs = await verifiedMs(host);
  forge(stage);
  await clock.advance(23 * hourMs);
  assert.equal(await verifiedMs(host), firstMs);
  assert.deepEqual(await broken(host), []);
  await clock.advance(2 * hourMs);
  await untilOn(clock, async () => (await verifiedMs(host)) !== firstMs, 'it is read once more');
  assert.equal((await broken(host)).length, 1);
});

/** When the chain was last read, as the schedule tells it. */
async function verifiedMs(host: Channel): Promise<number | undefined> {
  const { tasks } = await host.request(protocol.scheduleStatus, undefined);
  return tasks.find(({ kind }) => kind === 'records')?.lastMs;
}

async function broken(host: Channel): Promise<protocol.RecordsPage['rows']> {
  return (await host.request(protocol.listRecords, { offset: 0, limit: 10, kinds: ['nonconformity-opened'] })).rows;
}

/** At once: a file that is empty for a moment is another fault. */
function forge(stage: EngineStage): void {
  const folder = recordsFolder(stage.path('state'));
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  writeFileSync(join(folder, 'forged'), readFileSync(join(folder, file), 'utf8').replace('"number":1,', '"number":1,"comment":"forged",'));
  renameSync(join(folder, 'forged'), join(folder, file));
}
