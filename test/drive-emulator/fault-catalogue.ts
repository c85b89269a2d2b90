import type { FaultOrder } from './fault.ts';

/**
 * The faults of the real service by name, each mild enough that a patient client gets through. A battery goes over all of them; the demo
 * offers them as "make Drive fail like this". Probabilities make them depend on the seed.
 */
export const faultCatalogue: Readonly<Record<string, readonly FaultOrder[]>> = {
  'rate limit of the user': [{ fault: 'refuse', reason: 'userRateLimitExceeded', probability: 0.2, times: 20 }],
  'rate limit of the project': [{ fault: 'refuse', reason: 'rateLimitExceeded', probability: 0.2, times: 20 }],
  'too many requests': [{ fault: 'refuse', reason: 'rateLimitExceeded', status: 429, probability: 0.2, times: 20 }],
  'too many requests, come back later': [
    { fault: 'refuse', reason: 'rateLimitExceeded', status: 429, retryAfterSeconds: 1, probability: 0.2, times: 5 },
  ],
  'rate limit after the effect': [{ fault: 'refuse', reason: 'userRateLimitExceeded', when: 'after', probability: 0.1, times: 10 }],
  'server errors in JSON': [{ fault: 'server-error', status: 500, body: 'json', probability: 0.15, times: 20 }],
  'server errors in HTML': [{ fault: 'server-error', status: 502, body: 'html', probability: 0.15, times: 20 }],
  'server errors without a body': [{ fault: 'server-error', status: 503, body: 'empty', probability: 0.15, times: 20 }],
  'gateway times out after the effect': [{ fault: 'server-error', status: 504, body: 'html', when: 'after', probability: 0.15, times: 20 }],
  'lost answers': [{ fault: 'lost-answer', probability: 0.15, times: 20 }],
  'lost answer of the last piece': [{ fault: 'lost-answer', on: 'upload.final', probability: 0.5, times: 10 }],
  'lost answer of a small upload': [
    { fault: 'lost-answer', on: ['upload.simple', 'upload.multipart', 'files.create'], probability: 0.5, times: 10 },
  ],
  'connection refuses to stay': [{ fault: 'drop', probability: 0.15, times: 20 }],
  'upload dropped in the middle': [
    { fault: 'drop', on: ['upload.piece', 'upload.final'], afterBytes: 300_000, probability: 0.3, times: 15 },
  ],
  'download dropped in the middle': [{ fault: 'drop', on: 'files.download', afterBytes: 5_000, probability: 0.3, times: 15 }],
  'piece kept in part': [{ fault: 'keep-less', probability: 0.3, times: 20 }],
  'piece not kept': [{ fault: 'keep-less', keepBytes: 0, probability: 0.3, times: 20 }],
  'no progress for a while': [{ fault: 'keep-less', keepBytes: 0, times: 8 }],
  'range claims too much': [{ fault: 'false-range', probability: 0.3, times: 3 }],
  'session not found': [{ fault: 'session-gone', status: 404, probability: 0.2, times: 6 }],
  'session gone': [{ fault: 'session-gone', status: 410, probability: 0.2, times: 6 }],
  'session refused': [{ fault: 'session-gone', status: 400, times: 1 }],
  'session moved': [{ fault: 'session-moved', probability: 0.3, times: 10 }],
  'parent not there yet': [
    { fault: 'refuse', reason: 'notFound', status: 404, on: ['files.create', 'upload.open'], probability: 0.2, times: 3 },
  ],
  'token ends in the middle': [{ fault: 'unauthorized', endsToken: true, probability: 0.1, times: 6 }],
  'token refused once': [{ fault: 'unauthorized', probability: 0.1, times: 6 }],
  'token endpoint down': [
    { fault: 'unauthorized', endsToken: true, times: 1, after: 3 },
    { fault: 'server-error', status: 503, on: 'oauth.refresh', times: 3 },
  ],
  'list is late': [{ fault: 'stale-list', ms: 3_600_000, probability: 0.5, times: 10 }],
  'list is incomplete': [{ fault: 'incomplete-search', probability: 0.5, times: 4 }],
  'list is empty': [{ fault: 'empty-list', times: 1 }],
  'short pages': [{ fault: 'short-page', entries: 3, probability: 0.7, times: 40 }],
  'empty pages': [{ fault: 'short-page', entries: 0, probability: 0.4, times: 20 }],
  'page token refused': [
    { fault: 'short-page', entries: 2, times: 1 },
    { fault: 'token-refused', times: 1 },
  ],
  'entry on two pages': [
    { fault: 'short-page', entries: 5, times: 1 },
    { fault: 'entry-twice', probability: 0.7, times: 10 },
  ],
  'download truncated': [{ fault: 'truncated', probability: 0.3, times: 10 }],
  'range ignored': [{ fault: 'range-ignored', probability: 0.3, times: 10 }],
  'bytes of another range': [{ fault: 'other-range', probability: 0.3, times: 10 }],
  'download altered': [{ fault: 'altered', probability: 0.3, times: 10 }],
  'upload altered on the way': [{ fault: 'rot', visible: true, probability: 0.3, times: 4 }],
  'no SHA-256': [{ fault: 'lacks', fields: ['sha256Checksum'], probability: 0.3, times: 20 }],
  'no checksum at all': [{ fault: 'lacks', fields: ['sha256Checksum', 'sha1Checksum', 'md5Checksum'], probability: 0.2, times: 5 }],
  'no size': [{ fault: 'lacks', fields: ['size'], ms: 2_000, probability: 0.3, times: 10 }],
  'checksum comes late': [
    { fault: 'lacks', fields: ['sha256Checksum', 'sha1Checksum', 'md5Checksum'], ms: 2_000, probability: 0.3, times: 20 },
  ],
};
