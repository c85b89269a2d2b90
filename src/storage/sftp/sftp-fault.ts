/** What came of a request, in a storage's words. `lost`: the connection is gone, and the request may have had its effect. */
export type SftpTrouble = 'end' | 'absent' | 'exists' | 'denied' | 'full' | 'unsupported' | 'failed' | 'lost';

/**
 * A request that failed. It has no text of the server in it, which may be anything; `reason` is a code as the system would give it
 * (`ENOENT`, `ECONNRESET`), or a few words of ours.
 */
export class SftpFault extends Error {
  readonly trouble: SftpTrouble;
  readonly reason: string;

  constructor(trouble: SftpTrouble, reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause });
    this.name = 'SftpFault';
    this.trouble = trouble;
    this.reason = reason;
  }

  /** For whoever tells what files could not be made, wherever they lie, by the codes of systems. */
  get code(): string {
    return this.reason;
  }
}

export function isTrouble(error: unknown, ...troubles: SftpTrouble[]): error is SftpFault {
  return error instanceof SftpFault && troubles.includes(error.trouble);
}

/**
 * Status codes: up to 8 of version 3 of the protocol (draft-ietf-secsh-filexfer-02), which all speak; the others of later versions, which
 * some servers use all the same. FAILURE is whatever else went wrong.
 */
const troubles: ReadonlyMap<number, readonly [SftpTrouble, string]> = new Map([
  [1, ['end', 'EOF']],
  [2, ['absent', 'ENOENT']],
  [3, ['denied', 'EACCES']],
  [5, ['failed', 'EINVAL']], // BAD_MESSAGE: what OpenSSH says of a name that is too long, too
  [6, ['lost', 'ENOTCONN']],
  [7, ['lost', 'ECONNRESET']],
  [8, ['unsupported', 'ENOTSUP']],
  [10, ['absent', 'ENOENT']], // NO_SUCH_PATH
  [11, ['exists', 'EEXIST']],
  [12, ['denied', 'EROFS']],
  [14, ['full', 'ENOSPC']],
  [15, ['full', 'EDQUOT']],
]);

/** FAILURE has no more than a text, and OpenSSH not even that; other servers say there what their system said. */
const fullTexts = /no space|disk full|quota|not enough space/i;

/** @param error as the library calls back with */
export function faultOf(error: unknown): SftpFault {
  if (error instanceof SftpFault) return error;
  const status = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof status === 'string') return new SftpFault('lost', status, error);
  if (typeof status !== 'number') return new SftpFault('lost', 'ECONNRESET', error);
  const [trouble, reason] = troubles.get(status) ?? ['failed', 'SSH_FX_FAILURE'];
  if (trouble === 'failed' && error instanceof Error && fullTexts.test(error.message)) return new SftpFault('full', 'ENOSPC');
  return new SftpFault(trouble, reason);
}
