import { hash, scryptSync } from 'node:crypto';
import { CadanganError, type Random } from '../platform/index.ts';
import { compress, decompress } from './compression.ts';
import type { MasterKey } from './format/index.ts';
import type { KernelModule } from './kernel/index.ts';
import { SmallBoxes } from './sealed-box.ts';

/** One known answer: returns true when this runtime gives it. */
interface KnownAnswer {
  readonly name: string;
  readonly holds: (module: KernelModule) => boolean;
}

/**
 * Known answers of everything that a repository's bytes rest on. The editor's runtime has BoringSSL where Node has OpenSSL, and libraries
 * change with each release, so the real thing is asked once at start. Costs about 2 ms.
 * @throws `repository.self-test`, naming what is wrong
 */
export function runSelfTest(module: KernelModule): void {
  for (const { name, holds } of knownAnswers) {
    let ok: boolean;
    try {
      ok = holds(module);
    } catch (cause) {
      throw new CadanganError('repository.self-test', { primitive: name }, { cause });
    }
    if (!ok) throw new CadanganError('repository.self-test', { primitive: name });
  }
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

const boxKey: MasterKey = {
  encrypt: bytes('d54285645efc34b7876f13729eac49f9e9f3ac7e56216b951bfd12f3c43ab982'),
  macK: bytes('2bdaa8a1972c0c431d0dc687adf16624'),
  macR: bytes('8e5344f16c1790595f8a08917de6bba8'),
};
const boxNonce = bytes('9a7b907af1ca0bce6e806cdae133131d');
const boxPlaintext = bytes('3fb865a2e2740494ffff67a03e830ea37dfd0479b0f94dc5e7e35632788e2f');
const box = bytes(
  '9a7b907af1ca0bce6e806cdae133131d73c47b96505c82549db43af310ff9f770ed1cdb59600dba0fbdd8bce62d9473c1f1816e48bfa07664ef905d1053bd5',
);
const fixedNonce: Random = {
  fill: (target) => {
    target.set(boxNonce.subarray(0, target.length));
    return target;
  },
};

const knownAnswers: readonly KnownAnswer[] = [
  // FIPS 180-4, the message "abc".
  {
    name: 'SHA-256',
    holds: () => hash('sha256', Buffer.from('abc'), 'hex') === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  // RFC 7914, chapter 12, first vector.
  {
    name: 'scrypt',
    holds: () =>
      scryptSync('', '', 64, { N: 16, r: 1, p: 1 })
        .toString('hex')
        .startsWith('77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442'),
  },
  {
    name: 'AES-256-CTR and Poly1305-AES, seal',
    holds: (module) => same(new SmallBoxes(module, boxKey, fixedNonce).seal(boxPlaintext), box),
  },
  {
    name: 'AES-256-CTR and Poly1305-AES, open',
    holds: (module) => same(new SmallBoxes(module, boxKey, fixedNonce).open(box), boxPlaintext),
  },
  { name: 'AES-256-CTR, long input', holds: (module) => longBoxRoundTrip(module) },
  // A frame of "hello" without a content size, as other encoders write it.
  { name: 'zstd, decode', holds: () => Buffer.from(decompress(bytes('28b52ffd045829000068656c6c6fa36d9f88'), 5)).toString() === 'hello' },
  {
    name: 'zstd, round trip',
    holds: () => same(decompress(compress(zeros, 'auto'), zeros.length), zeros) && compress(zeros, 'auto').length < 100,
  },
];

const zeros = new Uint8Array(100_000);
/** SHA-256 of the sealed 100,000 zeros under the key and nonce above. */
const longBoxSha256 = '8e4fa45298ad582c342bd61d167c6c3e1674334d95b814a4dd5ad99f748e890e';

/** Beyond 32 KiB another code path of ours and of the platform seals: both must give the same key stream. */
function longBoxRoundTrip(module: KernelModule): boolean {
  const boxes = new SmallBoxes(module, boxKey, fixedNonce);
  const sealed = boxes.seal(zeros);
  return hash('sha256', sealed, 'hex') === longBoxSha256 && same(boxes.open(sealed), zeros);
}
