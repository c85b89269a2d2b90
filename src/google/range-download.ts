import { CadanganError } from '../platform/index.ts';
import type { GoogleEndpoints } from './endpoints.ts';
import { faultOf, strangersFault } from './answer-fault.ts';
import { DriveFault, networkFault } from './fault.ts';
import { parseJson, type AnswerHead, type BodySink } from '../http/index.ts';
import type { CallFacts, Wire } from './wire.ts';

export interface RangeRequest {
  readonly id: string;
  readonly offset: number;
  /** At least 1: Google refuses ranges of empty files. */
  readonly lengthBytes: number;
  /** Of the file, when it is known; another size in an answer means that it was replaced. */
  readonly sizeBytes?: number | undefined;
  /** At least `lengthBytes` long. */
  readonly target: Uint8Array;
  readonly facts: CallFacts;
  /** Take a file that Google holds to be harmful, as only its owner may. */
  readonly acknowledgeAbuse?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The file ends before the range does, says Google. */
export class RangeBeyondEnd extends Error {}

/**
 * Reads a range, going on at the next byte after a drop. What comes is checked as far as an answer can be: it is the range that was asked
 * for, of a file of the expected size, neither shorter nor longer. Whether the bytes are right is told by their hash, which is known
 * further up.
 * @throws `drive.not-found`, `drive.download-refused`, `drive.unavailable`, `drive.denied` …, `aborted`; RangeBeyondEnd
 */
export async function downloadRange(wire: Wire, endpoints: GoogleEndpoints, request: RangeRequest): Promise<void> {
  const attempts = wire.attempts(request.facts, request.signal);
  for (let doneBytes = 0; doneBytes < request.lengthBytes;) {
    const part = new Part(request, doneBytes);
    try {
      await wire.once('download', request.signal, (token) => fetchPart(wire, endpoints, part, token));
      return;
    } catch (error) {
      if (part.doneBytes > doneBytes) attempts.progress();
      doneBytes = part.doneBytes;
      if (doneBytes === request.lengthBytes && error instanceof DriveFault && error.kind === 'transient') return;
      await wire.recover(attempts, error);
    }
  }
}

async function fetchPart(wire: Wire, endpoints: GoogleEndpoints, part: Part, token: string): Promise<void> {
  const { id, acknowledgeAbuse, signal } = part.request;
  const query = acknowledgeAbuse === true ? '&acknowledgeAbuse=true' : '';
  const refusal: Buffer[] = [];
  const head = await wire.plane.exchange(
    {
      method: 'GET',
      url: `${endpoints.api}/files/${encodeURIComponent(id)}?alt=media&supportsAllDrives=true${query}`,
      headers: { Authorization: `Bearer ${token}`, Range: `bytes=${part.first}-${part.last}`, 'Accept-Encoding': 'identity' },
      signal,
    },
    (answer) => (isSuccess(answer) ? part.sinkFor(answer) : collectInto(refusal)),
  );
  if (isSuccess(head)) return part.mustBeWhole();
  const fault = faultOf({ ...head, body: parseJson(Buffer.concat(refusal)) });
  // RFC 9110 15.5.17: with the size that the file has.
  const saysSize = /^bytes \*\/\d+$/.test(head.header('content-range') ?? '');
  if (head.status === 416 && (fault.kind !== 'transient' || saysSize)) throw new RangeBeyondEnd();
  throw fault;
}

function isSuccess({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300;
}

const refusalBytesMax = 64 * 1024;

function collectInto(chunks: Buffer[]): BodySink {
  let sizeBytes = 0;
  return (chunk) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= refusalBytesMax) chunks.push(Buffer.from(chunk));
  };
}

/** What is still missing of a range, and how far it got. */
class Part {
  readonly request: RangeRequest;
  doneBytes: number;

  constructor(request: RangeRequest, doneBytes: number) {
    this.request = request;
    this.doneBytes = doneBytes;
  }

  get first(): number {
    return this.request.offset + this.doneBytes;
  }

  get last(): number {
    return this.request.offset + this.request.lengthBytes - 1;
  }

  /** @throws DriveFault unless the answer promises exactly what is missing */
  sinkFor(answer: AnswerHead): BodySink {
    const encoding = answer.header('content-encoding');
    if (encoding !== undefined && encoding !== 'identity') throw networkFault(`content encoded as ${encoding}`);
    this.#mustMatch(answer);
    const { target, lengthBytes } = this.request;
    return (chunk) => {
      if (this.doneBytes + chunk.length > lengthBytes) throw networkFault('more bytes than were asked for');
      target.set(chunk, this.doneBytes);
      this.doneBytes += chunk.length;
    };
  }

  mustBeWhole(): void {
    if (this.doneBytes < this.request.lengthBytes) throw networkFault('fewer bytes than were promised');
  }

  #mustMatch(answer: AnswerHead): void {
    const wantedBytes = this.last - this.first + 1;
    const length = answer.header('content-length');
    // 200: the range was ignored and the whole file comes. That is as good when the whole was asked for.
    if (answer.status !== 206) {
      if (answer.header('content-type')?.startsWith('text/html') === true) throw strangersFault(answer);
      if (this.first !== 0 || length !== String(wantedBytes)) throw networkFault('the range was ignored');
      return;
    }
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header('content-range') ?? '') ?? [];
    if (total !== undefined && total !== '*' && Number(total) <= this.last) throw new RangeBeyondEnd();
    if (first !== String(this.first) || last !== String(this.last)) throw networkFault('another range than was asked for');
    const { sizeBytes } = this.request;
    if (sizeBytes !== undefined && total !== '*' && total !== String(sizeBytes)) throw replaced(this.request.facts);
  }
}

function replaced(facts: CallFacts): CadanganError {
  return new CadanganError('drive.not-found', { ...facts, reason: 'the file has another size than it was listed with' });
}
