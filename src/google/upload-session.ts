import type { GoogleEndpoints } from './endpoints.ts';
import { itemFields, markProperties } from './drive-item.ts';
import { faultOf } from './answer-fault.ts';
import { type Answer } from './fault.ts';
import { isLoopback, type PlaneRequest } from '../http/index.ts';
import type { CallKind } from './pacer.ts';
import type { Wire } from './wire.ts';

/** The file that is to come into being with the last byte. */
export interface UploadTarget {
  readonly id: string;
  readonly name: string;
  readonly mimeType: string;
  readonly parentId: string;
  /** Undefined while nobody knows. */
  readonly sizeBytes: number | undefined;
  /** See `DriveItem.mark`. */
  readonly mark?: string | undefined;
  /** See `DriveItem.origin`. */
  readonly origin?: string | undefined;
}

/** What an upload speaks through. */
export interface SessionWorld {
  readonly wire: Wire;
  readonly endpoints: GoogleEndpoints;
}

/** Asks for an address that takes the bytes. It may be asked again at will: no file exists before its last byte. */
export function openSession(
  world: SessionWorld,
  { id, name, mimeType, parentId, sizeBytes, mark, origin }: UploadTarget,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const length: Record<string, string> = sizeBytes === undefined ? {} : { 'X-Upload-Content-Length': String(sizeBytes) };
  return send(world, 'create', {
    method: 'POST',
    url: `${world.endpoints.upload}/files?uploadType=resumable&supportsAllDrives=true&fields=${encodeURIComponent(itemFields)}`,
    headers: { 'Content-Type': 'application/json; charset=UTF-8', 'X-Upload-Content-Type': mimeType, ...length },
    body: JSON.stringify({ id, name, parents: [parentId], mimeType, ...markProperties(mark, origin) }),
    signal,
  });
}

/**
 * Sends bytes to a session, or asks how far it is.
 * @param range the value of `Content-Range`. @param isLast once these bytes are out, the file may be complete, and an abort waits for the
 * answer
 */
export function putToSession(
  world: SessionWorld,
  session: string,
  range: string | undefined,
  body: Uint8Array,
  isLast: boolean,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const headers: Record<string, string> = range === undefined ? {} : { 'Content-Range': range };
  return send(world, body.length === 0 ? 'free' : 'write', { method: 'PUT', url: session, headers, body, signal, settleOnceSent: isLast });
}

/**
 * The address in an answer, if it may be used: what is sent there is the file, so it goes to Google, or to the emulator that was asked for.
 */
export function sessionUriOf(answer: Answer, endpoints: GoogleEndpoints): string | undefined {
  const location = answer.header('location');
  return location !== undefined && isSessionUri(location, endpoints) ? location : undefined;
}

export function isSessionUri(address: string, endpoints: GoogleEndpoints): boolean {
  const [url, upload] = [URL.parse(address), new URL(endpoints.upload)];
  if (!url) return false;
  if (isLoopback(upload)) return url.origin === upload.origin;
  return url.protocol === 'https:' && (url.hostname === 'googleapis.com' || url.hostname.endsWith('.googleapis.com'));
}

/** How much a 308 says is kept. `bytes=0-42` means 43 bytes, whatever Google's guide says; without the header nothing is kept. */
export function keptBytesOf(answer: Answer): number {
  const end = /^bytes=0-(\d{1,15})$/.exec(answer.header('range') ?? '')?.[1];
  return end === undefined ? 0 : Number(end) + 1;
}

/** A token that is refused must be known as such where it was taken from. */
function send({ wire, endpoints }: SessionWorld, kind: CallKind, request: PlaneRequest): Promise<Answer> {
  return wire.once(kind, request.signal, async (token) => {
    const answer = await wire.plane.send({ ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } });
    // Google's 308 leads nowhere, or to a session of its own: one that leads elsewhere is a redirect of something on the way.
    const isElsewhere = answer.status === 308 && answer.header('location') !== undefined && sessionUriOf(answer, endpoints) === undefined;
    if (answer.status === 401 || isElsewhere) throw faultOf(answer);
    return answer;
  });
}
