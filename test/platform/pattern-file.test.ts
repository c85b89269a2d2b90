import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isCode } from '../../src/platform/errors.ts';
import { expandVariables, parsePatternLines, readPatternFile } from '../../src/platform/pattern-file.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadangan-pattern-file-'));
});
after(() => rm(folder, { recursive: true }));

async function written(name: string, content: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

test('comments, empty lines, white space around a pattern and line ends of Windows are left out', () => {
  const text = '  *.tmp \r\n# comment\n\n\t # indented comment\n\u00a0a b\u2003\n\\#name\n!keep';
  assert.deepEqual(parsePatternLines(text, {}), ['*.tmp', 'a b', '\\#name', '!keep']);
});

// Recorded from restic 0.14.0 with --exclude-file, the variable FOO set.
for (const [text, expanded] of [
  ['$FOO/x', 'foo/x'],
  ['${FOO}x', 'foox'],
  ['$FOOx', ''],
  ['a$$b', 'a$b'],
  ['$$FOO', '$FOO'],
  ['a$', 'a$'],
  ['$/a', '$/a'],
  ['$1a', 'a'],
  ['${}a', 'a'],
  ['${FOO', 'FOO'],
  ['$UNSET/a', '/a'],
  ['$*a', 'a'],
] as const) {
  test(`${text} is expanded to ${expanded === '' ? 'nothing' : expanded}`, () => {
    assert.equal(expandVariables(text, { FOO: 'foo' }), expanded);
  });
}

test('a byte order mark is dropped, and says that a file is UTF-16', async () => {
  const utf16 = Buffer.from('\ufeffcafé\r\nb', 'utf16le');
  const files = [
    await written('utf8', '\ufeffcafé\nb'),
    await written('utf16le', utf16),
    await written('utf16be', Buffer.from(utf16).swap16()),
  ];
  for (const file of files) assert.deepEqual(await readPatternFile(file, {}, {}), ['café', 'b']);
});

test('a file that cannot be read is named in the error', async () => {
  const file = join(folder, 'missing');
  await assert.rejects(
    readPatternFile(file, {}, {}),
    (error) => isCode(error, 'arguments.invalid') && error.facts['file'] === file && error.facts['reason'] === 'ENOENT',
  );
});

test('a file that is not UTF-8 is refused instead of being read wrongly', async () => {
  const file = await written('latin1', Buffer.from('caf\xe9', 'latin1'));
  await assert.rejects(readPatternFile(file, {}, {}), (error) => isCode(error, 'arguments.invalid') && error.facts['file'] === file);
});

test('a bad pattern is reported with its file', async () => {
  const file = await written('bad', '*.tmp\na[\n');
  await assert.rejects(
    readPatternFile(file, {}, {}),
    (error) => isCode(error, 'arguments.invalid') && error.facts['file'] === file && error.facts['pattern'] === 'a[',
  );
});
