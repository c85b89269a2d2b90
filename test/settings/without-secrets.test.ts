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
