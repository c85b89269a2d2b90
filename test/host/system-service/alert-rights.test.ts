import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandsOf } from '../../../src/host/system-service/configured-programs.ts';
import { rightsOf, uncoveredBy } from '../../../src/host/system-service/rights.ts';
import { parseConfiguration } from '../../../src/settings/index.ts';

const { configuration } = parseConfiguration(
  JSON.stringify({
    version: 1,
    alerts: {
      mail: { host: 'smtp.company.co.id', from: 'a@company.co.id', passwordCommand: ['/usr/bin/pass', 'smtp'], passwordFile: '/etc/smtp' },
      receivers: [
        { name: 'hook', by: 'webhook', addressFile: '/etc/hook', secretFile: '/etc/hmac' },
        { name: 'bot', by: 'telegram', tokenFile: '/etc/token', chat: '-1' },
      ],
      heartbeats: [{ name: 'hc', addressFile: '/etc/hc' }],
    },
  }),
);

test('the service is handed every secret that alerts need, and status names those that it lacks', () => {
  const rights = rightsOf(configuration);
  assert.deepEqual(rights.credentials.map(({ path }) => path).toSorted(), ['/etc/hc', '/etc/hmac', '/etc/hook', '/etc/smtp', '/etc/token']);
  assert.deepEqual(uncoveredBy(rights, configuration), []);
  const uncovered = uncoveredBy({ writable: [], credentials: rights.credentials.slice(1) }, configuration);
  assert.deepEqual(uncovered, [{ name: 'smtp.company.co.id', what: 'password', path: '/etc/smtp' }]);
});

test('the service may write to the folder of a copy, and to no server', () => {
  const copies = [
    { name: 'disk', repository: '/srv/repository', to: '/media/disk/copy' },
    { name: 'local', repository: 'local:/srv/repository', to: 'local:/media/other/copy' },
    { name: 'bucket', repository: '/srv/repository', to: 's3:https://s3.host/bucket' },
  ];
  const { configuration: withCopies } = parseConfiguration(JSON.stringify({ version: 1, offsiteCopies: copies }));
  assert.deepEqual(rightsOf(withCopies).writable, ['/media/disk/copy', '/media/other/copy', '/srv/repository']);
  assert.deepEqual(
    uncoveredBy({ writable: ['/srv'], credentials: [] }, withCopies).map(({ name, what }) => [name, what]),
    [
      ['disk', 'copy'],
      ['local', 'copy'],
    ],
  );
});

test('the program that prints the password of the mail server is one that only administrators may change', () => {
  assert.deepEqual(commandsOf(configuration), [{ name: 'smtp.company.co.id', command: ['/usr/bin/pass', 'smtp'] }]);
});
