import { createCipheriv, createSecretKey, type CipherGCMTypes, type KeyObject } from 'node:crypto';
import type { Client } from 'ssh2';
import type { Random } from '../../platform/index.ts';

/** What the library of version 1.17 hands each packet to (`lib/protocol/crypto.js`). */
interface Cipher {
  /** Counts the packets. */
  outSeqno: number;
  /** Room for a packet, which has its length and its padding already. It is sealed before there is room for another. */
  allocPacket(payloadBytes: number): Buffer;
  encrypt(packet: Buffer): void;
  free(): void;
}

interface Seal {
  readonly algorithm: CipherGCMTypes;
  readonly key: KeyObject;
  readonly nonce: Buffer;
  readonly onWrite: (bytes: Buffer) => void;
  readonly outSeqno: number;
}

const blockBytes = 16;
const paddingBytesMin = 4;
/** Of a packet of OpenSSH's, with everything around it; what is larger gets memory of its own. */
const packetBytes = 33 * 1024;

/**
 * Has packets sealed and opened in less time, once we are logged in and after each exchange of keys. The library makes a cipher anew
 * for each packet of 32 KiB from the bytes of its key, and what Node does with such bytes first takes as long as to encrypt the packet; it
 * takes memory for each, whose collection takes as long again, and asks the system for random padding, which says nothing where the whole
 * packet is authenticated. What 256 MiB take of the processor stands in `bench/RESULTS-sftp.md`.
 * @returns whether it is done for what comes in; with a cipher that is not AES-GCM, or a library that looks otherwise, nothing is changed
 */
export function speedUp(client: Client, random: Random): boolean {
  const protocol: unknown = Reflect.get(client, '_protocol');
  const seal = sealOf(memberOf(protocol, '_cipher'));
  if (seal !== undefined) setMember(protocol, '_cipher', new PacketSealer(seal, random));
  const opener = memberOf(protocol, '_decipher');
  const key = memberOf(opener, '_decipherKey');
  if (!Buffer.isBuffer(key) || !isGcm(memberOf(opener, '_decipherSSLName'))) return false;
  setMember(opener, '_decipherKey', createSecretKey(key));
  return true;
}

/** RFC 5647, as OpenSSH has it: the length is authenticated, all behind it encrypted, and a seal of 16 bytes follows. */
class PacketSealer implements Cipher {
  outSeqno: number;
  readonly #seal: Seal;
  /** Used again and again: each packet is encrypted into memory of its own before the next one is made. */
  readonly #room = Buffer.allocUnsafeSlow(packetBytes);
  readonly #padding: Uint8Array;
  #isFree = false;

  constructor(seal: Seal, random: Random) {
    this.#seal = seal;
    this.#padding = random.fill(new Uint8Array(blockBytes + paddingBytesMin));
    this.outSeqno = seal.outSeqno;
  }

  allocPacket(payloadBytes: number): Buffer {
    const rest = blockBytes - ((1 + payloadBytes) % blockBytes);
    const paddingBytes = rest < paddingBytesMin ? rest + blockBytes : rest;
    const lengthBytes = 1 + payloadBytes + paddingBytes;
    const packet = 4 + lengthBytes > packetBytes ? Buffer.allocUnsafe(4 + lengthBytes) : this.#room.subarray(0, 4 + lengthBytes);
    packet.writeUInt32BE(lengthBytes, 0);
    packet[4] = paddingBytes;
    packet.set(this.#padding.subarray(0, paddingBytes), 5 + payloadBytes);
    return packet;
  }

  encrypt(packet: Buffer): void {
    if (this.#isFree) return;
    const { algorithm, key, nonce, onWrite } = this.#seal;
    const length = Buffer.from(packet.subarray(0, 4));
    const cipher = createCipheriv(algorithm, key, nonce);
    cipher.setAAD(length);
    onWrite(length);
    onWrite(cipher.update(packet.subarray(4)));
    cipher.final();
    onWrite(cipher.getAuthTag());
    countUp(nonce);
    this.outSeqno = (this.outSeqno + 1) >>> 0;
  }

  free(): void {
    this.#isFree = true;
  }
}

/** The last 8 of its 12 bytes are a number. */
function countUp(nonce: Buffer): void {
  nonce.writeBigUInt64BE(BigInt.asUintN(64, nonce.readBigUInt64BE(4) + 1n), 4);
}

function sealOf(cipher: unknown): Seal | undefined {
  const [algorithm, key, nonce, onWrite, outSeqno] = ['_encSSLName', '_encKey', '_encIV', '_onWrite', 'outSeqno'].map((name) =>
    memberOf(cipher, name),
  );
  if (!isGcm(algorithm) || !Buffer.isBuffer(key) || !Buffer.isBuffer(nonce) || nonce.length !== 12) return undefined;
  if (typeof onWrite !== 'function' || typeof outSeqno !== 'number') return undefined;
  return { algorithm, key: createSecretKey(key), nonce, onWrite: (bytes) => void Reflect.apply(onWrite, cipher, [bytes]), outSeqno };
}

function isGcm(algorithm: unknown): algorithm is CipherGCMTypes {
  return algorithm === 'aes-128-gcm' || algorithm === 'aes-256-gcm';
}

function memberOf(thing: unknown, name: string): unknown {
  return typeof thing === 'object' && thing !== null ? Reflect.get(thing, name) : undefined;
}

function setMember(thing: unknown, name: string, value: unknown): void {
  if (typeof thing === 'object' && thing !== null) Reflect.set(thing, name, value);
}
