import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfiguration, storageSettingsOf, type Problem } from '../../src/settings/index.ts';

const withStorages = (storages: unknown): string => JSON.stringify({ version: 1, storages });
const problemsOf = (storages: unknown): readonly Problem[] => parseConfiguration(withStorages(storages)).problems;

test('how a storage of each kind is reached can be said in full', () => {
  const storages = [
    {
      location: 'sftp:backup@nas',
      identityFile: '/etc/cadangan/key',
      passphraseFile: '/etc/cadangan/passphrase',
      knownHostsFile: '/etc/cadangan/known_hosts',
      jump: 'gateway',
    },
    { location: 'sftp:other', passwordCommand: ['pass', 'show', 'other'] },
    {
      location: 'rest:https://backup.contoh.co.id:8000/',
      user: 'server-1',
      passwordFile: '/etc/cadangan/rest',
      caFile: '/etc/cadangan/ca.pem',
      clientCertificateFile: '/etc/cadangan/client.pem',
      clientKeyFile: '/etc/cadangan/client-key.pem',
      allowClearText: true,
    },
    {
      location: 's3:https://minio.contoh.co.id/cadangan',
      profile: 'backup',
      credentialsFile: '/etc/cadangan/aws',
      region: 'ap-southeast-3',
      addressing: 'path',
      caFile: 'D:\\ca.pem',
    },
    { location: 'rclone:', program: '/usr/bin/rclone', configFile: '/etc/cadangan/rclone.conf' },
  ];
  const { configuration, problems } = parseConfiguration(withStorages(storages));
  assert.deepEqual(problems, []);
  assert.deepEqual(configuration.storages, storages);
});

const faults: readonly (readonly [entry: object, code: Problem['code'], path: string])[] = [
  [{ location: 'gdrive:Backup' }, 'invalid-value', 'storages[0].location'],
  [{ location: '/mnt/backup' }, 'invalid-value', 'storages[0].location'],
  [{ location: 'rest:https://u:hunter2@host/' }, 'secret', 'storages[0].location'],
  [{ location: 'sftp:nas', profile: 'x' }, 'conflict', 'storages[0].profile'],
  [{ location: 's3:https://host/b', passwordFile: '/x' }, 'conflict', 'storages[0].passwordFile'],
  [{ location: 'sftp:nas', passwordFile: '/x', passwordCommand: ['y'] }, 'conflict', 'storages[0].passwordCommand'],
  [{ location: 'rest:https://host/', clientKeyFile: '/x' }, 'missing', 'storages[0].clientCertificateFile'],
  [{ location: 'rest:https://host/', clientCertificateFile: '/x' }, 'missing', 'storages[0].clientKeyFile'],
  [{ location: 'sftp:nas', identityFile: 'id_ed25519' }, 'invalid-value', 'storages[0].identityFile'],
];
for (const [entry, code, path] of faults)
  test(`a slip is told at its place: ${JSON.stringify(entry)}`, () => {
    const problems = problemsOf([entry]);
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.path]),
      [[code, path]],
    );
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
  });

test('a secret as a value of its own is none of the file', () => {
  assert.deepEqual(
    problemsOf([{ location: 'rest:https://host/', password: 'hunter2' }]).map(({ code }) => code),
    ['secret'],
  );
});

test('one location has one entry', () => {
  assert.deepEqual(
    problemsOf([{ location: 'sftp:nas' }, { location: 'sftp:nas' }]).map(({ code, path }) => [code, path]),
    [['invalid-value', 'storages[1].location']],
  );
});

test('of the entries that a location begins with the longest counts, and half a name is none', () => {
  const list = ['s3:host/a', 's3:host/a/b', 'sftp:nas', 'rest:https://host:8000/', 'rclone:', 'rclone:cloud:'].map((location) => ({
    location,
  }));
  const entryOf = (location: string): string | undefined => storageSettingsOf(location, list)?.location;
  assert.equal(entryOf('s3:host/a'), 's3:host/a');
  assert.equal(entryOf('s3:host/a/c'), 's3:host/a');
  assert.equal(entryOf('s3:host/a/b/c'), 's3:host/a/b');
  assert.equal(entryOf('s3:host/ab'), undefined);
  assert.equal(entryOf('sftp:nas:/srv'), 'sftp:nas');
  assert.equal(entryOf('sftp:nas2:/srv'), undefined);
  assert.equal(entryOf('rest:https://host:8000/server-1/'), 'rest:https://host:8000/');
  assert.equal(entryOf('rclone:cloud:backup'), 'rclone:cloud:');
  assert.equal(entryOf('rclone:other:backup'), 'rclone:');
  assert.equal(entryOf('/mnt/backup'), undefined);
});
