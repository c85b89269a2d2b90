import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLock, serializeLock } from '../../../src/repository/format/index.ts';
import { expectDamaged } from './expect-damaged.ts';

test('a lock is written as restic writes it, without a uid of zero', () => {
  const lock = { time: '2026-11-23T14:01:00+07:00', exclusive: true, hostname: 'srv-01', username: 'budi', pid: 77, uid: 0, gid: 1000 };
  const bytes = serializeLock(lock);
  assert.equal(
    Buffer.from(bytes).toString('utf8'),
    '{"time":"2026-11-23T14:01:00+07:00","exclusive":true,"hostname":"srv-01","username":"budi","pid":77,"gid":1000}',
  );
  assert.deepEqual(parseLock(bytes), lock);
});

test('an empty or half-written lock is damaged', () => {
  expectDamaged(() => parseLock(Buffer.from('')), /empty/);
  for (const text of ['{"time":"2026', '[]', '{"exclusive":1}', '{"pid":"7"}', '{"time":7}'])
    expectDamaged(() => parseLock(Buffer.from(text)));
});
