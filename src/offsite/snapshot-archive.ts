import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { Readable } from 'node:stream';
import type { Archiver, EntryData } from 'archiver';
import { CadanganError, isCode, l10n, orFailure, textOf, throwIfAborted, type ByteString } from '../platform/index.ts';
import { parseTimestamp, permissionsOf, walkTree, type BlobId, type Node, type Repository, type TreeId } from '../repository/index.ts';
import { ArchiveNames } from './archive-names.ts';

export type ArchiveFormat = 'zip' | 'tar';

export interface ArchiveOptions {
  readonly format: ArchiveFormat;
  /** Said at the end of the archive, in a text file, above what could not be put in. */
  readonly about: readonly string[];
  readonly signal: AbortSignal;
  /** Files begun and bytes of content put in so far. */
  readonly onProgress?: ((progress: { readonly files: number; readonly bytes: number; readonly path: string }) => void) | undefined;
}

/** Something of the snapshot that the archive does not hold as it was. */
export interface ArchiveGap {
  readonly path: string;
  readonly kind: 'damaged' | 'special-file' | 'link' | 'hostile-name' | 'unknown-type';
  readonly reason: string;
}

export interface ArchiveReport {
  files: number;
  folders: number;
  bytes: number;
  /** The first of them; `gapCount` counts all. */
  readonly gaps: ArchiveGap[];
  gapCount: number;
}

const gapsKeptMax = 10_000;
const blobsAhead = 2;
/** Such files need larger fields, which must be asked for before they are begun. */
const zip64Above = 0xffff_0000;

export interface SnapshotArchive extends AsyncIterable<Uint8Array> {
  /** Complete when the last byte was given out. */
  readonly report: ArchiveReport;
}

/**
 * A snapshot, or a folder of it, as a ZIP or TAR that is made while it is read: in memory is a part of it, on disk nothing. Every blob is
 * proven before it is put in. A file of which a part is damaged keeps its length, with zeros in the part's place, and is named in the
 * report and in the archive. The archive may be read once. `repository.loadIndex` must have been called.
 */
export function archiveSnapshot(repository: Repository, start: TreeId, options: ArchiveOptions): SnapshotArchive {
  const report: ArchiveReport = { files: 0, folders: 0, bytes: 0, gaps: [], gapCount: 0 };
  return { report, [Symbol.asyncIterator]: () => chunksOf(repository, start, options, report) };
}

/** What a snapshot or folder holds, for progress and to be chosen by. Reads folders only. */
export async function measureTree(
  repository: Repository,
  start: TreeId,
  signal: AbortSignal,
): Promise<{ readonly files: number; readonly bytes: number; readonly largestBytes: number }> {
  let [files, bytes, largestBytes] = [0, 0, 0];
  for await (const step of walkTree(repository, start, { signal })) {
    if (step.kind !== 'node' || step.node.type !== 'file') continue;
    const size = Number(step.node.size);
    files += 1;
    bytes += size;
    largestBytes = Math.max(largestBytes, size);
  }
  return { files, bytes, largestBytes };
}

async function* chunksOf(
  repository: Repository,
  start: TreeId,
  options: ArchiveOptions,
  report: ArchiveReport,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { largestBytes } = await measureTree(repository, start, options.signal);
  // It brings streams of its own, a third of the program: loaded when there is an archive to make.
  const { TarArchive, ZipArchive } = await import('archiver');
  const archive =
    options.format === 'tar' ? new TarArchive() : new ZipArchive({ zlib: { level: 6 }, forceZip64: largestBytes > zip64Above });
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const failed = new AbortController();
  const fail = (error: unknown): void => failed.abort(error);
  archive.on('error', fail);
  const feeding = new Feeder(repository, archive, { ...options, signal }, report, fail).run(start);
  feeding.catch(fail);
  const chunks = archive[Symbol.asyncIterator]();
  try {
    for (;;) {
      throwIfAborted(options.signal);
      const next: IteratorResult<unknown, unknown> = await orFailure(chunks.next(), failed.signal);
      if (next.done === true) break;
      if (next.value instanceof Uint8Array) yield next.value;
    }
    await feeding;
  } finally {
    // The archive is not destroyed, only left: its inner streams have nobody who would hear their errors. It stands still, holds nothing of
    // the system, and goes with its last reference.
    stop.abort(new CadanganError('aborted'));
  }
}

/** Puts one entry after the other into an archive, each when the one before is through. */
class Feeder {
  readonly #repository: Repository;
  readonly #archive: Archiver;
  readonly #options: ArchiveOptions;
  readonly #report: ArchiveReport;
  readonly #names = new ArchiveNames();

  readonly #fail: (error: unknown) => void;

  /** @param fail told of what happens while a file is being put in; then nothing goes on */
  constructor(repository: Repository, archive: Archiver, options: ArchiveOptions, report: ArchiveReport, fail: (error: unknown) => void) {
    this.#fail = fail;
    this.#repository = repository;
    this.#archive = archive;
    this.#options = options;
    this.#report = report;
  }

