import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileModeFromStat, nodeTypeOf, permissionsOf, statModeFromFileMode } from '../../../src/repository/format/index.ts';

test('fileModeFromStat() gives the numbers that restic wrote', () => {
  assert.equal(fileModeFromStat(0o100644), 420);
  assert.equal(fileModeFromStat(0o040755), 2147484141);
  assert.equal(fileModeFromStat(0o120777), 134218239);
  assert.equal(fileModeFromStat(0o104755), 0x800000 | 0o755);
  assert.equal(fileModeFromStat(0o020666), 0x4000000 | 0x200000 | 0o666);
});

test('nodeTypeOf() names every kind of file', () => {
  const kinds = {
    0o100644: 'file',
    0o040755: 'dir',
    0o120777: 'symlink',
    0o060660: 'dev',
    0o020660: 'chardev',
    0o010644: 'fifo',
    0o140755: 'socket',
    0o150000: 'irregular',
  };
  for (const [statMode, type] of Object.entries(kinds)) assert.equal(nodeTypeOf(fileModeFromStat(Number(statMode))), type);
});

test('every Unix mode comes back from its FileMode', () => {
  const type = fc.constantFrom(0o140000, 0o120000, 0o100000, 0o060000, 0o040000, 0o020000, 0o010000);
  fc.assert(
    fc.property(type, fc.integer({ min: 0, max: 0o7777 }), (typeBits, permissions) => {
      const mode = fileModeFromStat(typeBits | permissions);
      assert(mode >= 0 && mode < 2 ** 32);
      assert.equal(statModeFromFileMode(mode), typeBits | permissions);
      assert.equal(permissionsOf(mode), permissions);
    }),
  );
});
