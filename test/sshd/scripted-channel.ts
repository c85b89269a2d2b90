import { Duplex } from 'node:stream';
import { SftpChannel } from '../../src/storage/sftp/sftp-channel.ts';
import type { SftpFault } from '../../src/storage/sftp/sftp-fault.ts';
import { answers, field, PacketReader, requests, u32 } from '../../src/storage/sftp/sftp-packet.ts';

/** What is said to a request. */
export type Script = (kind: number, body: PacketReader, id: number) => Answer | Buffer | undefined;

/** A kind, and what follows the id; bytes alone are a packet as they are. */
export type Answer = readonly [kind: number, ...parts: readonly Buffer[]];

export const ok: Answer = [answers.status, u32(0)];

export function packet(kind: number, id: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.of(kind), u32(id), ...parts]);
  return Buffer.concat([u32(body.length), body]);
}

export interface ScriptedChannel {
  readonly channel: SftpChannel;
  /** Why the connection was ended, if it was. */
  readonly failed: () => SftpFault | undefined;
  /** Says something unasked. */
  readonly send: (bytes: Buffer) => void;
}

/**
 * SFTP without any SSH: a server that says what the test wants, be it wrong. @param chunkBytes how its bytes are cut
 */
export async function scriptedChannel(
  script: Script,
  { extensions = [], chunkBytes = Infinity }: { readonly extensions?: readonly string[]; readonly chunkBytes?: number } = {},
): Promise<ScriptedChannel> {
  const over = new AbortController();
  let fault: SftpFault | undefined;
  let pending = Buffer.alloc(0);
  const send = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += Math.min(chunkBytes, bytes.length))
      stream.push(bytes.subarray(at, Math.min(bytes.length, at + chunkBytes)));
  };
  const serve = (kind: number, id: number, body: PacketReader): void => {
    if (kind === requests.init)
      return send(packet(answers.version, 3, ...extensions.flatMap((name) => [field(Buffer.from(name)), field(Buffer.from('1'))])));
    const answer = script(kind, body, id);
    if (Buffer.isBuffer(answer)) send(answer);
    else if (answer !== undefined) {
      const [ofKind, ...parts] = answer;
      send(packet(ofKind, id, ...parts));
    }
  };
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE()) {
        const body = new PacketReader(pending.subarray(4, 4 + pending.readUInt32BE()));
        pending = pending.subarray(4 + pending.readUInt32BE());
        serve(body.u8(), body.u32(), body);
      }
      done();
    },
  });
  const channel = await SftpChannel.open({
    stream,
    over: over.signal,
    fail: (why) => {
      fault ??= why;
      over.abort(why);
    },
  });
  return { channel, failed: () => fault, send };
}
