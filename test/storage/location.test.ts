import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { isCode } from '../../src/platform/index.ts';
import type { LocationRules } from '../../src/storage/index.ts';
import { FolderStorage, locationForms, locationLabel, openStorage, parseLocation } from '../../src/storage/index.ts';

const linux: LocationRules = { platform: 'linux', workingFolder: '/home/admin' };
const windows: LocationRules = { platform: 'win32', workingFolder: 'D:\\work' };

const folders: readonly (readonly [text: string, rules: LocationRules, path: string])[] = [
  ['/mnt/backup/repo', linux, '/mnt/backup/repo'],
  ['/mnt/a:b/../c', linux, '/mnt/c'],
  ['repo', linux, '/home/admin/repo'],
  ['./re:po', linux, '/home/admin/re:po'],
  ['../repo', linux, '/home/repo'],
  ['..', linux, '/home'],
  ['local:/mnt/x', linux, '/mnt/x'],
  ['local:sftp:x', linux, '/home/admin/sftp:x'],
  ['.hidden/repo', linux, '/home/admin/.hidden/repo'],
  ['C:\\backup\\repo', windows, 'C:\\backup\\repo'],
  ['c:/backup', windows, 'C:\\backup'],
  ['\\\\?\\C:\\backup\\..\\repo', windows, 'C:\\repo'],
  ['\\\\?\\UNC\\backup\\cadangan\\sub', windows, '\\\\backup\\cadangan\\sub'],
  ['local:D:repo', windows, 'D:\\work\\repo'],
  ['\\\\backup\\cadangan', windows, '\\\\backup\\cadangan\\'],
  ['\\\\backup\\cadangan\\sub', windows, '\\\\backup\\cadangan\\sub'],
  ['//backup/cadangan/sub', windows, '\\\\backup\\cadangan\\sub'],
  ['repo', windows, 'D:\\work\\repo'],
  ['..\\repo', windows, 'D:\\repo'],
  ['local:E:\\x', windows, 'E:\\x'],
];

