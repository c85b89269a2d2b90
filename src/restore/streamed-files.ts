import { closeSync, constants, fstatSync } from 'node:fs';
import { fsPath, openNow, type ByteString } from '../platform/index.ts';
import { createTemporary, discardTemporary, finishFile, setLength } from './file-writer.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { MetadataProblem } from './metadata.ts';
import type { FilePlan } from './plan.ts';
import type { TemporaryNames } from './temporary-names.ts';

/** Files kept open that are not being written to at the moment. */
const idleMax = 128;

interface Streamed {
  readonly temporary: ByteString;
  /** Proves, when it is opened again, that it still is the file we made. */
  readonly identity: string;
  descriptor: number | undefined;
  users: number;
}

/**
 * Files whose blobs come from several ranges: made and finished on the main thread, written to by the workers through its descriptors,
 * which are good in every thread of a process.
 */
export class StreamedFiles {
  /** In order of last use. */
  readonly #files = new Map<FilePlan, Streamed>();
  readonly #handles: FolderHandles;
  readonly #names: TemporaryNames;

  constructor(handles: FolderHandles, names: TemporaryNames) {
    this.#handles = handles;
    this.#names = names;
  }

  /** A descriptor to write to until `release`. The folder must be there. @throws the system's errors */
  acquire(file: FilePlan): number {
    const known = this.#files.get(file);
    const streamed = known ?? this.#create(file);
    const descriptor = streamed.descriptor ?? this.#reopen(file, streamed);
    streamed.descriptor = descriptor;
    streamed.users += 1;
    this.#files.delete(file);
    this.#files.set(file, streamed);
    if (!known) this.#closeIdle();
    return descriptor;
  }

  release(file: FilePlan): void {
    const streamed = this.#files.get(file);
    if (streamed) streamed.users -= 1;
  }

  /** All content is written: the file gets its metadata and its name. @throws the system's errors, `aborted`; then it is discarded */
  async finish(file: FilePlan, signal: AbortSignal): Promise<MetadataProblem[]> {
    const descriptor = this.acquire(file);
    const { prefix } = this.#handles.acquire(file.folder);
    const temporary = (prefix + this.#take(file).temporary) as ByteString;
    try {
      return await finishFile({ descriptor, temporary, path: (prefix + file.name) as ByteString, metadata: file.metadata }, signal);
    } catch (error) {
      discardTemporary(temporary);
      throw error;
    } finally {
      this.#handles.release(file.folder);
    }
  }

  /** Removes what was written, as far as anything was. Nobody may be writing to it. */
  discard(file: FilePlan): void {
    if (!this.#files.has(file)) return;
    const { descriptor, temporary } = this.#take(file);
    if (descriptor !== undefined) closeSync(descriptor);
    try {
      this.#handles.with(file.folder, ({ prefix }) => discardTemporary((prefix + temporary) as ByteString));
    } catch {
      // Its name tells what it is.
    }
  }

  discardAll(): void {
    for (const file of this.#files.keys()) this.discard(file); // a Map may lose entries while it is walked
  }

  #take(file: FilePlan): { descriptor: number | undefined; temporary: ByteString } {
    const streamed = this.#files.get(file);
    this.#files.delete(file);
    return { descriptor: streamed?.descriptor, temporary: streamed?.temporary ?? ('' as ByteString) };
  }

  #create(file: FilePlan): Streamed {
    const temporary = this.#names.next();
    const descriptor = this.#handles.with(file.folder, ({ prefix }) => createTemporary((prefix + temporary) as ByteString, file.metadata));
    const streamed: Streamed = { temporary, identity: identityOf(descriptor), descriptor, users: 0 };
    this.#files.set(file, streamed);
    setLength(descriptor, file.sizeBytes);
    return streamed;
  }

  #reopen(file: FilePlan, { temporary, identity }: Streamed): number {
    const flags = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const descriptor = this.#handles.with(file.folder, ({ prefix }) => openNow(fsPath((prefix + temporary) as ByteString), flags));
    if (identityOf(descriptor) === identity) return descriptor;
    closeSync(descriptor);
    throw Object.assign(new Error('a temporary file was exchanged'), { code: 'ESTALE' });
  }

  #closeIdle(): void {
    if (this.#files.size <= idleMax) return;
    let open = 0;
    for (const { descriptor } of this.#files.values()) if (descriptor !== undefined) open += 1;
    for (const streamed of this.#files.values()) {
      if (open <= idleMax) return;
      if (streamed.users > 0 || streamed.descriptor === undefined) continue;
      closeSync(streamed.descriptor);
      streamed.descriptor = undefined;
      open -= 1;
    }
  }
}

function identityOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return `${dev}:${ino}`;
}
