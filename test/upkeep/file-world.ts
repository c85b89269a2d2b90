import { createCipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { passwordFromText } from '../../src/platform/index.ts';
import {
  formatTimestamp,
  Repository,
  saveSnapshot,
  type BlobId,
  type Node,
  type SnapshotId,
  type TreeId,
} from '../../src/repository/index.ts';
import { FolderStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, RepositoryMaker } from '../fakes/repository-maker.ts';
import type { SeededRandom } from '../fakes/seeded-random.ts';

/** Files by path, `folder/name.ext`, as a source has them on one evening. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** Takes snapshots of files that exist only in memory. */
export class FileWorld {
  readonly #maker: RepositoryMaker;
  readonly path: string;
  readonly #stored = new Map<Uint8Array, BlobId>();
  #night = 0;

  private constructor(path: string, maker: RepositoryMaker) {
    this.path = path;
    this.#maker = maker;
  }

  /** @param storage default: a folder */
  static async make(storage?: Storage): Promise<FileWorld> {
    const path = await mkdtemp(join(tmpdir(), 'cadangan-world-'));
    return new FileWorld(path, await RepositoryMaker.create(storage ?? path));
  }

  /** As a backup of that evening would store it. */
  async backUp(
    files: Files,
    { tags = ['company'], atMs }: { readonly tags?: readonly string[]; readonly atMs?: number | undefined } = {},
  ): Promise<SnapshotId> {
    const { tree } = await this.#maker.snapshotOf(
      await this.#treeOf([...files].map(([path, bytes]) => ({ names: path.split('/'), bytes }))),
    );
    const timeNs = BigInt(atMs ?? Date.UTC(2026, 0, 1, 21) + this.#night++ * 86_400_000) * 1_000_000n;
    const who = { hostname: hostname(), username: 'root', uid: 0, gid: 0 };
    return saveSnapshot(
      this.#maker.repository,
      { time: formatTimestamp(timeNs, 0), tree, paths: ['/srv'], ...who, excludes: [], tags },
      neverAborted,
    );
  }

  /** As another program would. */
  open(): Promise<Repository> {
    return Repository.open({ storage: new FolderStorage(this.path) }, passwordFromText('password'), neverAborted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  async #treeOf(entries: readonly { readonly names: readonly string[]; readonly bytes: Uint8Array }[]): Promise<TreeId> {
    const nodes: Node[] = [];
    const byName = Map.groupBy(entries, ({ names: [name = ''] }) => name);
    for (const [name, inside] of [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const [first] = inside;
      if (first?.names.length === 1) nodes.push(await this.#file(name, first.bytes));
      else
        nodes.push(
          node('dir', name, { subtree: await this.#treeOf(inside.map(({ names, bytes }) => ({ names: names.slice(1), bytes }))) }),
        );
    }
    return this.#maker.tree(...nodes);
  }

  async #file(name: string, bytes: Uint8Array): Promise<Node> {
    const blob = this.#stored.get(bytes) ?? (await this.#maker.data(bytes));
    this.#stored.set(bytes, blob);
    return node('file', name, { content: bytes.length === 0 ? [] : [blob], size: bytes.length });
  }
}

const departments = ['accounting', 'sales', 'purchasing', 'production', 'hr', 'it'];
const kinds = ['txt', 'csv', 'docx', 'xlsx', 'pdf', 'jpg', 'xml', 'sql'] as const;

/** The shares of a small company: texts and tables, office files (which are zip archives), scans, photographs. */
export function companyFiles(random: SeededRandom, count = 300): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let number = 0; number < count; number++) {
    const kind = pick(random, kinds);
    files.set(`${pick(random, departments)}/${2024 + random.below(3)}/${kind}-${number}.${kind}`, contentOf(kind, random));
  }
  return files;
}

/** An ordinary working day: some files are edited, a few come, fewer go. */
export function workingDay(files: Files, random: SeededRandom, day: number): Map<string, Uint8Array> {
  const next = new Map(files);
  for (const [path, bytes] of files) {
    if (random.chance(0.02)) next.set(path, edited(path, bytes, random));
    else if (random.chance(0.003)) next.delete(path);
  }
  for (let number = random.below(8); number > 0; number--) {
    const kind = pick(random, kinds);
    next.set(`${pick(random, departments)}/2026/day-${day}-${number}.${kind}`, contentOf(kind, random));
  }
  return next;
}

function contentOf(kind: (typeof kinds)[number], random: SeededRandom): Uint8Array {
  const size = 1_000 + random.below(12_000);
  if (kind === 'jpg') return random.bytes(size);
  const text = Buffer.from(sentences(random, kind === 'docx' || kind === 'xlsx' || kind === 'pdf' ? size * 4 : size));
  return kind === 'docx' || kind === 'xlsx' || kind === 'pdf' ? gzipSync(text) : text;
}

/** As its program would write it again. */
function edited(path: string, bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const kind = kinds.find((one) => path.endsWith(`.${one}`));
  if (kind === 'txt' || kind === 'csv' || kind === 'xml' || kind === 'sql')
    return Buffer.concat([bytes, Buffer.from(sentences(random, 400))]);
  return contentOf(kind ?? 'docx', random);
}

const words =
  'laporan faktur barang gudang pembelian penjualan karyawan mesin tanggal jumlah harga pajak kirim terima nomor bulan total saldo kas bank invoice delivery order machine shift quality'.split(
    ' ',
  );

function sentences(random: SeededRandom, size: number): string {
  let text = '';
  while (text.length < size) text += `${pick(random, words)} ${random.chance(0.3) ? random.below(100_000) : pick(random, words)};\n`;
  return text;
}

/** What a key that nobody has makes of a file. */
export function encrypted(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  return createCipheriv('aes-256-ctr', random.bytes(32), random.bytes(16)).update(bytes);
}

/** Every other block of 512 bytes: quick, and as good as all of it. */
export function encryptedInParts(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const result = Uint8Array.from(bytes);
  for (let at = 0; at < result.length; at += 1024) result.set(encrypted(result.slice(at, at + 512), random), at);
  return result;
}

/** All files below a folder of the disk. */
export function filesBelow(folder: string): Map<string, Uint8Array> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

export function pick<T>(random: SeededRandom, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}
