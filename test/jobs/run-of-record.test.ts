import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordOfBackup, recordOfJob, recordOfMissedRun, runOfRecord, type JobResult, type RunResult } from '../../src/jobs/index.ts';
import { CadanganError } from '../../src/platform/index.ts';
import type { RecordContent } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { someBackup } from '../records/some-records.ts';

const about = { software: 'cadangan 0.1.0', via: 'editor', set: 'accounting', run: 'run 7' } as const;
const times = { started: '2026-11-23T21:00:00+07:00', ended: '2026-11-23T21:10:00+07:00' };
const told = { startedAt: times.started, endedAt: times.ended, exceptions: [], exceptionCount: 0 };
const none = { files: 0, bytes: 0, bytesAdded: 0 };
const result = (more: Partial<JobResult<never>>): JobResult<never> => ({
  job: 'backup',
  outcome: 'success',
  exceptions: [],
  exceptionCount: 0,
  startedAt: times.started,
  endedAt: times.ended,
  details: undefined,
  ...more,
});

/** Without a field that this version has added. */
const old = (kind: RecordContent['kind'], more: Partial<RecordContent> = {}): RecordContent => ({
  kind,
  host: 'srv-01',
  operator: { user: 'backup', via: 'schedule' },
  software: 'cadangan 0.1.0',
  result: 'success',
  ...times,
  ...more,
});

const recordsAndRuns: readonly (readonly [record: RecordContent & { readonly number?: number; readonly at?: string }, run: RunResult])[] = [
  [
    old('internal-backup', {
      set: 'data',
      snapshotId: 'b1',
      parentId: 'a1',
      counts: { filesTotal: 7 },
      bytes: { total: 70, added: 9, stored: 8 },
    }),
    {
      job: 'backup',
      set: 'data',
      outcome: 'success',
      ...told,
      snapshotId: 'b1',
      files: 7,
      bytes: 70,
      bytesAdded: 8,
      backup: {
        parentId: 'a1',
        counts: { filesTotal: 7 },
        bytes: { total: 70, added: 9, stored: 8 },
        notStored: [],
        emptySources: [],
        socketsSkipped: 0,
        parentTreesDamaged: 0,
      },
    },
  ],
  [
    old('internal-backup', {
      snapshotId: 'b1',
      counts: { filesTotal: 7 },
      bytes: { total: 70 },
      evidence: { shadowCopiesWithWriters: ['C:\\'], shadowCopies: ['D:\\'] },
    }),
    {
      job: 'backup',
      outcome: 'success',
      ...told,
      ...none,
      snapshotId: 'b1',
      files: 7,
      bytes: 70,
      backup: {
        counts: { filesTotal: 7 },
        bytes: { total: 70 },
        notStored: [],
        emptySources: [],
        shadowCopies: [
          { volume: 'C:\\', hasWriters: true },
          { volume: 'D:\\', hasWriters: false },
        ],
        socketsSkipped: 0,
        parentTreesDamaged: 0,
      },
    },
  ],
  [
    { ...old('internal-backup', { set: 'data', parentId: 'a1', counts: { filesTotal: 7 } }), number: 9 },
    { job: 'backup', set: 'data', outcome: 'success', ...told, ...none, files: 7, snapshotId: 'a1', isUnchanged: true, record: 9 },
  ],
  [
    old('internal-backup', { result: 'failed', parentId: 'a1', reason: { code: 'no-snapshot', facts: {} } }),
    { job: 'backup', outcome: 'failed', ...told, ...none, error: { code: 'no-snapshot', facts: {}, message: 'no-snapshot' } },
  ],
  [
    old('external-restore', { counts: { filesRestored: 3, filesVerified: 4 }, bytes: { restored: 5 }, snapshotId: 'c1' }),
    { job: 'restore', outcome: 'success', ...told, files: 3, bytes: 5, bytesAdded: 0, verifiedFiles: 4, snapshotId: 'c1' },
  ],
  [old('check', { bytes: { read: 5 } }), { job: 'check', outcome: 'success', ...told, ...none }],
  [
    old('external-backup', { set: 'office', counts: { filesUploaded: 2, filesTotal: 9 }, bytes: { uploaded: 20, total: 90 } }),
    {
      job: 'offsite-sync',
      copy: 'office',
      outcome: 'success',
      ...told,
      files: 2,
      bytes: 20,
      bytesAdded: 20,
      copied: { counts: { filesUploaded: 2, filesTotal: 9 }, bytes: { uploaded: 20, total: 90 }, doubts: [] },
    },
  ],
  [
    old('external-backup', { set: 'office', result: 'failed', counts: { filesUploaded: 2 }, bytes: { uploaded: 20 } }),
    { job: 'offsite-sync', copy: 'office', outcome: 'failed', ...told, files: 2, bytes: 20, bytesAdded: 20 },
  ],
  [
    old('external-backup', { set: 'office', counts: { filesTotal: 9 }, evidence: { doubts: ['far-fewer', 'of a newer version'] } }),
    {
      job: 'offsite-sync',
      copy: 'office',
      outcome: 'success',
      ...told,
      ...none,
      copied: { counts: { filesTotal: 9 }, bytes: {}, doubts: ['far-fewer'] },
    },
  ],
  [
    old('external-backup', { set: 'office', evidence: { archive: 'a.zip' }, counts: { filesTotal: 9 }, bytes: { read: 8, uploaded: 5 } }),
    { job: 'readable-copy', copy: 'office', outcome: 'success', ...told, files: 9, bytes: 5, bytesAdded: 5 },
  ],
  [
    old('external-backup', { set: 'office', job: 'readable-copy', result: 'stopped' }),
    { job: 'readable-copy', copy: 'office', outcome: 'stopped', ...told, ...none },
  ],
  [
    old('scrub', { set: 'office', evidence: { method: 'checksum' }, counts: { filesChecked: 6 }, bytes: { checked: 60 } }),
    { job: 'offsite-scrub', copy: 'office', outcome: 'success', ...told, files: 6, bytes: 60, bytesAdded: 0 },
  ],
  [
    old('scrub', { set: 'office', evidence: { method: 'download' }, counts: { filesRead: 6 }, bytes: { read: 60 } }),
    {
      job: 'offsite-sample',
      copy: 'office',
      outcome: 'success',
      ...told,
      files: 6,
      bytes: 60,
      bytesAdded: 0,
      copied: { counts: { filesRead: 6 }, bytes: { read: 60 }, doubts: [] },
    },
  ],
  [
    old('drill', { counts: { filesTotal: 6, filesVerified: 5 }, bytes: { restored: 60 }, evidence: { file: 'evidence/drill-1.json' } }),
    {
      job: 'drill',
      outcome: 'success',
      ...told,
      files: 6,
      bytes: 60,
      bytesAdded: 0,
      verifiedFiles: 5,
      evidence: join('/state/records', 'evidence', 'drill-1.json'),
    },
  ],
  [
    { ...recordOfMissedRun({ start: times.started, end: times.ended }, 'not-running', about), number: 3 },
    { run: 'run 7', job: 'backup', set: 'accounting', outcome: 'missed', ...told, ...none, record: 3 },
  ],
  [
    {
      kind: 'sign-in',
      host: 'srv-01',
      operator: { user: 'backup', via: 'editor' },
      software: 'cadangan 0.1.0',
      result: 'failed',
      reason: { code: 'drive.wrong-account', facts: { account: 'other' } },
      at: times.started,
    },
    {
      job: 'drive-sign-in',
      outcome: 'failed',
      ...told,
      endedAt: times.started,
      ...none,
      error: { code: 'drive.wrong-account', facts: { account: 'other' }, message: 'drive.wrong-account' },
    },
  ],
];

