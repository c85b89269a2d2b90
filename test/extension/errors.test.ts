import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { describeError, errorMessage } from '../../src/extension/presentation/error-text.ts';
import { resultMessage, resultPage } from '../../src/extension/presentation/result-text.ts';
import { setLanguage } from '../../src/platform/index.ts';
import { makeRun } from './sample.ts';

/** Codes that never reach a person: of the command line, of keys, or shown as nothing. */
const silent = new Set(['aborted', 'key.last', 'key.not-found', 'key.ambiguous']);
const source = readFileSync(new URL('../../src/platform/errors.ts', import.meta.url), 'utf8');
/** What records say of runs that claim to be done, and are not. */
const codesOfRecords = ['no-snapshot', 'copy-incomplete'];
const codes = [...[...source.matchAll(/^ {2}\| '([a-z.-]+)'/gm)].map(([, code = '']) => code), ...codesOfRecords].filter(
  (code) => !silent.has(code),
);
const facts = {
  location: '/mnt/backup',
  path: '/srv/x',
  reason: 'EACCES',
  target: '/t',
  line: 3,
  snapshot: 'abc',
  set: 's',
  name: 'n',
  kind: 'data',
  holderUser: 'u',
  holderHost: 'h',
  since: '2026-11-22T14:00:00Z',
  freeBytes: 10,
  files: 2,
};

afterEach(() => setLanguage('en'));

