import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { system } from '../../src/platform/index.ts';
import { WebServer } from '../notices/web-server.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { live, nightServer, untilAtRest } from './night-server.ts';

const { signal } = new AbortController();
const minuteMs = 60_000;

/** Files that only their owner may read. */
function secretsOf(t: TestContext): (name: string, content: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (name, content) => {
    writeSecretFile(join(folder, name), `${content}\n`);
    return join(folder, name);
  };
}

interface Told {
  readonly kind: string;
  readonly subject: string;
  readonly sections: readonly { readonly title: string; readonly lines: readonly string[]; readonly next?: string }[];
}

test('a night that fails reaches a webhook, one message for its cause, and the address that watches over silence', async (t) => {
  await using web = await WebServer.open();
  const secret = secretsOf(t);
  const alerts = {
    receivers: [
      {
        name: 'hook',
        by: 'webhook',
        addressFile: secret('address', `${web.url}/hook`),
        secretFile: secret('hmac', 'kunci'),
        language: 'id',
      },
    ],
    heartbeats: [{ name: 'hc', address: `${web.url}/hc` }],
    freeSpaceMin: '1k',
  };
  const schedule = { window: '21:00-23:00' };
  const night = await nightServer(t, { schedule }, { general: { alerts } });
  const paths = (): (string | undefined)[] => web.received.map(({ path }) => path);
  const toldOf = (): Told[] => web.received.filter(({ path }) => path === '/hook').map(({ body }) => JSON.parse(body) as Told);
  await live(night.clock, 30_000, async () => (paths().includes('/hc') ? true : undefined));
  assert.deepEqual(paths(), ['/hc/start', '/hc'], 'the first night is good');
  renameSync(night.path('repository'), night.path('away'));
  await live(night.clock, 5 * minuteMs, async () => (toldOf().length > 0 && paths().includes('/hc/fail') ? true : undefined));
  await untilAtRest(night.clock); // what arrived is written down
  assert.deepEqual(
    paths()
      .filter((path) => path !== '/hook')
      .slice(2, 4),
    ['/hc/start', '/hc/fail'],
  );
  const [first] = toldOf();
  assert.equal(first?.sections[0]?.title, 'Gagal – Cadangan internal: data');
  assert.ok((first?.sections[0]?.next ?? '') !== '', 'it says what can be done');
  const records = await night.records();
  assert.equal(records.filter(({ kind }) => kind === 'alert-failed').length, 0);
  assert.deepEqual(
    (await night.service.alerts.info()).receivers.map(({ name, waiting, failing }) => [name, waiting, failing]),
    [['hook', 0, undefined]],
  );
});

test('a failing alert is one record and stands in the state, and fails no run; a test says why', async (t) => {
  await using web = await WebServer.open();
  const secret = secretsOf(t);
  const hmac = secret('hmac', 'kunci');
  const alerts = { receivers: [{ name: 'hook', by: 'webhook', address: `${web.url}/hook`, secretFile: hmac }], freeSpaceMin: '1k' };
  web.status = 500;
  const night = await nightServer(t, { schedule: { window: '21:00-23:00' }, sources: ['/nothing-here'] }, { general: { alerts } });
  const failed = await live(night.clock, 30_000, async () => (await night.records()).find(({ kind }) => kind === 'alert-failed'));
  assert.deepEqual([failed.reason?.code, failed.evidence?.['receiver']], ['alert.refused', 'hook']);
  const info = await live(night.clock, 100, async () => (await night.service.alerts.info()).receivers.find(({ failing }) => failing));
  assert.equal(info?.failing?.error.code, 'alert.refused');
  assert.deepEqual((await night.service.records.summary(signal)).alertsFailing, ['hook']);
  const [tested] = await night.service.alerts.test('hook', signal);
  assert.equal(tested?.error?.code, 'alert.refused');
  await assert.rejects(night.service.alerts.test('nobody', signal), { code: 'alert.unknown' });
  if (system.hasModes) {
    chmodSync(hmac, 0o644);
    assert.equal((await night.service.alerts.test(undefined, signal))[0]?.error?.code, 'password.exposed');
    chmodSync(hmac, 0o600);
  }
  web.status = 200;
  assert.equal((await night.service.alerts.test(undefined, signal))[0]?.error, undefined);
  assert.match(web.received.at(-1)?.body ?? '', /"kind":"test"/);
  await live(night.clock, 30_000, async () => ((await night.service.alerts.info()).receivers[0]?.waiting === 0 ? true : undefined));
  assert.equal(night.service.alerts.failing.length, 0);
  assert.equal((await night.records()).filter(({ kind }) => kind === 'alert-failed').length, 1);
  assert.doesNotMatch(readFileSync(night.path('state', 'alerts.json'), 'utf8'), /kunci/);
});

