import { badRequest } from './errors.ts';

export interface Part {
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

/** Takes a `multipart/related` body apart, bytes verbatim (RFC 2046). @throws 400 */
export function parseMultipart(contentType: string, body: Buffer): readonly Part[] {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/
    .exec(contentType)
    ?.slice(1)
    .find((text) => text !== undefined);
  if (boundary === undefined) throw badRequest('Missing boundary in multipart body.');
  const parts: Part[] = [];
  const mark = Buffer.from(`\r\n--${boundary}`);
  const whole = Buffer.concat([Buffer.from('\r\n'), body]); // so that the first mark looks like the others
  let at = whole.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    if (whole.subarray(start, start + 2).toString() === '--') return parts;
    const end = whole.indexOf(mark, start);
    if (end < 0) break;
    parts.push(parsePart(whole.subarray(start + 2, end)));
    at = end;
  }
  throw badRequest('Missing end boundary in multipart body.');
}

function parsePart(bytes: Buffer): Part {
  const headerEnd = bytes.indexOf('\r\n\r\n');
  if (headerEnd < 0) throw badRequest('Malformed multipart body.');
  const headers = bytes.subarray(0, headerEnd).toString('latin1');
  return { contentType: /^content-type:\s*(.+?)\s*$/im.exec(headers)?.[1], bytes: bytes.subarray(headerEnd + 4) };
}