test('what is told of a run is what its record says, also a record of the first version', () => {
  for (const [record, run] of recordsAndRuns) assert.deepEqual(runOfRecord(record, '/state/records'), run, JSON.stringify(record));
});

test('a record that is not one of a run tells of none', () => {
  const others = [
    'retention',
    'repository-repair',
    'snapshots-rewritten',
    'snapshots-copied',
    'repository-created',
    'key-change',
    'unlock',
    'sign-in',
    'sign-out',
    'approval',
    'repair',
  ] as const;
  for (const kind of others) assert.equal(runOfRecord(old(kind), ''), undefined, kind);
  assert.equal(runOfRecord(old('nonconformity-opened'), ''), undefined);
});

test('a backup that claims success and left no snapshot is told as it is recorded: failed', () => {
  const record = recordOfBackup(result({}), { ...about, sources: ['/srv'], location: '/mnt/repository' });
  const run = runOfRecord(record, '');
  assert.deepEqual([run?.outcome, run?.error?.code, run?.run], ['failed', 'no-snapshot', 'run 7']);
});

test('an error is told with its facts and without what must not be said; of one that is not ours, its message', () => {
  const scrub = (text: string): string => text.replaceAll('geheim', '***');
  const error = new CadanganError('storage.unreachable', { location: 'rest:https://u:geheim@host/', reason: 'ETIMEDOUT' });
  const run = runOfRecord(recordOfJob('check', result({ job: 'check', outcome: 'failed', error }), { ...about, scrub }), '');
  assert.deepEqual([run?.error?.code, run?.error?.facts['location']], ['storage.unreachable', 'rest:https://u:***@host/']);
  const ours = runOfRecord(
    recordOfJob('check', result({ job: 'check', outcome: 'failed', error: new Error('x is not geheim') }), about),
    '',
  );
  assert.deepEqual([ours?.error?.code, ours?.error?.message], ['internal', 'x is not geheim']);
});

test('a run names a thousand exceptions, at its end and later, and counts those that its record names beside', () => {
  const exceptions = Array.from({ length: 1500 }, (_, at) => ({ item: `/srv/${at}`, kind: 'unreadable', reason: 'EACCES' }));
  const run = runOfRecord(someBackup(new SeededRandom(1), { exceptions, exceptionCount: 12_000 }), '');
  assert.deepEqual([run?.exceptions.length, run?.exceptions[0], run?.exceptionCount], [1000, exceptions[0], 12_000]);
});
