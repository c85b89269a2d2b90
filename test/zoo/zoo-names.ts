import { readdirSync } from 'node:fs';
import { bytesOf, fsPath, textOf } from '../../src/platform/index.ts';
import { at, enclosure, NotHere, put, type ZooItem } from './zoo-item.ts';

/** Each a name that some program has lost, mixed up, or obeyed. */
const names: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  'a name of 255 bytes': ['n'.repeat(255), `${'\u00e9'.repeat(127)}x`, '\u{1f600}'.repeat(63)],
  'spaces and dots at the ends': [' ', ' before', 'behind ', '...', '.hidden', 'dot.', '-rf', '--', '~', '#'],
  'control characters': [
    'new\nline',
    'tab\there',
    'return\r',
    'bell\x07',
    'escape\x1b[31mred\x1b[0m',
    'delete\x7f',
    '\x01',
    '\x1b]0;title\x07',
  ],
  'quotes and signs of shells and formats': [
    `'single'`,
    `"double"`,
    '`back`',
    '%d%s%n',
    'per%20cent',
    'back\\slash',
    '\\',
    '\\x41',
    '\\u0041',
    '$HOME',
    '*',
    '?',
    '[a]',
    '<b>&amp;',
    'a:b',
    'a|b',
    '{x,y}',
    '!',
  ],
  'scripts of the world': [
    'cadangan harian',
    '\u5099\u4efd',
    '\u0440\u0435\u0437\u0435\u0440\u0432',
    '\u0646\u0633\u062e\u0629',
    '\u{1f600}',
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
    'a\u{1f600}',
    'a\uff5e',
    '\u{10ffff}',
    '\ufffd',
    '\ufeffbom',
    '\u00a0',
    '\u200b',
    '\u2028',
    '\u00ad',
  ],
  'right to left': ['abc\u202etxt.exe', '\u202d\u202c'],
  'the same name in NFC and NFD': ['\u00e9', 'e\u0301'],
  'the same name in two cases': ['readme', 'README', 'ReadMe'],
  'names that Windows reserves': ['CON', 'con', 'NUL.txt', 'COM1', 'LPT9.log', 'AUX', 'desktop.ini', 'a.', 'stream:ads', 'C:'],
  'bytes that are not UTF-8': [
    Buffer.from([0xff]),
    Buffer.from([0x80, 0x41]),
    Buffer.from('caf\xe9', 'latin1'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from([0xf0, 0x9f, 0x98]),
  ],
};

export const namedFiles: readonly ZooItem[] = Object.entries(names).map(([name, inFolder]) => ({
  name,
  make: (zoo) => {
    const folder = enclosure(zoo, 'names', name);
    const paths = inFolder.map((each) => at(folder, each instanceof Buffer ? each : Buffer.from(each)));
    paths.forEach((path, number) => put(path, `${name} ${number}`));
    // Some file systems (macOS, Windows) rewrite names.
    const there = new Set(readdirSync(fsPath(folder), 'latin1'));
    const lost = paths.find(
      (path) =>
        !there.has(
          bytesOf(path)
            .subarray(bytesOf(folder).length + 1)
            .toString('latin1'),
        ),
    );
    if (lost !== undefined) throw new NotHere(`this file system renames "${textOf(lost)}"`);
  },
}));
