import { closeSync, readSync } from 'node:fs';
import { fsPath, joinBytes, openSourceNow, type ByteString } from '../platform/index.ts';
import { openFlags } from './file-archiver.ts';

/** The first bytes of a file in `folder`, or `undefined` when it cannot be read. Never waits for a writer of a fifo. */
export function readHead(folder: ByteString, name: ByteString, lengthBytes: number): Uint8Array | undefined {
  try {
    const fd = openSourceNow(fsPath(joinBytes(folder, name)), openFlags);
    try {
      const head = new Uint8Array(lengthBytes);
      return head.subarray(0, readSync(fd, head, 0, lengthBytes, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
