import { createHash } from 'node:crypto';
import { CadanganError, throwIfAborted } from '../platform/index.ts';
import type { DriveClient } from './drive-client.ts';
import { parseItem } from './drive-item.ts';
import { faultOf } from './answer-fault.ts';
import { DriveFault, errorOf, networkFault, type Answer } from './fault.ts';
import { FolderTree } from './folder-tree.ts';
import type { DriveItem } from './remote-file.ts';
import { keptBytesOf, openSession, putToSession, sessionUriOf } from './upload-session.ts';
import type { CallFacts } from './wire.ts';

export interface StreamUpload {
  /** `Folder/Sub`; made when it is missing. */
  readonly folder: string;
  /** The id of that folder, where it is known: nothing is looked for or made. */
  readonly folderId?: string | undefined;
  readonly name: string;
  readonly mimeType: string;
  /** The bytes, whose number nobody knows before their end. They are asked for as they can be sent. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

// A multiple of 256 KiB, as Google asks.
const pieceBytes = 8 * 1024 * 1024;
const fruitlessMax = 5;

/**
 * Uploads a stream as one file. Only one piece is in memory, so it goes on after a drop, but not when Google loses what it already had:
 * then it fails. Until the end there is no file of that name.
 * @returns the file, whose SHA-256 is that of what was sent
 * @throws `drive.altered`, `drive.full`, `drive.unavailable`, `drive.denied`, `drive.signed-out` …, `aborted`, and what the stream throws
 */
export async function uploadStream(client: DriveClient, options: StreamUpload): Promise<DriveItem> {
  const location = `gdrive:${options.folder}`;
  const facts = { location, file: options.name };
  const parentId =
    options.folderId ?? (await new FolderTree(client, options.folder.split('/').filter(Boolean), [], location).makeRoot(options.signal));
  const upload = new StreamSender(client, options, facts, parentId, await client.reserveId(options.signal));
  const sha256 = createHash('sha256');
  for await (const { bytes, isLast } of piecesOf(options.chunks)) {
    throwIfAborted(options.signal);
    sha256.update(bytes);
    await upload.send(bytes, isLast);
  }
  const item = await upload.item();
  if (item.sha256 === undefined || item.sha256 === sha256.digest('hex')) return item;
  await client.remove(item.id, facts, options.signal);
  throw new CadanganError('drive.altered', { ...facts, reason: 'sha256' });
}

/** Pieces of the same memory, all but the last of full length; the last may be empty. */
async function* piecesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ readonly bytes: Uint8Array; readonly isLast: boolean }> {
  const piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      // Only when more comes is it known that a full piece is not the last.
      if (filled === pieceBytes) {
        yield { bytes: piece, isLast: false };
        filled = 0;
      }
      const part = chunk.subarray(at, at + pieceBytes - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  }
  yield { bytes: piece.subarray(0, filled), isLast: true };
}

class StreamSender {
  readonly #client: DriveClient;
  readonly #options: StreamUpload;
  readonly #facts: CallFacts;
  readonly #parentId: string;
  readonly #id: string;
  #session: string | undefined;
  /** Where the piece begins that is being sent. */
  #offset = 0;
  #item: DriveItem | undefined;

  constructor(client: DriveClient, options: StreamUpload, facts: CallFacts, parentId: string, id: string) {
    this.#client = client;
    this.#options = options;
    this.#facts = facts;
    this.#parentId = parentId;
    this.#id = id;
  }

  /** Returns when the piece has arrived as a whole. */
  async send(bytes: Uint8Array, isLast: boolean): Promise<void> {
    const attempts = this.#client.wire.attempts(this.#facts, this.#options.signal);
    let doneBytes: number | undefined = 0;
    for (let fruitless = 0; !this.#item && (isLast || doneBytes === undefined || doneBytes < bytes.length);) {
      try {
        this.#session ??= await this.#open();
        const before: number = doneBytes ?? 0;
        doneBytes = await this.#step(this.#session, bytes, doneBytes, isLast);
        if (doneBytes > before) attempts.progress();
        else if (before < bytes.length && ++fruitless >= fruitlessMax) throw networkFault('no progress');
      } catch (error) {
        doneBytes = undefined;
        if (!(error instanceof DriveFault) || error.kind !== 'gone') await this.#client.wire.recover(attempts, error);
        else await this.#findFinished(error);
      }
    }
    this.#offset += bytes.length;
    this.#options.onProgress?.(this.#offset);
  }

  async item(): Promise<DriveItem> {
    if (this.#item?.sha256 !== undefined) return this.#item;
    for (let turn = 1; ; turn++) {
      const item = await this.#client.get(this.#id, this.#facts, this.#options.signal);
      if (!item) throw new CadanganError('drive.unavailable', { ...this.#facts, reason: 'the file is not there after its upload' });
      if (item.sha256 !== undefined || turn >= 4) return item;
      await this.#client.wire.pause(turn, this.#options.signal);
    }
  }

  async #open(): Promise<string> {
    const { name, mimeType, signal } = this.#options;
    if (this.#offset > 0) throw new CadanganError('drive.unavailable', { ...this.#facts, reason: 'Google lost the upload' });
    const answer = await openSession(
      this.#client,
      { id: this.#id, name, mimeType, parentId: this.#parentId, sizeBytes: undefined },
      signal,
    );
    const fault = answer.status === 200 ? undefined : faultOf(answer);
    // A folder made a moment ago may not be there yet.
    if (fault) throw fault.kind === 'gone' ? networkFault('the folder is not there yet') : fault;
    const session = sessionUriOf(answer, this.#client.endpoints);
    if (session === undefined) throw networkFault('no usable session');
    return session;
  }

  /** @returns how many bytes of the piece have arrived */
  async #step(session: string, bytes: Uint8Array, doneBytes: number | undefined, isLast: boolean): Promise<number> {
    const total = isLast ? String(this.#offset + bytes.length) : '*';
    const rest = bytes.subarray(doneBytes ?? bytes.length);
    const [first, last] = [this.#offset + (doneBytes ?? 0), this.#offset + bytes.length - 1];
    const range = rest.length > 0 ? `bytes ${first}-${last}/${total}` : `bytes */${total}`;
    const answer = await putToSession(this.#client, session, range, rest, isLast && doneBytes !== undefined, this.#options.signal);
    return this.#doneAfter(answer, bytes.length);
  }

  #doneAfter(answer: Answer, lengthBytes: number): number {
    if (answer.status === 200 || answer.status === 201) {
      this.#item = parseItem(answer.body);
      if (!this.#item) throw networkFault('an answer without a file');
      return lengthBytes;
    }
    if (answer.status !== 308) throw faultOf(answer);
    this.#session = sessionUriOf(answer, this.#client.endpoints) ?? this.#session;
    const doneBytes = keptBytesOf(answer) - this.#offset;
    // What went before is not in memory any more.
    if (doneBytes < 0) throw new CadanganError('drive.unavailable', { ...this.#facts, reason: 'Google lost what had arrived' });
    if (doneBytes > lengthBytes) throw networkFault('a range that was not sent');
    return doneBytes;
  }

  /** The session is over: because the file is complete, or because it is lost. */
  async #findFinished(fault: DriveFault): Promise<void> {
    this.#item = await this.#client.get(this.#id, this.#facts, this.#options.signal);
    if (this.#item) return;
    if (this.#offset > 0)
      throw errorOf(new DriveFault('transient', { reason: 'Google lost the upload' }), { ...this.#facts, status: fault.status });
    this.#session = undefined;
  }
}
