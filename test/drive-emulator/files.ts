import { empty, json, type Answer } from './answer.ts';
import { Refusal, badRequest, invalidValue, noPermission, notFound, refusalOf } from './errors.ts';
import { makeFile, requireRoom, requireSpace, reservations } from './make-file.ts';
import { applyMask, parseMask } from './mask.ts';
import { mergeProperties, notWritable, parseMetadata } from './metadata.ts';
import { folderType, shortcutType, type FileMetadata, type Revision, type StoredFile } from './model.ts';
import { fileAnswer, fileMaskOf } from './resource.ts';
import { callerOf, isSharedDriveAware, type Call, type Services } from './services.ts';
import { generatedIdsShape } from './shapes.ts';
import { headOf } from './store.ts';

const emptyTrashMs = 60_000;

export async function getFile(services: Services, call: Call): Promise<Answer> {
  return json(fileAnswer(services, call, fileOf(services, call)));
}

/** Metadata only: a folder, a shortcut, or a file of 0 bytes. */
export async function createFile(services: Services, call: Call): Promise<Answer> {
  fileMaskOf(call.url.searchParams.get('fields'));
  const metadata = parseMetadata(call.body);
  const mimeType = metadata.mimeType ?? 'application/octet-stream';
  const hasBytes = !mimeType.startsWith('application/vnd.google-apps.');
  if (mimeType === shortcutType && metadata.shortcutDetails?.targetId === undefined) throw badRequest('A shortcut needs a target.');
  const revision = hasBytes ? await makeRevision(services, { contentKey: services.ids.text(18), sizeBytes: 0, mimeType }) : undefined;
  const file = makeFile(services, { caller: callerOf(call), metadata, mimeType, revision, isSharedDriveAware: isSharedDriveAware(call) });
  noteFile(call, file);
  return json(fileAnswer(services, call, file));
}

export async function updateFile(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  fileMaskOf(call.url.searchParams.get('fields'));
  const metadata = parseMetadata(call.body);
  if (metadata.parents !== undefined)
    throw notWritable(
      'The parents field is not directly writable in update requests. Use the addParents and removeParents parameters instead.',
    );
  const changes = { ...changesOf(services, call, file, metadata), ...move(services, call, file) };
  return json(fileAnswer(services, call, services.store.change(file.id, changes)));
}

export async function deleteFile(services: Services, call: Call): Promise<Answer> {
  const file = fileOf(services, call);
  services.access.requireRole(callerOf(call), file, ['organizer']);
  if (file.parent === undefined || (file.driveId === undefined && file.owner !== callerOf(call).account)) throw noPermission();
  await services.store.remove(file.id);
  return empty(204);
}

export async function copyFile(services: Services, call: Call): Promise<Answer> {
  const original = fileOf(services, call);
  const head = headOf(original);
  if (head === undefined) throw refusalOf('cannotCopyFile', { message: 'This file cannot be copied by the user.' });
  const given = parseMetadata(call.body);
  const metadata = { ...given, name: given.name ?? `Copy of ${original.name}`, parents: given.parents ?? [original.parent ?? 'root'] };
  const contentKey = services.ids.text(18);
  await services.contents.copy(head.contentKey, contentKey);
  const revision: Revision = { ...head, id: services.ids.revision(), contentKey, madeMs: services.store.nowMs(), keepForever: false };
  const file = makeFile(services, {
    caller: callerOf(call),
    metadata,
    mimeType: original.mimeType,
    revision,
    isSharedDriveAware: isSharedDriveAware(call),
  });
  noteFile(call, file);
  return json(fileAnswer(services, call, file));
}

export async function generateIds(services: Services, call: Call): Promise<Answer> {
  const { searchParams } = call.url;
  const count = Number(searchParams.get('count') ?? 10);
  if (!Number.isInteger(count) || count < 1 || count > 1_000) throw invalidValue('count');
  const ids = Array.from({ length: count }, () => services.ids.file());
  for (const id of ids) reservations(services).set(id, { account: callerOf(call).account, isUsed: false });
  const answer = { kind: 'drive#generatedIds', space: searchParams.get('space') ?? 'drive', ids };
  return json(applyMask(answer, parseMask(searchParams.get('fields') ?? '*', generatedIdsShape)));
}

/** Answers at once; it happens later. */
export async function emptyTrash(services: Services, call: Call): Promise<Answer> {
  services.store.emptyTrashLater(callerOf(call).account, emptyTrashMs);
  return empty(204);
}

