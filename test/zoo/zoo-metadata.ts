import { spawnSync } from 'node:child_process';
import { lstatSync, symlinkSync } from 'node:fs';
import { bytesOf, fsPath } from '../../src/platform/index.ts';
import { at, enclosure, give, NotHere, put, requireRoot, setMode, use, type ZooItem } from './zoo-item.ts';

/** Seconds since 1970. 32 bits end in 2038 and 2106, Go's nanoseconds in 64 bits in 2262; restic 0.14 restores no later time. */
const times = {
  'before-1970': '-0.5',
  'in-1955': '-473385600.000000001',
  epoch: '0',
  nanoseconds: '1700000000.123456789',
  'one-nanosecond': '1700000000.000000001',
  'after-2038': '2147483648.999999999',
  'after-2106': '4294967296.000000001',
  'in-2261': '9183110399.987654321',
};

export const metadata: readonly ZooItem[] = [
  {
    name: 'modes',
    make: (zoo) => {
      const folder = enclosure(zoo, 'modes');
      for (const mode of readable([0o000, 0o200, 0o400, 0o644, 0o777])) setMode(put(at(folder, `mode-${mode.toString(8)}`), 'm'), mode);
    },
  },
  {
    name: 'setuid, setgid and sticky',
    make: (zoo) => {
      const folder = enclosure(zoo, 'modes');
      for (const mode of readable([0o4755, 0o2755, 0o6711, 0o1644, 0o7777, 0o4000]))
        setMode(put(at(folder, `special-${mode.toString(8)}`), 's'), mode);
      for (const mode of readable([0o1777, 0o2775, 0o7000])) setMode(enclosure(folder, `folder-${mode.toString(8)}`), mode);
    },
  },
  {
    name: 'a folder that may not be written to',
    make: (zoo) => {
      const folder = enclosure(zoo, 'folders', 'read-only');
      put(at(enclosure(folder, 'within'), 'inside'), 'content of a read-only folder');
      setMode(at(folder, 'within'), 0o500);
      setMode(folder, 0o555);
    },
  },
  {
    name: 'owners that the system does not know',
    make: (zoo) => {
      requireRoot();
      const folder = enclosure(zoo, 'owners');
      give(put(at(folder, 'nobody'), 'o'), 65534, 65534);
      give(put(at(folder, 'unknown'), 'o'), 123456, 654321);
      give(put(at(folder, 'largest'), 'o'), 4294967294, 4294967294);
      give(put(at(folder, 'setuid-of-another'), 'o'), 1000, 1001, 0o6755);
      give(enclosure(folder, 'folder-of-another'), 1000, 1001, 0o2750);
      symlinkSync('unknown', fsPath(at(folder, 'link-of-another')));
      give(at(folder, 'link-of-another'), 1000, 1001);
    },
  },
  ...Object.entries(times).map(
    ([name, seconds]) => ({ name: `a time: ${name}`, make: (zoo) => timed(at(enclosure(zoo, 'times'), name), seconds) }) satisfies ZooItem,
  ),
  {
    name: 'named pipe',
    make: (zoo) => use('mkfifo', ['fifo'], enclosure(zoo, 'special')),
  },
  {
    name: 'devices',
    make: (zoo) => {
      requireRoot();
      const folder = enclosure(zoo, 'special');
      use('mknod', ['char-device', 'c', '1', '3'], folder);
      use('mknod', ['block-device', 'b', '259', '70000'], folder);
      give(at(folder, 'char-device'), 0, 6, 0o660);
    },
  },
  {
    // Only a killed program leaves its socket behind.
    name: 'socket',
    make: (zoo) => {
      const folder = enclosure(zoo, 'special');
      const script = `require('node:net').createServer().listen('socket', () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', script], { cwd: bytesOf(folder).toString(), stdio: 'ignore' });
      if (!lstatSync(fsPath(at(folder, 'socket')), { throwIfNoEntry: false })?.isSocket()) throw new NotHere('no socket file can be made');
    },
  },
];

/** What Node cannot read or set. Apart, so that a test can make a zoo without. */
export const attributes: readonly ZooItem[] = [
  {
    name: 'extended attributes',
    make: (zoo) => {
      const folder = enclosure(zoo, 'attributes');
      put(at(folder, 'file'), 'x');
      use('setfattr', ['-n', 'user.note', '-v', 'a note', 'file'], folder);
      use('setfattr', ['-n', 'user.empty', 'file'], folder);
      use('setfattr', ['-n', 'user.binary', '-v', '0x00ff0a', 'file'], folder);
      enclosure(folder, 'folder');
      use('setfattr', ['-n', 'user.note', '-v', 'of a folder', 'folder'], folder);
    },
  },
  {
    name: 'access control lists',
    make: (zoo) => {
      const folder = enclosure(zoo, 'attributes');
      put(at(folder, 'acl-file'), 'x');
      use('setfacl', ['-m', 'u:12345:rw,g:54321:r', 'acl-file'], folder);
      enclosure(folder, 'acl-folder');
      use('setfacl', ['-d', '-m', 'u:12345:rwx', 'acl-folder'], folder);
    },
  },
  {
    name: 'file capabilities',
    make: (zoo) => {
      requireRoot();
      const folder = enclosure(zoo, 'attributes');
      put(at(folder, 'capable'), 'x');
      // cap_net_bind_service, permitted and effective, in the kernel's revision 2.
      use('setfattr', ['-n', 'security.capability', '-v', '0x0100000200040000000000000000000000000000', 'capable'], folder);
    },
  },
];

/** Root reads everything; what others may not read is no part of a zoo that is to be stored whole. */
function readable(modes: readonly number[]): readonly number[] {
  return process.getuid?.() === 0 ? modes : modes.filter((mode) => (mode & 0o400) !== 0);
}

/** Only a program of the system sets nanoseconds: Node's `utimes` takes doubles. */
function timed(path: ReturnType<typeof at>, seconds: string): void {
  put(path, 't');
  use('touch', ['-h', '-d', `@${seconds}`, bytesOf(path).toString()], '/' as typeof path);
  const actual = lstatSync(fsPath(path), { bigint: true }).mtimeNs;
  const [whole = '0', fraction = ''] = seconds.replace('-', '').split('.');
  const wanted = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  if (actual !== (seconds.startsWith('-') ? -wanted : wanted)) throw new NotHere(`@${seconds} became ${actual} ns`);
}
