import { isRecord, text } from './drive-item.ts';
import { DriveFault, type Answer, type FaultKind } from './fault.ts';

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

/**
 * Reads status, reason and `Retry-After` of an answer that is no success. Only what has Google's form counts as Google's word: a page of a
 * proxy that says 404 knows nothing of files, one that says 401 nothing of tokens. Such an answer is trouble of the network.
 */
export function faultOf(answer: Answer): DriveFault {
  const { status } = answer;
  const retryAfterMs = retryAfterMsOf(answer.header('retry-after'));
  const said = readBody(answer) ?? (isOfUploads(answer) ? { reason: undefined, message: undefined } : undefined);
  if (said === undefined) return strangersFault(answer, retryAfterMs);
  return new DriveFault(kindOf(status, said.reason), {
    status,
    reason: said.reason ?? `HTTP ${status}`,
    said: said.message,
    retryAfterMs,
  });
}

/** Load balancers of Google, too, answer these with a page or with nothing. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What came is not from Google, whatever its status. */
export function strangersFault({ status, header }: Pick<Answer, 'status' | 'header'>, retryAfterMs?: number): DriveFault {
  if (passingStatuses.has(status)) return new DriveFault('transient', { status, reason: `HTTP ${status}`, retryAfterMs });
  const leadsTo = URL.parse(header('location') ?? '')?.hostname;
  const what = leadsTo === undefined || leadsTo === '' ? `HTTP ${status}` : `HTTP ${status} to ${leadsTo}`;
  return new DriveFault('transient', {
    status,
    reason: `something on the way answers instead of Google: ${what}`,
    retryAfterMs,
    between: 'proxy',
  });
}

interface Said {
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

function kindOf(status: number, reason: string | undefined): FaultKind {
  const known = kinds.get((reason ?? '').toLowerCase().replaceAll('_', ''));
  if (status === 401) return 'token';
  if (status === 429) return 'rate';
  if (status === 408 || status >= 500) return 'transient';
  if (status === 404 || status === 410) return 'gone';
  if (status === 409) return 'conflict';
  if (status === 403) return known ?? 'permission';
  return 'request';
}

/** RFC 6749 5.2 and 4.1.2.1, RFC 8628 3.5, RFC 7009 2.2.1, and Google's own. Others' gateways say `{"error":"unauthorized"}`. */
const oauthWords: ReadonlySet<string> = new Set(
  [
    'invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope access_denied server_error',
    'temporarily_unavailable authorization_pending slow_down expired_token unsupported_token_type invalid_token',
    'admin_policy_enforced org_internal deleted_client disabled_client redirect_uri_mismatch rate_limit_exceeded internal_failure',
  ].flatMap((words) => words.split(' ')),
);

/** An upload server says to a session that has ended sometimes no more than the status; all its answers have this line. */
function isOfUploads({ header }: Answer): boolean {
  return header('x-guploader-uploadid') !== undefined;
}

/**
 * `{error: {code, errors: [{reason}], message, status, details}}`, or `{error: 'invalid_grant', error_description}` of the OAuth endpoints.
 * @returns undefined for anything else: the pages of load balancers and proxies
 */
function readBody({ status, body }: Answer): Said | undefined {
  if (!isRecord(body)) return undefined;
  const { error } = body;
  if (typeof error === 'string') return oauthWords.has(error) ? { reason: error, message: text(body['error_description']) } : undefined;
  if (!isRecord(error) || error['code'] !== status) return undefined;
  // Only the details tell a token without the scope from a file without the right.
  const reasons = [...reasonsIn(error['details']), ...reasonsIn(error['errors'])];
  const telling = reasons.find((reason) => reason === 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' || reason === 'SERVICE_DISABLED');
  const reason = telling ?? reasonsIn(error['errors'])[0] ?? reasons[0] ?? text(error['status']);
  return reason === undefined ? undefined : { reason, message: text(error['message']) };
}

function reasonsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.flatMap((entry: unknown) => (isRecord(entry) ? (text(entry['reason']) ?? []) : [])) : [];
}

/** Seconds, or a date, which needs a clock that we do not trust: the answer's own `Date` is not at hand here. */
function retryAfterMsOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}