test('every error says what happened and what to do, with its facts or without, in both languages', () => {
  assert.ok(codes.length > 25);
  for (const language of ['en', 'id'] as const) {
    setLanguage(language);
    for (const code of codes) {
      for (const each of [{}, facts]) {
        const { what, next } = describeError({ code, facts: each, message: 'raw message' });
        assert.doesNotMatch(what, /raw message/, `${code} has no sentence`);
        assert.doesNotMatch(what + next, /undefined|NaN|\[object|\{\w+\}/, code);
        if (code !== 'arguments.invalid') assert.match(next, /\.$/, code);
      }
    }
  }
});

test('an error of an unknown code is shown with its own words', () => {
  assert.equal(
    errorMessage({ code: 'new.thing', facts: {}, message: 'the moon is full' }),
    'It did not work: the moon is full The log has the details.',
  );
});

test('who may read a password file is named on Windows, with what takes it from them there', () => {
  const nextOf = (facts: Record<string, string>) => describeError({ code: 'password.exposed', facts, message: '' }).next;
  assert.match(nextOf({ file: 'C:\\p', readers: 'Users' }), /\(icacls: Users\)/);
  assert.match(nextOf({ file: '/p', mode: '644' }), /\(chmod 600\)/);
});

test('trouble that a command solves has its button', () => {
  const remedies = (code: string) => describeError({ code, facts, message: '' }).remedies;
  assert.ok(remedies('repository.wrong-password').includes('enterPassword'));
  // Whatever "unlock" would remove was not in the way.
  assert.deepEqual(remedies('repository.locked'), ['retry']);
  assert.ok(remedies('storage.unreachable').includes('retry'));
  assert.ok(remedies('config.invalid').includes('openConfiguration'));
  assert.ok(remedies('repository.damaged').includes('checkRepository'));
  assert.ok(remedies('host.lost').includes('restartEngine'));
});

test('names from outside cannot break a line or fill the screen', () => {
  const message = errorMessage({ code: 'source.missing', facts: { path: `a\nb\u001b[31m${'x'.repeat(5_000)}` }, message: '' });
  assert.doesNotMatch(message, /[\x00-\x1f]/);
  assert.ok(message.length < 500);
  const page = resultPage(makeRun({ exceptionCount: 1, exceptions: [{ item: 'a\nb', kind: 'unreadable', reason: 'EACCES' }] }), 'x');
  assert.match(page, /- a�b\n/);
});

test('the result of a run names files, bytes, what was verified, and exceptions', () => {
  assert.equal(resultMessage(makeRun(), 'Accounting'), 'Accounting is backed up: 1,234 files, 5.0 GiB; 3.0 MiB added.');
  assert.equal(
    resultMessage(makeRun({ files: 1, exceptionCount: 1 }), 'Accounting'),
    'Accounting is backed up: 1 file, 5.0 GiB; 3.0 MiB added. 1 exception.',
  );
  const damaged = makeRun({
    job: 'offsite-sync',
    files: 1,
    outcome: 'success-with-exceptions',
    exceptions: [{ item: 'data/ab', kind: 'source-damaged', reason: 'hash' }],
    exceptionCount: 1,
  });
  assert.equal(
    resultMessage(damaged, 'x'),
    'x is copied, but for what is damaged in the repository: 1 file, 5.0 GiB uploaded. 1 exception.',
  );
  const copied = (filesUnconfirmed: number) => ({ copied: { counts: { filesTotal: 9, filesUnconfirmed }, bytes: {}, doubts: [] } });
  assert.equal(
    resultMessage(makeRun({ job: 'offsite-sync', files: 0, ...copied(0) }), 'x'),
    'x is in sync, verified: 0 files, 5.0 GiB uploaded.',
  );
  assert.equal(
    resultMessage(makeRun({ job: 'offsite-sync', files: 0, ...copied(7) }), 'x'),
    'x is copied: 0 files, 5.0 GiB uploaded; of 7 files there only the size is known.',
  );
  assert.equal(
    resultMessage(makeRun({ job: 'restore', verifiedFiles: 1234 }), 'x'),
    'x is restored: 1,234 files, 5.0 GiB; 1,234 verified.',
  );
  assert.match(resultMessage(makeRun({ outcome: 'success-with-exceptions', exceptionCount: 2 }), 'x'), / 2 exceptions\.$/);
  const empty = { item: '/srv/disk', kind: 'source-empty', reason: 'snapshot 0123abcd, 2026-08-01, had files in it; is the disk mounted?' };
  assert.match(
    resultMessage(makeRun({ outcome: 'success-with-exceptions', exceptions: [empty], exceptionCount: 1 }), 'x'),
    /^Source "\/srv\/disk" is empty: snapshot 0123abcd, 2026-08-01, had files in it; is the disk mounted\? x is backed up/,
  );
  assert.match(
    resultMessage(makeRun({ outcome: 'failed', error: { code: 'storage.full', facts, message: '' } }), 'x'),
    /^x: There is no space left/,
  );
  assert.equal(resultMessage(makeRun({ job: 'check' }), '/mnt'), 'The repository /mnt is sound.');
});

test('the page of a result lists every exception and says how many are left out', () => {
  const exceptions = [{ item: '/srv/a', kind: 'unreadable', reason: 'EACCES' }];
  const page = resultPage(makeRun({ outcome: 'success-with-exceptions', exceptions, exceptionCount: 5 }), 'Accounting');
  assert.match(page, /^Backup: Accounting\n=+\n/);
  assert.match(page, /- \/srv\/a\n {4}cannot be read \(permission denied\)/);
  assert.match(page, /… and 4 more/);
});

test('no code of the system and no word of the engine reaches people, in both languages', () => {
  const exceptions = [
    { item: '/srv/a\n', kind: 'vanished', reason: 'ENOENT' },
    { item: '/srv/b', kind: 'owner', reason: 'EPERM' },
    { item: 'data/0123', kind: 'pack-missing', reason: '' },
  ];
  for (const language of ['en', 'id'] as const) {
    setLanguage(language);
    const page = resultPage(makeRun({ outcome: 'success-with-exceptions', exceptions, exceptionCount: 3 }), 'x');
    assert.doesNotMatch(page, /ENOENT|EPERM|vanished|pack-missing|\/srv\/a\n\n/);
    assert.doesNotMatch(
      errorMessage({ code: 'storage.unreachable', facts: { location: '/mnt', reason: 'EHOSTDOWN' }, message: '' }),
      /EHOSTDOWN/,
    );
  }
});
