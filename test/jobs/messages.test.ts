import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitCodeOfError } from '../../src/cli/exit-code.ts';
import { english } from '../../src/jobs/messages/messages-english.ts';
import { indonesian } from '../../src/jobs/messages/messages-indonesian.ts';
import { describeCauses, describeError } from '../../src/jobs/messages/messages.ts';
import { CadanganError, describeReason, faultWords, type ErrorCode, type ErrorFacts } from '../../src/platform/index.ts';

const sourceFolder = new URL('../../src/', import.meta.url);
const codes = Object.keys(english.errors) as ErrorCode[];

test('every error says in full sentences what happened and what to do, with its facts or without', () => {
  const facts: ErrorFacts = {
    location: '/mnt/backup',
    reason: 'EACCES',
    path: '/srv',
    paths: ['/srv'],
    file: 'data/ab',
    snapshot: 'abc',
    key: 'abc',
    candidates: ['abcdef', 'abcd'],
    target: '/t',
    freeBytes: 10,
    option: '--x',
  };
  for (const [code, language] of codes.flatMap(
    (each) =>
      [
        [each, english],
        [each, indonesian],
      ] as const,
  )) {
    for (const error of [new CadanganError(code), new CadanganError(code, facts)]) {
      const { what, next } = describeError(error, language);
      assert.match(what, /^["A-Z].*[.]$/, `${code}: ${what}`);
      assert.match(next ?? '.', /[.]$/, `${code}: ${next}`);
      assert.doesNotMatch(what + (next ?? ''), /undefined|\[object|NaN/, code);
    }
  }
});

test('what to look at when a place cannot be reached depends on what place it is: nobody mounts a server', () => {
  const next = (location: string): string =>
    describeError(new CadanganError('storage.unreachable', { location, reason: 'ETIMEDOUT' }), english).next ?? '';
  assert.match(next('/mnt/backup'), /mounted/);
  for (const location of ['sftp:nas:/srv', 'rest:https://host/', 's3:host/bucket', 'rclone:cloud:one'])
    assert.match(next(location), /the server is on/);
});

test('what no right changes is told as what it is: a clock that is off, a lock whose time has to pass, a bucket that is missing', () => {
  const clock = new CadanganError('storage.denied', {
    reason: 'RequestTimeTooSkewed',
    ours: '2026-11-30T10:00:00.000Z',
    theirs: '2026-11-30T12:00:00.000Z',
  });
  const lock = new CadanganError('storage.denied', { reason: 'object-lock', file: 'snapshots/ab', until: '2026-12-30T10:00:00.000Z' });
  const bucket = new CadanganError('storage.no-repository', { missing: 'bucket' });
  for (const [error, language, ...wanted] of [
    [clock, english, /T10:00.*T12:00/, /Set the clock/],
    [clock, indonesian, /T10:00.*T12:00/, /Betulkan jam/],
    [lock, english, /cannot be deleted until 2026-12-30/, /Nobody can/],
    [lock, indonesian, /tidak dapat dihapus sampai 2026-12-30/, /Tidak seorang pun/],
    [bucket, english, /no such bucket/, /init/],
    [bucket, indonesian, /bucket itu tidak ada/, /init/],
  ] as const) {
    const { what, next } = describeError(error, language);
    assert.match(what, wanted[0]);
    assert.match(next ?? '', wanted[1]);
  }
});

test('facts cannot bring escape sequences into a message', () => {
  const nasty = 'x\x1b[31m\ny';
  const facts: ErrorFacts = Object.fromEntries(
    [
      'location',
      'reason',
      'path',
      'file',
      'snapshot',
      'key',
      'target',
      'option',
      'pattern',
      'holderHost',
      'holderUser',
      'since',
      'blob',
      'pack',
      'kind',
      'name',
      'primitive',
    ].map((name) => [name, nasty]),
  );
  for (const [code, language] of codes.flatMap(
    (each) =>
      [
        [each, english],
        [each, indonesian],
      ] as const,
  )) {
    const error = new CadanganError(
      code,
      { ...facts, paths: [nasty], candidates: [nasty], supported: [nasty] },
      { cause: new Error(nasty) },
    );
    const { what, next = '' } = describeError(error, language);
    assert.doesNotMatch([what, next, ...describeCauses(error, language)].join(''), /[\x00-\x1f]/, code);
  }
  assert.doesNotMatch(describeError(new Error(nasty)).what, /[\x00-\x1f]/);
});

test('both languages know the same kinds of exceptions and system codes', () => {
  assert.deepEqual(Object.keys(faultWords.id.kinds), Object.keys(faultWords.en.kinds));
  assert.deepEqual(Object.keys(faultWords.id.systemCodes), Object.keys(faultWords.en.systemCodes));
});

test('reasons of lower rooms are translated, values in them stay, and none is translated that nobody gives', () => {
  const error = new CadanganError('arguments.invalid', { option: '--tree', reason: 'it cannot be combined with --blob' });
  assert.equal(describeError(error, indonesian).what, 'Tidak dapat memakai argumen: opsi "--tree": tidak dapat digabung dengan --blob.');
  const exposed = { reason: 'others can read the file; take the right from them and sign in again' };
  assert.match(describeError(new CadanganError('drive.signed-out', exposed), indonesian).what, /cabut hak mereka, lalu masuk lagi/);
  const sources = globSync('**/*.ts', { cwd: sourceFolder })
    .filter((file) => !/messages-|fault-words-/.test(file))
    .map((file) => readFileSync(new URL(file, sourceFolder), 'utf8'))
    .join('\n');
  const unused = Object.keys(faultWords.id.reasons).filter((reason) => !reason.split('…').every((part) => sources.includes(part)));
  assert.deepEqual(unused, []);
});

/** The same in each language, and words that are Indonesian already. */
const notForPeople: ReadonlySet<string> = new Set(['HTTP …', 'HTTP … …', '…: …', 'Terbitan pertama']);

test('every reason in words that a source gives is said in Indonesian', () => {
  const literal = String.raw`('(?:[^'\\\n]|\\.)*'|\`[^\`\n]*\`|"[^"\n]*")`;
  const given = new RegExp(String.raw`reason: (?:[^,}\n]*\? )?${literal}(?: : ${literal})?`, 'g');
  const missing = new Set<string>();
  for (const file of globSync('**/*.ts', { cwd: sourceFolder })) {
    for (const [, ...literals] of readFileSync(new URL(file, sourceFolder), 'utf8').matchAll(given)) {
      for (const quoted of literals.filter((each) => each?.includes(' '))) {
        const reason = (quoted ?? '')
          .slice(1, -1)
          .replaceAll(/\$\{[^}]*\}/g, '…')
          .replaceAll("\\'", "'");
        if (!notForPeople.has(reason) && describeReason(reason, String, faultWords.id) === reason) missing.add(`${file}: ${reason}`);
      }
    }
  }
  assert.deepEqual([...missing], []);
});

test('what is said of copies, and of restores onto a server, is said in both languages', () => {
  const given = [
    'its config has changed',
    'a readable copy needs a place ("to", or --to): a folder, or one on Google Drive',
    'it is not on a server',
    'files are restored into a folder, or onto a server with sftp:user@host:/path; this keeps repositories only',
    'no server can be reached from here',
    'of a set, restore into a folder',
    'name a copy, or where one lies, such as gdrive:Folder/Sub or s3:https://host/bucket',
    'its folder has the name of another history',
    'the history here contradicts it',
  ];
  for (const reason of given) {
    const { what } = describeError(new CadanganError('arguments.invalid', { option: '--to', reason }), indonesian);
    assert.ok(!what.includes(reason), what);
  }
});

test('exit codes are those of restic', () => {
  const cases: readonly (readonly [unknown, number])[] = [
    [new CadanganError('repository.missing'), 10],
    [new CadanganError('storage.no-repository'), 10],
    [new CadanganError('repository.locked'), 11],
    [new CadanganError('repository.wrong-password'), 12],
    [new CadanganError('aborted'), 130],
    [new CadanganError('storage.full'), 1],
    [new Error('x'), 1],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOfError(error), code);
});
