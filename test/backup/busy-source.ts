/**
 * A program for the tests of backups: changes a folder without end while somebody reads it. Appends to `grows-*`, rewrites `changes-*` in
 * place, truncates and refills `shrinks-*`, deletes and makes anew `vanishes-*`, replaces `turns-*` by a folder, a link and a file in turn.
 * `steady-*` it leaves alone.
 */
import { appendFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { system, systemCode } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

const [, , folder = '', seed = '1'] = process.argv;
const random = new SeededRandom(Number(seed));
const names = readdirSync(folder);
const turns: ((path: string) => void)[] = [
  (path) => mkdirSync(path),
  // On Windows that is a right of administrators.
  (path) => (system.isWindows ? mkdirSync(path) : symlinkSync('steady-0', path)),
  (path) => writeFileSync(path, 'a file again'),
];

const changes: Record<string, (path: string) => void> = {
  grows: (path) => appendFileSync(path, random.bytes(20_000)),
  changes: (path) => writeFileSync(path, random.bytes(100_000), { flag: 'r+' }),
  shrinks: (path) => (random.chance(0.5) ? truncateSync(path, random.below(1_000)) : appendFileSync(path, random.bytes(300_000))),
  vanishes: (path) => (random.chance(0.5) ? rmSync(path, { force: true }) : writeFileSync(path, random.bytes(50_000))),
  turns: (path) => {
    rmSync(path, { recursive: true, force: true });
    turns[random.below(turns.length)]?.(path);
  },
};

process.stdout.write('ready\n');
const endAt = performance.now() + 60_000; // should nobody end it
while (performance.now() < endAt) {
  const name = names[random.below(names.length)] ?? '';
  try {
    changes[name.split('-')[0] ?? '']?.(join(folder, name));
  } catch (error) {
    // A name of Windows stays taken until whoever reads the file has closed it.
    if (!system.holdsOpenFiles || !['EPERM', 'EBUSY', 'EACCES', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}
