import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfiguration, withoutSecrets } from '../../src/settings/index.ts';

function problemsOf(alerts: Readonly<Record<string, unknown>>): string[] {
  return parseConfiguration(JSON.stringify({ version: 1, alerts })).problems.map(({ code, path }) => `${code} ${path}`);
}

const mail = { host: 'smtp.company.co.id', from: 'cadangan@company.co.id' };
const byMail = { name: 'it', by: 'mail', to: ['it@company.co.id'] };

test('each way of an alert has what it needs, and nothing of another way', () => {
  for (const right of [
    { by: 'webhook', address: 'https://hooks.company.co.id/x', secretFile: '/s' },
    { by: 'webhook', addressFile: '/a', secretFile: '/s' },
    { by: 'teams', addressFile: '/a' },
    { by: 'telegram', tokenFile: '/t', chat: '-1001' },
    { by: 'desktop', sets: ['a'], about: ['failure'], quiet: { hours: '22:00-06:00' }, weekly: { day: 'fri' } },
  ])
    assert.deepEqual(problemsOf({ receivers: [{ name: 'x', ...right }] }), [], right.by);
  assert.deepEqual(problemsOf({ mail, receivers: [byMail] }), []);
  assert.deepEqual(problemsOf({ receivers: [byMail] }), ['missing alerts.mail']);
  assert.deepEqual(problemsOf({ receivers: [{ name: 'x', by: 'teams' }] }), ['missing alerts.receivers[0].addressFile']);
  assert.deepEqual(problemsOf({ receivers: [{ name: 'x', by: 'desktop', chat: '@channel' }] }), ['conflict alerts.receivers[0].chat']);
  assert.deepEqual(
    problemsOf({ receivers: [{ name: 'x', by: 'webhook', address: 'https://a.example', addressFile: '/a', secretFile: '/s' }] }),
    ['conflict alerts.receivers[0].addressFile'],
  );
  assert.deepEqual(problemsOf({ heartbeats: [{ name: 'hc' }] }), ['missing alerts.heartbeats[0].address']);
  assert.deepEqual(problemsOf({ mail, receivers: [byMail, { ...byMail, name: 'IT' }] }), ['invalid-value alerts.receivers[1].name']);
});

test('an address goes over TLS or stays on this machine, and has no password in it', () => {
  const wrong = ['http://hooks.company.co.id', 'https://user:pass@a.example', 'ftp://a.example', 'a.example', 'http://localhost:80'];
  for (const address of wrong) assert.equal(problemsOf({ heartbeats: [{ name: 'hc', address }] }).length, 1, address);
  for (const address of ['https://hc-ping.com/uuid', 'http://127.0.0.1:8000/x?y=1', 'http://[::1]:1'])
    assert.deepEqual(problemsOf({ heartbeats: [{ name: 'hc', address }] }), [], address);
});

test('a secret itself has no place in the file, and arguments of a command are shown to nobody', () => {
  for (const key of ['password', 'token', 'secret'])
    assert.ok(problemsOf({ mail: { ...mail, [key]: 'x' } }).includes(`secret alerts.mail.${key}`), key);
  const { configuration } = parseConfiguration(
    JSON.stringify({ version: 1, alerts: { mail: { ...mail, passwordCommand: ['pass', 'canary'] } } }),
  );
  assert.doesNotMatch(JSON.stringify(withoutSecrets(configuration)), /canary/);
});
