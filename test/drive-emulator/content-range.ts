import { badRequest } from './errors.ts';

/** What a PUT to an upload says about itself. */
export type ContentRange =
  | { readonly kind: 'status' }
  | { readonly kind: 'bytes'; readonly start: number; readonly lengthBytes: number; readonly totalBytes: number | undefined };

/**
 * `bytes a-b/total` and `bytes a-b/*` are a piece, no header at all the whole file, and `bytes *\/total`, with or without `bytes` or
 * with `*` for the total, the question how far it is: clients write all three.
 * @throws 400
 */
export function parseContentRange(header: string | undefined, contentLength: string | undefined): ContentRange {
  const lengthBytes = contentLength === undefined ? undefined : Number(contentLength);
  if (header === undefined) {
    if (lengthBytes === undefined) throw badRequest('A whole file needs a Content-Length.');
    return { kind: 'bytes', start: 0, lengthBytes, totalBytes: lengthBytes };
  }
  if (/^(?:bytes )?\*\/(?:\d+|\*)$/.test(header)) {
    // For an empty file the question is the upload as well.
    return header.endsWith('*/0') ? { kind: 'bytes', start: 0, lengthBytes: 0, totalBytes: 0 } : { kind: 'status' };
  }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header) ?? [];
  const [start, end] = [Number(first), Number(last) + 1];
  const totalBytes = total === '*' ? undefined : Number(total);
  if (first === undefined || end <= start || (totalBytes !== undefined && end > totalBytes))
    throw badRequest('Failed to parse Content-Range header.');
  if (lengthBytes !== undefined && lengthBytes !== end - start) throw badRequest('Content-Range does not match Content-Length.');
  return { kind: 'bytes', start, lengthBytes: end - start, totalBytes };
}
