import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { procedures, protocol } from '../../src/service/index.ts';

/** What the host answers itself, and what the service asks its clients. */
const others = [
  protocol.initialize,
  protocol.leave,
  protocol.password,
  protocol.confirmHost,
  protocol.proveUser,
  protocol.openExternal,
  protocol.showAlert,
];

const declared = Object.values(protocol).filter((value) => 'kind' in value && 'result' in value);

test('every procedure that is declared is answered once, under a name of its own', () => {
  const answered = [...procedures.map(({ procedure }) => procedure.name), ...others.map(({ name }) => name)];
  assert.deepEqual(answered.toSorted(), declared.map(({ name }) => name).toSorted());
  assert.equal(new Set(answered).size, answered.length);
});

test('what starts a run, and what writes, is not asked again when the process dies under it', () => {
  const reads = declared.filter(({ kind }) => kind === 'read').map(({ name }) => name);
  assert.deepEqual(reads.toSorted(), [
    'alerts/state',
    'configuration',
    'confirmHost',
    'drive/copy/address',
    'drive/status',
    'initialize',
    'password',
    'proveUser',
    'records/dashboard',
    'records/list',
    'records/nonconformities',
    'records/read',
    'records/summary',
    'records/verify',
    'repository/info',
    'repository/place',
    'repository/recovery-kit',
    'repository/stats',
    'retention/preview',
    'run/of-id',
    'run/recent',
    'run/restore/preview',
    'run/restore/target',
    'schedule/status',
    'servers/list',
    'servers/look',
    'sets/list',
    'snapshots/compare',
    'snapshots/find',
    'snapshots/folder',
    'snapshots/list',
    'snapshots/lock',
    'snapshots/read',
    'snapshots/read-part',
    'snapshots/stat',
    'snapshots/versions',
  ]);
  const runs = declared.filter(({ kind }) => kind === 'run');
  assert.deepEqual(runs.map(({ name }) => name).toSorted(), [
    'drive/copy/readable',
    'drive/copy/sample',
    'drive/copy/scrub',
    'drive/copy/sync',
    'run/backup',
    'run/check',
    'run/drill',
    'run/restore',
  ]);
  for (const { name, params } of runs) assert.ok(params instanceof z.ZodObject && 'run' in params.shape, `${name} takes the id of its run`);
});
