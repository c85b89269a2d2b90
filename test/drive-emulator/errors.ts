/**
 * Refusals as Google words them. Shapes and messages are those of answers that people captured from the real service; where nobody
 * has published one, the reason is right and the words are ours.
 */
export interface RefusalFacts {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly domain?: string;
  readonly location?: string;
  readonly locationType?: 'parameter' | 'header';
  /** Google's canonical name, e.g. UNAUTHENTICATED. */
  readonly canonical?: string;
  readonly details?: readonly unknown[];
  readonly headers?: Readonly<Record<string, string>>;
}

export class Refusal extends Error {
  readonly facts: RefusalFacts;

  constructor(facts: RefusalFacts) {
    super(facts.message);
    this.facts = facts;
  }

  body(): unknown {
    const { status, reason, message, location, locationType, canonical, details, domain = 'global' } = this.facts;
    const first = { message, domain, reason, ...(location === undefined ? {} : { location, locationType }) };
    return {
      error: {
        code: status,
        message,
        errors: [first],
        ...(canonical === undefined ? {} : { status: canonical }),
        ...(details === undefined ? {} : { details }),
      },
    };
  }
}

/** The OAuth endpoints have a shape of their own. */
export class OAuthRefusal extends Error {
  readonly status: number;
  readonly error: string;

  constructor(status: number, error: string, description: string) {
    super(description);
    this.status = status;
    this.error = error;
  }
}

/** Status, domain and words by reason. A reason outside of this table is a 403 in its own name. */
const known: Readonly<Record<string, { readonly status: number; readonly domain: string; readonly message: string }>> = {
  rateLimitExceeded: { status: 403, domain: 'usageLimits', message: 'Rate Limit Exceeded' },
  userRateLimitExceeded: {
    status: 403,
    domain: 'usageLimits',
    message:
      'User Rate Limit Exceeded. Rate of requests for user exceed configured project quota, you may consider re-evaluating expected per-user traffic to the API and adjust project quota limits accordingly.',
  },
  dailyLimitExceeded: {
    status: 403,
    domain: 'usageLimits',
    message: 'Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT).',
  },
  sharingRateLimitExceeded: {
    status: 403,
    domain: 'global',
    message: 'Rate limit exceeded. User message: "These item(s) could not be shared because a rate limit was exceeded"',
  },
  storageQuotaExceeded: { status: 403, domain: 'usageLimits', message: "The user's Drive storage quota has been exceeded." },
  quotaExceeded: { status: 403, domain: 'usageLimits', message: 'Quota exceeded.' },
  numChildrenInNonRootLimitExceeded: {
    status: 403,
    domain: 'global',
    message: "The limit for this folder's number of children (files and folders) has been exceeded.",
  },
  myDriveHierarchyDepthLimitExceeded: {
    status: 403,
    domain: 'global',
    message: 'Your My Drive has too many folders nested within other folders.',
  },
  teamDriveHierarchyTooDeep: { status: 403, domain: 'global', message: 'The shared drive hierarchy depth will exceed the limit.' },
  teamDriveFileLimitExceeded: { status: 403, domain: 'global', message: 'The file limit for this shared drive has been exceeded.' },
  activeItemCreationLimitExceeded: {
    status: 403,
    domain: 'global',
    message: 'This account has exceeded the creation limit of 500 million items.',
  },
  downloadQuotaExceeded: { status: 403, domain: 'usageLimits', message: 'The download quota for this file has been exceeded.' },
  cannotDownloadAbusiveFile: {
    status: 403,
    domain: 'global',
    message: 'This file has been identified as malware or spam and cannot be downloaded.',
  },
  fileNotDownloadable: {
    status: 403,
    domain: 'global',
    message: 'Only files with binary content can be directly downloaded. Use Export with Docs Editors files.',
  },
  insufficientFilePermissions: { status: 403, domain: 'global', message: 'The user does not have sufficient permissions for this file.' },
  insufficientParentPermissions: { status: 403, domain: 'global', message: 'Insufficient permissions for the specified parent.' },
  appNotAuthorizedToFile: { status: 403, domain: 'global', message: 'The user has not granted the app access to the file.' },
  domainPolicy: { status: 403, domain: 'global', message: 'The domain administrators have disabled Drive apps.' },
  teamDriveMembershipRequired: { status: 403, domain: 'global', message: 'The attempted action requires shared drive membership.' },
  illegalKeepForeverModification: { status: 403, domain: 'global', message: 'Cannot modify the keepForever field of this revision.' },
  teamDrivesFolderMoveInNotSupported: { status: 403, domain: 'global', message: 'Moving folders into shared drives is not supported.' },
  accessNotConfigured: {
    status: 403,
    domain: 'usageLimits',
    message:
      'Google Drive API has not been used in project 104729 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/drive.googleapis.com/overview?project=104729 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.',
  },
  backendError: { status: 503, domain: 'global', message: 'Backend Error' },
  internalError: { status: 500, domain: 'global', message: 'Internal Error' },
  notFound: { status: 404, domain: 'global', message: 'File not found: .' },
  badRequest: { status: 400, domain: 'global', message: 'Bad Request' },
};

