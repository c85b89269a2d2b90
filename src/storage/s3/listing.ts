import { ConnectionFault } from '../../http/index.ts';
import { CadanganError } from '../../platform/index.ts';
import type { S3Answer, S3Line } from './s3-line.ts';
import { childrenOf, parseXml, textOf, type XmlElement } from './xml.ts';

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * All objects whose names begin with `prefix`, page by page. A page that cannot be what was asked for ends the list with an error: of one
 * that is short nobody may learn that the rest is gone.
 * @throws as `S3Line.send`; ConnectionFault for an answer that is none
 */
export async function* listObjects(line: S3Line, prefix: string, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
  const list: PagedList = {
    query: { 'list-type': '2', prefix },
    root: 'ListBucketResult',
    next: { 'continuation-token': 'NextContinuationToken' },
  };
  for await (const page of pagesOf(line, list, signal)) {
    const objects = childrenOf(page, 'Contents').map((element) => objectOf(element, prefix));
    const count = textOf(page, 'KeyCount');
    if (count !== undefined && Number(count) !== objects.length) throw new ConnectionFault('a list that counts itself wrong');
    yield* objects;
  }
}

/** A hundred million names: no repository has so many, and their names alone would fill the memory. */
const pagesMax = 100_000;
/** A page may be empty where much was removed; one after the other, nothing comes any more. */
const emptyPagesMax = 1000;

/** A list that comes in pages. */
export interface PagedList {
  readonly query: Readonly<Record<string, string>>;
  /** The element that an answer is. */
  readonly root: string;
  /** What a next page is asked by: the name of the parameter, and that of the element which tells it. */
  readonly next: Readonly<Record<string, string>>;
}

/** The pages of any list. @throws as `listObjects`; `storage.unreachable` with the reason `endless-list`, which nobody asks again for */
export async function* pagesOf(
  line: S3Line,
  { query, root, next: told }: PagedList,
  signal: AbortSignal,
): AsyncGenerator<XmlElement, void, undefined> {
  let markers: Readonly<Record<string, string>> = {};
  const seen = new Set<string>();
  for (let pages = 1, emptyPages = 0; ; pages++) {
    const page = answerOf(await line.send({ method: 'GET', query: { ...query, ...markers }, signal }), root);
    yield page;
    emptyPages = page.children.some(({ children }) => children.length > 0) ? 0 : emptyPages + 1;
    const truncated = textOf(page, 'IsTruncated');
    if (truncated === 'false') return;
    const next = Object.fromEntries(Object.entries(told).map(([parameter, element]) => [parameter, textOf(page, element) ?? '']));
    // Without a place to go on at the list would be short; with one that came already, or ever more of them, without end.
    if (truncated !== 'true' || Object.values(next).some((marker) => marker === ''))
      throw new ConnectionFault('a list that does not go on');
    const place = JSON.stringify(next);
    if (seen.has(place) || pages >= pagesMax || emptyPages >= emptyPagesMax)
      throw new CadanganError('storage.unreachable', { reason: 'endless-list' });
    seen.add(place);
    markers = next;
  }
}

/** The root element of an answer. @throws ConnectionFault when it is another one */
export function answerOf({ bytes }: S3Answer, root: string): XmlElement {
  const found = parseXml(bytes);
  if (found?.name !== root) throw new ConnectionFault('not an answer of S3');
  return found;
}

function objectOf(element: XmlElement, prefix: string): ListedObject {
  const [key, size] = [textOf(element, 'Key'), textOf(element, 'Size')];
  if (key === undefined || !key.startsWith(prefix) || size === undefined || !/^\d{1,15}$/.test(size))
    throw new ConnectionFault('a list of something else');
  return { key, sizeBytes: Number(size) };
}
