import { empty, json, type Answer } from './answer.ts';
import { ConnectionLost, bytesOf } from './body.ts';
import { parseContentRange, type ContentRange } from './content-range.ts';
import { Refusal, badRequest, noRoute } from './errors.ts';
import { Granules, granuleBytes } from './granules.ts';
import { applyMask } from './mask.ts';
import type { StoredFile, UploadSession } from './model.ts';
import { fileMaskOf, fileResource } from './resource.ts';
import { faultOf, type Call, type Services } from './services.ts';
import { sessionsOf } from './session-table.ts';
import { settle } from './settle.ts';

const weekMs = 7 * 86_400_000;

/** A PUT to the address of an upload: a piece, the whole, or the question how far it is. */
export async function putToSession(services: Services, call: Call): Promise<Answer> {
  const uploadId = call.url.searchParams.get('upload_id') ?? '';
  return services.turns.take(
    uploadId,
    () => call.request.socket.destroy(),
    () => put(services, call, uploadId),
  );
}

async function put(services: Services, call: Call, uploadId: string): Promise<Answer> {
  const session = requireSession(services, call, uploadId);
  const range = parseContentRange(call.request.headers['content-range'], call.request.headers['content-length']);
  if (session.finishedId !== undefined) return finishedAnswer(services, call, session, session.finishedId);
  // Whoever asks after an end that was refused (no space) gets another try at it.
  if (range.kind === 'status' && session.totalBytes === session.keptBytes && session.keptBytes > 0)
    return finish(services, call, uploadId, session);
  if (range.kind === 'status') return more(services, call, uploadId, session.keptBytes);
  const totalBytes = range.totalBytes ?? session.totalBytes;
  requireFitting(session, range, totalBytes);
  const received = await receive(services, call, uploadId, session, range, totalBytes);
  if (totalBytes === undefined || received.keptBytes < totalBytes) return more(services, call, uploadId, received.keptBytes);
  return finish(services, call, uploadId, received);
}

/** Takes in the body. What arrived before a drop is kept in whole granules; the end of the file is kept as it is. */
async function receive(
  services: Services,
  call: Call,
  uploadId: string,
  session: UploadSession,
  range: ContentRange & { readonly kind: 'bytes' },
  totalBytes: number | undefined,
): Promise<UploadSession> {
  let keptBytes = session.keptBytes;
  let receivedBytes = 0;
  const limitBytes = keptBytes + keepLimit(services, call, range.lengthBytes);
  const granules = new Granules(async (bytes) => {
    const kept = bytes.subarray(0, Math.max(0, limitBytes - keptBytes));
    if (kept.length === 0) return;
    await services.digests.append(session.contentKey, keptBytes, kept);
    keptBytes += kept.length;
  });
  try {
    for await (const piece of bytesOf(services, call)) {
      receivedBytes += piece.length;
      if (receivedBytes <= range.lengthBytes) await granules.add(piece);
    }
    if (receivedBytes !== range.lengthBytes) throw badRequest(`Expected ${range.lengthBytes} bytes, got ${receivedBytes}.`);
    await granules.flush(session.keptBytes + receivedBytes === totalBytes);
  } catch (error) {
    if (error instanceof ConnectionLost) await granules.flush();
    throw error;
  } finally {
    sessionsOf(services).set(uploadId, { ...session, keptBytes, totalBytes });
  }
  return { ...session, keptBytes, totalBytes };
}

async function finish(services: Services, call: Call, uploadId: string, session: UploadSession): Promise<Answer> {
  const { metadata, contentKey, contentType, targetId, isSharedDriveAware } = session;
  const sizeBytes = session.keptBytes;
  const asOpened: Call = { ...call, caller: session }; // the address is all that the caller needs
  const target = targetId === undefined ? undefined : services.access.file(session, targetId, isSharedDriveAware);
  const file = await settle(services, asOpened, { metadata, contentKey, sizeBytes, contentType }, target, isSharedDriveAware);
  sessionsOf(services).set(uploadId, { ...session, finishedId: file.id });
  return json(resourceFor(services, session, file));
}

/** 308 with what is kept; without `Range` that is nothing. */
function more(services: Services, call: Call, uploadId: string, keptBytes: number): Answer {
  const lie = faultOf(call, 'false-range');
  const claimedBytes = keptBytes + (lie === undefined ? 0 : (lie.extraBytes ?? granuleBytes));
  const moved = faultOf(call, 'session-moved') === undefined ? {} : { Location: moveSession(services, call, uploadId) };
  const range: Record<string, string> = claimedBytes === 0 ? {} : { Range: `bytes=0-${claimedBytes - 1}` };
  return empty(308, { 'Content-Length': '0', 'X-GUploader-UploadID': uploadId, ...range, ...moved });
}

function moveSession(services: Services, call: Call, uploadId: string): string {
  const session = sessionsOf(services).get(uploadId);
  const movedId = services.ids.text(60);
  if (session !== undefined) sessionsOf(services).set(movedId, session);
  sessionsOf(services).delete(uploadId);
  const query = new URLSearchParams(call.url.searchParams);
  query.set('upload_id', movedId);
  return `${call.baseUrl}${call.url.pathname}?${query.toString()}`;
}

/** @throws 404 for an address that never was, is a week old, or is ordered to be gone */
function requireSession(services: Services, call: Call, uploadId: string): UploadSession {
  const sessions = sessionsOf(services);
  const session = sessions.get(uploadId);
  const gone = faultOf(call, 'session-gone');
  if (session === undefined || gone !== undefined || services.store.nowMs() >= session.openedMs + weekMs) {
    sessions.delete(uploadId);
    throw gone?.status === 400 || gone?.status === 410
      ? new Refusal({
          status: gone.status,
          reason: gone.status === 410 ? 'gone' : 'badRequest',
          message: 'The upload session is no longer valid.',
        })
      : noRoute();
  }
  return session;
}

function requireFitting(session: UploadSession, range: ContentRange & { readonly kind: 'bytes' }, totalBytes: number | undefined): void {
  if (session.totalBytes !== undefined && range.totalBytes !== undefined && session.totalBytes !== range.totalBytes)
    throw badRequest('The total size differs from what was announced.');
  // Pieces out of order were seen to end so, repeated ones with them.
  if (range.start !== session.keptBytes) throw new Refusal({ status: 503, reason: 'backendError', message: 'Backend Error' });
  const isLast = totalBytes !== undefined && range.start + range.lengthBytes === totalBytes;
  if (!isLast && range.lengthBytes % granuleBytes !== 0)
    throw badRequest('Failed to parse Content-Range header: pieces but the last are multiples of 262144 bytes.');
}

function keepLimit(services: Services, call: Call, lengthBytes: number): number {
  const fault = faultOf(call, 'keep-less');
  if (fault === undefined) return Infinity;
  const wanted = fault.keepBytes ?? services.random.below(Math.max(1, lengthBytes));
  return Math.floor(Math.min(wanted, lengthBytes - 1) / granuleBytes) * granuleBytes;
}

function finishedAnswer(services: Services, call: Call, session: UploadSession, id: string): Answer {
  const file = services.store.get(id);
  if (file === undefined) throw noRoute();
  call.entry.fileId = id;
  return json(resourceFor(services, session, file));
}

/** The fields asked for at the opening. */
function resourceFor(services: Services, session: UploadSession, file: StoredFile): unknown {
  return applyMask(fileResource(services, session, file), fileMaskOf(session.fields));
}
