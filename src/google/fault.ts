import { CadanganError, type ErrorCode } from '../platform/index.ts';
import { isRecord, text } from './drive-item.ts';

/**
 * What an answer that is no success means to us:
 * - `rate`: too many requests, or the day's volume; the same reasons stand for both
 * - `transient`: the service or the network is in trouble; the effect may have taken place all the same
 * - `token`: the access token is not accepted
 * - `full`, `download-refused`, `permission`, `set-up`: somebody has to do something
 * - `gone`: no such file, or not visible to us
 * - `conflict`: the id is taken
 * - `request`: Google does not understand what we ask; a mistake of ours, or a page token that grew too old
 */
export type FaultKind =
  | 'rate'
  | 'transient'
  | 'token'
  | 'full'
  | 'download-refused'
  | 'permission'
  | 'set-up'
  | 'gone'
  | 'conflict'
  | 'request';

/**
 * One request that failed. It has nothing of the request in it: addresses of upload sessions, tokens and the client's secret must not reach
 * a log through an error, so the library's own errors end here.
 */
export class DriveFault extends Error {
  readonly kind: FaultKind;
  /** 0 when there was no answer. */
  readonly status: number;
  /** Google's word, or the system's code. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FaultKind,
    facts: {
      readonly status?: number;
      readonly reason: string;
      readonly said?: string | undefined;
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    super([facts.status, facts.reason, facts.said].filter(Boolean).join(' '));
    this.name = 'DriveFault';
    this.kind = kind;
    this.status = facts.status ?? 0;
    this.reason = facts.reason;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** What we need of an answer. `header` takes lower-case names. */
export interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Parsed when it is JSON. */
  readonly body: unknown;
}

const codes: Readonly<Record<FaultKind, ErrorCode>> = {
  rate: 'drive.rate-limited',
  transient: 'drive.unavailable',
  token: 'drive.signed-out',
  full: 'drive.full',
  'download-refused': 'drive.download-refused',
  permission: 'drive.denied',
  'set-up': 'drive.not-set-up',
  gone: 'drive.not-found',
  conflict: 'drive.unavailable',
  request: 'drive.unavailable',
};

/** The error for whoever asked. @param facts what was attempted: `location`, `file` */
export function errorOf(fault: DriveFault, facts: Readonly<Record<string, string | number | undefined>> = {}): CadanganError {
  return new CadanganError(
    codes[fault.kind],
    { ...facts, reason: fault.reason, ...(fault.status === 0 ? {} : { status: fault.status }) },
    { cause: fault },
  );
}

// Without regard to case and underscores: both spellings are about.
const kinds = new Map<string, FaultKind>(
  Object.entries({
    rate: 'ratelimitexceeded userratelimitexceeded sharingratelimitexceeded urlleaselimitexceeded',
    transient: 'backenderror internalerror transienterror',
    token: 'autherror required',
    full: 'storagequotaexceeded dailylimitexceeded numchildreninnonrootlimitexceeded teamdrivefilelimitexceeded activeitemcreationlimitexceeded mydrivehierarchydepthlimitexceeded teamdrivehierarchytoodeep quotaexceeded',
    'download-refused': 'downloadquotaexceeded cannotdownloadabusivefile filenotdownloadable',
    permission:
      'insufficientfilepermissions appnotauthorizedtofile domainpolicy teamdrivemembershiprequired insufficientpermissions insufficientparentpermissions',
    'set-up': 'accessnotconfigured servicedisabled',
  } satisfies Partial<Record<FaultKind, string>>).flatMap(([kind, reasons]) =>
    reasons.split(' ').map((reason) => [reason, kind as FaultKind] as const),
  ),
);

/** Reads status, reason and `Retry-After` of an answer that is no success. */
export function faultOf(answer: Answer): DriveFault {
  const { status } = answer;
  const said = readBody(answer.body);
  const facts = {
    status,
    reason: said.reason ?? `HTTP ${status}`,
    said: said.message,
    retryAfterMs: retryAfterMsOf(answer.header('retry-after')),
  };
  return new DriveFault(kindOf(status, said), facts);
}

/** A connection that was refused, dropped or stood still. The request may have had its effect. */
export function networkFault(code: string): DriveFault {
  return new DriveFault('transient', { reason: code });
}

interface Said {
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** False for the pages of load balancers and proxies. */
  readonly isGoogles: boolean;
}

function kindOf(status: number, { reason, isGoogles }: Said): FaultKind {
  const known = kinds.get((reason ?? '').toLowerCase().replaceAll('_', ''));
  if (status === 401) return 'token';
  if (status === 429) return 'rate';
  if (status === 408 || status >= 500) return 'transient';
  if (status === 404 || status === 410) return 'gone';
  if (status === 409) return 'conflict';
  // A 403 that does not come from Drive itself says nothing about rights.
  if (status === 403) return known ?? (isGoogles ? 'permission' : 'transient');
  return 'request';
}

/** `{error: {errors: [{reason}], message, details}}`, or `{error: 'invalid_grant', error_description}` of the OAuth endpoints. */
function readBody(body: unknown): Said {
  const error = isRecord(body) ? body['error'] : undefined;
  if (typeof error === 'string')
    return { reason: text(error), message: isRecord(body) ? text(body['error_description']) : undefined, isGoogles: true };
  if (!isRecord(error)) return { reason: undefined, message: undefined, isGoogles: false };
  // Only the details tell a token without the scope from a file without the right.
  const reasons = [...reasonsIn(error['details']), ...reasonsIn(error['errors'])];
  const telling = reasons.find((reason) => reason === 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' || reason === 'SERVICE_DISABLED');
  return {
    reason: telling ?? reasonsIn(error['errors'])[0] ?? reasons[0] ?? text(error['status']),
    message: text(error['message']),
    isGoogles: true,
  };
}

function reasonsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.flatMap((entry: unknown) => (isRecord(entry) ? (text(entry['reason']) ?? []) : [])) : [];
}

/** Seconds, or a date, which needs a clock that we do not trust: the answer's own `Date` is not at hand here. */
function retryAfterMsOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}
