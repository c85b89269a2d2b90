import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CadanganError } from '../../src/platform/index.ts';
import { recordsFolder } from '../../src/records/index.ts';
import { temporaryState } from '../records/some-records.ts';
import { alertSettings, AlertStage, byDesktop } from './alert-stage.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

async function stageOf(t: Parameters<typeof temporaryState>[0], alerts: Readonly<Record<string, unknown>>): Promise<AlertStage> {
  const stage = new AlertStage(temporaryState(t), alerts);
  await stage.backup('accounting', 'failed'); // before anybody wanted to be told
  await stage.live(hourMs);
  assert.deepEqual(stage.sent, []);
  return stage;
}

test('a cause is told once, until it changes or was well in between', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it')] });
  await stage.backup('accounting', 'failed');
  await stage.live(hourMs);
  await stage.backup('accounting', 'failed');
  await stage.live(hourMs);
  assert.deepEqual(stage.toldTo('it'), ['Failed – Internal backup: accounting'], 'the second night has the same cause');
  await stage.backup('accounting', 'failed', { reason: { code: 'storage.full', facts: {} } });
  await stage.live(hourMs);
  assert.equal(stage.sent.length, 2, 'another cause');
  await stage.backup('projects', 'failed', { reason: { code: 'storage.full', facts: {} } });
  await stage.live(hourMs);
  assert.equal(stage.sent.length, 3, 'another set');
  await stage.backup('accounting', 'success');
  await stage.live(hourMs);
  assert.equal(stage.sent.length, 3, 'that it is well is no alert');
  await stage.backup('accounting', 'failed', { reason: { code: 'storage.full', facts: {} } });
  await stage.live(hourMs);
  assert.equal(stage.sent.length, 4, 'it was well in between');
});

test('exceptions are told again only when others come', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it'), byDesktop('boss', { about: ['failure'] })] });
  const night = (...items: readonly string[]) =>
    stage.backup('accounting', 'success-with-exceptions', {
      exceptions: items.map((item) => ({ item, kind: 'unreadable', reason: 'EACCES', weight: 'lost' as const })),
      exceptionCount: items.length,
    });
  for (const items of [['/a'], ['/a'], ['/a', '/b'], ['/b', '/a'], ['/b']]) {
    await night(...items);
    await stage.live(hourMs);
  }
  assert.equal(stage.toldTo('it').length, 3);
  assert.deepEqual(stage.toldTo('boss'), []);
  await stage.backup('accounting', 'failed');
  await stage.live(hourMs);
  await night('/a');
  await stage.live(hourMs);
  await stage.backup('accounting', 'failed');
  await stage.live(hourMs);
  assert.equal(stage.toldTo('boss').length, 2, 'what it does not hear of is at least no failure');
});

test('a receiver is told of the kinds and sets that it wants', async (t) => {
  const stage = await stageOf(t, {
    receivers: [
      byDesktop('all'),
      byDesktop('nights', { about: ['missed-night'] }),
      byDesktop('projects', { sets: ['projects'] }),
      byDesktop('held', { about: ['held-deletion', 'off-site-lag', 'overdue-drill'] }),
      byDesktop('space', { about: ['low-space'] }),
    ],
  });
  const missed = { code: 'schedule.missed', facts: { reason: 'not-running', cause: 'off' } };
  await stage.append({ kind: 'missed-run', set: 'accounting', result: 'missed', reason: missed });
  const opened = (id: string, rule: string, facts: Readonly<Record<string, string | number>> = {}) =>
    stage.append({ kind: 'nonconformity-opened', nonconformity: { id, rule, subject: `${rule}:${id}`, facts } });
  await opened('NC-0001', 'copy-behind', { copy: 'office', hours: 72 });
  await opened('NC-0002', 'drill-overdue', { day: '2026-11-01', days: 30 });
  await opened('NC-0003', 'retention-held', { set: 'projects' });
  await opened('NC-0004', 'chain-broken');
  const space = { location: '/mnt/backup', freeBytes: 2 ** 30, limitBytes: 5 * 2 ** 30 };
  await stage.append({ kind: 'low-space', result: 'failed', evidence: space });
  await stage.backup('projects', 'failed');
  await stage.append({ kind: 'approval' });
  await stage.live(hourMs);
  assert.equal(stage.toldTo('all').length, 7);
  assert.deepEqual(stage.toldTo('nights'), ['Night without a backup: accounting']);
  assert.equal(stage.toldTo('projects').length, 6, 'also what is about no set');
  assert.equal(stage.toldTo('held').length, 3);
  assert.deepEqual(stage.toldTo('space'), ['Little space left: /mnt/backup']);
  assert.equal(stage.sent.length, 5, 'what comes together is one message');
  await stage.append({ kind: 'low-space', result: 'success', evidence: space });
  await stage.append({ kind: 'low-space', result: 'failed', evidence: space });
  await stage.live(hourMs);
  assert.equal(stage.toldTo('space').length, 2);
});

