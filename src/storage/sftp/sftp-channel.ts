import type { Duplex } from 'node:stream';
import { orFailure } from '../../platform/index.ts';
import { faultOf, isTrouble, SftpFault } from './sftp-fault.ts';
import { PacketIntake, type Sink } from './sftp-intake.ts';
import { answers, field, PacketReader, requests, u32, u64 } from './sftp-packet.ts';

const version = 3;
/** At most so much for a write or a read, and at least: the draft has every server take 34,000 bytes a packet. */
const pieceBytesMax = 255 * 1024;
const pieceBytesMin = 31 * 1024;
/** What OpenSSH takes in one packet of a channel. */
const channelBytes = 32 * 1024;

/** The channel that SFTP is spoken over, and when it is lost. */
export interface ChannelPlace {
  readonly stream: Duplex;
  /** Aborted when the connection is over; its reason is the fault. */
  readonly over: AbortSignal;
  /** Ends the connection, with why. */
  readonly fail: (fault: SftpFault) => void;
  /**
   * Has somebody look whether the server answers: while `isOwed`, it must be heard from in time. @returns to be called when it was.
   * Without it a server that is connected and says nothing is waited for until the call is aborted.
   */
  readonly watch?: (isOwed: () => boolean) => () => void;
}

/** An answer that is no refusal: its kind and what follows its id. */
export interface SftpAnswer {
  readonly kind: number;
  readonly body: PacketReader;
}

interface Waiting extends PromiseWithResolvers<SftpAnswer> {
  readonly sink: Sink | undefined;
}

/**
 * Requests and answers of version 3 of SFTP, in bytes: the names of files are what the server has, also where they are no text, which the
 * library would make of them. When the connection is lost, all that waits fails.
 */
export class SftpChannel {
  readonly #place: ChannelPlace;
  readonly #waiting = new Map<number, Waiting>();
  readonly #extensions = new Map<string, string>();
  readonly #greeted = Promise.withResolvers<void>();
  #isGreeted = false;
  #lastId = 0;
  #readBytes = pieceBytesMin;
  #writeBytes = pieceBytesMin;

