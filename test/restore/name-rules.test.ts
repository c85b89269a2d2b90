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

test('names that differ in case fold to one, and in normalisation where the file system normalises', () => {
  const folded = (text: string, platform: NodeJS.Platform): string => foldedName(byteStringFromText(text), platform);
  for (const platform of ['darwin', 'win32', 'linux'] as const) {
    assert.equal(folded('README', platform), folded('ReadMe', platform));
    assert.notEqual(folded('a', platform), folded('b', platform));
  }
  assert.equal(folded('caf\u00e9', 'darwin'), folded('cafe\u0301', 'darwin'));
  assert.notEqual(folded('caf\u00e9', 'win32'), folded('cafe\u0301', 'win32'));
  assert.notEqual(folded('stra\u00dfe', 'win32'), folded('STRASSE', 'win32'));
});
