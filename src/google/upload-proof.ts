import { createHash } from 'node:crypto';
import { throwIfAborted } from '../platform/index.ts';
import type { DriveApi } from './drive-api.ts';
import type { DriveItem } from './remote-file.ts';
import type { UploadSource } from './upload-source.ts';
import type { CallFacts, Wire } from './wire.ts';

/**
 * How sure it is that Drive has the right bytes: `sha256` and `md5` by the checksum that Drive reports of what it has, `unconfirmed` when
 * it reports none, which is not the same as wrong.
 */
export type Proof = 'sha256' | 'md5' | 'unconfirmed';

export interface Expected {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface Judged {
  readonly item: DriveItem;
  readonly proof: Proof | 'altered';
}

const checksumTries = 5;

/**
 * Compares what Drive has with what it should have. A checksum that is not there yet is waited for some seconds.
 * @throws Drive's errors, `aborted`, and what the source throws
 */
export async function judge(
  wire: Wire,
  api: DriveApi,
  item: DriveItem,
  expected: Expected,
  source: UploadSource,
  facts: CallFacts,
  signal: AbortSignal | undefined,
): Promise<Judged> {
  const complete = await withChecksum(wire, api, item, facts, signal);
  if (complete.sizeBytes !== undefined && complete.sizeBytes !== expected.sizeBytes) return { item: complete, proof: 'altered' };
  if (complete.sha256 !== undefined) return { item: complete, proof: complete.sha256 === expected.sha256 ? 'sha256' : 'altered' };
  if (complete.md5 === undefined) return { item: complete, proof: 'unconfirmed' };
  const { md5 } = await hashesOf(source, signal);
  return { item: complete, proof: complete.md5 === md5 ? 'md5' : 'altered' };
}

async function withChecksum(
  wire: Wire,
  api: DriveApi,
  first: DriveItem,
  facts: CallFacts,
  signal: AbortSignal | undefined,
): Promise<DriveItem> {
  let item = first;
  for (let turn = 0; (item.sha256 === undefined || item.sizeBytes === undefined) && turn < checksumTries; turn++) {
    if (turn > 0) await wire.pause(turn, signal);
    item = await wire.call('read', facts, signal, (token) => api.get(token, first.id, signal));
  }
  return item;
}

const pieceBytes = 1024 * 1024;

/** Reads the source once more. MD5 is not computed while sending, since it is needed so rarely. */
export async function hashesOf(
  source: UploadSource,
  signal: AbortSignal | undefined,
): Promise<{ readonly sha256: string; readonly md5: string }> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  const target = new Uint8Array(Math.min(pieceBytes, source.sizeBytes));
  for (let at = 0; at < source.sizeBytes; at += pieceBytes) {
    throwIfAborted(signal);
    const lengthBytes = Math.min(pieceBytes, source.sizeBytes - at);
    const piece = await source.read(at, lengthBytes, { target: target.subarray(0, lengthBytes), ...(signal ? { signal } : {}) });
    sha256.update(piece);
    md5.update(piece);
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}
