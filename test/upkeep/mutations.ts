import { chmodSync, existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One way to spoil a file of a repository on disk. `other` is another file of its kind. */
export interface Mutation {
  readonly name: string;
  /** @returns what undoes it */
  readonly apply: (file: string, other: string) => () => void;
}

export const mutations: readonly Mutation[] = [
  flipAt('the first byte flipped', () => 0),
  flipAt('a byte in the middle flipped', (length) => length >> 1),
  flipAt('the last byte flipped', (length) => length - 1),
  rewritten('truncated to nothing', () => new Uint8Array(0)),
  rewritten('truncated to half', (bytes) => bytes.subarray(0, bytes.length >> 1)),
  rewritten('truncated by a byte', (bytes) => bytes.subarray(0, -1)),
  rewritten('a byte appended', (bytes) => Buffer.concat([bytes, Buffer.of(0)])),
  { name: 'deleted', apply: (file) => undoing([file], () => unlinkSync(file)) },
  {
    name: 'swapped with another',
    apply: (file, other) =>
      undoing([file, other], () => {
        const [a, b] = [readFileSync(file), readFileSync(other)];
        overwrite(file, b);
        overwrite(other, a);
      }),
  },
  {
    name: 'under a wrong name',
    apply: (file) => {
      // Changes the last digit, so the file stays in its folder.
      const wrong = join(dirname(file), file.slice(-64, -1) + (file.endsWith('0') ? '1' : '0'));
      renameSync(file, wrong);
      return () => renameSync(wrong, file);
    },
  },
];

export function rewritten(name: string, change: (bytes: Buffer) => Uint8Array): Mutation {
  return { name, apply: (file) => undoing([file], () => overwrite(file, change(readFileSync(file)))) };
}

function flipAt(name: string, place: (length: number) => number): Mutation {
  return rewritten(name, (bytes) => {
    const at = place(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  });
}

function undoing(files: readonly string[], change: () => void): () => void {
  const before = files.map((file) => readFileSync(file));
  change();
  return () => files.forEach((file, at) => overwrite(file, before[at] ?? Buffer.alloc(0)));
}

/** Repository files are read-only. */
function overwrite(file: string, bytes: Uint8Array): void {
  if (existsSync(file)) chmodSync(file, 0o600);
  writeFileSync(file, bytes);
}
