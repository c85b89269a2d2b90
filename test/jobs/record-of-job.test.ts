import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  recordOfBackup,
  recordOfJob,
  recordOfMissedRun,
  type BackupDetails,
  type JobResult,
  type RecordAbout,
} from '../../src/jobs/index.ts';
import { reasonSentence } from '../../src/jobs/index.ts';
import { CadanganError, inLocale } from '../../src/platform/index.ts';

const about: RecordAbout = {
  software: 'cadangan 0.1.0',
  via: 'schedule',
  set: 'accounting',
  trigger: 'schedule',
  settings: { timeZone: 'Asia/Jakarta', instruction: { clauses: [], documentNumber: 'IK-IT-003', revision: '02', rtoMinutes: 60 } },
};
const times = { startedAt: '2026-11-23T21:00:00+07:00', endedAt: '2026-11-23T21:10:00+07:00' };
const result = (more: Partial<JobResult<BackupDetails>>): JobResult<BackupDetails> => ({
  job: 'backup',
  outcome: 'success',
  exceptions: [],
  exceptionCount: 0,
  ...times,
  details: undefined,
  ...more,
});

test('a backup that claims success and has no snapshot is recorded as failed', () => {
  const record = recordOfBackup(result({}), { ...about, sources: ['/srv'], location: '/mnt/repository' });
  assert.deepEqual([record.result, record.reason?.code, record.snapshotId], ['failed', 'no-snapshot', undefined]);
});

test('a record says which volumes were read from shadow copies, and for which applications had put their files in order', () => {
  const shadowCopies = [
    { volume: 'C:\\', hasWriters: true },
    { volume: 'D:\\', hasWriters: false },
  ];
  const told = {
    notStored: [],
    emptySources: [],
    compression: 'auto',
    socketsSkipped: 0,
    parentTreesDamaged: 0,
    tree: 'a',
    isUnchanged: false,
  };
  const details = { ...told, snapshotId: 'b1', shadowCopies } as unknown as BackupDetails;
  const { evidence } = recordOfBackup(result({ details }), { ...about, sources: ['C:\\'], location: '/mnt/repository' });
  assert.deepEqual([evidence?.['shadowCopiesWithWriters'], evidence?.['shadowCopies']], [['C:\\'], ['D:\\']]);
});

test('a record says who worked under which instruction, and what stopped the run, without passwords', () => {
  const error = new CadanganError('storage.unreachable', { location: 'rest:https://u:geheim@host/', count: 3n, list: ['geheim'] });
  const scrub = (text: string) => text.replaceAll('geheim', '***');
  const record = recordOfBackup(result({ outcome: 'failed', error }), {
    ...about,
    scrub,
    sources: ['/srv'],
    location: 'rest:https://u:geheim@host/',
  });
  assert.deepEqual(record.instruction, { documentNumber: 'IK-IT-003', revision: '02', clause: '3.1' });
  assert.deepEqual(
    [record.reason?.code, record.reason?.facts['count'], record.reason?.facts['list']],
    ['storage.unreachable', '3', ['***']],
  );
  assert.ok(!JSON.stringify(record).includes('geheim'), JSON.stringify(record));
});

test('what is no error of ours is recorded by its message, and an aborted run by that word', () => {
  assert.deepEqual(recordOfJob('check', result({ outcome: 'failed', error: new Error('x is not a function') }), about).reason, {
    code: 'internal',
    facts: { message: 'x is not a function' },
  });
  assert.equal(recordOfJob('check', result({ outcome: 'stopped', error: new CadanganError('aborted') }), about).reason?.code, 'aborted');
});

test('a missed run is recorded with its window', () => {
  const planned = { start: '2026-11-23T21:00:00+07:00', end: '2026-11-23T23:00:00+07:00' };
  const record = recordOfMissedRun(planned, 'not-running', about);
  assert.deepEqual(
    [record.kind, record.result, record.planned, record.reason?.facts],
    ['missed-run', 'missed', planned, { reason: 'not-running' }],
  );
});

test('a missed window says in both languages what was seen, what would have helped, and nothing that was not looked at', () => {
  const planned = { start: '2026-11-23T21:00:00+07:00', end: '2026-11-23T23:00:00+07:00' };
  const sentence = (facts: Readonly<Record<string, string>>, language: 'en' | 'id'): string => {
    const { reason } = recordOfMissedRun(planned, { reason: 'not-running', ...facts }, about);
    assert.ok(reason);
    return inLocale({ language, timeZone: 'Asia/Jakarta' }, () => reasonSentence(reason));
  };
  const times = { since: '2026-11-23T18:00:00+07:00', until: '2026-11-24T08:00:00+07:00' };
  const started = { started: '2026-11-24T07:58:00+07:00' };
  assert.match(sentence({ cause: 'asleep', ...times }, 'en'), /slept from .*18:00 to .*08:00\. .*stay awake/);
  assert.match(
    sentence({ cause: 'off', ...times, ...started }, 'en'),
    /was off, as far as is known: .*18:00 .*started at .*07:58\. .*leave it on/,
  );
  assert.match(sentence({ cause: 'no-host', ...times }, 'en'), /not running from .*18:00 to .*08:00.*as a service/);
  assert.match(
    sentence({ cause: 'no-host', ...times, ...started }, 'en'),
    /whether it was on during the window is not known.*as a service/,
  );
  assert.match(sentence({ cause: 'asleep', ...times }, 'id'), /Mesin tidur dari .*18\.00 sampai .*08\.00/);
  assert.match(sentence({}, 'en'), /not running during the window, or the machine slept/);
});
