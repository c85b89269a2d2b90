import { SftpFault } from './sftp-fault.ts';
import { answers } from './sftp-packet.ts';

/** OpenSSH sends no more than 256 KiB at once; nobody needs to hold more for one answer. */
const packetBytesMax = 1024 * 1024;
/** Length, kind and id; in front of bytes of a file also how many they are. */
const headBytes = 9;
const dataHeadBytes = 13;

/** What packets are told to. */
export interface Receiver {
  /** Where the bytes of a file go that answer a request; undefined where they are to come as a packet. */
  sinkOf(id: number): Sink | undefined;
  /** A whole packet: what follows its id. */
  packet(kind: number, id: number, body: Buffer): void;
  /** All bytes are in the sink. */
  filled(id: number, lengthBytes: number): void;
}

/** Memory for the bytes of one answer. */
export interface Sink {
  readonly target: Uint8Array;
  /** From then on the memory is left alone, whatever still comes. */
  readonly signal: AbortSignal;
}

/**
 * Cuts what comes over a channel into packets. The bytes of files are not gathered first: they are put where they belong as they come,
 * which spares two copies of each and the memory for them. Whatever does not hold together is a fault.
 */
export class PacketIntake {
  readonly #receiver: Receiver;
  readonly #head = Buffer.alloc(dataHeadBytes);
  #headAt = 0;
  #headEnd = headBytes;
  #sink: Sink | undefined;
  #body: Buffer | undefined;
  #at = 0;
  #end = 0;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  /** The chunk may be used anew when this returns. @throws SftpFault, after which the channel is of no use */
  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at += this.#headAt < this.#headEnd ? this.#takeHead(chunk, at) : this.#takeBody(chunk, at);
  }

  #takeHead(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#headEnd - this.#headAt, chunk.length - at);
    chunk.copy(this.#head, this.#headAt, at, at + taken);
    const before = this.#headAt;
    this.#headAt += taken;
    if (before < 4 && this.#headAt >= 4) this.#checkLength();
    if (this.#headAt === headBytes && this.#headEnd === headBytes) this.#begin();
    else if (this.#headAt === dataHeadBytes) this.#beginData();
    return taken;
  }

  #checkLength(): void {
    const lengthBytes = this.#head.readUInt32BE(0);
    if (lengthBytes < headBytes - 4 || lengthBytes > packetBytesMax) throw new SftpFault('failed', 'EPROTO');
  }

  #begin(): void {
    const lengthBytes = this.#head.readUInt32BE(0);
    this.#sink = this.#kind === answers.data ? this.#receiver.sinkOf(this.#id) : undefined;
    if (this.#sink !== undefined) {
      if (lengthBytes < dataHeadBytes - 4) throw new SftpFault('failed', 'EPROTO');
      this.#headEnd = dataHeadBytes;
      return;
    }
    this.#body = Buffer.allocUnsafe(lengthBytes - (headBytes - 4));
    this.#await(this.#body.length);
  }

  #beginData(): void {
    const lengthBytes = this.#head.readUInt32BE(headBytes);
    const isWhole = lengthBytes === this.#head.readUInt32BE(0) - (dataHeadBytes - 4);
    if (!isWhole || this.#sink === undefined || lengthBytes > this.#sink.target.length) throw new SftpFault('failed', 'EPROTO');
    this.#await(lengthBytes);
  }

  #await(lengthBytes: number): void {
    [this.#at, this.#end] = [0, lengthBytes];
    if (lengthBytes === 0) this.#finish();
  }

  #takeBody(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#end - this.#at, chunk.length - at);
    const part = chunk.subarray(at, at + taken);
    if (this.#body !== undefined) this.#body.set(part, this.#at);
    else if (this.#sink?.signal.aborted === false) this.#sink.target.set(part, this.#at);
    this.#at += taken;
    if (this.#at === this.#end) this.#finish();
    return taken;
  }

  #finish(): void {
    const [kind, id, body, lengthBytes] = [this.#kind, this.#id, this.#body, this.#end];
    [this.#headAt, this.#headEnd, this.#body, this.#sink] = [0, headBytes, undefined, undefined];
    if (body === undefined) this.#receiver.filled(id, lengthBytes);
    else this.#receiver.packet(kind, id, body);
  }

  get #kind(): number {
    return this.#head.readUInt8(4);
  }

  get #id(): number {
    return this.#head.readUInt32BE(5);
  }
}
