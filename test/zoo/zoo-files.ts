import { closeSync, ftruncateSync, linkSync, openSync, symlinkSync, writeSync } from 'node:fs';
import { bytesOf, fsPath, type ByteString } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { at, enclosure, put, type ZooItem } from './zoo-item.ts';

const kib = 1024;
const mib = 1024 * kib;

/** The chunker's limits are 512 KiB and 8 MiB: around them a file becomes one blob, or one more. */
const sizes = [0, 1, 512 * kib - 1, 512 * kib, 512 * kib + 1, 8 * mib - 1, 8 * mib, 8 * mib + 1];

export const files: readonly ZooItem[] = [
  {
    name: 'files of the sizes at which chunks change',
    make: (zoo) => {
      const random = new SeededRandom(51);
      for (const size of sizes) put(at(enclosure(zoo, 'files'), `size-${size}`), random.bytes(size));
    },
  },
  {
    name: 'a file of many chunks, half of it compressible',
    make: (zoo) => {
      const random = new SeededRandom(52).bytes(10 * mib);
      put(at(enclosure(zoo, 'files'), 'twenty-mib'), Buffer.concat([random, Buffer.alloc(10 * mib, 'Every night only what changed. ')]));
    },
  },
  {
    name: 'a file that Electron would take for a folder',
    make: (zoo) => void put(at(enclosure(zoo, 'files'), 'app.asar'), 'not an archive'),
  },
  {
    name: 'sparse files',
    make: (zoo) => {
      const folder = enclosure(zoo, 'sparse');
      sparse(at(folder, 'hole-first'), 9 * mib, [9 * mib - 4]);
      sparse(at(folder, 'hole-middle'), 17 * mib + 1, [0, 17 * mib - 3]);
      sparse(at(folder, 'hole-last'), 24 * mib, [5]);
      sparse(at(folder, 'only-hole'), 3 * mib, []);
    },
  },
  {
    name: 'hard links',
    make: (zoo) => {
      const folder = enclosure(zoo, 'hard-links');
      const pair = put(at(folder, 'pair-a'), 'two names');
      linkSync(fsPath(pair), fsPath(at(enclosure(folder, 'elsewhere'), 'pair-b')));
      const crowd = put(at(folder, 'crowd-00'), 'fifty names');
      for (let i = 1; i < 50; i++) linkSync(fsPath(crowd), fsPath(at(folder, `crowd-${String(i).padStart(2, '0')}`)));
      put(at(folder, 'same-content-alone'), 'two names');
    },
  },
  {
    name: 'symlinks',
    make: (zoo) => {
      const folder = enclosure(zoo, 'symlinks');
      put(at(folder, 'target'), 'reached through a link');
      enclosure(folder, 'target-folder', 'inside');
      const link = (name: string, target: string | Buffer) => symlinkSync(target, fsPath(at(folder, name)));
      link('to-file', 'target');
      link('to-folder', 'target-folder');
      link('to-folder-slash', 'target-folder/');
      link('to-nothing', 'no such thing');
      link('to-itself', 'to-itself');
      link('loop-a', 'loop-b');
      link('loop-b', 'loop-a');
      link('absolute', '/etc/hostname');
      link('upwards', '../../../../../../etc');
      link('long', 'x'.repeat(1000));
      link('odd', 'a<b>&"c"\\d\n\u2028\ufffd');
    },
  },
  {
    name: 'a symlink whose target is not UTF-8',
    make: (zoo) => symlinkSync(Buffer.from([0x67, 0xff, 0xfe, 0x2f, 0xc3, 0x28]), fsPath(at(enclosure(zoo, 'symlinks'), 'to-bytes'))),
  },
  { name: 'an empty folder', make: (zoo) => void enclosure(zoo, 'folders', 'empty') },
  {
    name: 'folders 200 deep',
    make: (zoo) => void put(at(enclosure(zoo, 'folders', ...Array.from({ length: 200 }, (_, i) => `d${i}`)), 'bottom'), 'deep'),
  },
  {
    name: 'a folder of 5,000 entries',
    make: (zoo) => {
      const folder = enclosure(zoo, 'folders', 'crowded');
      for (let i = 0; i < 5000; i++) put(at(folder, `entry-${i}`), i % 7 === 0 ? '' : `entry ${i}`);
    },
  },
];

/** A file of holes with three bytes at each offset. */
function sparse(path: ByteString, sizeBytes: number, offsets: readonly number[]): void {
  const fd = openSync(fsPath(path), 'wx');
  ftruncateSync(fd, sizeBytes);
  for (const offset of offsets) writeSync(fd, bytesOf('abc' as ByteString), 0, 3, offset);
  closeSync(fd);
}