test('in a quiet time all waits, and comes at its end as one message', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it', { quiet: { hours: '22:00-06:00' } })] });
  await stage.backup('accounting', 'failed');
  await stage.live(30 * minuteMs);
  assert.equal(stage.sent.length, 1, 'it is 21:30');
  await stage.live(hourMs); // 22:30
  await stage.backup('projects', 'failed');
  await stage.live(3 * hourMs);
  await stage.append({ kind: 'missed-run', set: 'mail', result: 'missed' });
  await stage.live(4 * hourMs);
  assert.equal(stage.sent.length, 1, 'it is 05:30');
  await stage.live(hourMs);
  assert.equal(stage.sent.length, 2);
  assert.deepEqual(stage.toldTo('it').slice(1), ['Failed – Internal backup: projects', 'Night without a backup: mail']);
});

test('the network is down for a night: it is recorded once, and in the morning all arrives, each thing once', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('mail', { by: 'teams', addressFile: '/secret' }), byDesktop('it')] });
  stage.down = new Set(['mail']);
  for (const set of ['a', 'b', 'c', 'd']) {
    await stage.backup(set, 'failed');
    await stage.live(2 * hourMs);
  }
  assert.deepEqual(stage.toldTo('mail'), []);
  assert.deepEqual(stage.failures, [{ name: 'mail', code: 'alert.unreachable' }]);
  assert.ok(stage.alerts.state?.failing['mail']);
  stage.restart(); // and what waits outlives the process
  stage.down = new Set();
  await stage.live(2 * hourMs);
  assert.deepEqual(
    stage.toldTo('mail'),
    ['a', 'b', 'c', 'd'].map((set) => `Failed – Internal backup: ${set}`),
  );
  const ids = stage.sent.map(({ message }) => message.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(stage.toldTo('it').includes('Alert that could not be sent: mail'), 'others are told that it could not be');
  assert.deepEqual(stage.alerts.state?.failing, {});
  assert.deepEqual(stage.alerts.state?.messages, []);
});

test('a run whose process died or whose window was over is told; one that a person stopped is not', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it')] });
  const at = (hours: number): string => new Date(Number(stage.clock.nowNs() / 1_000_000n) + hours * hourMs).toISOString();
  const stopped = async (set: string, code: string, planned?: { readonly start: string; readonly end: string }): Promise<void> => {
    const facts = code === 'aborted' ? { reason: 'user' } : {}; // a cancelled request says no more
    await stage.backup(set, 'stopped', { reason: { code, facts }, started: at(-1), ...(planned && { planned }) });
    await stage.live(hourMs);
  };
  await stopped('a', 'host.lost');
  await stopped('b', 'aborted', { start: at(-2), end: at(0) });
  await stopped('c', 'aborted', { start: at(-2), end: at(1) });
  await stopped('c', 'aborted', { start: at(-3), end: at(-2) }); // made good later, and stopped
  await stopped('c', 'aborted');
  await stage.append({ kind: 'drill', result: 'stopped', reason: { code: 'host.lost', facts: {} } });
  await stage.live(hourMs);
  const broken = ['Interrupted – Internal backup: a', 'Stopped – Internal backup: b', 'Interrupted – Restore drill'];
  assert.deepEqual(stage.toldTo('it'), broken);
  await stopped('b', 'aborted', { start: at(-2), end: at(0) });
  assert.equal(stage.sent.length, 3, 'the next night has the same cause');
});

