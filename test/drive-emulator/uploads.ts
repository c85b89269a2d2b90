import { empty, json, type Answer } from './answer.ts';
import { readAll, bytesOf } from './body.ts';
import { Refusal, badRequest, invalidValue } from './errors.ts';
import { fileOf } from './files.ts';
import { requireCreatable, requireSpace } from './make-file.ts';
import { parseMetadata } from './metadata.ts';
import { folderType, type UploadSession } from './model.ts';
import { parseMultipart } from './multipart.ts';
import { fileAnswer, fileMaskOf } from './resource.ts';
import { sessionsOf } from './session-table.ts';
import { settle, type ReceivedFile } from './settle.ts';
import { callerOf, isSharedDriveAware, type Call, type Services } from './services.ts';

/** `uploadType=resumable`: the address for the bytes. No file comes into being before the last of them. */
export async function openUpload(services: Services, call: Call): Promise<Answer> {
  const caller = callerOf(call);
  const { headers } = call.request;
  const metadata = parseMetadata(call.body);
  fileMaskOf(call.url.searchParams.get('fields'));
  const totalBytes = announcedBytes(headers['x-upload-content-length']);
  const target = call.id === '' ? undefined : fileOf(services, call);
  if (metadata.mimeType === folderType) throw badRequest('The folder type is no type for bytes.');
  if (target === undefined) {
    call.entry.fileName = metadata.name;
    call.entry.fileId = metadata.id;
    requireCreatable(
      services,
      { caller, metadata, isSharedDriveAware: isSharedDriveAware(call) },
      { sizeBytes: totalBytes ?? 0, checksId: services.conflictAt === 'opening' },
    );
  } else {
    services.allowance.requireVolume(caller.account);
    requireSpace(services, caller.account, target, totalBytes ?? 0);
  }
  const uploadId = services.ids.text(60);
  const session: UploadSession = {
    openedMs: services.store.nowMs(),
    account: caller.account,
    client: caller.client,
    project: caller.project,
    scopes: caller.scopes,
    totalBytes,
    contentKey: services.ids.text(18),
    keptBytes: 0,
    targetId: target?.id,
    metadata,
    contentType: textOf(headers['x-upload-content-type']),
    fields: call.url.searchParams.get('fields') ?? undefined,
    isSharedDriveAware: isSharedDriveAware(call),
    finishedId: undefined,
  };
  sessionsOf(services).set(uploadId, session);
  const query = new URLSearchParams(call.url.searchParams);
  query.set('upload_id', uploadId);
  return empty(200, { Location: `${call.baseUrl}${call.url.pathname}?${query.toString()}`, 'X-GUploader-UploadID': uploadId });
}

/** `uploadType=media`: bytes only. */
export async function uploadBytes(services: Services, call: Call): Promise<Answer> {
  const contentKey = services.ids.text(18);
  let sizeBytes = 0;
  for await (const piece of bytesOf(services, call)) {
    await services.digests.append(contentKey, sizeBytes, piece);
    sizeBytes += piece.length;
  }
  return finishUpload(services, call, { metadata: {}, contentKey, sizeBytes, contentType: textOf(call.request.headers['content-type']) });
}

/** `uploadType=multipart`: metadata and bytes in one body; meant for small files, and read into memory. */
export async function uploadMultipart(services: Services, call: Call): Promise<Answer> {
  const parts = parseMultipart(call.request.headers['content-type'] ?? '', await readAll(services, call));
  const [first, second] = parts;
  if (first === undefined || second === undefined || parts.length !== 2) throw badRequest('Missing end boundary in multipart body.');
  const metadata = parseMetadata(parseJson(first.bytes));
  if (metadata.mimeType === folderType) throw badRequest('The folder type is no type for bytes.');
  const contentKey = services.ids.text(18);
  await services.digests.append(contentKey, 0, second.bytes);
  return finishUpload(services, call, { metadata, contentKey, sizeBytes: second.bytes.length, contentType: second.contentType });
}

async function finishUpload(services: Services, call: Call, received: ReceivedFile): Promise<Answer> {
  fileMaskOf(call.url.searchParams.get('fields'));
  const target = call.id === '' ? undefined : fileOf(services, call);
  const file = await settle(services, call, received, target);
  return json(fileAnswer(services, call, file));
}

function announcedBytes(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  const value = Number(header);
  if (!Number.isSafeInteger(value) || value < 0) throw invalidValue('X-Upload-Content-Length');
  return value;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    throw new Refusal({ status: 400, reason: 'parseError', message: 'Parse Error' });
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
