import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordFromFile, passwordFromOutput, passwordFromText, passwordText, withoutByteOrderMark } from '../../src/platform/index.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const hex = (content: Uint8Array): string => Buffer.from(content).toString('hex');

/** What restic 0.14.0 makes of a password file, proven in test/interop/password-bytes.test.ts; names say what is special. */
const files: readonly (readonly [name: string, content: Uint8Array, password: Uint8Array])[] = [
  ['UTF-8', Buffer.from('pässwörd\n'), Buffer.from('pässwörd')],
  ['Latin-1', bytes('p\xe4ssw\xf6rd\n'), bytes('p\xe4ssw\xf6rd')],
  ['a byte order mark of UTF-8', bytes('\xef\xbb\xbfsecret\r\n'), bytes('secret')],
  ['two byte order marks: the second is a character, and no space', bytes('\xef\xbb\xbf\xef\xbb\xbfsecret'), bytes('\xef\xbb\xbfsecret')],
  ['UTF-16, little end first', Buffer.from('\ufeffpä😀\r\n', 'utf16le'), Buffer.from('pä😀')],
  ['UTF-16, big end first', Buffer.from('\ufeffpä😀\r\n', 'utf16le').swap16(), Buffer.from('pä😀')],
  ['UTF-16 without a mark is bytes', Buffer.from('ab\n', 'utf16le'), bytes('a\0b\0\n\0')],
  ['UTF-16 with an odd byte', bytes('\xff\xfea\0b'), Buffer.from('a\ufffd')],
  ['UTF-16 with halves of pairs', bytes('\xff\xfea\0\x00\xd8b\0\x00\xdcc\0'), Buffer.from('a\ufffdb\ufffdc')],
  ['UTF-16 with two second halves: Go writes one U+FFFD', bytes('\xff\xfea\0\x00\xdc\x00\xdcb\0'), Buffer.from('a\ufffdb')],
  ['UTF-16 with a pair and a second half', bytes('\xff\xfe\x3d\xd8\x00\xde\x00\xdeb\0'), Buffer.from('😀\ufffdb')],
  ['UTF-16 of nothing', bytes('\xff\xfe'), bytes('')],
  [
    'every white space of Unicode',
    Buffer.from(
      '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000x\u3000\u205f\u202f\u2029\u2028\u200a\u2005\u1680\u00a0\u0085 \r\f\v\n\t',
    ),
    bytes('x'),
  ],
  ['what only JavaScript takes for white space', Buffer.from('\ufeffx\ufeff').subarray(3), Buffer.from('x\ufeff')],
  ['no white space: U+200B, U+180E, U+001C', Buffer.from('\x1c\u180ex\u200b'), Buffer.from('\x1c\u180ex\u200b')],
  ['a no-break space of Latin-1 is a byte like any other', bytes('\xa0secret\xa0\x85\n'), bytes('\xa0secret\xa0\x85')],
  ['half a space', bytes('\x80\xa0x\xe2\x80\n'), bytes('\x80\xa0x\xe2\x80')],
  ['white space inside', bytes('one\ntwo \n'), bytes('one\ntwo')],
  ['NUL', bytes('\0a\0b\0\n'), bytes('\0a\0b\0')],
  ['only white space', Buffer.from(' \u3000\u00a0\n'), bytes('')],
  ['nothing', bytes(''), bytes('')],
];

for (const [name, content, password] of files) {
  test(`a password file: ${name}`, () => assert.equal(hex(passwordFromFile(content)), hex(password)));
}

test('what a password command prints loses white space and no byte order mark', () => {
  assert.equal(hex(passwordFromOutput(bytes('\xef\xbb\xbfsecret\xc2\xa0\n'))), hex(bytes('\xef\xbb\xbfsecret')));
  assert.equal(hex(passwordFromOutput(bytes('\xff\xfea\0\n'))), hex(bytes('\xff\xfea\0')));
});

test('a typed password keeps its blanks and is not normalised', () => {
  assert.equal(hex(passwordFromText(' e\u0301 ')), '2065cc8120');
  assert.equal(hex(passwordFromText(' \u00e9 ')), '20c3a920');
});

test('a password is text when it is UTF-8, and not otherwise', () => {
  assert.equal(passwordText(passwordFromText('\ufeffpä😀')), '\ufeffpä😀');
  assert.equal(passwordText(passwordFromFile(bytes('p\xe4ss'))), undefined);
});

test('white space costs no more than its length', () => {
  const blanks = Buffer.from('\u3000 '.repeat(200_000));
  assert.equal(passwordFromFile(Buffer.concat([blanks, bytes('x'), blanks, bytes('y'), blanks])).length, blanks.length + 2);
});

test('bytes without a mark are given back as they are', () => {
  const content = bytes('\xfe\xef\xbb\xbf');
  assert.equal(withoutByteOrderMark(content), content);
});