test('a removal by hand that is held or protected is answered to whoever asked; others fail each for its repository', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it')] });
  const removal = async (location: string, code: string, trigger: 'manual' | 'schedule' = 'manual'): Promise<void> => {
    const about = trigger === 'schedule' ? { set: 'accounting' } : {};
    await stage.append({ kind: 'retention', result: 'failed', trigger, ...about, destination: { location }, reason: { code, facts: {} } });
    await stage.live(hourMs);
  };
  await removal('/mnt/a', 'retention.held');
  await removal('/mnt/a', 'snapshot.protected');
  assert.deepEqual(stage.sent, []);
  for (const location of ['/mnt/a', '/mnt/a', '/mnt/b']) await removal(location, 'storage.unreachable');
  await removal('/mnt/a', 'retention.held', 'schedule');
  assert.equal(new Set(stage.toldTo('it')).size, 3);
  assert.equal(stage.sent.length, 3);
});

test('a second outage of a receiver is told to the others too, and so is another address that is refused', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('mail', { by: 'teams', addressFile: '/secret' }), byDesktop('it')] });
  const told = (): number => stage.toldTo('it').filter((title) => title === 'Alert that could not be sent: mail').length;
  for (const outage of [1, 2]) {
    stage.down = new Set(['mail']);
    await stage.backup(`set-${outage}`, 'failed');
    await stage.live(2 * hourMs);
    stage.down = new Set();
    await stage.live(2 * hourMs);
    assert.equal(told(), outage);
  }
  const refused = async (...addresses: readonly string[]): Promise<void> => {
    const reason = { code: 'alert.refused', facts: { receiver: 'mail', reason: addresses.join(', ') } };
    await stage.append({ kind: 'alert-failed', result: 'failed', reason, evidence: { receiver: 'mail' } });
    await stage.live(hourMs);
  };
  await refused('a@x.id');
  await refused('a@x.id');
  assert.equal(told(), 3);
  await refused('a@x.id', 'b@x.id');
  assert.equal(told(), 4);
});

test('what waits for a receiver that is gone or has another name is a record, once', async (t) => {
  const way = { by: 'teams', addressFile: '/secret' };
  const stage = await stageOf(t, { receivers: [byDesktop('it', way)] });
  stage.down = new Set(['it']);
  for (const set of ['a', 'b']) {
    await stage.backup(set, 'failed');
    await stage.live(10 * minuteMs);
  }
  stage.settings = alertSettings({ receivers: [byDesktop('office', way)] });
  await stage.append({ kind: 'configuration-change' });
  await stage.live(hourMs);
  assert.deepEqual(stage.failures, [
    { name: 'it', code: 'alert.unreachable' },
    { name: 'it', code: 'alert.unknown' },
  ]);
  assert.deepEqual(stage.toldTo('office'), ['Alert that could not be sent: it']);
  assert.deepEqual(stage.alerts.state?.messages, []);
});

test('who would end waits for what is about to be sent, and for nothing that cannot be sent or is to wait', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it', { by: 'teams', addressFile: '/x', quiet: { hours: '22:30-06:00' } })] });
  assert.equal(stage.alerts.isPending, false);
  await stage.backup('accounting', 'failed');
  await stage.look();
  assert.equal(stage.alerts.isPending, true);
  await stage.live(minuteMs);
  assert.deepEqual([stage.alerts.isPending, stage.sent.length], [false, 1]);
  stage.down = new Set(['it']);
  await stage.backup('projects', 'failed');
  await stage.live(minuteMs);
  assert.equal(stage.alerts.isPending, false, 'it could not be sent');
  stage.down = new Set();
  await stage.live(2 * hourMs);
  await stage.backup('mail', 'failed');
  await stage.live(minuteMs);
  assert.deepEqual([stage.alerts.isPending, stage.sent.length], [false, 2], 'it is to wait');
});

