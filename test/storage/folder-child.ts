/**
 * A program for the tests of the folder storage, to be killed or to run as another user.
 * `write <folder> <seed>`: stores 6 MiB files without end and prints the name of each that was acknowledged.
 * `try <folder> <uid>`: becomes that user, tries each call, and prints `<call> <error code or ok>`.
 */
import { createHash } from 'node:crypto';
import { CadanganError } from '../../src/platform/index.ts';
import type { FileName, Storage } from '../../src/storage/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

const [, , mode, folder = '', number = '0'] = process.argv;
if (mode === 'write') await writeForEver(openStorage(folder), new SeededRandom(Number(number)));
else await tryEachCall(openStorage(folder), Number(number));

async function writeForEver(storage: Storage, random: SeededRandom): Promise<never> {
  const bytes = random.bytes(6 * 1024 * 1024);
  process.stdout.write('ready\n');
  for (;;) {
    random.fill(bytes.subarray(0, 64));
    const name = createHash('sha256').update(bytes).digest('hex');
    await storage.write({ kind: 'data', name }, bytes, neverAborted);
    process.stdout.write(`${name}\n`);
  }
}

async function tryEachCall(storage: Storage, uid: number): Promise<void> {
  process.setegid?.(uid);
  process.seteuid?.(uid);
  const file: FileName = { kind: 'keys', name: 'a'.repeat(64) };
  const calls: Record<string, () => Promise<unknown>> = {
    create: () => storage.create(neverAborted),
    list: () => storage.list('keys', neverAborted),
    sizeOf: () => storage.sizeOf(file, neverAborted),
    read: () => storage.read(file, neverAborted),
    readRange: () => storage.readRange(file, 0, 1, { signal: neverAborted }),
    write: () => storage.write({ kind: 'keys', name: 'b'.repeat(64) }, new Uint8Array(9), neverAborted),
    remove: () => storage.remove(file, neverAborted),
  };
  for (const [name, call] of Object.entries(calls)) {
    const outcome = await call().then(
      () => 'ok',
      (error: unknown) => (error instanceof CadanganError ? error.code : String(error)),
    );
    process.stdout.write(`${name} ${outcome}\n`);
  }
}
