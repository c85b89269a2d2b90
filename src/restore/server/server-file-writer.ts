import { joinBytes, throwIfAborted, type ByteString } from '../../platform/index.ts';
import type { Repository } from '../../repository/index.ts';
import { isTrouble, SftpFault, type OpenServerFile, type ServerFiles } from '../../storage/index.ts';
import type { FileBatch, FileSink } from '../destination.ts';
import type { MetadataProblem } from '../metadata.ts';
import { blobLengths } from '../pieces.ts';
import type { FilePlan } from '../plan.ts';
import type { TemporaryNames } from '../temporary-names.ts';
import type { WorkerPool } from '../worker-pool.ts';
import type { CleanUp } from './clean-up.ts';
import type { FolderGuard } from './folder-guard.ts';
import { hasContent } from './server-content.ts';
import { setServerMetadata, type Losses } from './server-metadata.ts';
import type { ServerPlace } from './server-place.ts';
import { ServerBatch, type BatchWriter, type Part } from './server-batch.ts';
import { Turns } from './turns.ts';

/** A server lets one connection have some hundred files open; so many hide the round trips of small ones. */
const filesAtOnce = 64;

export interface ServerWriterOptions {
  readonly files: ServerFiles;
  readonly place: ServerPlace;
  readonly repository: Repository;
  readonly names: TemporaryNames;
  readonly pool: WorkerPool;
  readonly guard: FolderGuard;
  readonly cleanUp: CleanUp;
  readonly notKept: Losses;
  readonly stop: AbortSignal;
}

/** A file that is written in several steps. */
interface Unfinished {
  readonly temporary: ByteString;
  readonly made: Promise<void>;
  /** What the server had lost when it was begun. */
  readonly losses: number;
}

/**
 * Writes the files of a server: each under a temporary name in its folder, which is exchanged for its own when its size was asked for, and
 * the disk has it where the server can be told to. Proven blobs come from the workers.
 */
export class ServerFileWriter implements FileSink, BatchWriter {
  readonly #options: ServerWriterOptions;
  readonly #turns = new Turns(filesAtOnce);
  readonly #unfinished = new Map<FilePlan, Unfinished>();
  #syncsFiles = true;

  constructor(options: ServerWriterOptions) {
    this.#options = options;
  }

  begin(): FileBatch {
    const { pool, stop } = this.#options;
    return new ServerBatch({ pool, stop, writer: this });
  }

