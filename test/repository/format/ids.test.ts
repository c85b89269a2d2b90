import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idTextFromBytes, isId, parseBlobId, parsePackId } from '../../../src/repository/format/index.ts';
import { expectDamaged } from './expect-damaged.ts';

test('an id is 64 lower-case hex digits and nothing else', () => {
  const id = '0123456789abcdef'.repeat(4);
  assert.equal(parseBlobId(id), id);
  for (const value of [id.toUpperCase(), id.slice(1), `${id}0`, `${id.slice(1)}\n`, `${id}\n`, '', 7, null, undefined, [id]]) {
    assert(!isId(value));
    expectDamaged(() => parsePackId(value), /not an id/);
  }
});

test('idTextFromBytes() reads the 32 bytes at an offset', () => {
  const bytes = Buffer.concat([Buffer.alloc(3, 0xff), Buffer.alloc(32, 0xab), Buffer.alloc(2)]);
  assert.equal(idTextFromBytes(new Uint8Array(bytes), 3), 'ab'.repeat(32));
});