  private constructor(place: ChannelPlace) {
    this.#place = place;
    place.over.addEventListener('abort', () => this.#failAll(), { once: true });
    const intake = new PacketIntake({
      sinkOf: (id) => this.#waiting.get(id)?.sink,
      packet: (kind, id, body) => this.#answer(kind, id, body),
      filled: (id, lengthBytes) => this.#taken(id).resolve({ kind: answers.data, body: new PacketReader(u32(lengthBytes)) }),
    });
    const heard = place.watch?.(() => this.#waiting.size > 0 || !this.#isGreeted);
    place.stream.on('data', (chunk: Buffer) => {
      if (this.over.aborted) return;
      heard?.();
      try {
        intake.take(chunk);
      } catch (error) {
        place.fail(new SftpFault('lost', 'EPROTO', error));
      }
    });
  }

  /** Greets the server. @throws SftpFault */
  static async open(place: ChannelPlace): Promise<SftpChannel> {
    const channel = new SftpChannel(place);
    place.stream.write(Buffer.concat([u32(5), Buffer.of(requests.init), u32(version)]));
    await orFailure(channel.#greeted.promise, place.over);
    if (channel.has('limits@openssh.com')) await channel.#askLimits();
    return channel;
  }

  /** Aborted when no request can be made any more. */
  get over(): AbortSignal {
    return this.#place.over;
  }

  get readBytes(): number {
    return this.#readBytes;
  }

  get writeBytes(): number {
    return this.#writeBytes;
  }

  end(): void {
    this.#place.fail(new SftpFault('lost', 'closed'));
  }

  has(extension: string): boolean {
    return this.#extensions.has(extension);
  }

  /** Sends a request and waits for its answer. @throws SftpFault for a refusal, and when the line is lost */
  ask(request: number, ...parts: readonly Uint8Array[]): Promise<SftpAnswer> {
    return this.#send(request, parts);
  }

  /** A request that a status answers. @throws SftpFault unless all went well */
  async tell(request: number, ...parts: readonly Uint8Array[]): Promise<void> {
    const { kind } = await this.ask(request, ...parts);
    if (kind !== answers.status) throw new SftpFault('failed', 'EPROTO');
  }

  /** A request that something else than a status answers. @throws SftpFault */
  async want(expected: number, request: number, ...parts: readonly Uint8Array[]): Promise<PacketReader> {
    const { kind, body } = await this.ask(request, ...parts);
    if (kind !== expected) throw new SftpFault('failed', 'EPROTO');
    return body;
  }

  /** A request that OpenSSH added. @throws SftpFault, `unsupported` where the server does not offer it */
  async tellExtended(name: string, ...parts: readonly Uint8Array[]): Promise<void> {
    if (!this.has(name)) throw new SftpFault('unsupported', 'ENOTSUP');
    await this.tell(requests.extended, field(Buffer.from(name)), ...parts);
  }

  /** As `tellExtended`, for one with an answer. @throws SftpFault */
  async wantExtended(name: string, ...parts: readonly Uint8Array[]): Promise<PacketReader> {
    if (!this.has(name)) throw new SftpFault('unsupported', 'ENOTSUP');
    return this.want(answers.extendedReply, requests.extended, field(Buffer.from(name)), ...parts);
  }

  /**
   * Writes into an open file, at most `writeBytes` at once. Until the answer the bytes are where they are, and must not change.
   * @throws SftpFault
   */
  async write(handle: Uint8Array, position: number, bytes: Uint8Array): Promise<void> {
    const { kind } = await this.#send(requests.write, [field(handle), u64(position), u32(bytes.length)], { bytes });
    if (kind !== answers.status) throw new SftpFault('failed', 'EPROTO');
  }

  /**
   * Reads from an open file into `target`, at most `readBytes` at once; right into it, as the bytes come. From the abort on nothing is
   * written there any more. @returns how many came, which may be fewer than there are; 0 at the end. @throws SftpFault
   */
  async read(handle: Uint8Array, position: number, target: Uint8Array, signal: AbortSignal): Promise<number> {
    try {
      const parts = [field(handle), u64(position), u32(target.length)];
      const { kind, body } = await this.#send(requests.read, parts, { sink: { target, signal } });
      if (kind !== answers.data) throw new SftpFault('failed', 'EPROTO');
      return body.u32();
    } catch (error) {
      if (isTrouble(error, 'end')) return 0;
      throw error;
    }
  }

  #send(
    request: number,
    parts: readonly Uint8Array[],
    { bytes = new Uint8Array(0), sink }: { readonly bytes?: Uint8Array; readonly sink?: Sink } = {},
  ): Promise<SftpAnswer> {
    if (this.over.aborted) return Promise.reject(faultOf(this.over.reason));
    const id = (this.#lastId = (this.#lastId + 1) >>> 0);
    const answer: Waiting = { ...Promise.withResolvers<SftpAnswer>(), sink };
    this.#waiting.set(id, answer);
    const headBytes = parts.reduce((sum, { length }) => sum + length, 5);
    const head = [u32(headBytes + bytes.length), Buffer.of(request), u32(id), ...parts];
    // One buffer for what fits into one packet of the channel, which makes one for each; of the rest no copy is made.
    const ahead = bytes.subarray(0, Math.max(0, channelBytes - 4 - headBytes));
    this.#place.stream.write(Buffer.concat([...head, ahead]));
    const rest = bytes.length - ahead.length;
    if (rest > 0) this.#place.stream.write(Buffer.from(bytes.buffer, bytes.byteOffset + ahead.length, rest));
    return answer.promise;
  }

  async #askLimits(): Promise<void> {
    try {
      const limits = await this.wantExtended('limits@openssh.com');
      limits.u64(); // of a whole packet
      this.#readBytes = pieceOf(limits.u64());
      this.#writeBytes = pieceOf(limits.u64());
    } catch (error) {
      if (isTrouble(error, 'lost')) throw error;
    }
  }

  #answer(kind: number, id: number, body: Buffer): void {
    const reader = new PacketReader(body);
    if (!this.#isGreeted) return this.#greet(kind, reader);
    // First what may not hold together: until then whoever waits is in the list of those who are told.
    const refusal = kind === answers.status ? refusalOf(reader) : undefined;
    const waiting = this.#taken(id);
    if (refusal === undefined) waiting.resolve({ kind, body: reader });
    else waiting.reject(refusal);
  }

  #taken(id: number): Waiting {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) throw new SftpFault('failed', 'EPROTO');
    this.#waiting.delete(id);
    return waiting;
  }

  /** In the place of an id it has the version; the server's may be higher than ours and then does as ours. */
  #greet(kind: number, body: PacketReader): void {
    if (kind !== answers.version) throw new SftpFault('failed', 'EPROTO');
    while (!body.isAtEnd) this.#extensions.set(body.field().toString(), body.field().toString());
    this.#isGreeted = true;
    this.#greeted.resolve();
  }

  #failAll(): void {
    const fault = faultOf(this.over.reason);
    for (const { reject } of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
  }
}

/** @returns undefined where all went well */
function refusalOf(body: PacketReader): SftpFault | undefined {
  const status = body.u32();
  if (status === 0) return undefined;
  // Some servers leave the text away. It is looked at for words about room, and goes nowhere.
  const said = body.isAtEnd ? '' : body.field().toString();
  return faultOf(Object.assign(new Error(said), { code: status }));
}

function pieceOf(limit: bigint): number {
  return limit === 0n ? pieceBytesMin : Math.max(4096, Number(limit < BigInt(pieceBytesMax) ? limit : BigInt(pieceBytesMax)));
}
