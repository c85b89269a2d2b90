import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfiguration, withoutSecrets } from '../../src/settings/index.ts';

const text = (token: string) =>
  JSON.stringify({
    version: 1,
    sets: [
      {
        name: 'a',
        sources: ['/srv'],
        repository: { location: '/mnt/r', passwordCommand: ['sh', '-c', `echo ${token}`] },
        before: ['dump', `--password=${token}`],
        after: ['notify'],
      },
    ],
    offsiteCopies: [
      {
        name: 'office',
        repository: '/mnt/r',
        to: 'gdrive:Backup',
        before: ['open', token],
        after: ['close', token],
        readableCopies: { set: 'a', passwordCommand: ['pass', token] },
      },
    ],
  });

test('of commands only the program stays, and a mark that changes with the arguments', () => {
  const shown = (token: string) => withoutSecrets(parseConfiguration(text(token)).configuration, (words) => `mark ${words.length}`).sets[0];
  const set = shown('geheim');
  assert.deepEqual([set?.repository.passwordCommand, set?.before, set?.after], [['sh', 'mark 3'], ['dump', 'mark 2'], ['notify']]);
  assert.ok(!JSON.stringify(withoutSecrets(parseConfiguration(text('geheim')).configuration)).includes('geheim'));
  assert.equal(set?.sources[0], '/srv');
  const [copy] = withoutSecrets(parseConfiguration(text('geheim')).configuration).offsiteCopies;
  assert.deepEqual(
    [copy?.before, copy?.after, copy?.readableCopies?.passwordCommand],
    [
      ['open', '***'],
      ['close', '***'],
      ['pass', '***'],
    ],
  );
});

test('of an address that whoever knows it may use only the server stays, and a mark that changes with it', () => {
  const shown = (token: string, markOf?: (words: readonly string[]) => string) => {
    const address = `https://hc.example/ping/${token}?create=1`;
    const alerts = { receivers: [{ name: 'hook', by: 'webhook', address, secretFile: '/s' }], heartbeats: [{ name: 'hc', address }] };
    return withoutSecrets(parseConfiguration(JSON.stringify({ version: 1, alerts })).configuration, markOf).alerts;
  };
  const { receivers, heartbeats } = shown('geheim', ([word = '']) => `mark ${word.length}`) ?? {};
  assert.deepEqual([receivers?.[0]?.address, heartbeats?.[0]?.address], Array(2).fill('https://hc.example/mark 39'));
  assert.deepEqual([receivers?.[0]?.name, receivers?.[0]?.secretFile], ['hook', '/s']);
  assert.ok(!JSON.stringify(shown('geheim')).includes('geheim'));
});
