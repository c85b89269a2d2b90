import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringFromText, type ByteString } from '../../src/platform/index.ts';
import { foldedName, impossibleName } from '../../src/restore/name-rules.ts';

const impossibleOnWindows = [
  'a:b',
  'C:',
  'file.txt:stream',
  'a\\b',
  'what?',
  'a*',
  'a<b',
  'a>b',
  'a|b',
  '"',
  'tab\there',
  'dot.',
  'space ',
  '...',
  'CON',
  'con',
  'Aux.txt',
  'nul.tar.gz',
  'COM1',
  'lpt9.log',
  'COM\u00b9',
  'CONIN$',
  'con ',
  'a'.repeat(256),
];
const possibleOnWindows = [
  'file.txt',
  '.hidden',
  'console',
  'com',
  'com10',
  'auxiliary',
  'a b',
  'caf\u00e9',
  '\u{1f600}',
  'a'.repeat(255),
  'nul-1',
];

test('names that Windows takes for something else are impossible there, and only there', () => {
  for (const name of impossibleOnWindows) {
    assert.notEqual(impossibleName(byteStringFromText(name), 'win32'), undefined, name);
    assert.equal(impossibleName(byteStringFromText(name), 'linux'), undefined, name);
  }
  for (const name of possibleOnWindows) assert.equal(impossibleName(byteStringFromText(name), 'win32'), undefined, name);
});

test('names that are not UTF-8 exist on Linux only', () => {
  const name = 'b\xff' as ByteString;
  assert.equal(impossibleName(name, 'linux'), undefined);
  assert.equal(impossibleName(name, 'darwin'), 'not UTF-8');
  assert.equal(impossibleName(name, 'win32'), 'not UTF-8');
});

test('names that differ in case or normalisation fold to one', () => {
  const folded = (text: string): string => foldedName(byteStringFromText(text));
  assert.equal(folded('README'), folded('ReadMe'));
  assert.equal(folded('caf\u00e9'), folded('cafe\u0301'));
  assert.notEqual(folded('a'), folded('b'));
});
