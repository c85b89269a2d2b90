import { hash } from 'node:crypto';
import { CadanganError, isCode } from '../platform/index.ts';
import type { FileKind, FileName, Storage } from '../storage/index.ts';
import { compress, decompressBounded, unpackedBytesMax } from './compression.ts';
import type { SmallBoxes } from './sealed-box.ts';

/** First byte of a plaintext that is compressed JSON (restic's design document, "Unpacked Data Format"). */
const compressedMark = 2;

/** Stores `bytes` under their own SHA-256. @returns the name */
export async function saveNamedByHash(storage: Storage, kind: FileKind, bytes: Uint8Array, signal: AbortSignal): Promise<string> {
  const name = hash('sha256', bytes, 'hex');
  await storage.write({ kind, name }, bytes, signal);
  return name;
}

/** A file that is named after its bytes; once more when they are others, since it may have been their way that damaged them. */
export async function readNamed(storage: Storage, file: FileName, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = await storage.read(file, signal);
  return hash('sha256', bytes, 'hex') === file.name ? bytes : storage.read(file, signal);
}

/**
 * The JSON of a `config`, index, snapshot or lock file: name against content, MAC, decompression. It is read twice before it is damaged.
 * @throws `repository.damaged` with kind, name and reason; `storage.not-found`
 */
export async function readUnpacked(storage: Storage, boxes: SmallBoxes, file: FileName, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return open(await storage.read(file, signal), boxes, file);
  } catch (error) {
    if (!isCode(error, 'repository.damaged')) throw error;
    return open(await storage.read(file, signal), boxes, file);
  }
}

function open(box: Uint8Array, boxes: SmallBoxes, file: FileName): Uint8Array {
  try {
    if (file.kind !== 'config' && hash('sha256', box, 'hex') !== file.name) {
      throw new CadanganError('repository.damaged', { reason: 'hash' });
    }
    return decodeUnpacked(boxes.open(box));
  } catch (cause) {
    const reason = cause instanceof CadanganError ? cause.facts.reason : 'unknown';
    throw new CadanganError('repository.damaged', { kind: file.kind, name: file.name || undefined, reason }, { cause });
  }
}

/** Seals JSON for a repository of `version`: 2 compresses, 1 does not, and `config` is always plain as restic writes it. */
export function sealUnpacked(boxes: SmallBoxes, kind: FileKind, json: Uint8Array, version: number): Uint8Array {
  if (version < 2 || kind === 'config') return verified(boxes, boxes.seal(json), json);
  const frame = compress(json, 'auto');
  const plaintext = new Uint8Array(1 + frame.length);
  plaintext[0] = compressedMark;
  plaintext.set(frame, 1);
  return verified(boxes, boxes.seal(plaintext), json);
}

/** Small files are few and everything hangs on them, so reading them back is not an option that can be turned off. */
function verified(boxes: SmallBoxes, box: Uint8Array, json: Uint8Array): Uint8Array {
  if (Buffer.compare(decodeUnpacked(boxes.open(box)), json) !== 0) {
    throw new CadanganError('repository.verification', { sizeBytes: json.length });
  }
  return box;
}

function decodeUnpacked(plaintext: Uint8Array): Uint8Array {
  const first = plaintext[0];
  if (first === compressedMark) return decompressBounded(plaintext.subarray(1), unpackedBytesMax);
  if (first === 0x7b || first === 0x5b) return plaintext; // `{` or `[`
  throw new CadanganError('repository.damaged', { reason: 'unknown encoding' });
}