export function refusalOf(reason: string, changes: Partial<RefusalFacts> = {}): Refusal {
  const usual = known[reason] ?? { status: 403, domain: 'global', message: reason };
  const facts = { ...usual, reason, ...changes };
  const isSetUp = reason === 'accessNotConfigured';
  const details = isSetUp
    ? {
        canonical: 'PERMISSION_DENIED',
        details: [errorInfo('SERVICE_DISABLED', 'googleapis.com', { service: 'drive.googleapis.com', consumer: 'projects/104729' })],
      }
    : {};
  return new Refusal({ ...facts, ...(facts.status === 429 ? { canonical: 'RESOURCE_EXHAUSTED' } : {}), ...details });
}

export const notFound = (id: string): Refusal =>
  new Refusal({ status: 404, reason: 'notFound', message: `File not found: ${id}.`, location: 'fileId', locationType: 'parameter' });
export const conflict = (): Refusal =>
  new Refusal({ status: 409, reason: 'fileIdInUse', message: 'A file already exists with the provided ID.' });
export const badRequest = (message: string): Refusal => new Refusal({ status: 400, reason: 'badRequest', message });
export const invalidQuery = (): Refusal =>
  new Refusal({ status: 400, reason: 'invalid', message: 'Invalid Value', location: 'q', locationType: 'parameter' });
export const invalidValue = (parameter: string): Refusal =>
  new Refusal({ status: 400, reason: 'invalid', message: 'Invalid Value', location: parameter, locationType: 'parameter' });
export const invalidField = (field: string): Refusal =>
  new Refusal({
    status: 400,
    reason: 'invalidParameter',
    message: `Invalid field selection ${field}`,
    location: 'fields',
    locationType: 'parameter',
  });
export const noRoute = (): Refusal => new Refusal({ status: 404, reason: 'notFound', message: 'Not Found' });

export function invalidToken(): Refusal {
  return new Refusal({
    status: 401,
    reason: 'authError',
    message: 'Invalid Credentials',
    location: 'Authorization',
    locationType: 'header',
    canonical: 'UNAUTHENTICATED',
    headers: bearer('error="invalid_token"'),
  });
}

export function noToken(): Refusal {
  const message =
    'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';
  return new Refusal({
    status: 401,
    reason: 'required',
    message,
    location: 'Authorization',
    locationType: 'header',
    canonical: 'UNAUTHENTICATED',
    headers: bearer(),
    details: [errorInfo('CREDENTIALS_MISSING', 'googleapis.com', { service: 'drive.googleapis.com' })],
  });
}

/** A missing scope and a refused permission have one reason; only the details tell them apart. */
export function missingScope(): Refusal {
  return new Refusal({
    status: 403,
    reason: 'insufficientPermissions',
    message: 'Insufficient Permission: Request had insufficient authentication scopes.',
    canonical: 'PERMISSION_DENIED',
    headers: bearer('error="insufficient_scope"'),
    details: [errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'googleapis.com', { service: 'drive.googleapis.com' })],
  });
}

export function noPermission(): Refusal {
  return new Refusal({
    status: 403,
    reason: 'insufficientPermissions',
    message: 'The user does not have sufficient permissions for this file.',
  });
}

function errorInfo(reason: string, domain: string, metadata: Readonly<Record<string, string>>): unknown {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain, metadata };
}

function bearer(more?: string): Record<string, string> {
  return { 'WWW-Authenticate': `Bearer realm="https://accounts.google.com/"${more === undefined ? '' : `, ${more}`}` };
}
