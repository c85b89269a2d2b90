import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { iconOfServer } from '../../src/extension/presentation/icons.ts';
import {
  backupsFacts,
  backupsRow,
  lookedAtText,
  serverFacts,
  serverRow,
  serversStateOf,
  troubledServers,
  unseenRow,
} from '../../src/extension/presentation/server-row.ts';
import { setLanguage, setTimeZone } from '../../src/platform/index.ts';
import type { ServerBackups, ServerInfo, ServersReport } from '../../src/service/index.ts';
import { instant, makeBackups, makeSeen, makeServer } from './sample.ts';

const now = instant('2026-11-22T18:00:00Z');
const states: readonly ServerInfo['state'][] = ['in-time', 'late', 'silent', 'retired', 'unknown'];

afterEach(() => {
  setLanguage('en');
  setTimeZone(undefined);
});

test('a server says in words how it is, when its last good backup began, and how large it is', () => {
  setTimeZone('UTC');
  const row = serverRow(makeServer(), now);
  assert.deepEqual([row.id, row.label, row.context], ['server:srv-02', 'srv-02', 'server']);
  assert.equal(row.description, 'in time · 14:00 · 5.0 GiB');
  assert.match(serverRow(makeServer({ isOwn: true }), now).description ?? '', /this server$/);
  assert.equal(serverRow(makeServer({ host: '' }), now).label, '(no name)');
});

test('every state has an icon and words of its own, in both languages, and colour is not alone', () => {
  assert.equal(new Set(states.map((state) => iconOfServer(state).name)).size, states.length);
  for (const language of ['en', 'id'] as const) {
    setLanguage(language);
    for (const row of [
      (state: ServerInfo['state']) => serverRow(makeServer({ state }), now),
      (state: ServerInfo['state']) => backupsRow('srv-02', makeBackups({ state }), now),
    ]) {
      assert.equal(new Set(states.map((state) => row(state).spoken)).size, states.length);
      assert.equal(new Set(states.map((state) => row(state).description)).size, states.length);
    }
  }
});

test('of several the newest backup counts for the server, in whatever zone it was written', () => {
  setTimeZone('UTC');
  const backups = [makeBackups({ lastGood: '2026-11-22T20:00:00+07:00' }), makeBackups({ set: 'mail', lastGood: '2026-11-22T15:30:00Z' })];
  assert.match(serverRow(makeServer({ backups }), now).description ?? '', /· 15:30 ·/);
});

test('what a server backs up says against what it is held, and why it is not known', () => {
  setTimeZone('UTC');
  assert.equal(backupsRow('srv-02', makeBackups(), now).description, 'in time · 14:00 · objective 26 h · 5.0 GiB · /mnt/backup');
  const rhythm = makeBackups({ measure: { hours: 36, by: 'rhythm' } });
  assert.match(backupsRow('srv-02', rhythm, now).description ?? '', /36 h \(by its rhythm\)/);
  const reasons = (['not-looked', 'no-measure', 'future'] as const).map(
    (why) => backupsRow('srv-02', makeBackups({ state: 'unknown', why }), now).description,
  );
  assert.equal(new Set(reasons).size, 3);
  const never: ServerBackups = { paths: [], set: 'mail', state: 'silent', snapshots: 0 };
  assert.equal(backupsRow('srv-02', never, now).description, 'silent: no backup yet');
});

test('who looked more than an hour ago is told of when that was', () => {
  setTimeZone('UTC');
  const earlier = '2026-11-21T21:00:00Z';
  const old = makeBackups({ lookedAt: earlier });
  const word = /· as of Yesterday 21:00$/;
  assert.match(backupsRow('srv-02', old, now).description ?? '', word);
  assert.match(serverRow(makeServer({ backups: [makeBackups({ set: 'mail' }), old] }), now).description ?? '', word);
  assert.doesNotMatch(serverRow(makeServer(), now).description ?? '', /as of/);
});

