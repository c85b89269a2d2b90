import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebServer } from '../notices/web-server.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { runCli } from './run-cli.ts';

test('alert test sends to each receiver or one, says why one cannot be told, and alert status lists them; nothing secret is shown', async (t) => {
  await using web = await WebServer.open();
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-alert-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'data'));
  writeSecretFile(join(folder, 'hmac'), 'canary-secret\n');
  const hook = (name: string, address: string) => ({ name, by: 'webhook', address, secretFile: join(folder, 'hmac') });
  const alerts = {
    receivers: [hook('it', `${web.url}/it`), hook('gone', 'http://127.0.0.1:1/')],
    heartbeats: [{ name: 'hc', address: web.url }],
  };
  const sets = [{ name: 'data', sources: [join(folder, 'data')], repository: { location: join(folder, 'repository') } }];
  writeFileSync(join(folder, 'cadangan.jsonc'), JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets, alerts }));
  const environment = { CADANGAN_CONFIG: join(folder, 'cadangan.jsonc'), CADANGAN_STATE: join(folder, 'state'), HOME: folder };
  const cli = (...args: readonly string[]) => runCli(['alert', ...args], { environment });
  const one = await cli('test', '--to', 'it');
  assert.deepEqual([one.code, one.stdout], [0, 'it (webhook): sent\n'], one.stderr);
  assert.equal(web.received.length, 1);
  assert.doesNotMatch(JSON.stringify([one, web.received[0]?.body]), /canary/);
  const all = await cli('test', '--lang', 'id');
  assert.equal(all.code, 1);
  assert.match(all.stdout, /^it \(webhook\): terkirim\ngone \(webhook\): tidak terkirim\. Peringatan tidak dapat mencapai "gone"/);
  const unknown = await cli('test', '--to', 'nobody');
  assert.deepEqual([unknown.code, unknown.stderr.split('\n')[0]], [1, 'There is no receiver of alerts named "nobody".']);
  const status = await cli('status');
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, /^Receiver.*Way.*Last sent.*Waiting/);
  assert.match(status.stdout, /^hc +heartbeat/m);
  const json = JSON.parse((await cli('status', '--json')).stdout) as { receivers: readonly { name: string }[] };
  assert.deepEqual(
    json.receivers.map(({ name }) => name),
    ['it', 'gone', 'hc'],
  );
  writeFileSync(join(folder, 'cadangan.jsonc'), JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets: [] }));
  assert.match((await cli('status')).stdout, /^Nobody is told of trouble/);
});

test('alert status says of whoever cannot be told whether something waits', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-alert-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const hook = (name: string) => ({ name, by: 'webhook', address: 'https://a.example/x', secretFile: join(folder, 'hmac') });
  const alerts = { receivers: [hook('it'), hook('gone')], heartbeats: [{ name: 'hc', address: 'https://hc.example/x' }] };
  writeFileSync(join(folder, 'cadangan.jsonc'), JSON.stringify({ version: 1, timeZone: 'Asia/Jakarta', sets: [], alerts }));
  const failing = (receiver: string) => ({
    sinceMs: Date.UTC(2026, 10, 23),
    tries: 2,
    code: 'alert.unreachable',
    facts: { receiver, reason: 'ENETUNREACH' },
  });
  const state = {
    version: 1,
    chain: 'x',
    through: 7,
    told: {},
    sentMs: {},
    weeklyMs: {},
    low: [],
    messages: [{ receiver: 'gone', kind: 'alert', sections: [], left: 0, notBeforeMs: 0 }],
    pings: [{ heartbeat: 'hc', set: 'data', end: 'fail', body: '', atMs: 0 }],
    failing: { it: failing('it'), gone: failing('gone'), 'heartbeat hc': failing('hc') },
  };
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  writeFileSync(join(folder, 'state', 'alerts.json'), JSON.stringify(state), { mode: 0o600 });
  const environment = { CADANGAN_CONFIG: join(folder, 'cadangan.jsonc'), CADANGAN_STATE: join(folder, 'state'), HOME: folder };
  const status = await runCli(['alert', 'status'], { environment });
  const said = status.stdout.split('\n').filter((line) => line.includes('cannot be told'));
  assert.deepEqual(
    said.map((line) => line.replace(/ since .*?: /, ': ')),
    [
      'it cannot be told: An alert cannot reach "it": the network cannot be reached.',
      'gone cannot be told: An alert cannot reach "gone": the network cannot be reached. What waits is sent when that is possible again.',
      'hc cannot be told: An alert cannot reach "hc": the network cannot be reached.',
    ],
    status.stderr,
  );
});
