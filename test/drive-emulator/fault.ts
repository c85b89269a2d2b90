import { fetchesBytes, hasEffect, isSignIn, sendsBytes, type Operation } from './operations.ts';

/**
 * What can go wrong with one request:
 * - `refuse`: an error by Google's reason (`rateLimitExceeded`, `storageQuotaExceeded`, …), 403 unless `status` says otherwise.
 * - `server-error`: 500 to 504 with a body in JSON, in HTML or none; `when: 'after'` means that the effect took place.
 * - `lost-answer`: done, then the connection closes. - `drop`: it closes after so many bytes of the file (default: at once).
 * - `hang`: after so many bytes never another one; the socket stays open. - `drip`: slow in both directions. - `slow-answer`: late.
 * - `keep-less`: a piece is kept only in part (default: a random part; 0: nothing). - `false-range`: the answer claims more than is kept.
 * - `session-gone`, `session-moved`: the address of an upload ends, or changes with the next 308.
 * - `unauthorized`: 401; `endsToken` ends the access token for good. - `invalid-grant`: the refresh token is no longer good.
 * - `stale-list`: a list as it was `ms` ago. `incomplete-search`, `empty-list`, `short-page` (may be 0 entries), `token-refused`,
 *   `entry-twice`: what lists do besides.
 * - `truncated`: a download ends early and politely. `range-ignored`: 200 and all of it. `other-range`: bytes of another place under the
 *   right header. `altered`: a bit differs.
 * - `rot`: a bit of an upload is stored wrong; `visible`: the checksums are those of the wrong bytes.
 * - `lacks`: the new file has no such fields (`sha256Checksum`, `size`), for ever or for `ms`.
 */
export type Fault =
  | {
      readonly fault: 'refuse';
      readonly reason: string;
      readonly status?: number;
      readonly retryAfterSeconds?: number;
      readonly when?: 'before' | 'after';
    }
  | {
      readonly fault: 'server-error';
      readonly status?: 500 | 502 | 503 | 504;
      readonly body?: 'json' | 'html' | 'empty';
      readonly when?: 'before' | 'after';
    }
  | {
      readonly fault:
        | 'lost-answer'
        | 'session-moved'
        | 'invalid-grant'
        | 'incomplete-search'
        | 'empty-list'
        | 'token-refused'
        | 'entry-twice'
        | 'truncated'
        | 'range-ignored'
        | 'other-range'
        | 'altered';
    }
  | { readonly fault: 'drop' | 'hang'; readonly afterBytes?: number }
  | { readonly fault: 'drip'; readonly bytesPerSecond: number }
  | { readonly fault: 'slow-answer' | 'stale-list'; readonly ms: number }
  | { readonly fault: 'keep-less'; readonly keepBytes?: number }
  | { readonly fault: 'false-range'; readonly extraBytes?: number }
  | { readonly fault: 'session-gone'; readonly status?: 400 | 404 | 410 }
  | { readonly fault: 'unauthorized'; readonly endsToken?: boolean }
  | { readonly fault: 'short-page'; readonly entries: number }
  | { readonly fault: 'rot'; readonly visible: boolean }
  | { readonly fault: 'lacks'; readonly fields: readonly string[]; readonly ms?: number };

export type FaultName = Fault['fault'];
export type FaultOf<N extends FaultName> = Fault extends infer F ? (F extends Fault ? (N extends F['fault'] ? F : never) : never) : never;

/** Which requests are meant. What is left out matches everything that the fault can happen to. */
export interface FaultMatch {
  readonly on?: Operation | readonly Operation[];
  /** Part of the file's name, or its id. */
  readonly file?: string;
  readonly account?: string;
}

/**
 * `after` matching requests go through, then `times` fail (default 1; null: for ever), each with `probability` (default 1), until a time.
 */
export type FaultOrder = Fault &
  FaultMatch & { readonly after?: number; readonly times?: number | null; readonly probability?: number; readonly untilMs?: number };

/** Whether the fault can happen to such a request at all. */
export function canHappen({ fault }: Fault, operation: Operation): boolean {
  switch (fault) {
    case 'refuse':
    case 'unauthorized':
      return !isSignIn(operation) && operation !== 'unknown';
    case 'lost-answer':
      return hasEffect(operation);
    case 'keep-less':
    case 'false-range':
      return operation === 'upload.piece' || operation === 'upload.final';
    case 'session-gone':
    case 'session-moved':
      return ['upload.piece', 'upload.final', 'upload.status'].includes(operation);
    case 'invalid-grant':
      return operation === 'oauth.refresh';
    case 'stale-list':
    case 'incomplete-search':
    case 'empty-list':
    case 'short-page':
    case 'token-refused':
    case 'entry-twice':
      return operation === 'files.list';
    case 'truncated':
    case 'range-ignored':
    case 'other-range':
    case 'altered':
      return fetchesBytes(operation);
    case 'rot':
    case 'lacks':
      return operation === 'upload.final' || operation === 'upload.simple' || operation === 'upload.multipart';
    case 'drip':
      return sendsBytes(operation) || fetchesBytes(operation);
    case 'drop':
    case 'hang':
    case 'server-error':
    case 'slow-answer':
      return operation !== 'unknown' && operation !== 'oauth.consent'; // pages are for people
  }
}