test('a clock that is put back by a day holds nothing back, and of summaries that wait the newest is sent', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('it', { by: 'teams', addressFile: '/x', weekly: { day: 'wed' } })] });
  stage.weekly = (_, dueMs) => [{ title: `week ${new Date(dueMs).toISOString().slice(0, 10)}`, tone: 'good', about: '', lines: [] }];
  await stage.backup('accounting', 'failed');
  await stage.look();
  stage.clock.setWallClock(stage.clock.nowNs() - 86_400_000_000_000n);
  await stage.live(minuteMs);
  assert.equal(stage.sent.length, 1);
  stage.down = new Set(['it']);
  await stage.backup('projects', 'failed');
  await stage.live(24 * 24 * hourMs, 6 * hourMs);
  stage.down = new Set();
  await stage.live(2 * hourMs);
  assert.deepEqual(stage.toldTo('it').slice(1), ['Failed – Internal backup: projects', 'week 2026-12-16']);
});

test('the summary comes once a week at its time, also after a time in which nobody ran', async (t) => {
  const stage = await stageOf(t, {
    receivers: [byDesktop('boss', { weekly: { day: 'wed', time: '07:00' } }), byDesktop('it')],
  });
  const dues: string[] = [];
  stage.weekly = (receiver, dueMs) => {
    dues.push(`${receiver} ${new Date(dueMs).toISOString()}`);
    return [{ title: 'All is well', tone: 'good', about: '', lines: [] }];
  };
  await stage.live(20 * hourMs);
  assert.deepEqual(dues, []);
  await stage.live(24 * hourMs, 30 * minuteMs); // Wednesday
  assert.deepEqual(dues, ['boss 2026-11-25T00:00:00.000Z']);
  await stage.clock.advance(15 * 24 * hourMs);
  stage.restart();
  await stage.live(hourMs);
  assert.deepEqual(stage.toldTo('boss'), ['All is well', 'All is well'], 'of two weeks one summary');
  assert.deepEqual(dues.slice(1), ['boss 2026-12-09T00:00:00.000Z'], 'of the week that has just passed');
  assert.equal(new Set(stage.sent.map(({ message }) => message.id)).size, 2);
});

test('a summary that was sent by a clock a year ahead silences none, and one that is put back by an hour doubles none', async (t) => {
  const stage = await stageOf(t, { receivers: [byDesktop('boss', { weekly: { day: 'wed', time: '07:00' } })] });
  stage.weekly = (_, dueMs) => [{ title: new Date(dueMs).toISOString().slice(0, 10), tone: 'good', about: '', lines: [] }];
  const yearNs = 364n * 86_400_000_000_000n;
  stage.clock.setWallClock(stage.clock.nowNs() + yearNs);
  await stage.live(3 * 24 * hourMs, hourMs);
  stage.clock.setWallClock(stage.clock.nowNs() - yearNs);
  await stage.live(7 * 24 * hourMs, hourMs);
  assert.deepEqual(stage.toldTo('boss'), ['2027-11-17', '2027-11-24', '2026-12-02']);
  stage.clock.setWallClock(BigInt(Date.UTC(2026, 11, 9)) * 1_000_000n);
  await stage.live(minuteMs);
  stage.clock.setWallClock(stage.clock.nowNs() - 3_600_000_000_000n);
  await stage.live(2 * hourMs);
  assert.deepEqual(stage.toldTo('boss').slice(3), ['2026-12-09']);
});

