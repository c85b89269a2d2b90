import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { exportMessages, placeholdersOf, readIndonesian } from '../../scripts/l10n.ts';
import {
  currentLanguage,
  currentTimeZone,
  formatBytes,
  formatCount,
  formatDate,
  formatDuration,
  formatPercent,
  formatRelativeDay,
  formatTime,
  inLocale,
  l10n,
  setLanguage,
  setTimeZone,
  systemLocales,
} from '../../src/platform/index.ts';

afterEach(() => setLanguage('en'));

test('every text of the sources has an Indonesian value with the same placeholders, and no value is left over', async () => {
  const [messages, indonesian] = [await exportMessages(), readIndonesian()];
  assert.deepEqual(
    messages.filter((message) => !Object.hasOwn(indonesian, message)),
    [],
    'write these into l10n/bundle.l10n.id.json',
  );
  assert.deepEqual(
    Object.keys(indonesian).filter((message) => !messages.includes(message)),
    [],
    'no source says these any more',
  );
  for (const [english, translated] of Object.entries(indonesian)) {
    assert.notEqual(translated.trim(), '', english);
    assert.deepEqual(placeholdersOf(translated), placeholdersOf(english), english);
  }
});

test('Indonesian has one word for each thing, in texts and on the pages of docs/', () => {
  const files = [
    'l10n/bundle.l10n.id.json',
    ...globSync('docs/*.id.md'),
    ...globSync('src/**/*indonesian*.ts'),
    'src/records/pack-readme.ts',
  ];
  const others = /\bbita\b|kepala rantai/i; // byte, ujung rantai
  for (const file of files) assert.doesNotMatch(readFileSync(file, 'utf8').replaceAll(/^\s*"[^"]*":/gm, ''), others, file);
});

test('every text is a literal in quotes: the export tool sees no others', () => {
  const files = globSync('src/**/*.ts', { cwd: new URL('../../', import.meta.url) });
  for (const file of files) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    for (const call of text.matchAll(/^(?!\s*(?:\*|\/[/*])).*?\bl10n\.t\(\s*(.)/gm))
      assert.ok(['"', "'"].includes(call[1] ?? ''), `${file}: ${call[0]}`);
  }
});

test('the language is the one chosen, else the first that the system names, else English', () => {
  const cases = [
    ['id', ['en_GB.UTF-8'], 'id'],
    ['en', ['id_ID.UTF-8'], 'en'],
    ['auto', ['id_ID.UTF-8', 'en'], 'id'],
    ['auto', ['id'], 'id'],
    ['auto', ['in-ID'], 'id'],
    ['auto', ['C.UTF-8', 'id'], 'en'],
    ['auto', ['de-DE', 'id'], 'en'],
    ['auto', [], 'en'],
    ['auto', ['idx'], 'en'],
  ] as const;
  for (const [setting, locales, language] of cases) {
    assert.equal(setLanguage(setting, { locales }), language, `${setting} ${locales.join()}`);
    assert.equal(currentLanguage(), language);
  }
  assert.deepEqual(systemLocales({ LC_ALL: '', LC_MESSAGES: 'id_ID', LANG: 'en_US' }).slice(0, 2), ['id_ID', 'en_US']);
});

test('texts come in the chosen language with their arguments, and in that of a bundle from outside', () => {
  assert.equal(l10n.t('snapshot {0} of {1}', 'ab', '{0}'), 'snapshot ab of {0}');
  setLanguage('id');
  assert.equal(l10n.t('snapshot {0} of {1}', 'ab', 2), 'snapshot ab dari 2');
  assert.equal(l10n.t('{date}, {time}', { date: 'a', time: 0 }), 'a pukul 0');
  setLanguage('en', { bundle: { Today: 'Heute' } });
  assert.equal(l10n.t('Today'), 'Heute');
});

const instant = BigInt(Date.UTC(2026, 10, 23, 14, 0)) * 1_000_000n;
const jakarta = { timeZone: 'Asia/Jakarta' };

test('dates, sizes, numbers and durations are written as in the language', () => {
  const shown = () => [
    formatDate(instant, jakarta),
    formatBytes(1934),
    formatBytes(995),
    formatBytes(1_048_575),
    formatCount(12_345),
    formatDuration(3_900_000),
    formatDuration(90_061_000),
    formatPercent(0.999),
    formatRelativeDay(instant, instant, jakarta),
  ];
  assert.deepEqual(shown(), ['23 Nov 2026, 21:00', '1.9 KiB', '995 B', '1.0 MiB', '12,345', '1 h 5 min', '1 d 1 h', '99%', 'Today']);
  setLanguage('id');
  assert.deepEqual(shown(), [
    '23 Nov 2026 pukul 21.00',
    '1,9 KiB',
    '995 B',
    '1,0 MiB',
    '12.345',
    '1 jam 5 mnt',
    '1 hari 1 jam',
    '99%',
    'Hari ini',
  ]);
});

test('times that name no zone are those of the zone that was chosen; a name that nobody knows chooses none', () => {
  const shown = () => formatDate(instant);
  assert.deepEqual([setTimeZone('Asia/Jakarta'), shown(), setTimeZone('Asia/Jakarta')], [true, formatDate(instant, jakarta), false]);
  assert.deepEqual(
    [formatDate(instant, { timeZone: 'UTC' }), setTimeZone('UTC'), shown()],
    ['23 Nov 2026, 14:00', true, '23 Nov 2026, 14:00'],
  );
  assert.deepEqual([setTimeZone('Mars/Olympus'), currentTimeZone(), setTimeZone(undefined)], [true, undefined, false]);
});

test('each request is answered in its own locale, whatever others are spoken to in meanwhile, and the process keeps its own', async () => {
  const told: string[] = [];
  const say = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      told.push(`${currentLanguage()} ${l10n.t('Today')} ${formatTime(instant)} ${currentTimeZone() ?? 'system'}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  setTimeZone('UTC');
  await Promise.all([
    inLocale({ language: 'id', timeZone: 'Asia/Jakarta' }, () => say(2)),
    inLocale({ timeZone: 'Asia/Makassar' }, () => say(2)),
    inLocale({ language: 'id' }, () => inLocale({ language: 'en', timeZone: 'Mars/Olympus' }, () => say(1))),
    say(2),
  ]);
  setTimeZone(undefined);
  const [indonesian, english, nested, own] = [
    'id Hari ini 21.00 Asia/Jakarta',
    'en Today 22:00 Asia/Makassar',
    `en Today ${formatTime(instant)} system`,
    'en Today 14:00 UTC',
  ] as const;
  assert.deepEqual(told.toSorted(), [indonesian, indonesian, english, english, nested, own, own].toSorted());
});

test('a day is today or yesterday by the calendar of the time zone', () => {
  const hourNs = 3_600_000_000_000n;
  assert.equal(formatRelativeDay(instant, instant + 3n * hourNs, jakarta), 'Yesterday'); // 21:00 and 00:00
  assert.equal(formatRelativeDay(instant, instant + 3n * hourNs, { timeZone: 'UTC' }), 'Today');
  assert.equal(formatRelativeDay(instant, instant + 48n * hourNs, jakarta), '23 Nov 2026');
});
