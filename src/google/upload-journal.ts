import { constants } from 'node:fs';
import { type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CadanganError, inUseError, makeOwnFolder, open, rename, system, systemClock, systemCode, type Clock } from '../platform/index.ts';
import { isId, isRecord } from './drive-item.ts';

/** What is known of one upload. The id is noted before anything is sent under it, so that no second copy is made whatever happens. */
export interface UploadNote {
  readonly id: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Whoever has this address can upload to it: a secret. */
  readonly sessionUri?: string;
  /** Milliseconds since 1970: a session lives for a week. */
  readonly openedAtMs?: number;
  /** Milliseconds since 1970, when it was complete and verified. Kept for some hours, because a listing may not show it yet. */
  readonly doneAtMs?: number;
}

/** By the label of a file (`data/ab12…`). One process at a time may use one journal. */
export interface UploadJournal {
  get(label: string): UploadNote | undefined;
  /** Resolves when the note would survive a power failure, if this journal can. */
  put(label: string, note: UploadNote): Promise<void>;
  remove(label: string): Promise<void>;
  close(): Promise<void>;
}

/** For runs whose files nobody will look for again after a crash. */
export function memoryJournal(): UploadJournal {
  const notes = new Map<string, UploadNote>();
  return {
    get: (label) => notes.get(label),
    put: async (label, note) => void notes.set(label, note),
    remove: async (label) => void notes.delete(label),
    close: async () => undefined,
  };
}

const keepDoneMs = 6 * 3_600_000;
const noteMsMax = 30 * 86_400_000;
const fileBytesMax = 256 * 1024 * 1024;
const linesBetweenRewrites = 20_000;

/**
 * A journal in a file of this user only: one JSON line per change, each made to last before the next step. It is written anew when it is
 * opened and when it has grown. A damaged line, which a power failure can leave at the end, is as if it had never been written: the worst
 * that follows is a second copy, which a scrub finds.
 * @throws `drive.unavailable` when the file cannot be read or written; `file.in-use`
 */
export async function openUploadJournal(path: string, options: { readonly clock?: Clock } = {}): Promise<UploadJournal> {
  const clock = options.clock ?? systemClock;
  try {
    await makeOwnFolder(dirname(path));
    const notes = fresh(await readNotes(path), nowMsOf(clock));
    return new FileJournal(path, notes, await rewrite(path, notes), clock);
  } catch (error) {
    throw unusable(path, error);
  }
}

class FileJournal implements UploadJournal {
  readonly #path: string;
  readonly #clock: Clock;
  #notes: Map<string, UploadNote>;
  #file: FileHandle;
  #lines = 0;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, notes: Map<string, UploadNote>, file: FileHandle, clock: Clock) {
    this.#path = path;
    this.#notes = notes;
    this.#file = file;
    this.#clock = clock;
  }

  get(label: string): UploadNote | undefined {
    return this.#notes.get(label);
  }

  async put(label: string, note: UploadNote): Promise<void> {
    this.#notes.set(label, note);
    await this.#append({ label, ...note });
  }

  async remove(label: string): Promise<void> {
    if (this.#notes.delete(label)) await this.#append({ label });
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file.close();
  }

  /** In turn; whoever waits at the same time shares one fsync. */
  #append(line: object): Promise<void> {
    this.#pending.push(JSON.stringify(line));
    if (this.#pending.length === 1) this.#writing = this.#writing.catch(() => undefined).then(() => this.#flush());
    return this.#writing;
  }

  async #flush(): Promise<void> {
    const lines = this.#pending;
    this.#pending = [];
    this.#lines += lines.length;
    try {
      await this.#file.appendFile(`${lines.join('\n')}\n`);
      await this.#file.datasync();
      if (this.#lines < linesBetweenRewrites) return;
      this.#lines = 0;
      this.#notes = fresh(this.#notes, nowMsOf(this.#clock));
      await this.#rewrite();
    } catch (error) {
      throw unusable(this.#path, error);
    }
  }

  async #rewrite(): Promise<void> {
    const old = this.#file;
    if (system.opensFolders) {
      this.#file = await rewrite(this.#path, this.#notes);
      return old.close();
    }
    await old.close(); // Windows replaces no file that is open, be it by us
    try {
      this.#file = await rewrite(this.#path, this.#notes);
    } catch (error) {
      this.#file = await open(this.#path, 'a', 0o600);
      throw error;
    }
  }
}

async function readNotes(path: string): Promise<Map<string, UploadNote>> {
  const notes = new Map<string, UploadNote>();
  for (const line of (await textOf(path)).split('\n')) {
    const value = parsed(line);
    if (!isRecord(value) || typeof value['label'] !== 'string') continue;
    const note = noteOf(value);
    if (note) notes.set(value['label'], note);
    else notes.delete(value['label']);
  }
  return notes;
}

async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY);
    try {
      return (await file.stat()).size > fileBytesMax ? '' : await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

function noteOf(value: Readonly<Record<string, unknown>>): UploadNote | undefined {
  const { id, sizeBytes, sha256, sessionUri, openedAtMs, doneAtMs } = value;
  if (!isId(id) || typeof sizeBytes !== 'number' || typeof sha256 !== 'string') return undefined;
  return {
    id,
    sizeBytes,
    sha256,
    ...(typeof sessionUri === 'string' && typeof openedAtMs === 'number' ? { sessionUri, openedAtMs } : {}),
    ...(typeof doneAtMs === 'number' ? { doneAtMs } : {}),
  };
}

/** Without what nobody needs any more. */
function fresh(notes: ReadonlyMap<string, UploadNote>, nowMs: number): Map<string, UploadNote> {
  return new Map(
    [...notes].filter(([, { doneAtMs, openedAtMs }]) =>
      doneAtMs === undefined ? nowMs - (openedAtMs ?? nowMs) < noteMsMax : nowMs - doneAtMs < keepDoneMs,
    ),
  );
}

/** Puts a file with exactly `notes` in place and keeps it open for more. */
async function rewrite(path: string, notes: ReadonlyMap<string, UploadNote>): Promise<FileHandle> {
  const temporary = `${path}-new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    if (system.hasModes) await file.chmod(0o600);
    await file.writeFile([...notes].map(([label, note]) => `${JSON.stringify({ label, ...note })}\n`).join(''));
    await file.sync();
    if (system.opensFolders) {
      await rename(temporary, path);
      return file;
    }
  } catch (error) {
    await file.close();
    throw error;
  }
  // Windows does not rename a file that is open.
  await file.close();
  await rename(temporary, path);
  return open(path, 'a', 0o600);
}

function parsed(line: string): unknown {
  try {
    return line === '' ? undefined : (JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}

function nowMsOf(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
}

function unusable(path: string, error: unknown): CadanganError {
  const inUse = inUseError(error, path);
  return (
    inUse ??
    new CadanganError(
      'drive.unavailable',
      { path, reason: `the journal of uploads ${path} cannot be used (${systemCode(error) ?? 'unknown'})` },
      { cause: error },
    )
  );
}