test('a summary that cannot be made says so, is a record, and holds up no alert and nobody else', async (t) => {
  const weekly = { day: 'wed', time: '07:00' };
  const stage = await stageOf(t, { receivers: [byDesktop('boss', { weekly }), byDesktop('owner', { weekly }), byDesktop('it')] });
  stage.weekly = (receiver) => {
    if (receiver === 'boss') throw new CadanganError('state.unusable', { path: '/state/records/2026-10.jsonl', reason: 'EIO' });
    return [{ title: 'All is well', tone: 'good', about: '', lines: [] }];
  };
  await stage.live(40 * hourMs, 30 * minuteMs); // Wednesday
  await stage.backup('accounting', 'failed');
  await stage.live(hourMs);
  assert.deepEqual(stage.failures, [{ name: 'boss', code: 'state.unusable' }]);
  const summary = stage.sent.find(({ receiver, message }) => receiver === 'boss' && message.kind === 'weekly');
  assert.equal(summary?.message.sections[0]?.tone, 'bad');
  assert.deepEqual(stage.toldTo('boss'), ['The summary of the week cannot be made', 'Failed – Internal backup: accounting']);
  const told = ['Alert that could not be sent: boss', 'Failed – Internal backup: accounting'];
  assert.deepEqual([stage.toldTo('owner'), stage.toldTo('it')], [['All is well', ...told], told]);
});

test('what waits is sent, also while the records cannot be read', async (t) => {
  const state = temporaryState(t);
  const stage = new AlertStage(state, { receivers: [byDesktop('it', { by: 'teams', addressFile: '/x' })] });
  await stage.append({ kind: 'approval' });
  await stage.live(minuteMs);
  stage.down = new Set(['it']);
  await stage.backup('accounting', 'failed');
  await stage.live(10 * minuteMs);
  stage.down = new Set();
  stage.restart();
  await stage.append({ kind: 'approval' });
  const [month = ''] = readdirSync(recordsFolder(state)).filter((name) => name.endsWith('.jsonl'));
  rmSync(join(recordsFolder(state), month));
  mkdirSync(join(recordsFolder(state), month)); // as a file of which no byte can be read
  await assert.rejects(stage.look(), { code: 'state.unusable' });
  assert.deepEqual(stage.toldTo('it'), ['Failed – Internal backup: accounting']);
});

test('an address that watches over silence hears of the beginning and the end, and nothing that is an hour old', async (t) => {
  const stage = await stageOf(t, {
    heartbeats: [
      { name: 'hc', address: 'https://hc.example/1' },
      { name: 'x', address: 'https://hc.example/2', sets: ['x'] },
    ],
  });
  await stage.alerts.runBegins('accounting', '');
  await stage.backup('accounting', 'success');
  await stage.live(minuteMs);
  await stage.backup('accounting', 'failed');
  await stage.live(minuteMs);
  assert.deepEqual(
    stage.pings.map(({ heartbeat, what }) => `${heartbeat} ${what}`),
    ['hc start', 'hc success', 'hc fail'],
  );
  stage.down = new Set(['hc']);
  await stage.backup('accounting', 'success');
  await stage.live(10 * minuteMs);
  stage.down = new Set();
  await stage.live(10 * minuteMs);
  assert.equal(stage.pings.length, 4, 'ten minutes later it is still so');
  stage.down = new Set(['hc']);
  await stage.backup('accounting', 'success');
  await stage.live(2 * hourMs);
  stage.down = new Set();
  await stage.live(2 * hourMs);
  assert.equal(stage.pings.length, 4);
  assert.deepEqual(stage.alerts.state?.pings, []);
});

test('the end of a run of a second is told after its beginning, which is still on its way', async (t) => {
  const stage = await stageOf(t, { heartbeats: [{ name: 'hc', address: 'https://hc.example/1' }] });
  const arriving = Promise.withResolvers<void>();
  stage.starting = arriving.promise;
  const begun = stage.alerts.runBegins('accounting', '');
  await stage.backup('projects', 'success');
  await stage.look();
  await stage.backup('accounting', 'success');
  const looked = stage.look();
  await new Promise((resolve) => setTimeout(resolve, 50)); // a success that waits for nothing would be through
  arriving.resolve();
  await Promise.all([begun, looked]);
  assert.deepEqual(
    stage.pings.map(({ what }) => what),
    ['success', 'start', 'success'],
  );
});
