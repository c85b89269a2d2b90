import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringFromText, modifiedNs, systemOf } from '../../src/platform/index.ts';

const windows = systemOf('win32');
const linux = systemOf('linux');

test('a folder of Windows is stored as restic stores it, so that one can enter it elsewhere', () => {
  assert.equal(windows.storedMode(0o040666), 0o040777);
  assert.equal(windows.storedMode(0o040444), 0o040555, 'with the attribute read-only, which says little of a folder');
  assert.equal(windows.storedMode(0o100666), 0o100666);
  assert.equal(windows.storedMode(0o120666), 0o120666);
  assert.equal(linux.storedMode(0o040700), 0o040700);
});

test('a time before 1970 that Windows gives without its sign is one before 1970', () => {
  assert.equal(windows.statTimeNs(4_294_880_895_500_000_000n), -86_400_500_000_000n);
  assert.equal(windows.statTimeNs(2_147_483_647_999_999_999n), 2_147_483_647_999_999_999n, 'January 2038');
  assert.equal(linux.statTimeNs(4_294_880_895_500_000_000n), 4_294_880_895_500_000_000n);
});

test('what may be a time before 1970 or after 2038 is asked of Windows itself, where it can be', () => {
  const path = byteStringFromText('C:/a');
  const inYear = (year: number) => BigInt(Date.UTC(year, 0)) * 1_000_000n;
  const timesOf = (lastWriteTime: bigint) => () => ({ timesOf: () => ({ attributes: 0, creationTime: 0n, lastWriteTime }) });
  const fileTime = (ns: bigint) => ns / 100n + 116_444_736_000_000_000n;
  const never = (): never => assert.fail('it is certain');
  assert.equal(modifiedNs(path, inYear(2026), windows, never), inYear(2026));
  assert.equal(modifiedNs(path, inYear(2040), windows, timesOf(fileTime(inYear(2040)))), inYear(2040));
  const unsigned = inYear(1960) + 2n ** 32n * 1_000_000_000n;
  assert.equal(modifiedNs(path, unsigned, windows, timesOf(fileTime(inYear(1960)))), inYear(1960));
  assert.equal(
    modifiedNs(path, unsigned, windows, () => undefined),
    inYear(1960),
  );
  assert.equal(modifiedNs(path, inYear(2040), linux, never), inYear(2040));
});

test('of the system that we run on there is one', () => {
  assert.equal(systemOf(process.platform), systemOf(process.platform));
});

test('files of programs lie where each system has them, however relative a variable is', () => {
  const place = (platform: NodeJS.Platform, kind: 'config' | 'state', environment: Record<string, string>): string =>
    systemOf(platform).filesOfPrograms(kind, environment, (...names) => ['~', ...names].join('/'));
  assert.equal(place('win32', 'config', { APPDATA: 'C:\\Users\\a\\AppData\\Roaming' }), 'C:\\Users\\a\\AppData\\Roaming\\cadangan\\Config');
  assert.equal(place('win32', 'state', {}), '~/AppData/Local/cadangan/Log');
  assert.equal(place('darwin', 'config', {}), '~/Library/Preferences/cadangan');
  assert.equal(place('linux', 'state', { XDG_STATE_HOME: '/x' }), '/x/cadangan');
  assert.equal(place('linux', 'config', { XDG_CONFIG_HOME: 'x' }), '~/.config/cadangan');
});
