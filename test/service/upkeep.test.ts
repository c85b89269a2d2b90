// What a window asks of retention and prune: sizes, what a rule would remove, removal and protection with a reason.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { HostError } from '../../src/host/index.ts';
import { protocol, type ParamsOf, type RetentionPreview } from '../../src/service/index.ts';
import { endHost, EngineStage, password, until } from '../host/engine-stage.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';

function code(wanted: string): (error: unknown) => boolean {
  return (error) => error instanceof HostError && error.code === wanted;
}

/** A set with a backup of each of some evenings, oldest first. */
async function withEvenings(t: TestContext, count: number, retention?: object) {
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.configure(retention ? { retention } : {});
  const { client } = stage.window();
  for (let evening = 0; evening < count; evening++) {
    stage.write('data.bin', randomBytes(50_000));
    assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  }
  const location = stage.repository;
  const snapshots = () => client.request(protocol.listSnapshots, { location });
  const ids = async () => (await snapshots()).map(({ id }) => id);
  const recordsOf = async (kind: string) => (await recordsIn(stage.path('state'))).filter((record) => record.kind === kind);
  return { stage, client, location, snapshots, ids, recordsOf };
}

test('a removal by a person needs a reason, which its record has; a protected snapshot stays', async (t) => {
  const { client, location, ids, snapshots, recordsOf } = await withEvenings(t, 3);
  const [oldest = '', second = '', newest = ''] = await ids();
  const keep = { location, protection: { kind: 'keep' }, reason: 'the auditor wants it' } as const;
  const { snapshot } = await client.request(protocol.protectSnapshot, { ...keep, snapshot: oldest });
  assert.notEqual(snapshot, oldest);
  assert.deepEqual(await client.request(protocol.protectSnapshot, { ...keep, snapshot }), { snapshot }, 'said twice, it is the same');
  assert.deepEqual(
    (await snapshots()).map(({ id, protection }) => [id, protection?.kind]),
    [
      [snapshot, 'protected'],
      [second, undefined],
      [newest, undefined],
    ],
  );
  const removal = { location, reason: 'a wrong folder was in it', release: [] };
  await assert.rejects(client.request(protocol.removeSnapshots, { ...removal, snapshots: [snapshot, second] }), code('snapshot.protected'));
  assert.equal((await ids()).length, 3);
  const removed = await client.request(protocol.removeSnapshots, { ...removal, snapshots: [second] });
  assert.deepEqual(removed, { removed: [second], failed: [] });
  assert.deepEqual(await ids(), [snapshot, newest]);
  const [record] = (await recordsOf('retention')).filter(({ result }) => result === 'success');
  assert.deepEqual(
    [record?.removedSnapshots, record?.request, record?.trigger, record?.operator.via],
    [[second], 'a wrong folder was in it', 'manual', 'editor'],
  );
  const [tagged] = await recordsOf('tags-changed');
  assert.equal(tagged?.request, 'the auditor wants it');
  assert.deepEqual(await client.request(protocol.listNonconformities, undefined), [], 'what a person removed is not lost');
});

test('what smells is removed only when a person has seen it', async (t) => {
  const { client, location, ids } = await withEvenings(t, 1);
  const removal = { location, snapshots: ['latest'], reason: 'the machine is gone' };
  let subjects: readonly string[] = [];
  await assert.rejects(client.request(protocol.removeSnapshots, { ...removal, release: [] }), (error) => {
    assert(error instanceof HostError && error.code === 'retention.held');
    const told = error.data.facts['subjects'];
    subjects = typeof told === 'object' ? told : [];
    return subjects.length > 0;
  });
  const another = client.request(protocol.removeSnapshots, { ...removal, release: ['sudden-change:ab'] });
  await assert.rejects(another, code('retention.held'), 'what was seen was another thing');
  assert.equal((await ids()).length, 1);
  assert.equal((await client.request(protocol.removeSnapshots, { ...removal, release: subjects })).removed.length, 1);
  assert.deepEqual(await ids(), []);
});

test('a hold takes the place of another protection, and can be taken away; a day that is over or does not exist is refused', async (t) => {
  const { client, location, snapshots } = await withEvenings(t, 1);
  const protect = (protection: ParamsOf<typeof protocol.protectSnapshot>['protection']) =>
    client.request(protocol.protectSnapshot, { location, snapshot: 'latest', reason: 'a law suit', protection });
  await protect({ kind: 'keep' });
  await protect({ kind: 'hold', until: '2099-12-31' });
  const state = async () => (await snapshots()).map(({ tags, protection }) => [tags, protection]);
  assert.deepEqual(await state(), [[['data', 'hold:2099-12-31'], { kind: 'held', until: '2099-12-31' }]]);
  for (const until of ['2001-01-01', '2099-02-31']) await assert.rejects(protect({ kind: 'hold', until }), code('arguments.invalid'));
  await protect({ kind: 'hold' });
  assert.deepEqual(await state(), [[['data', 'hold'], { kind: 'held' }]]);
  await protect({ kind: 'none' });
  assert.deepEqual(await state(), [[['data'], undefined]]);
});

