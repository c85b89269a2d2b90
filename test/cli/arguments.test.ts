import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { splitCommand } from '../../src/cli/command-words.ts';
import { readFilesFrom } from '../../src/cli/files-from.ts';
import { OptionValues } from '../../src/cli/option-values.ts';
import { localTimeText, parseTimeArgument } from '../../src/cli/time-argument.ts';
import { systemClock, type Clock } from '../../src/platform/index.ts';
import { parseTimestamp } from '../../src/repository/index.ts';
import { makeFolder } from './run-cli.ts';

test('durations are those of Go', () => {
  const ms = (text: string) => new OptionValues({ x: text }).durationMs('x');
  assert.deepEqual(['0', '30s', '1h30m', '1.5m', '200ms'].map(ms), [0, 30_000, 5_400_000, 90_000, 200]);
  for (const bad of ['', '5', '5x', 's', '-5s']) assert.throws(() => ms(bad), { code: 'arguments.invalid' });
});

test('a password command is split into words as a shell would, without a shell', () => {
  assert.deepEqual(splitCommand(`pass show 'my server' "a \\"b\\"" c\\ d ''`, false), ['pass', 'show', 'my server', 'a "b"', 'c d', '']);
  assert.deepEqual(splitCommand(`C:\\bin\\tool.exe "C:\\My Files\\x"`, true), ['C:\\bin\\tool.exe', 'C:\\My Files\\x']);
  assert.equal(splitCommand(`sh -c 'open`), undefined);
  assert.deepEqual(splitCommand('echo $HOME; rm *', false), ['echo', '$HOME;', 'rm', '*']);
});

test('times are local unless they name a zone, and bad ones are refused', () => {
  const jakarta: Clock = { ...systemClock, offsetMinutes: () => 420 };
  const parse = (text: string) => parseTimeArgument(text, 'time', jakarta);
  assert.equal(parse('2012-11-01 22:08:41'), parseTimestamp('2012-11-01T22:08:41+07:00').ns);
  assert.equal(parse('2012-11-01'), parseTimestamp('2012-10-31T17:00:00Z').ns);
  assert.equal(parse('2012-11-01T22:08:41Z'), parseTimestamp('2012-11-01T22:08:41Z').ns);
  assert.equal(localTimeText(parse('2012-11-01 22:08'), jakarta), '2012-11-01 22:08:00');
  for (const bad of ['', 'now', '2012-13-01', '2012-02-30', '2012-11-01 25:00'])
    assert.throws(() => parse(bad), { code: 'arguments.invalid' });
});

test('lists of files are patterns, lines or names that end with NUL', async (t) => {
  const folder = makeFolder(t);
  mkdirSync(join(folder, 'd'));
  for (const name of ['a.txt', 'b.txt', 'c.md', 'd/e.txt']) writeFileSync(join(folder, name), '');
  const list = (content: string | Buffer) => {
    writeFileSync(join(folder, 'list'), content);
    return join(folder, 'list');
  };
  const read = (options: Partial<Parameters<typeof readFilesFrom>[0]>) =>
    readFilesFrom({ patterns: [], verbatim: [], raw: [], ...options });
  assert.deepEqual(await read({ patterns: [list(`# no\n\n  ${folder}/?.txt \n${folder}/*/e.txt\n${folder}/plain`)] }), [
    ...['a.txt', 'b.txt', 'd/e.txt'].map((name) => join(folder, name)),
    `${folder}/plain`,
  ]);
  assert.deepEqual(await read({ verbatim: [list(' # yes \n*.txt\n')] }), [' # yes ', '*.txt']);
  assert.deepEqual(await read({ raw: [list('a\nb\0*\0')] }), ['a\nb', '*']);
  const utf16 = Buffer.from(`\ufeff${folder}/?.txt\r\n${folder}/é\r\n`, 'utf16le');
  for (const bytes of [utf16, Buffer.from(utf16).swap16(), Buffer.from(utf16.toString('utf16le'))]) {
    assert.deepEqual(
      await read({ patterns: [list(bytes)] }),
      ['a.txt', 'b.txt', 'é'].map((name) => join(folder, name)),
    );
    assert.deepEqual(await read({ verbatim: [list(bytes)] }), [`${folder}/?.txt`, `${folder}/é`]);
  }
  // A name may begin with the bytes of a mark.
  assert.deepEqual(await read({ raw: [list(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0, 0xff, 0xfe, 0]))] }), ['\ufeffa', '\udcff\udcfe']);
  await assert.rejects(read({ patterns: [list(`${folder}/*.none`)] }), { code: 'arguments.invalid' });
  await assert.rejects(read({ raw: [list('unfinished')] }), { code: 'arguments.invalid' });
});
