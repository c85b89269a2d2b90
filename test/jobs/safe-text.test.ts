import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { safeName, safeText } from '../../src/jobs/messages/safe-text.ts';
import { byteStringFromBytes, byteStringFromText } from '../../src/platform/index.ts';

/** What must never reach a terminal: anything that is no printing character, but for the joiners of emoji and scripts. */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test('ordinary names in any script are shown as they are', () => {
  for (const name of ['a b', 'Größe', '合同　2026', 'عقد', 'สัญญา', '👨‍👩‍👧 foto', 'e\u0301', 'it\'s "quoted" \\ slashed'])
    assert.equal(safeText(name), name);
});

test('what would move the cursor, reorder or hide is escaped', () => {
  assert.equal(safeText('a\x1b[2Jb'), '"a\\x1b[2Jb"');
  assert.equal(safeText('a\nb\t"c"'), '"a\\nb\\t\\"c\\""');
  assert.equal(safeText('exe\u202efdp'), '"exe\\u202efdp"');
  assert.equal(safeName(byteStringFromBytes(Uint8Array.of(0x42, 0xfc))), '"B\\xfc"');
});

test('nothing unsafe comes out, whatever goes in, and different names look different', () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(fc.property(bytes, (name) => !unsafe.test(safeName(byteStringFromBytes(name)))));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !unsafe.test(safeText(text))));
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const [first, second] = [byteStringFromBytes(a), byteStringFromBytes(b)];
      return first === second || safeName(first) !== safeName(second);
    }),
  );
  assert.notEqual(safeName(byteStringFromText('\ufffd')), safeName(byteStringFromBytes(Uint8Array.of(0xff))));
});