  /** A file whose whole content is there. @throws SftpFault, `aborted`; then nothing of it is left */
  putWhole(file: FilePlan, parts: readonly Part[]): Promise<MetadataProblem[]> {
    return this.#turns.use(async () => {
      const { stop, files, guard } = this.#options;
      const temporary = this.#temporaryOf(file);
      return this.#orDiscarded(temporary, async () => {
        const write = async (open: OpenServerFile): Promise<MetadataProblem[]> => {
          for (const { bytes, position } of parts) await open.write(bytes, position, stop);
          return this.#complete(open, file, file.sizeBytes);
        };
        const problems = await files.create(temporary, file.sizeBytes, stop, write, () => guard.check(file.folder));
        await this.#giveName(file, temporary, stop);
        return problems;
      });
    });
  }

  /** Some of the content of a file, which `finish` or `discard` follows. @throws SftpFault, `aborted` */
  putParts(file: FilePlan, parts: readonly Part[]): Promise<void> {
    return this.#turns.use(async () => {
      const { files, stop } = this.#options;
      const unfinished = this.#unfinished.get(file) ?? this.#begin(file);
      await unfinished.made;
      const { temporary } = unfinished;
      const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0);
      const write = async (open: OpenServerFile): Promise<void> => {
        for (const part of parts) await open.write(part.bytes, part.position, stop);
      };
      await files.write(temporary, bytes, stop, write, () => this.#assertOurs(file, temporary));
    });
  }

  async finish(file: FilePlan, signal: AbortSignal): Promise<readonly MetadataProblem[]> {
    const unfinished = this.#unfinished.get(file);
    if (unfinished === undefined) throw new SftpFault('absent', 'ENOENT');
    this.#unfinished.delete(file);
    const { temporary } = unfinished;
    const problems = await this.#orDiscarded(temporary, () => this.#named(file, unfinished, signal));
    if (problems !== undefined) return problems;
    await this.#options.cleanUp.remove(temporary);
    return (await this.recover(file, signal)).problems;
  }

  async discard(file: FilePlan): Promise<void> {
    const unfinished = this.#unfinished.get(file);
    this.#unfinished.delete(file);
    if (unfinished) await this.#options.cleanUp.remove(unfinished.temporary);
  }

  async discardAll(): Promise<void> {
    await Promise.all([...this.#unfinished.keys()].map((file) => this.discard(file)));
  }

  recover(file: FilePlan, signal: AbortSignal): ReturnType<FileSink['recover']> {
    return this.#turns.use(async () => {
      const { files, repository, guard } = this.#options;
      const temporary = this.#temporaryOf(file);
      return this.#orDiscarded(temporary, async () => {
        const write = async (open: OpenServerFile): Promise<{ problems: MetadataProblem[]; sizeBytes: number }> => {
          let sizeBytes = 0;
          for (const id of file.content) {
            throwIfAborted(signal);
            const bytes = await repository.loadBlob('data', id, signal);
            await open.write(bytes, sizeBytes, signal);
            sizeBytes += bytes.length;
          }
          return { problems: await this.#complete(open, file, sizeBytes), sizeBytes };
        };
        const done = await files.create(temporary, file.sizeBytes, signal, write, () => guard.check(file.folder));
        await this.#giveName(file, temporary, signal);
        return done;
      });
    });
  }

  /**
   * Completes what is written in steps, and gives it its name. What a server has answered for, and a crash of its machine has taken, shows
   * nowhere but in the content.
   * @returns undefined when something of it was taken
   */
  async #named(file: FilePlan, { temporary, losses }: Unfinished, signal: AbortSignal): Promise<MetadataProblem[] | undefined> {
    const { files } = this.#options;
    const lossesBefore = files.losses;
    if (lossesBefore !== losses && !(await this.#isIntact(file, temporary, signal))) return undefined;
    try {
      const complete = (open: OpenServerFile): Promise<MetadataProblem[]> => this.#complete(open, file, file.sizeBytes);
      const problems = await files.write(temporary, 0, signal, complete, () => this.#assertOurs(file, temporary));
      if (files.losses !== lossesBefore && !(await this.#isIntact(file, temporary, signal))) return undefined;
      await this.#giveName(file, temporary, signal);
      return problems;
    } catch (error) {
      // It may have its mode already, which lets nobody open it again.
      if (files.losses !== lossesBefore && isTrouble(error, 'denied')) return undefined;
      throw error;
    }
  }

  /** All content is written: its size is asked for, it gets its metadata, and goes onto the disk. */
  async #complete(open: OpenServerFile, file: FilePlan, sizeBytes: number): Promise<MetadataProblem[]> {
    const { place, notKept } = this.#options;
    const [problems, entry] = await Promise.all([
      setServerMetadata(file.metadata, { set: (some) => open.set(some), look: () => open.look(), hasMode: true }, place, notKept),
      open.look(),
    ]);
    if (entry.sizeBytes !== undefined && entry.sizeBytes !== sizeBytes) throw new SftpFault('failed', 'the server kept another size');
    await this.#sync(open);
    return problems;
  }

  /** When the answer was lost, somebody else may be who took the temporary name away. */
  async #giveName(file: FilePlan, temporary: ByteString, signal: AbortSignal): Promise<void> {
    const { files } = this.#options;
    const path = this.#pathOf(file);
    const { losses } = files;
    await files.replace(temporary, path, signal);
    if (files.losses !== losses && !(await this.#isIntact(file, path, signal))) throw new SftpFault('failed', 'ESTALE');
  }

  async #sync(open: OpenServerFile): Promise<void> {
    if (!this.#syncsFiles) return;
    try {
      await open.sync();
    } catch (error) {
      if (!isTrouble(error, 'unsupported')) throw error;
      this.#syncsFiles = false;
    }
  }

  #begin(file: FilePlan): Unfinished {
    const { files, guard, names, stop } = this.#options;
    const temporary = joinBytes(guard.pathOf(file.folder), names.next());
    const { losses } = files;
    const made = files.create(
      temporary,
      0,
      stop,
      async () => undefined,
      () => guard.check(file.folder),
    );
    const unfinished = { temporary, made, losses };
    unfinished.made.catch(() => undefined); // whoever writes gets it
    this.#unfinished.set(file, unfinished);
    return unfinished;
  }

  /** Nobody has put something else in its place, as far as that can be seen. */
  async #assertOurs(file: FilePlan, temporary: ByteString): Promise<void> {
    const { files, guard, stop } = this.#options;
    const [entry] = await Promise.all([files.look(temporary, stop), guard.check(file.folder)]);
    if (entry?.kind !== 'file') throw new SftpFault('failed', 'ESTALE');
  }

  async #isIntact(file: FilePlan, temporary: ByteString, signal: AbortSignal): Promise<boolean> {
    const { files, repository } = this.#options;
    const blobs = blobLengths(file.content, repository.index);
    return blobs !== undefined && hasContent(files, temporary, blobs, signal);
  }

  #temporaryOf(file: FilePlan): ByteString {
    return joinBytes(this.#options.guard.pathOf(file.folder), this.#options.names.next());
  }

  #pathOf(file: FilePlan): ByteString {
    return joinBytes(this.#options.guard.pathOf(file.folder), file.name);
  }

  async #orDiscarded<T>(temporary: ByteString, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#options.cleanUp.remove(temporary);
      throw error;
    }
  }
}
