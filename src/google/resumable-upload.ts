import { CadanganError, isAbort } from '../platform/index.ts';
import type { Attempts } from './attempts.ts';
import type { DriveApi } from './drive-api.ts';
import { parseItem } from './drive-item.ts';
import type { GoogleEndpoints } from './endpoints.ts';
import { faultOf } from './answer-fault.ts';
import { DriveFault, errorOf, networkFault, type Answer } from './fault.ts';
import type { PieceBuffers } from './piece-buffers.ts';
import type { DriveItem } from './remote-file.ts';
import type { UploadGate } from './upload-gate.ts';
import type { UploadNote } from './upload-journal.ts';
import { isSessionUri, keptBytesOf, openSession, putToSession, sessionUriOf } from './upload-session.ts';
import type { UploadSource } from './upload-source.ts';
import type { CallFacts, Wire } from './wire.ts';

export interface UploadWorld {
  readonly wire: Wire;
  readonly api: DriveApi;
  readonly endpoints: GoogleEndpoints;
  readonly buffers: PieceBuffers;
  readonly gate: UploadGate;
}

export interface UploadTask {
  readonly facts: CallFacts;
  readonly name: string;
  readonly mimeType: string;
  readonly parentId: string;
  /** See `DriveItem.mark`. */
  readonly mark?: string | undefined;
  /** See `DriveItem.origin`. */
  readonly origin?: string | undefined;
  /** With the reserved id, and the session of an earlier attempt. */
  readonly note: UploadNote;
  readonly source: UploadSource;
  /** Makes a new session last. */
  readonly save: (note: UploadNote) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that have arrived; may go back when a session is lost. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

/**
 * Sends the bytes of one file under its reserved id, in pieces, going on after every kind of trouble where Google says that it is.
 * @returns what Google says of the complete file; whether that is what was sent is for the caller to compare
 * @throws `drive.not-found` when the folder is not there; `drive.full`, `drive.daily-volume`, `drive.denied`, `drive.signed-out`,
 * `drive.wrong-account`, `drive.unavailable`, `aborted`, and what the source throws. An abort that comes when everything was sent is too
 * late: then the file is there and is returned.
 */
export async function uploadResumable(world: UploadWorld, task: UploadTask): Promise<DriveItem> {
  return new ResumableUpload(world, task).run();
}

// Google keeps a session for a week; one day is for clocks that are off.
const sessionMsMax = 6 * 86_400_000;
const fruitlessMax = 5;
const sessionsMax = 10;
// A folder made seconds ago may not be there for the next request.
const parentTries = 4;

class ResumableUpload {
  readonly #world: UploadWorld;
  readonly #task: UploadTask;
  readonly #attempts: Attempts;
  #session: string | undefined;
  /** What Google has, as far as it said. */
  #keptBytes = 0;
  /** The most it can have in this session. */
  #sentBytesMax = 0;
  #bestBytes = 0;
  /** After trouble only Google knows what it has. */
  #isCertain = false;
  /** All bytes went out at least once: the file may be complete, whatever the answers said. */
  #mayBeComplete = false;
  #fruitless = 0;
  #sessions = 0;
  #parentMisses = 0;
  #refusals = 0;
  #buffer: Uint8Array | undefined;

  constructor(world: UploadWorld, task: UploadTask) {
    this.#world = world;
    this.#task = task;
    this.#attempts = world.wire.attempts(task.facts, task.signal);
    const { sessionUri, openedAtMs = 0 } = task.note;
    if (sessionUri === undefined || !isSessionUri(sessionUri, world.endpoints) || nowMsOf(world) - openedAtMs > sessionMsMax) return;
    this.#session = sessionUri;
    this.#sentBytesMax = task.source.sizeBytes;
    this.#mayBeComplete = true;
  }

