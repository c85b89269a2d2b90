import { ConnectionFault, type AnswerHead, type BodySink } from '../../http/index.ts';
import { CadanganError } from '../../platform/index.ts';
import type { FileName } from '../storage.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Line } from './s3-line.ts';
import { wholeFileBytesMax } from '../layout.ts';

/** The whole object, as long as the server says that it is. @throws as `S3Line.send`; `repository.damaged` for more than any file has */
export async function downloadWhole(line: S3Line, file: FileName, signal: AbortSignal): Promise<Uint8Array> {
  const room = new Room(undefined);
  await line.receive({ method: 'GET', key: line.place.keyOf(file), signal }, (head) => {
    const sizeBytes = lengthOf(head);
    if (head.status !== 200 || sizeBytes === undefined) throw new ConnectionFault(`HTTP ${head.status} without a length`);
    if (sizeBytes > wholeFileBytesMax) throw damaged(file, `the file has ${sizeBytes} bytes, more than any repository file`);
    return room.sinkFor(sizeBytes);
  });
  return room.whole();
}

/**
 * A range of at least one byte. The answer has to say that it is the range that was asked for: one that is not, and one that ignores the
 * question, is none. Memory is taken for what is there, whatever was asked for, and never more than for a file of a repository.
 * @throws as `S3Line.send`; `repository.damaged` when the object ends before
 */
export async function downloadRange(
  line: S3Line,
  file: FileName,
  { offset, lengthBytes, target }: { readonly offset: number; readonly lengthBytes: number; readonly target: Uint8Array | undefined },
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (target === undefined && lengthBytes > wholeFileBytesMax) throw endsBefore(file, wholeFileBytesMax, offset + lengthBytes);
  const last = offset + lengthBytes - 1;
  const room = new Room(target);
  try {
    await line.receive({ method: 'GET', key: line.place.keyOf(file), headers: { Range: `bytes=${offset}-${last}` }, signal }, (head) => {
      const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(head.header('content-range') ?? '');
      if (head.status !== 206 || range === null) throw new ConnectionFault(`HTTP ${head.status} to a range`);
      const [, first, end, sizeBytes] = range.map(Number);
      if (first !== offset || end === undefined || end > last) throw new ConnectionFault('another range than was asked for');
      if (end < last) throw endsBefore(file, sizeBytes ?? end + 1, last + 1);
      return room.sinkFor(lengthBytes);
    });
  } catch (error) {
    if (error instanceof S3Fault && error.status === 416) throw endsBefore(file, offset, last + 1);
    throw error;
  }
  return room.whole();
}

/** The bytes as they come, neither more nor less than were promised. */
class Room {
  readonly #target: Uint8Array | undefined;
  #bytes: Uint8Array = Buffer.alloc(0);
  #doneBytes = 0;

  constructor(target: Uint8Array | undefined) {
    this.#target = target;
  }

  sinkFor(sizeBytes: number): BodySink {
    this.#bytes = this.#target?.subarray(0, sizeBytes) ?? Buffer.allocUnsafeSlow(sizeBytes);
    this.#doneBytes = 0;
    return (chunk) => {
      if (this.#doneBytes + chunk.length > sizeBytes) throw new ConnectionFault('answer too long');
      this.#bytes.set(chunk, this.#doneBytes);
      this.#doneBytes += chunk.length;
    };
  }

  whole(): Uint8Array {
    if (this.#doneBytes < this.#bytes.length) throw new ConnectionFault('answer too short');
    return this.#bytes;
  }
}

/** What the head says of the length of the object. */
export function lengthOf(head: AnswerHead): number | undefined {
  const text = head.header('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function endsBefore(file: FileName, endBytes: number, wantedBytes: number): CadanganError {
  return damaged(file, `the file ends at or before byte ${endBytes}, byte ${wantedBytes} was expected`);
}

function damaged(file: FileName, reason: string): CadanganError {
  return new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason });
}