test('a disk with too little space is recorded and told once', async (t) => {
  await using web = await WebServer.open();
  const alerts = {
    receivers: [{ name: 'hook', by: 'webhook', address: `${web.url}/hook`, secretFile: secretsOf(t)('hmac', 'kunci') }],
    freeSpaceMin: '999T',
  };
  const night = await nightServer(t, {}, { general: { alerts } });
  const told = (): Told['sections'] => web.received.flatMap(({ body }) => (JSON.parse(body) as Told).sections);
  await live(night.clock, 30_000, async () => (told().length > 1 ? true : undefined));
  for (let look = 0; look < 8; look += 1) {
    await night.clock.advance(30 * minuteMs);
    await untilAtRest(night.clock);
  }
  const low = (await night.records()).filter(({ kind }) => kind === 'low-space');
  assert.deepEqual(
    low.map(({ evidence }) => evidence?.['location']).toSorted(),
    [night.path('repository'), night.path('state')].toSorted(),
  );
  assert.equal(told().length, 2);
});

test('whoever is there for one command tells no heartbeat of a beginning: nobody would tell of the end', async (t) => {
  await using web = await WebServer.open();
  const alerts = { heartbeats: [{ name: 'hc', address: `${web.url}/hc` }], freeSpaceMin: '1k' };
  const night = await nightServer(t, { schedule: { window: '21:00-23:00' } }, { general: { alerts }, isPassive: true });
  night.service.schedule.scheduler.run('data', 'manual');
  await live(night.clock, 100, async () => (await night.records()).find(({ kind }) => kind === 'internal-backup'));
  await night.service.close(); // waits for what was begun
  assert.deepEqual(web.received, []);
});

test('a disk whose record could not be written is recorded at the next look', async (t) => {
  const general = { alerts: { receivers: [{ name: 'window', by: 'desktop' }], freeSpaceMin: '1k' } };
  const night = await nightServer(t, { schedule: { window: '01:00-02:00' } }, { general });
  await live(night.clock, minuteMs, async () => night.service.alerts.info().then(() => true));
  const month = night.path('state', 'records', '2026-08.jsonl');
  const lowOf = async () => (await night.records()).filter(({ kind }) => kind === 'low-space').length;
  const isNotRecorded = (line: string): boolean => line.startsWith('this was not recorded');
  renameSync(month, `${month}-away`);
  mkdirSync(month); // nothing can be appended
  const text = readFileSync(night.path('cadangan.jsonc'), 'utf8');
  writeFileSync(night.path('cadangan.jsonc'), text.replace('"1k"', '"999T"'));
  await night.service.reload();
  // The configuration, and two places.
  await live(night.clock, minuteMs, async () => (night.log.filter(isNotRecorded).length >= 3 ? true : undefined));
  rmSync(month, { recursive: true });
  renameSync(`${month}-away`, month);
  assert.equal(await lowOf(), 0);
  await live(night.clock, minuteMs, async () => ((await lowOf()) === 2 ? true : undefined));
});

test('a place that is no longer configured is not told as one with too little space', async (t) => {
  await using web = await WebServer.open();
  const hook = { name: 'hook', by: 'webhook', address: `${web.url}/hook`, secretFile: secretsOf(t)('hmac', 'kunci') };
  const alerts = { receivers: [{ ...hook, weekly: { day: 'tue', time: '07:00' } }], freeSpaceMin: '999T' };
  const night = await nightServer(t, {}, { general: { alerts } });
  const low = async () => (await night.records()).filter(({ kind }) => kind === 'low-space').length;
  await live(night.clock, minuteMs, async () => ((await low()) === 2 ? true : undefined));
  const text = readFileSync(night.path('cadangan.jsonc'), 'utf8');
  writeFileSync(
    night.path('cadangan.jsonc'),
    text.replace(JSON.stringify(night.path('repository')), JSON.stringify(night.path('elsewhere'))),
  );
  await night.service.reload();
  const weekly = await live(night.clock, 5 * minuteMs, async () =>
    web.received.map(({ body }) => JSON.parse(body) as Told & { kind: string }).find(({ kind }) => kind === 'weekly'),
  );
  const said = weekly.sections.flatMap(({ lines }) => lines).filter((line) => line.startsWith('Little space left'));
  assert.deepEqual(said, [`Little space left: ${night.path('state')}`]);
});
