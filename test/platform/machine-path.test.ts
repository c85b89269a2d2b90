import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  byteStringFromText,
  isCode,
  folderTest,
  isInFolder,
  machinePath,
  machinePathOf,
  placeKeyOf,
  snapshotPathOf,
  typedSnapshotPath,
  upperCaseOfWindows,
  type PathRules,
} from '../../src/platform/index.ts';

const windows: PathRules = {
  windows: true,
  workingFolder: 'C:\\work\\here',
  driveFolder: (drive) => (drive === 'D' ? 'd:\\projects' : undefined),
};
const posix: Partial<PathRules> = { windows: false, workingFolder: '/home/budi' };

test('every way to write a path of Windows gives its one spelling', () => {
  const cases = [
    ['C:\\Data\\x', 'C:\\Data\\x'],
    ['c:/Data//x/', 'C:\\Data\\x'],
    ['c:', 'C:\\'],
    ['\\\\?\\c:\\Data\\.\\y\\..\\x', 'C:\\Data\\x'],
    ['//?/UNC/nas1/share/x', '\\\\nas1\\share\\x'],
    ['\\\\nas1\\share', '\\\\nas1\\share\\'],
    ['\\\\nas1\\share\\..\\..\\x', '\\\\nas1\\share\\x'],
    ['c:docs', 'C:\\work\\here\\docs'],
    ['d:docs', 'D:\\projects\\docs'],
    ['\\docs', 'C:\\docs'],
    ['..\\docs', 'C:\\work\\docs'],
    ['..\\..\\..\\docs', 'C:\\docs'],
    ['.', 'C:\\work\\here'],
  ] as const;
  for (const [written, path] of cases) assert.equal(machinePath(written, windows), path, written);
});

test('elsewhere a path is what the system resolves it to, whatever looks like one of Windows', () => {
  for (const [written, path] of [
    ['/srv/../etc//x/', '/etc/x'],
    ['../data', '/home/data'],
    ['C:\\x', '/home/budi/C:\\x'],
    ['/', '/'],
  ] as const)
    assert.equal(machinePath(written, posix), path);
});

test('a path of a device, and one that leads nobody knows where, is refused by name', () => {
  for (const path of ['\\\\.\\PhysicalDrive0', '\\\\?\\Volume{1}\\x', '\\??\\C:\\x', '\\\\nas1', 'e:docs'])
    assert.throws(
      () => machinePath(path, windows),
      (error) => isCode(error, 'path.unsupported') && error.facts['path'] === path,
      path,
    );
});

test('what is made is made of itself again, and leads into a snapshot and back', () => {
  const name = fc.constantFrom('a', 'Data', 'é', 'x y', '..', '.', '');
  const root = fc.constantFrom('c:\\', 'D:/', '\\\\nas1\\share\\', '//?/UNC/nas1/share/', '\\', '');
  fc.assert(
    fc.property(root, fc.array(name, { maxLength: 5 }), fc.constantFrom('\\', '/'), (start, names, slash) => {
      // A slash in front of the names would make the root of a share longer.
      const written = start + names.filter((each) => each !== '').join(slash);
      const path = machinePath(written === '' ? '.' : written, windows);
      assert.equal(machinePath(path, windows), path);
      assert.equal(machinePathOf(snapshotPathOf(path, true), true), path.replace(/(?<=\\\\nas1\\share)\\$/, ''));
    }),
  );
});

test('all spellings of one place of Windows have one key, on every system; other paths are themselves', () => {
  const same = [
    ['c:\\data', 'C:\\Data'],
    ['C:/data/', '\\\\?\\c:\\DATA'],
    ['\\\\NAS1\\Share\\x', '//nas1/share/X'],
    ['C:\\', 'c:'],
  ] as const;
  for (const [one, other] of same) assert.equal(placeKeyOf(one), placeKeyOf(other));
  for (const [one, other] of [
    ['/srv/data', '/srv/Data'],
    ['C:\\a', 'C:\\b'],
    ['C:\\straße', 'C:\\STRASSE'],
  ] as const)
    assert.notEqual(placeKeyOf(one), placeKeyOf(other));
  assert.equal(placeKeyOf('/c/../x'), '/c/../x');
  assert.ok(isInFolder('C:\\Été\\x', 'c:\\éTÉ', 'win32'));
  assert.equal(placeKeyOf('C:\\é'), `C:/${upperCaseOfWindows('é')}`);
});

test('an absolute path does not ask for the current folder, which may have been removed', () => {
  for (const [text, isWindows] of [
    ['/srv/../data', false],
    ['c:/data', true],
  ] as const) {
    const rules = {
      windows: isWindows,
      get workingFolder(): string {
        throw new Error('uv_cwd');
      },
    };
    assert.match(machinePath(text, rules), /^(?:C:\\|\/)data$/);
    assert.throws(() => machinePath('data', rules), /uv_cwd/);
  }
});

test('a path of a walk is looked for in folders whose spelling is read once', () => {
  const inLinux = folderTest(['/srv/x/../repo', '/mnt/'], 'linux');
  assert.deepEqual(
    ['/srv/repo', '/srv/repo/data', '/srv/repository', '/srv/Repo', '/mnt/a', '/'].map((path) => inLinux(path)),
    [true, true, false, false, true, false],
  );
  assert.deepEqual([folderTest(['/'], 'linux')('/srv'), folderTest([], 'linux')('/srv')], [true, false]);
  const inWindows = folderTest(['c:\\repo', '\\\\nas1\\share\\'], 'win32');
  assert.deepEqual(
    ['C:\\Repo\\data', 'C:\\repository', '\\\\NAS1\\share\\x'].map((path) => inWindows(path)),
    [true, false, true],
  );
});

test('a path of a snapshot may be typed as one of this machine', () => {
  const typed = (text: string) => typedSnapshotPath(text, windows);
  assert.equal(typed('C:\\Data\\x'), '/C/Data/x');
  assert.equal(typed('c:/Data'), '/C/Data');
  assert.equal(typed('\\\\nas1\\share\\x'), '/nas1/share/x');
  assert.equal(typed('C:docs'), '/C/work/here/docs');
  assert.equal(typed('Data\\x'), 'Data/x');
  assert.equal(typed('\\C\\Data'), '/C/Data');
  assert.equal(typed('/\\\\nas1\\share/x'), '/\\\\nas1\\share/x', 'as restic prints it');
  assert.equal(typed(''), '');
  assert.equal(typedSnapshotPath('C:\\Data', posix), 'C:\\Data');
  assert.throws(
    () => typed('\\\\.\\C:\\x'),
    (error) => isCode(error, 'path.unsupported'),
  );
  assert.equal(byteStringFromText(typed('C:\\é')), '/C/\xc3\xa9');
});