/** @throws 404 */
export function fileOf(services: Services, call: Call): StoredFile {
  const file = services.access.file(callerOf(call), call.id, isSharedDriveAware(call));
  noteFile(call, file);
  return file;
}

export function noteFile(call: Call, file: StoredFile): void {
  call.entry.fileId = file.id;
  call.entry.fileName = file.name;
}

export async function makeRevision(
  services: Services,
  { contentKey, sizeBytes, mimeType }: Pick<Revision, 'contentKey' | 'sizeBytes' | 'mimeType'>,
): Promise<Revision> {
  const sums = await services.digests.finish(contentKey, sizeBytes);
  return { id: services.ids.revision(), contentKey, sizeBytes, mimeType, ...sums, madeMs: services.store.nowMs(), keepForever: false };
}

/** What a PATCH says, checked; used by uploads of new content too. */
export function changesOf(services: Services, call: Call, file: StoredFile, metadata: FileMetadata): Partial<StoredFile> {
  const caller = callerOf(call);
  services.access.requireRole(caller, file, ['organizer', 'fileOrganizer', 'writer']);
  if (metadata.id !== undefined && metadata.id !== file.id)
    throw notWritable('The resource body includes fields which are not directly writable.');
  const nowMs = services.store.nowMs();
  const isTrashing = metadata.trashed !== undefined && metadata.trashed !== file.explicitlyTrashed;
  if (isTrashing && metadata.trashed === true) requireTrashable(services, call, file);
  return {
    modifiedMs: metadata.modifiedTime === undefined ? nowMs : Date.parse(metadata.modifiedTime),
    ...(metadata.name === undefined ? {} : { name: metadata.name }),
    ...(metadata.mimeType === undefined || file.mimeType === folderType ? {} : { mimeType: metadata.mimeType }),
    ...(metadata.description === undefined ? {} : { description: metadata.description }),
    ...(metadata.starred === undefined ? {} : { starred: metadata.starred }),
    ...(isTrashing ? { explicitlyTrashed: metadata.trashed === true, trashedMs: metadata.trashed === true ? nowMs : undefined } : {}),
    ...(metadata.properties === undefined ? {} : { properties: mergeProperties(file.properties, metadata.properties) }),
    ...(metadata.appProperties === undefined
      ? {}
      : {
          appProperties: {
            ...file.appProperties,
            [caller.client]: mergeProperties(file.appProperties[caller.client] ?? {}, metadata.appProperties),
          },
        }),
  };
}

function requireTrashable(services: Services, call: Call, file: StoredFile): void {
  if (file.parent === undefined) throw noPermission();
  if (file.driveId !== undefined) services.access.requireRole(callerOf(call), file, ['organizer', 'fileOrganizer']);
  else if (file.owner !== callerOf(call).account) throw refusalOf('insufficientFilePermissions');
}

function move(services: Services, call: Call, file: StoredFile): Partial<StoredFile> {
  const [added, removed] = ['addParents', 'removeParents'].map((name) =>
    (call.url.searchParams.get(name) ?? '').split(',').filter((id) => id !== ''),
  );
  if (added === undefined || removed === undefined || (added.length === 0 && removed.length === 0)) return {};
  const rootId = services.access.rootOf(callerOf(call).account);
  const gone = removed.map((id) => (id === 'root' ? rootId : id));
  if (gone.some((id) => id !== file.parent)) throw notFound(gone[0] ?? '');
  if (added.length !== 1)
    throw new Refusal({ status: 403, reason: 'cannotAddParent', message: 'Increasing the number of parents is not allowed' });
  const parent = services.access.parent(callerOf(call), added[0] ?? '', isSharedDriveAware(call));
  if (gone.length === 0 && parent.id !== file.parent)
    throw new Refusal({ status: 403, reason: 'cannotAddParent', message: 'Increasing the number of parents is not allowed' });
  if (file.mimeType === folderType && parent.driveId !== file.driveId) throw refusalOf('teamDrivesFolderMoveInNotSupported');
  if (services.store.isBelow(parent, file.id))
    throw refusalOf('cyclicMembership', { message: 'The specified parent is a descendant of the file.' });
  requireRoom(services, parent);
  if (file.driveId !== undefined && parent.driveId === undefined)
    requireSpace(services, callerOf(call).account, parent, headOf(file)?.sizeBytes ?? 0);
  return {
    parent: parent.id,
    driveId: parent.driveId,
    owner: parent.driveId === undefined ? (file.owner ?? callerOf(call).account) : undefined,
  };
}
