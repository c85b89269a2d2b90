import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutStart, displayWidth, pad } from '../../src/cli/display-width.ts';
import { remainingMs, showProgress } from '../../src/cli/progress-line.ts';
import { tableLines } from '../../src/cli/table.ts';
import type { OutputStream } from '../../src/cli/output-stream.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { durationText, sizeText } from '../../src/cli/units.ts';

class Recorder implements OutputStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 60;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(chunk: string | Uint8Array, done?: () => void): boolean {
    this.text += String(chunk);
    done?.();
    return true;
  }
}

test('sizes and durations look as those of restic', () => {
  assert.deepEqual([0, 995, 1024, 1088, 1934, 1_047_425, 3_000_008, 2 ** 40, 1_048_575.9999].map(sizeText), [
    '0 B',
    '995 B',
    '1.000 KiB',
    '1.062 KiB',
    '1.889 KiB',
    '1022.876 KiB',
    '2.861 MiB',
    '1.000 TiB',
    '1.000 MiB',
  ]);
  assert.deepEqual([0, 7_900, 750_000, 3_723_000].map(durationText), ['0:00', '0:07', '12:30', '1:02:03']);
});

test('wide and combining characters take the columns that terminals give them', () => {
  assert.deepEqual(['abc', '資料', '👨‍👩‍👧', 'e\u0301', 'Привет'].map(displayWidth), [3, 4, 2, 1, 6]);
  assert.equal(displayWidth(pad('資料', 6)), 6);
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 30 }),
      (text, width) => displayWidth(cutStart(text, width)) <= Math.max(width, 0),
    ),
  );
});

test('a table is as wide as its widest cells, and cells may have several lines', () => {
  assert.deepEqual(
    tableLines(
      [{ title: 'ID' }, { title: 'Size', align: 'right' }],
      [
        ['a', '10 B'],
        [['b', 'c'], '1.000 KiB'],
      ],
      'sum',
    ),
    ['ID       Size', '-------------', 'a        10 B', 'b   1.000 KiB', 'c', '-------------', 'sum'],
  );
});

test('the progress line fits the terminal, shows no control characters of names, and is gone before anything else is written', () => {
  const [out, err] = [new Recorder(true), new Recorder(true)];
  const terminal = new Terminal(out, err);
  showProgress(terminal, {
    elapsedMs: 61_000,
    filesDone: 10,
    filesTotal: 20,
    bytesDone: 1 << 20,
    bytesTotal: 2 << 20,
    currentPath: `/a\x1b[2J/${'x'.repeat(200)}`,
  });
  const line = err.text.replace('\r\x1b[2K', '');
  assert.ok(displayWidth(line) < 60, line);
  assert.match(line, /^\[1:01\] {2}50\.00% {2}10 \/ 20 files {2}1\.000 MiB \/ 2\.000 MiB/);
  assert.doesNotMatch(line, /\x1b/);
  terminal.print('result');
  assert.ok(err.text.endsWith('\r\x1b[2K'));
  assert.equal(out.text, 'result\n');
});

test('there is no progress line where nobody can see it', () => {
  const err = new Recorder(false);
  showProgress(new Terminal(new Recorder(false), err), { elapsedMs: 1, filesDone: 1, bytesDone: 1 });
  assert.equal(err.text, '');
});

test('time left is told only when the whole is known', () => {
  assert.equal(remainingMs({ elapsedMs: 10_000, filesDone: 1, bytesDone: 25, bytesTotal: 100 }), 30_000);
  assert.equal(remainingMs({ elapsedMs: 10_000, filesDone: 1, bytesDone: 25 }), undefined);
});
