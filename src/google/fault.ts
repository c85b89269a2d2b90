import { ConnectionFault, type Answer, type Between } from '../http/index.ts';
import { CadanganError, type ErrorCode } from '../platform/index.ts';

export type { Answer };

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
  readonly between: Between | undefined;

  constructor(
    kind: FaultKind,
    facts: {
      readonly status?: number;
      readonly reason: string;
      readonly said?: string | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly between?: Between | undefined;
    },
  ) {
    super([facts.status, facts.reason, facts.said].filter(Boolean).join(' '));
    this.name = 'DriveFault';
    this.kind = kind;
    this.status = facts.status ?? 0;
    this.reason = facts.reason;
    this.retryAfterMs = facts.retryAfterMs;
    this.between = facts.between;
  }
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
    {
      ...facts,
      reason: fault.reason,
      ...(fault.status === 0 ? {} : { status: fault.status }),
      ...(fault.between && { between: fault.between }),
    },
    { cause: fault },
  );
}

/** Google itself does not understand the request, or not any more: an old page token, an id of another account. */
export function isRefusedRequest(error: unknown): error is CadanganError {
  return error instanceof CadanganError && error.facts['status'] === 400 && error.facts['between'] === undefined;
}

/** Something was wrong on the way. The request may have had its effect. */
export function networkFault(reason: string): DriveFault {
  return driveFaultOf(new ConnectionFault(reason));
}

/** What a connection that failed is to whoever asked Google. */
export function driveFaultOf({ reason, between }: ConnectionFault): DriveFault {
  return new DriveFault('transient', { reason, between });
}
