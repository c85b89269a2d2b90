import { ConnectionFault } from '../../http/index.ts';
import { CadanganError, type ErrorFacts } from '../../platform/index.ts';
import { fileLabel, type FileName } from '../storage.ts';
import { S3Fault } from './s3-fault.ts';

/** What was attempted. */
export interface Attempt {
  readonly location: string;
  readonly file?: FileName | undefined;
  readonly neededBytes?: number | undefined;
}

/** What failed, in the words of a storage. What is an error of ours already stays as it is, with the location. */
export function storageError(error: unknown, { location, file, neededBytes }: Attempt): unknown {
  const named: ErrorFacts = { location, ...(file && { file: fileLabel(file) }) };
  if (error instanceof ConnectionFault) {
    const between = error.between === undefined ? {} : { between: error.between };
    return new CadanganError('storage.unreachable', { ...named, reason: error.reason, ...between }, { cause: error });
  }
  if (error instanceof CadanganError && error.code.startsWith('storage.') && error.facts['location'] === undefined)
    return new CadanganError(error.code, { ...named, ...error.facts }, { cause: error.cause });
  if (!(error instanceof S3Fault)) return error;
  const facts: ErrorFacts = { ...named, reason: error.code, status: error.status };
  if (error.code === 'NoSuchBucket') return new CadanganError('storage.no-repository', { ...named, missing: 'bucket' }, { cause: error });
  if (isFull(error)) return new CadanganError('storage.full', { ...facts, neededBytes }, { cause: error });
  if (error.code === 'RequestTimeTooSkewed') {
    const clocks = { ours: isoOf(error.ourMs), theirs: isoOf(error.serverMs) };
    return new CadanganError('storage.denied', { ...facts, ...clocks }, { cause: error });
  }
  if (error.region !== undefined && isElsewhere(error))
    return new CadanganError('storage.denied', { ...facts, reason: 'wrong-region', region: error.region }, { cause: error });
  if (isRefusal(error)) return new CadanganError('storage.denied', facts, { cause: error });
  return new CadanganError('storage.unreachable', { ...facts, retryAfterMs: error.retryAfterMs }, { cause: error });
}

/** The bucket lies in another region than the one that the request was signed for. */
export function isElsewhere({ status, code }: S3Fault): boolean {
  return status === 301 || status === 307 || code === 'AuthorizationHeaderMalformed' || code === 'IllegalLocationConstraintException';
}

/** The keys are not known (any more): a file of theirs may have new ones. */
export function isOfCredentials({ code }: S3Fault): boolean {
  return credentialCodes.has(code);
}

const credentialCodes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

const fullCodes: ReadonlySet<string> = new Set([
  'QuotaExceeded',
  'ServiceQuotaExceeded',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'InsufficientCapacity',
  'StorageLimitExceeded',
]);

function isFull({ status, code }: S3Fault): boolean {
  return status === 507 || fullCodes.has(code);
}

/** Nobody may, or this server does not do it, or not at this address: asked again, it says the same. */
function isRefusal(fault: S3Fault): boolean {
  const { status, code } = fault;
  return isOfCredentials(fault) || [401, 403, 405, 501].includes(status) || (status >= 300 && status < 400) || refusalCodes.has(code);
}

const refusalCodes: ReadonlySet<string> = new Set([
  'InvalidArgument',
  'InvalidBucketName',
  'InvalidRequest',
  'EntityTooLarge',
  'KeyTooLongError',
]);

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
