import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planDrill } from '../../src/service/index.ts';
import { isCode } from '../../src/platform/index.ts';
import { parseConfiguration } from '../../src/settings/index.ts';

const setAt = (name: string, location: string) => ({ name, repository: { location }, sources: ['/srv'] });
const { configuration, problems } = parseConfiguration(
  JSON.stringify({
    version: 1,
    sets: [setAt('local', '/srv/backup'), setAt('drive', 'gdrive:Backup'), setAt('alone', 'gdrive:Alone'), setAt('bare', '/srv/bare')],
    googleDrive: { account: 'backup@company.co.id', clientFile: '/etc/client.json' },
    offsiteCopies: [
      { name: 'nas', repository: '/srv/backup', to: '/mnt/nas' },
      { name: 's3', repository: '/srv/backup', to: 's3:https://host/bucket' },
      { name: 'of-drive', repository: 'gdrive:Backup', to: 's3:https://host/other' },
    ],
  }),
);

const placesOf = (wish: Partial<Parameters<typeof planDrill>[0]>): string[] =>
  planDrill({ sets: [], ...wish }, configuration).places.map(({ set, location }) => `${set.name} ${location}`);

test('a drill from copies takes the copy, also of a set that lies on Google Drive, which stands for itself only without one', () => {
  assert.deepEqual(problems, []);
  assert.deepEqual(placesOf({ from: 'drive' }), ['local /mnt/nas', 'drive s3:https://host/other', 'alone gdrive:Alone']);
  assert.deepEqual(placesOf({}).length, 4);
});

test('of several copies one can be named', () => {
  assert.deepEqual(placesOf({ copy: 's3' }), ['local s3:https://host/bucket']);
  assert.deepEqual(placesOf({ copy: 'of-drive', sets: ['drive'] }), ['drive s3:https://host/other']);
  const isUnknown = (error: unknown): boolean => isCode(error, 'offsite.unknown');
  assert.throws(() => placesOf({ copy: 'other' }), isUnknown);
  assert.throws(() => placesOf({ copy: 's3', sets: ['alone'] }), isUnknown);
  assert.throws(
    () => placesOf({ copy: 's3', from: 'backup-server' }),
    (error) => isCode(error, 'arguments.invalid'),
  );
});