test('whom the service does not tell is told that, and not that something failed', () => {
  const error = (code: string) => ({ code, facts: {}, message: '' });
  const report: ServersReport = { at: '2026-11-22T18:00:00Z', servers: [], repositories: [] };
  assert.deepEqual(
    [serversStateOf(undefined, error('rights.denied')), serversStateOf(report, error('host.lost')), serversStateOf(undefined, undefined)],
    ['refused', 'failed', 'unknown'],
  );
  assert.deepEqual(
    [report, { ...report, repositories: [makeSeen()] }, { ...report, servers: [makeServer()] }].map((one) =>
      serversStateOf(one, undefined),
    ),
    ['none', 'empty', 'some'],
  );
});

test('rows of one server have ids of their own', () => {
  const all = [
    makeBackups(),
    makeBackups({ location: '/other' }),
    makeBackups({ set: 'mail' }),
    makeBackups({ set: undefined, paths: ['/a'] } as object),
    makeBackups({ set: '/a' }),
  ];
  assert.equal(new Set(all.map((backups) => backupsRow('srv-02', backups, now).id)).size, all.length);
});

test('a repository that has told all has no row; one that has not says why, and when it was last looked at', () => {
  setTimeZone('UTC');
  assert.equal(unseenRow(makeSeen(), now), undefined);
  const error = { code: 'storage.unreachable', facts: { location: '/mnt/backup', reason: 'ENOENT' }, message: '' };
  const failed = unseenRow(makeSeen({ state: 'failed', error }), now);
  assert.match(failed?.description ?? '', /^not looked at · last looked at 18:00 · /);
  assert.match(unseenRow({ location: '/x', state: 'failed', unreadable: 0, notNamed: 0 }, now)?.description ?? '', /never looked at/);
  assert.match(unseenRow(makeSeen({ unreadable: 2 }), now)?.description ?? '', /^2 snapshots cannot be read/);
  assert.match(unseenRow(makeSeen({ notNamed: 7 }), now)?.description ?? '', /^7 more/);
  assert.match(unseenRow(makeSeen({ state: 'looking' }), now)?.description ?? '', /being looked at/);
});

test('names from a repository cannot reorder, hide or break a row', () => {
  const evil = 'srv\u202e20\u0007\n\u2066x';
  const server = makeServer({ host: evil, backups: [makeBackups({ set: evil, paths: [evil], location: evil })] });
  const [backups] = server.backups;
  assert(backups);
  const rows = [serverRow(server, now), backupsRow(evil, backups, now), unseenRow(makeSeen({ location: evil, unreadable: 1 }), now)];
  const shown = rows.flatMap((row) => [row?.label, row?.description, row?.spoken]);
  const facts = [...serverFacts(server), ...backupsFacts(evil, backups)].flat();
  for (const text of [...shown, ...facts]) assert.doesNotMatch(text ?? '', /[\p{Cc}\p{Cf}]/u);
});

test('the mouse sees of when it is', () => {
  const looked = (facts: ReturnType<typeof serverFacts>) => facts.find(([name]) => name === 'Looked at')?.[1];
  assert.match(looked(serverFacts(makeServer())) ?? '', /22 Nov 2026/);
  assert.match(looked(serverFacts(makeServer({ backups: [makeBackups(), makeBackups({ set: 'mail' })] }))) ?? '', /22 Nov 2026/);
  assert.equal(looked(backupsFacts('srv-09', { paths: [], state: 'unknown', why: 'not-looked', snapshots: 0 })), 'never');
});

test('the header says of when the oldest look is, and the badge counts who is late or silent', () => {
  setTimeZone('UTC');
  const report: ServersReport = {
    at: '2026-11-22T18:00:00Z',
    servers: states.map((state) => makeServer({ host: state, state })),
    repositories: [makeSeen(), makeSeen({ location: '/other', lookedAt: '2026-11-22T17:00:00Z' })],
  };
  assert.equal(lookedAtText(report, now), 'looked at 17:00');
  assert.equal(lookedAtText({ ...report, repositories: [] }, now), undefined);
  assert.equal(troubledServers(report), 2);
});
