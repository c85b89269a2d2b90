import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../../../src/platform/index.ts';
import { openRest, openS3, type Storage } from '../../../src/storage/index.ts';
import { refused, S3Server, type Asked, type Whim } from '../../s3/s3-server.ts';
import { MemoryRestServer } from '../../storage/memory-rest-server.ts';

/** An answer of somebody else. */
export interface StrangeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** In what a server is not as it says. Files go by their names in a repository: `data/ab12…`. */
export interface Lies {
  /** What it keeps of a file of which it says that it has stored it; undefined: nothing. */
  readonly keeps?: (file: string, bytes: Buffer) => Buffer | undefined;
  /** What it lists, by name with the size. @param there the truth */
  readonly lists?: (kind: string, there: ReadonlyMap<string, number>) => ReadonlyMap<string, number>;
  /** What it says to whatever it is asked. */
  readonly answers?: StrangeAnswer;
}

/** A server of one road, in this process, that is honest until a test says what it lies about. */
export interface LyingServer extends AsyncDisposable {
  readonly location: string;
  /** For the command line. */
  readonly environment: Readonly<Record<string, string>>;
  lies: Lies;
  /** What it has, by name. */
  files(): ReadonlyMap<string, Buffer>;
  openRoad(): Storage;
}

/** As restic's rest-server. */
export async function lyingRest(): Promise<LyingServer> {
  const server = await MemoryRestServer.open();
  const files = () => new Map([...server.files].map(([place, bytes]) => [nameOf(place), bytes]));
  const it: LyingServer = {
    location: `rest:${server.url.href}`,
    environment: {},
    lies: {},
    files,
    openRoad: () => openRest(server.url, { clock: systemClock }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  server.interfere = async (request, response) => {
    const name = (request.url ?? '').slice(server.url.pathname.length);
    const { answers, keeps, lists } = it.lies;
    if (answers) {
      await bodyOf(request);
      answer(response, answers);
    } else if (keeps && request.method === 'POST' && name.includes('/')) {
      const kept = keeps(name, await bodyOf(request));
      if (kept) server.files.set(placeOf(name), kept);
      response.end();
    } else if (lists && request.method === 'GET' && name.endsWith('/')) {
      const shown = lists(name.slice(0, -1), listed(files(), name));
      response.setHeader('Content-Type', 'application/vnd.x.restic.rest.v2');
      response.end(JSON.stringify(Array.from(shown, ([each, size]) => ({ name: each, size }))));
    } else return false;
    return true;
  };
  return it;
}

/** As an object store, which refuses bytes that do not fit the hash they came with: another cannot come behind it. */
export async function lyingS3(): Promise<LyingServer> {
  const server = await S3Server.start();
  const place = server.locationOf('repo');
  const files = () => new Map([...server.objects].map(([key, bytes]) => [nameOf(key.replace(/^repo\//, '')), bytes]));
  const it: LyingServer = {
    location: `s3:${place.endpoint.origin}/${place.bucket}/repo`,
    environment: server.environment,
    lies: {},
    files,
    openRoad: () => openS3(place, { environment: server.environment, homeFolder: '/nowhere', clock: systemClock }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  server.whim = (asked) => whimOf(asked, it.lies, files(), server.objects);
  return it;
}

const noUploads = '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>';

function whimOf(
  { method, key, query, body }: Asked,
  { answers, keeps, lists }: Lies,
  files: ReadonlyMap<string, Buffer>,
  objects: Map<string, Buffer>,
): Whim {
  if (answers) return answers;
  const name = nameOf(key.replace(/^repo\//, ''));
  if (keeps && method === 'PUT' && name.includes('/')) {
    const kept = keeps(name, body);
    const isAsSent = kept?.length !== body.length || kept.equals(body);
    if (!isAsSent) return refused(400, 'XAmzContentSHA256Mismatch');
    if (kept) objects.set(key, kept);
    return { status: 200, headers: { ETag: '"tag"' } };
  }
  if (query.has('uploads')) return { status: 200, body: noUploads };
  const prefix = query.get('prefix') ?? '';
  if (!lists || key !== '' || !prefix.endsWith('/')) return undefined;
  const kind = prefix.slice('repo/'.length, -1);
  const shown = [...lists(kind, listed(files, `${kind}/`))];
  const contents = shown.map(([each, size]) => `<Contents><Key>repo/${placeOf(`${kind}/${each}`)}</Key><Size>${size}</Size></Contents>`);
  return { status: 200, body: `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>` };
}

function listed(files: ReadonlyMap<string, Buffer>, folder: string): Map<string, number> {
  const own = [...files].filter(([name]) => name.startsWith(folder));
  return new Map(own.map(([name, bytes]) => [name.slice(folder.length), bytes.length]));
}

/** `data/ab/ab12…` is `data/ab12…`. */
function nameOf(place: string): string {
  return place.replace(/^data\/..\//, 'data/');
}

function placeOf(name: string): string {
  return name.replace(/^data\/(..)/, 'data/$1/$1');
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, { status, headers = {}, body }: StrangeAnswer): void {
  response.writeHead(status, headers).end(body);
}
