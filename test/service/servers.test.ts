// What a window is told of servers: each repository is looked at by the process that works on it.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { listener } from '../../src/host/index.ts';
import { protocol, type ServersReport } from '../../src/service/index.ts';
import { EngineStage, password, until } from '../host/engine-stage.ts';

const seenIn = ({ repositories }: ServersReport) => repositories.map(({ state }) => state);

test('servers of every repository are told of, one whose password nobody has is named, and nobody is asked for it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  const other = stage.path('other');
  await stage.initRepository();
  await stage.initRepository(other);
  stage.configure(
    { rpoHours: 26 },
    { name: 'other', repository: { location: other } },
    { name: 'gone', repository: { location: stage.path('gone') } },
  );
  let told = 0;
  const window = stage.window({
    password: ({ location }) => (location === other ? undefined : password),
    client: { listeners: [listener(protocol.serversChanged, () => (told += 1))] },
  });
  const { client, asked } = window;
  const before = await client.request(protocol.listServers, undefined);
  assert.deepEqual(seenIn(before), ['never-looked', 'never-looked', 'never-looked']);
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');

  const report = await client.request(protocol.lookAtServers, undefined);
  assert.deepEqual(seenIn(report), ['seen', 'failed', 'failed']);
  assert.deepEqual(
    report.repositories.map(({ error }) => error?.code),
    [undefined, 'password.missing', 'repository.missing'],
  );
  assert.deepEqual(
    report.servers.map(({ host, isOwn, state }) => [host, isOwn, state]),
    [[hostname(), true, 'unknown']],
  );
  assert.deepEqual(
    report.servers[0]?.backups.map(({ set, state, why, snapshots, measure }) => [set, state, why, snapshots, measure?.hours]),
    [
      ['gone', 'unknown', 'not-looked', 0, undefined],
      ['other', 'unknown', 'not-looked', 0, undefined],
      ['data', 'in-time', undefined, 1, 26],
    ],
  );
  assert.equal(
    asked.some(({ location, mayAsk }) => location === other && mayAsk),
    false,
    'nobody is asked',
  );
  await until(() => told > 0, 'the window is told that a look ended');
  const listed = await client.request(protocol.listServers, undefined);
  assert.deepEqual([listed.servers, listed.repositories], [report.servers, report.repositories], 'as of the same look');
});