  async run(): Promise<DriveItem> {
    try {
      for (;;) {
        const item = await this.#step();
        if (item) return item;
      }
    } catch (error) {
      const item = isAbort(error) && this.#mayBeComplete ? await this.#itemAfterAbort() : undefined;
      if (item) return item;
      throw error;
    } finally {
      if (this.#buffer) this.#world.buffers.giveBack(this.#buffer);
    }
  }

  async #step(): Promise<DriveItem | undefined> {
    try {
      if (this.#session === undefined) return await this.#open();
      return this.#isCertain ? await this.#sendPiece(this.#session) : await this.#askStatus(this.#session);
    } catch (error) {
      this.#isCertain = false;
      if (error instanceof DriveFault && error.kind === 'rate') await this.#world.gate.refused(this.#task.signal);
      await this.#world.wire.recover(this.#attempts, error);
      return undefined;
    }
  }

  /** No file exists before its last byte, so this may be repeated at will. */
  async #open(): Promise<DriveItem | undefined> {
    const { name, mimeType, parentId, mark, origin, note, source, signal } = this.#task;
    if (this.#sessions >= sessionsMax)
      throw new CadanganError('drive.unavailable', { ...this.#task.facts, reason: 'upload sessions are lost again and again' });
    const { sizeBytes } = source;
    const answer = await openSession(this.#world, { id: note.id, name, mimeType, parentId, sizeBytes, mark, origin }, signal);
    if (answer.status !== 200) return this.#whyNotOpened(faultOf(answer));
    const sessionUri = sessionUriOf(answer, this.#world.endpoints);
    if (sessionUri === undefined) throw networkFault('no usable session');
    this.#sessions++;
    this.#begin(sessionUri);
    await this.#task.save({ id: note.id, sizeBytes: note.sizeBytes, sha256: note.sha256, sessionUri, openedAtMs: nowMsOf(this.#world) });
    return undefined;
  }

  #begin(session: string | undefined): void {
    this.#session = session;
    this.#isCertain = true;
    this.#keptBytes = 0;
    this.#sentBytesMax = 0;
    this.#fruitless = 0;
  }

  async #whyNotOpened(fault: DriveFault): Promise<DriveItem | undefined> {
    if (fault.kind === 'conflict') return this.#existing();
    if (fault.kind !== 'gone') throw fault;
    if (++this.#parentMisses >= parentTries) throw errorOf(fault, { ...this.#task.facts, missing: 'folder' });
    throw networkFault('the folder is not there yet');
  }

  async #askStatus(session: string): Promise<DriveItem | undefined> {
    const { sizeBytes } = this.#task.source;
    // For an empty file this request would be the same as the one that completes it.
    const answer = sizeBytes === 0 ? undefined : await this.#put(session, `bytes */${sizeBytes}`, new Uint8Array(0));
    if (answer) return this.#take(answer);
    this.#isCertain = true;
    return this.#existingOrGone();
  }

  async #sendPiece(session: string): Promise<DriveItem | undefined> {
    const { buffers, wire } = this.#world;
    const { sizeBytes } = this.#task.source;
    const from = this.#keptBytes;
    const pieceBytes = buffers.pieceBytes;
    const end = Math.min(sizeBytes, from + pieceBytes);
    const piece = end > from ? await this.#read(from, end - from) : new Uint8Array(0);
    if (end === sizeBytes) this.#mayBeComplete = true;
    this.#sentBytesMax = Math.max(this.#sentBytesMax, end);
    const startMs = wire.clock.monotonicMs();
    // Without bytes left to send, all that can be asked is whether it is complete.
    const range = sizeBytes === 0 ? undefined : end > from ? `bytes ${from}-${end - 1}/${sizeBytes}` : `bytes */${sizeBytes}`;
    const answer = await this.#put(session, range, piece, end === sizeBytes);
    if (answer.status === 308 && end - from === pieceBytes) buffers.took(wire.clock.monotonicMs() - startMs);
    return this.#take(answer, from);
  }

  /** @param sentFrom where the piece began that this answers; undefined after a mere question */
  async #take(answer: Answer, sentFrom?: number): Promise<DriveItem | undefined> {
    if (answer.status === 200 || answer.status === 201) {
      this.#world.gate.passed();
      return parseItem(answer.body) ?? this.#existing();
    }
    if (answer.status === 308) return this.#goOn(answer, sentFrom);
    const fault = faultOf(answer);
    if (fault.kind === 'conflict') return this.#existing();
    // Lost, or finished and forgotten: the file itself tells.
    if (fault.kind === 'gone') return this.#restart(await this.#existingOrGone());
    if (fault.kind === 'request' && ++this.#refusals < 2) return this.#restart();
    throw fault;
  }

  async #goOn(answer: Answer, sentFrom: number | undefined): Promise<undefined> {
    this.#session = sessionUriOf(answer, this.#world.endpoints) ?? this.#session;
    const keptBytes = keptBytesOf(answer);
    // It claims bytes that were never sent: whatever it has is not ours.
    if (keptBytes > this.#sentBytesMax) {
      this.#restart();
      throw networkFault('a range that was not sent');
    }
    this.#isCertain = true;
    this.#keptBytes = keptBytes;
    this.#task.onProgress?.(keptBytes);
    if (keptBytes > this.#bestBytes) {
      this.#bestBytes = keptBytes;
      this.#world.gate.passed();
      this.#attempts.progress();
    }
    if (sentFrom === undefined || keptBytes > sentFrom) {
      this.#fruitless = 0;
      return;
    }
    if (++this.#fruitless >= fruitlessMax) this.#restart();
    throw networkFault('no progress');
  }

  #restart(item?: DriveItem): DriveItem | undefined {
    if (!item) this.#begin(undefined);
    return item;
  }

  /** The reserved id is taken, or everything arrived. @throws DriveFault when the file is not there all the same */
  async #existing(): Promise<DriveItem> {
    const item = await this.#existingOrGone();
    if (!item) throw networkFault('a file that is complete cannot be found');
    return item;
  }

  #existingOrGone(): Promise<DriveItem | undefined> {
    const { wire, api } = this.#world;
    const { facts, note, signal } = this.#task;
    return wire.callOrGone('read', facts, signal, (token) => api.get(token, note.id, signal));
  }

  /** Too late to stop: better to say that the file is there than to leave one behind that nobody knows of. */
  async #itemAfterAbort(): Promise<DriveItem | undefined> {
    const { wire, api } = this.#world;
    try {
      return await wire.once('read', undefined, (token) => api.get(token, this.#task.note.id));
    } catch {
      return undefined;
    }
  }

  #put(session: string, range: string | undefined, body: Uint8Array, isLast = false): Promise<Answer> {
    return putToSession(this.#world, session, range, body, isLast, this.#task.signal);
  }

  async #read(from: number, lengthBytes: number): Promise<Uint8Array> {
    const { source, signal } = this.#task;
    if (!this.#buffer || this.#buffer.length < lengthBytes) {
      if (this.#buffer) this.#world.buffers.giveBack(this.#buffer);
      this.#buffer = this.#world.buffers.lend(lengthBytes);
    }
    return source.read(from, lengthBytes, { target: this.#buffer.subarray(0, lengthBytes), ...(signal ? { signal } : {}) });
  }
}

function nowMsOf({ wire }: UploadWorld): number {
  return Number(wire.clock.nowNs() / 1_000_000n);
}
