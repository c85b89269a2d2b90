import { changesOf, makeRevision, noteFile } from './files.ts';
import { makeFile, requireSpace } from './make-file.ts';
import type { FileMetadata, Revision, StoredFile } from './model.ts';
import { callerOf, faultOf, isSharedDriveAware, type Call, type Services } from './services.ts';

/** Bytes that arrived, and what was said of them. */
export interface ReceivedFile {
  readonly metadata: FileMetadata;
  readonly contentKey: string;
  readonly sizeBytes: number;
  readonly contentType: string | undefined;
}

/** All bytes are there: now it becomes a file, or new content of one. */
export async function settle(
  services: Services,
  call: Call,
  { metadata, contentKey, sizeBytes, contentType }: ReceivedFile,
  target: StoredFile | undefined,
  aware = isSharedDriveAware(call),
): Promise<StoredFile> {
  const caller = callerOf(call);
  const mimeType = metadata.mimeType ?? contentType ?? target?.mimeType ?? 'application/octet-stream';
  const rot = faultOf(call, 'rot');
  if (rot?.visible === true) await rotBits(services, contentKey, sizeBytes);
  const revision = await revisionOf(services, { contentKey, sizeBytes, mimeType }, rot?.visible === true);
  if (rot?.visible === false) await rotBits(services, contentKey, sizeBytes);
  const file =
    target === undefined
      ? makeFile(services, { caller, metadata, mimeType, revision, isSharedDriveAware: aware })
      : await replace(services, call, target, metadata, revision);
  noteFile(call, file);
  const lacks = faultOf(call, 'lacks');
  if (lacks === undefined) return file;
  const untilMs = lacks.ms === undefined ? null : services.store.nowMs() + lacks.ms;
  return services.store.change(file.id, { lacks: lacks.fields.map((field) => ({ field, untilMs })) });
}

async function replace(
  services: Services,
  call: Call,
  target: StoredFile,
  metadata: FileMetadata,
  revision: Revision,
): Promise<StoredFile> {
  const { account } = callerOf(call);
  services.allowance.requireVolume(account);
  requireSpace(services, account, target, revision.sizeBytes);
  services.allowance.countVolume(account, revision.sizeBytes);
  services.store.change(target.id, changesOf(services, call, target, metadata));
  return services.store.addRevision(target.id, revision);
}

/** Checksums are those of the bytes as received, or as they became on the way. */
async function revisionOf(
  services: Services,
  facts: Pick<Revision, 'contentKey' | 'sizeBytes' | 'mimeType'>,
  wasAltered: boolean,
): Promise<Revision> {
  if (wasAltered) services.digests.forget(facts.contentKey);
  return makeRevision(services, facts);
}

async function rotBits(services: Services, contentKey: string, sizeBytes: number): Promise<void> {
  if (sizeBytes > 0) await services.contents.rot(contentKey, services.random.below(sizeBytes));
}
