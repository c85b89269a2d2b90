import type { Answer } from './answer.ts';
import { Refusal, refusalOf } from './errors.ts';
import { fileOf } from './files.ts';
import type { Revision } from './model.ts';
import { faultOf, type Call, type Services } from './services.ts';
import { headOf } from './store.ts';

/** `alt=media`. No ETag, no hash; conditions in headers are passed over. */
export async function downloadFile(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  const head = headOf(file);
  if (head === undefined) throw refusalOf('fileNotDownloadable', { location: 'alt', locationType: 'parameter' });
  if (file.isFlagged && call.url.searchParams.get('acknowledgeAbuse') !== 'true') throw refusalOf('cannotDownloadAbusiveFile');
  return contentAnswer(services, call, head);
}

/** The bytes of one revision, or the part that a `Range` header asks for. */
export function contentAnswer(services: Services, call: Call, revision: Revision): Answer {
  const { sizeBytes, contentKey, mimeType } = revision;
  const asked = faultOf(call, 'range-ignored') === undefined ? parseRange(call.request.headers.range, sizeBytes) : undefined;
  const { start, end } = asked ?? { start: 0, end: sizeBytes };
  const source = faultOf(call, 'other-range') === undefined ? start : otherStart(services, start, end, sizeBytes);
  const bytes = services.contents.read(contentKey, source, source + (end - start));
  return {
    status: asked === undefined ? 200 : 206,
    headers: {
      'Content-Type': mimeType,
      'Cache-Control': 'private, max-age=0, must-revalidate',
      ...(asked === undefined ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${sizeBytes}` }),
    },
    body: {
      bytes: faultOf(call, 'altered') === undefined ? bytes : alter(bytes, end > start ? services.random.below(end - start) : 0),
      lengthBytes: end - start,
    },
  };
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * One range: `bytes=a-b`, `bytes=a-` or the last n as `bytes=-n`; anything else is passed over.
 * @throws 416 when it begins behind the end, as every range of an empty file does
 */
function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const range =
    first === ''
      ? { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes }
      : { start: Number(first), end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
  if (last !== '' && first !== '' && Number(last) < Number(first)) return undefined;
  if (range.start >= sizeBytes || range.end <= range.start) {
    throw new Refusal({
      status: 416,
      reason: 'requestedRangeNotSatisfiable',
      message: 'Request range not satisfiable',
      location: 'Range',
      locationType: 'header',
      headers: { 'Content-Range': `bytes */${sizeBytes}` },
    });
  }
  return range;
}

function otherStart(services: Services, start: number, end: number, sizeBytes: number): number {
  const places = sizeBytes - (end - start) + 1;
  return places <= 1 ? start : (start + 1 + services.random.below(places - 1)) % places;
}

async function* alter(bytes: AsyncIterable<Uint8Array>, offset: number): AsyncIterable<Uint8Array> {
  let at = 0;
  for await (const piece of bytes) {
    if (offset < at || offset >= at + piece.length) yield piece;
    else {
      const copy = Uint8Array.from(piece);
      copy[offset - at] = (copy[offset - at] ?? 0) ^ 1;
      yield copy;
    }
    at += piece.length;
  }
}