test('a preview says what the rule would remove, why the rest stays, and what would hold it back; nothing changes', async (t) => {
  const { stage, client, location, ids, recordsOf } = await withEvenings(t, 3);
  await assert.rejects(client.request(protocol.previewRetention, { set: 'data' }), code('arguments.invalid'));
  const [oldest = '', second = '', newest = ''] = await ids();
  const hold = { kind: 'hold', until: '2099-12-31' } as const;
  const { snapshot } = await client.request(protocol.protectSnapshot, { location, snapshot: oldest, protection: hold, reason: 'law' });
  stage.configure({ retention: { keepLast: 1 } });
  let preview: RetentionPreview | undefined;
  await until(async () => {
    preview = await client.request(protocol.previewRetention, { set: 'data' }).catch(() => undefined);
    return preview !== undefined;
  }, 'the rule is taken over');
  assert.deepEqual(preview, {
    rule: 'keep 1 latest snapshots',
    snapshots: [
      { id: newest, time: preview?.snapshots[0]?.time, isRemoved: false, why: ['last snapshot'] },
      { id: second, time: preview?.snapshots[1]?.time, isRemoved: true, why: [] },
      {
        id: snapshot,
        time: preview?.snapshots[2]?.time,
        isRemoved: false,
        why: ['on hold until 2099-12-31'],
        protection: { kind: 'held', until: '2099-12-31' },
      },
    ],
    holds: [],
  });
  assert.deepEqual(await recordsOf('retention'), []);
  assert.deepEqual(await ids(), [snapshot, second, newest]);
});

test('the size of a repository, what a prune would free, and why it would not', async (t) => {
  const { stage, client, location } = await withEvenings(t, 3);
  const before = await client.request(protocol.repositoryStats, { location });
  assert.deepEqual([before.snapshots, before.pruneBytes, before.waitingBytes, before.nextRemoval], [3, 0, 0, undefined]);
  assert.ok(before.bytes > 150_000, String(before.bytes));
  const [oldest] = await client.request(protocol.listSnapshots, { location });
  await client.request(protocol.removeSnapshots, { location, snapshots: [oldest?.id ?? ''], reason: 'old', release: [] });
  const after = await client.request(protocol.repositoryStats, { location });
  assert.deepEqual([after.snapshots, after.bytes, after.pruneNowBytes], [2, before.bytes, 0]);
  assert.ok(after.pruneBytes > 50_000 && after.pruneBytes < 60_000, String(after.pruneBytes));
  assert.ok(after.waitingBytes >= after.pruneBytes && after.nextRemoval !== undefined);
  const data = readdirSync(stage.path('repository', 'data'), { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 60);
  for (const name of data) await rm(stage.path('repository', 'data', name));
  const lost = await client.request(protocol.repositoryStats, { location });
  assert.deepEqual([lost.refused?.code, lost.bytes], ['repository.damaged', 0]);
});

test('a prune that is due is made by the schedule, and recorded', async (t) => {
  const { stage, client, location, recordsOf } = await withEvenings(t, 2);
  const [oldest] = await client.request(protocol.listSnapshots, { location });
  await client.request(protocol.removeSnapshots, { location, snapshots: [oldest?.id ?? ''], reason: 'old', release: [] });
  const prunes = async () => (await recordsOf('retention')).filter(({ job }) => job === 'prune');
  writeSecretFile(stage.path('password'), password);
  stage.configure({ retention: { keepLast: 5 }, repository: { location, passwordFile: stage.path('password') } });
  await endHost(stage.path('state'));
  writeFileSync(stage.path('state', 'tasks.json'), JSON.stringify({ done: { [`repository ${location} planned`]: 0 } }));
  const state = async () => {
    const { tasks } = await client.request(protocol.scheduleStatus, undefined);
    return tasks.find(({ kind }) => kind === 'repository');
  };
  // On Windows a host that is ended has no last word: a question that it does not answer any more is asked again.
  await until(async () => (await state().catch(() => undefined))?.lastMs !== undefined, 'it was made');
  const [record, ...more] = await prunes();
  assert.deepEqual(more, []);
  assert.deepEqual([record?.trigger, record?.operator.via, record?.result], ['schedule', 'schedule', 'success']);
  assert.ok((record?.counts?.['packsWaiting'] ?? 0) > 0);
});

test('a repository with a rule is among what the schedule plans', async (t) => {
  const { stage, client } = await withEvenings(t, 0, { keepLast: 1 });
  const planned = async () => {
    const { tasks } = await client.request(protocol.scheduleStatus, undefined);
    return tasks.find(({ kind, next }) => kind === 'repository' && next !== undefined);
  };
  await until(async () => (await planned()) !== undefined, 'it is planned');
  const task = await planned();
  assert.deepEqual([task?.name, task?.next?.work, task?.lastMs], [stage.repository, 'prune', undefined]);
});