describe('parseLocation()', () => {
  for (const [text, rules, path] of folders) {
    test(`reads ${text} on ${rules.platform} as the folder ${path}`, () => {
      assert.deepEqual(parseLocation(text, rules), { scheme: 'folder', path });
    });
  }

  test('reads SFTP as scp writes it, and as a URL', () => {
    const sftp = (user: string | undefined, host: string, port: number | undefined, path: string) => ({
      scheme: 'sftp',
      user,
      host,
      port,
      path,
    });
    assert.deepEqual(parseLocation('sftp:admin@nas:/srv/repo', linux), sftp('admin', 'nas', undefined, '/srv/repo'));
    assert.deepEqual(parseLocation('sftp:nas:repo/', linux), sftp(undefined, 'nas', undefined, 'repo/'));
    assert.deepEqual(parseLocation('sftp:admin@corp.example@nas:x', linux), sftp('admin@corp.example', 'nas', undefined, 'x'));
    assert.deepEqual(parseLocation('sftp://admin@nas:2222//srv/my%20repo', linux), sftp('admin', 'nas', 2222, '/srv/my repo'));
    assert.deepEqual(parseLocation('sftp://nas/repo', linux), sftp(undefined, 'nas', undefined, 'repo'));
    assert.deepEqual(parseLocation('sftp://admin@[::1]:22//srv', linux), sftp('admin', '::1', 22, '/srv'));
  });

  test('reads Drive, REST and S3', () => {
    assert.deepEqual(parseLocation('gdrive:Backup/Server 1/', linux), { scheme: 'gdrive', path: 'Backup/Server 1' });
    const rest = parseLocation('rest:https://u@host:8000/repo', linux);
    assert(rest.scheme === 'rest' && rest.url.href === 'https://u@host:8000/repo/');
    for (const text of ['s3:https://s3.example.com/bucket/a/b', 's3:s3.example.com/bucket/a/b', 's3://s3.example.com/bucket/a/b']) {
      const s3 = parseLocation(text, linux);
      assert(s3.scheme === 's3');
      assert.deepEqual([s3.endpoint.href, s3.bucket, s3.prefix], ['https://s3.example.com/', 'bucket', 'a/b']);
    }
    const plain = parseLocation('s3:http://localhost:9000/bucket', linux);
    assert(plain.scheme === 's3' && plain.endpoint.href === 'http://localhost:9000/' && plain.prefix === '');
  });

  test('reads rclone as restic does: a remote of its configuration, and a path there', () => {
    const rclone = (remote: string, path: string) => ({ scheme: 'rclone', remote, path });
    assert.deepEqual(parseLocation('rclone:b2prod:yggdrasil/a b/c', linux), rclone('b2prod', 'yggdrasil/a b/c'));
    assert.deepEqual(parseLocation('rclone:my drive:', windows), rclone('my drive', ''));
    assert.deepEqual(parseLocation('rclone::local:/srv/x:y', linux), rclone(':local', '/srv/x:y'));
  });

  const refused = [
    '',
    'a\0b',
    'local:',
    'sfpt:host:/x',
    'b2:bucket',
    'C:\\x',
    '\\\\nas\\share',
    'my:repo',
    'sftp:host',
    'sftp:',
    'sftp::/x',
    'sftp:@host:/x',
    'sftp:host:',
    'sftp:host:~/x',
    'sftp://host',
    'sftp://host/',
    'sftp:-oProxyCommand=x:/y',
    'sftp:-l@host:/y',
    'sftp://u:pw@host//x',
    'sftp://host:99999//x',
    'sftp://host/%zz',
    'gdrive:',
    'gdrive:/',
    'gdrive:a/../b',
    'rest:',
    'rest:host',
    'rest:ftp://host/',
    'rest:https://host/?x=1',
    'rest:https://a%zz@host/',
    's3:',
    's3:host',
    's3:https://host/',
    's3://',
    'rclone:',
    'rclone:remote',
    'rclone::',
    'rclone:--config=/x:y',
    'rclone:/srv:x',
    'rclone::sftp,host=nas,pass=hunter2:/srv',
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text)} on Linux and says what would do`, () => {
      assert.throws(
        () => parseLocation(text, linux),
        (error) => isCode(error, 'storage.invalid-location') && error.facts['supported'] === locationForms && error.facts['reason'] !== '',
      );
    });
  }

  test('never fails in another way, whatever it gets', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'sftp:', 'sftp://', 'rest:', 's3:', 's3://', 'rclone:', 'gdrive:', 'local:', 'C:'),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(linux, windows),
        (scheme, rest, rules) => {
          try {
            locationLabel(parseLocation(scheme + rest, rules));
          } catch (error) {
            assert(isCode(error, 'storage.invalid-location'), String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('locationLabel()', () => {
  const written = [
    '/mnt/repo',
    'sftp:admin@nas:/srv/repo',
    'sftp:nas:repo',
    'sftp://admin@nas:2222//srv/repo',
    'sftp://[::1]/repo',
    'gdrive:A/B',
    'rest:https://host:8000/',
    's3:https://s3.example.com/bucket/a',
    'rclone:remote:a/b',
  ];
  for (const text of written) {
    test(`writes ${text} as the user did`, () => assert.equal(locationLabel(parseLocation(text, linux)), text));
  }

  test('gives something that reads the same again', () => {
    for (const text of ['sftp://admin@nas:22//srv/a%2525b', 'sftp:nas://x', ...written]) {
      const location = parseLocation(text, linux);
      assert.deepEqual(parseLocation(locationLabel(location), linux), location, text);
    }
  });
});

test('a location with a secret in it is refused, says where that belongs, and does not show it', () => {
  const refusals = [
    ['rest:https://user:hunter2@host/', 'RESTIC_REST_PASSWORD'],
    ['s3:https://key:hunter2@host/bucket', 'AWS_SECRET_ACCESS_KEY'],
    ['s3:key:hunter2@host/bucket', 'AWS_SECRET_ACCESS_KEY'],
    ['rest:https://user:hunter2@host/?x', 'environment'],
    ['sftp://user:hunter2@host//x', 'location'],
    ['rest:user:hunter2@host/', 'address'],
    ['rclone::sftp,host=nas,pass=hunter2:/srv', "rclone's own configuration"],
  ] as const;
  for (const [text, place] of refusals)
    for (const refuse of [() => parseLocation(text, linux), () => openStorage(text)])
      assert.throws(refuse, (error) => {
        assert.ok(isCode(error, 'storage.invalid-location'));
        assert.ok(String(error.facts['reason']).includes(place), `${text}: ${String(error.facts['reason'])}`);
        return !`${String(error)} ${JSON.stringify(error.facts)}`.includes('hunter2');
      });
});

describe('openStorage()', () => {
  test('opens a folder without touching it, under its absolute path', () => {
    const storage = openStorage('./does-not-exist');
    assert(storage instanceof FolderStorage);
    assert.match(storage.location, /^(\/|[A-Z]:\\).*does-not-exist$/);
  });

  test('opens nothing that takes an account, keys or passwords, and says what it opens', () => {
    for (const text of ['gdrive:A/B', 'sftp:nas:/x', 'rest:https://host/', 's3:https://host/bucket', 'rclone:cloud:x']) {
      assert.throws(
        () => openStorage(text),
        (error) =>
          isCode(error, 'storage.invalid-location') &&
          isDeepStrictEqual(error.facts, {
            location: text,
            reason: 'only a folder of this machine can be opened here',
            supported: ['/path/to/folder', 'C:\\path', '\\\\server\\share', 'local:path'],
          }),
      );
    }
  });
});
