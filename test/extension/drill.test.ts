import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyInfo, SetInfo, SnapshotInfo } from '../../src/service/index.ts';
import {
  copiesToDrill,
  drilledLocation,
  drilledSet,
  drillFilesOf,
  drillParams,
  isDay,
  isDrillStepNeeded,
  isReminderDue,
  setsFrom,
  snapshotToShow,
  type DrillChoice,
} from '../../src/extension/presentation/drill-choice.ts';

const set = (name: string, location: string): SetInfo => ({
  name,
  title: name,
  sources: [`/srv/${name}`],
  location,
  state: 'success',
  missedWindows: [],
  hasUnattendedPassword: true,
});
const copy = (repository: string, snapshots: readonly string[], name = 'office'): CopyInfo =>
  ({
    name,
    title: name,
    repository,
    location: `gdrive:Backup/${name}`,
    isPaused: false,
    isWhole: true,
    isProtected: true,
    snapshots,
    readable: [],
  }) as unknown as CopyInfo;
const [one, other] = [set('accounting', '/repository'), set('warehouse', '/elsewhere')];
const choice = (more: Partial<DrillChoice> = {}): DrillChoice => ({ isSetGiven: false, sets: [one, other], copies: [], ...more });

test('what has no choice is not asked', () => {
  assert.deepEqual([isDrillStepNeeded.from(choice()), isDrillStepNeeded.set(choice())], [false, true]);
  assert.deepEqual(
    [
      isDrillStepNeeded.from(choice({ copies: [copy('/repository', ['1'])] })),
      isDrillStepNeeded.set(choice({ copies: [copy('/repository', ['1'])], from: 'drive' })),
    ],
    [true, false],
  );
  assert.equal(
    isDrillStepNeeded.from(choice({ copies: [copy('/repository', [])] })),
    false,
    'a copy without a snapshot cannot be restored',
  );
  assert.equal(isDrillStepNeeded.set(choice({ isSetGiven: true, set: other })), false);
  assert.deepEqual(setsFrom(choice({ isSetGiven: true, set: other, copies: [copy('/repository', ['1'])] }), 'drive'), []);
});

test('of a set with several copies one is chosen; all sets are drilled from the first of each, or from one', () => {
  const copies = [copy('/repository', ['1']), copy('/elsewhere', ['2'], 'store'), copy('/repository', ['1'], 'bank')];
  const [all, alone] = [choice({ copies, from: 'drive' }), choice({ copies, from: 'drive', set: other })];
  assert.deepEqual(
    [isDrillStepNeeded.copy(all), isDrillStepNeeded.copy(alone), isDrillStepNeeded.copy({ ...all, set: one })],
    [true, false, true],
  );
  assert.equal(isDrillStepNeeded.copy({ ...all, from: 'backup-server' }), false);
  assert.deepEqual(
    copiesToDrill({ ...all, set: one }).map(({ name }) => name),
    ['office', 'bank'],
  );
  assert.deepEqual(drillParams({ ...all, set: one, copy: 'bank' }), { from: 'drive', set: 'accounting', copy: 'bank' });
  assert.deepEqual(
    [drilledLocation({ ...all, set: one }, one), drilledLocation({ ...all, set: one, copy: 'bank' }, one)],
    ['gdrive:Backup/office', 'gdrive:Backup/bank'],
  );
});

test('an empty copy is passed over, and one that was chosen for all sets is of those of its repository', () => {
  const copies = [copy('/repository', [], 'new'), copy('/repository', ['1'], 'old'), copy('/elsewhere', ['2'], 'store')];
  const of = (more: Partial<DrillChoice>): DrillChoice => choice({ copies, from: 'drive', ...more });
  assert.deepEqual(drillParams(of({ set: one })), { from: 'drive', set: 'accounting', copy: 'old' });
  assert.equal(drilledLocation(of({ set: one }), one), 'gdrive:Backup/old');
  assert.equal(drilledSet(of({})), undefined);
  assert.equal(drilledSet(of({ copy: 'store' })), other);
});

test('the engine is asked for a random date unless another was chosen', () => {
  assert.deepEqual(drillParams(choice({ date: 'random' })), { from: 'backup-server' });
  assert.deepEqual([drilledSet(choice()), drilledSet(choice({ sets: [one] }))], [undefined, one]);
  assert.deepEqual(drillParams(choice({ from: 'drive', set: one, date: '2026-11-23' })), {
    from: 'drive',
    set: 'accounting',
    date: '2026-11-23',
  });
  assert.deepEqual(['2026-11-23', '2026-02-30', '23/11/2026', ''].map(isDay), [true, false, false, false]);
});

test('how much is drilled is what was chosen: as configured, a number of files, or a folder', () => {
  assert.deepEqual(drillParams(choice({ set: one, sample: { kind: 'configured' } })), { from: 'backup-server', set: 'accounting' });
  assert.deepEqual(drillParams(choice({ sample: { kind: 'files', files: 7 } })), { from: 'backup-server', sample: { files: 7 } });
  assert.deepEqual(drillParams(choice({ set: one, date: 'newest', sample: { kind: 'folder', folder: '/srv/accounting/2026' } })), {
    from: 'backup-server',
    set: 'accounting',
    date: 'newest',
    sample: { folder: '/srv/accounting/2026' },
  });
  assert.deepEqual(['1', ' 20 ', '1000', '0', '1001', '1e2', '-3', ''].map(drillFilesOf), [
    1,
    20,
    1000,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('folders are chosen from where and when the drill will be', () => {
  const copies = [copy('/repository', ['1'])];
  assert.deepEqual(
    [drilledLocation(choice({ copies }), one), drilledLocation(choice({ copies, from: 'drive' }), one)],
    ['/repository', 'gdrive:Backup/office'],
  );
  const snapshots = ['2026-11-23T12:00:00Z', '2026-11-21T12:00:00Z'].map((time): SnapshotInfo => ({
    id: time,
    time,
    host: '',
    user: '',
    paths: [],
    tags: [],
  }));
  assert.deepEqual(
    ['newest', undefined, '2026-11-22', '2026-11-20'].map((date) => snapshotToShow(snapshots, date)?.id),
    [snapshots[0]?.id, snapshots[0]?.id, snapshots[1]?.id, undefined],
  );
});

test('an overdue drill is told once a day, also after the clock was set back', () => {
  const [now, hour] = [1e12, 3_600_000];
  const overdue = { drillDue: { at: '2026-11-01T00:00:00Z', isOverdue: true } };
  assert.deepEqual(
    [undefined, now - hour, now - 24 * hour, now + hour].map((told) => isReminderDue(overdue, told, now)),
    [true, false, true, true],
  );
  assert.deepEqual(
    [isReminderDue({}, undefined, now), isReminderDue({ drillDue: { at: '', isOverdue: false } }, undefined, now)],
    [false, false],
  );
});
