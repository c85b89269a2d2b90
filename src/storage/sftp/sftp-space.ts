import type { SftpChannel } from './sftp-channel.ts';
import { isTrouble } from './sftp-fault.ts';

/** What a file system may still take, where a server tells. */
export interface SftpSpace {
  readonly freeBytes: number;
  readonly isReadOnly: boolean;
  readonly isOutOfFiles: boolean;
}

/** @param path as a field. @returns undefined where the server does not tell. @throws SftpFault */
export async function spaceAt(channel: SftpChannel, path: Uint8Array): Promise<SftpSpace | undefined> {
  try {
    const told = await channel.wantExtended('statvfs@openssh.com', path);
    // Block size, unit, blocks, free, available; files, free, available; id, flags.
    const [, unit = 0n, , , available = 0n, files = 0n, , freeFiles = 0n, , flags = 0n] = Array.from({ length: 11 }, () => told.u64());
    return {
      freeBytes: Number(available * unit),
      isReadOnly: (flags & 1n) !== 0n,
      isOutOfFiles: freeFiles === 0n && files > 0n,
    };
  } catch (error) {
    if (isTrouble(error, 'lost')) throw error;
    return undefined;
  }
}