  async run(start: TreeId): Promise<void> {
    const { signal } = this.#options;
    for await (const step of walkTree(this.#repository, start, { signal })) {
      throwIfAborted(signal);
      if (step.kind === 'leave') this.#names.leave(step.path);
      if (step.kind === 'unreadable') this.#gap(step.path, 'damaged', String(step.error.facts['reason'] ?? 'unreadable'));
      if (step.kind !== 'node') continue;
      if (step.problems.some(({ kind }) => kind === 'name')) this.#gap(step.path, 'hostile-name', 'its name would leave the archive');
      else await this.#add(step.path, step.node);
    }
    await this.#append(Buffer.from(this.#aboutText()), { name: this.#names.pathOf('/CADANGAN.txt' as ByteString, false) });
    await this.#archive.finalize();
  }

  async #add(path: ByteString, node: Node): Promise<void> {
    switch (node.type) {
      case 'dir':
        this.#report.folders += 1;
        return this.#append(Buffer.alloc(0), { name: `${this.#names.pathOf(path, true)}/`, type: 'directory', ...metadataOf(node) });
      case 'file':
        return this.#addFile(path, node);
      case 'symlink':
        return this.#addLink(path, node);
      case 'dev':
      case 'chardev':
      case 'fifo':
      case 'socket':
        return this.#gap(path, 'special-file', node.type);
      default:
        return this.#gap(path, 'unknown-type', node.type);
    }
  }

  async #addFile(path: ByteString, node: Node): Promise<void> {
    const blobs = (node.content ?? []).map((id) => ({ id, lengthBytes: this.#repository.index.plainLengthBytes('data', id) }));
    const known = blobs.filter((blob): blob is KnownBlob => blob.lengthBytes !== undefined);
    if (node.content === null || known.length < blobs.length) return this.#gap(path, 'damaged', 'missing');
    const size = known.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
    this.#report.files += 1;
    this.#options.onProgress?.({ files: this.#report.files, bytes: this.#report.bytes, path: textOf(path) });
    // tar writes the size before the content; its packer takes it from there.
    const stats = { size } as Stats;
    await this.#append(Readable.from(this.#content(path, known), { objectMode: false }), {
      name: this.#names.pathOf(path, false),
      stats,
      ...metadataOf(node),
    });
  }

  /** A ZIP has links by a convention that Windows does not know: it would unpack a file with the target's name in it. */
  async #addLink(path: ByteString, node: Node): Promise<void> {
    const target = textOf(node.linkTarget ?? ('' as ByteString));
    if (this.#options.format === 'zip' || target === '') return this.#gap(path, 'link', target);
    const isDone = once(this.#archive, 'entry');
    this.#archive.symlink(this.#names.pathOf(path, false), target, 0o777);
    await isDone;
  }

  async *#content(path: ByteString, blobs: readonly KnownBlob[]): AsyncGenerator<Uint8Array, void, undefined> {
    const coming: Promise<Uint8Array>[] = [];
    const pending = blobs.values();
    const pull = (): void => {
      const { value } = pending.next();
      if (value !== undefined) coming.push(this.#blob(path, value));
    };
    for (let i = 0; i < blobsAhead; i++) pull();
    for (let blob = coming.shift(); blob; blob = coming.shift()) {
      pull();
      const bytes = await blob.catch((error: unknown) => {
        this.#fail(error);
        return new Promise<never>(() => undefined); // a source that ends in an error would leave the packer with half a file
      });
      this.#report.bytes += bytes.length;
      this.#options.onProgress?.({ files: this.#report.files, bytes: this.#report.bytes, path: textOf(path) });
      yield bytes;
    }
  }

  #blob(path: ByteString, { id, lengthBytes }: KnownBlob): Promise<Uint8Array> {
    const reading: Promise<Uint8Array> = this.#repository.loadBlob('data', id, this.#options.signal).then(
      (bytes) => (bytes.length === lengthBytes ? bytes : this.#hole(path, lengthBytes, 'length')),
      (error: unknown) => {
        if (!isCode(error, 'repository.damaged')) throw error;
        return this.#hole(path, lengthBytes, String(error.facts['reason'] ?? 'damaged'));
      },
    );
    reading.catch(() => undefined); // seen when its turn comes
    return reading;
  }

  #hole(path: ByteString, lengthBytes: number, reason: string): Uint8Array {
    this.#gap(path, 'damaged', reason);
    return new Uint8Array(lengthBytes);
  }

  async #append(source: Buffer | Readable, data: EntryData): Promise<void> {
    const isDone = once(this.#archive, 'entry');
    this.#archive.append(source, data);
    await isDone;
  }

  #gap(path: ByteString, kind: ArchiveGap['kind'], reason: string): void {
    this.#report.gapCount += 1;
    if (this.#report.gaps.length < gapsKeptMax) this.#report.gaps.push({ path: textOf(path), kind, reason });
  }

  /** With the line ends that every editor knows. */
  #aboutText(): string {
    const { gaps, gapCount } = this.#report;
    const lines = [...this.#options.about, ''];
    lines.push(
      gapCount === 0
        ? l10n.t('Everything of it is in this archive.')
        : l10n.t('{count} entries are not in this archive as they were:', { count: gapCount }),
    );
    for (const { path, kind, reason } of gaps)
      lines.push(`  ${path.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '_')} (${kind}${reason === '' ? '' : `: ${reason}`})`);
    return lines.map((line) => `${line}\r\n`).join('');
  }
}

interface KnownBlob {
  readonly id: BlobId;
  readonly lengthBytes: number;
}

/** ZIP counts years from 1980, in two-second steps; and what is not a time is none. */
function metadataOf({ mode, mtime }: Node): Pick<EntryData, 'date' | 'mode'> {
  const earliestMs = Date.UTC(1980, 0, 1);
  const latestMs = Date.UTC(2107, 11, 31);
  let ms: number;
  try {
    ms = Number(parseTimestamp(mtime).ns / 1_000_000n);
  } catch {
    ms = earliestMs;
  }
  return { date: new Date(Math.min(latestMs, Math.max(earliestMs, ms))), mode: permissionsOf(mode) & 0o777 };
}
