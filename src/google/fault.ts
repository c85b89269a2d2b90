import { CadanganError, type ErrorCode } from '../platform/index.ts';

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

/** What stands between us and Google, as far as a fault shows it: it answers in Google's place, or shows a certificate of its own. */
export type Between = 'proxy' | 'certificate';

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

/** A connection that was refused, dropped or stood still. The request may have had its effect. */
export function networkFault(code: string): DriveFault {
  const between = certificateCodes.test(code) ? 'certificate' : code.startsWith('proxy: ') ? 'proxy' : undefined;
  return new DriveFault('transient', { reason: code, between });
}

// OpenSSL's words for a certificate that is not to be trusted, as Node gives them (X509_V_ERR_…), and Node's own for another name.
const certificateCodes = /^(?:CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|INVALID_CA|ERR_TLS_CERT_)/;
