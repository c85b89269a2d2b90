import type { Caller } from './access.ts';
import { folderType, shortcutType, type Revision, type StoredFile } from './model.ts';
import { applyMask, parseMask, type Mask } from './mask.ts';
import { callerOf, type Call, type Services } from './services.ts';
import { fileShape, usualFields } from './shapes.ts';
import { headOf, quotaBytesOf } from './store.ts';

/** What `files.get` and its kin answer: the wanted fields of the whole resource. @throws 400 for an unknown field */
export function fileMaskOf(fields: string | null | undefined): Mask {
  return parseMask(fields ?? usualFields.file, fileShape);
}

export function fileAnswer(services: Services, call: Call, file: StoredFile): unknown {
  return applyMask(fileResource(services, callerOf(call), file), fileMaskOf(call.url.searchParams.get('fields')));
}

/** All fields that we fill. Numbers of 64 bits are texts, and what there is not is left out. */
export function fileResource(services: Services, caller: Caller, file: StoredFile): Record<string, unknown> {
  const { store, access } = services;
  const owner = file.owner === undefined ? undefined : userResource(services, caller, file.owner);
  const isTrashed = store.isTrashed(file);
  const appProperties = file.appProperties[caller.client];
  const resource: Record<string, unknown> = {
    kind: 'drive#file',
    id: file.id,
    name: file.name,
    mimeType: file.mimeType,
    starred: file.starred,
    trashed: isTrashed,
    explicitlyTrashed: file.explicitlyTrashed,
    ...(file.parent === undefined ? {} : { parents: [file.parent] }),
    ...(file.description === undefined ? {} : { description: file.description }),
    ...(Object.keys(file.properties).length === 0 ? {} : { properties: file.properties }),
    ...(appProperties === undefined || Object.keys(appProperties).length === 0 ? {} : { appProperties }),
    spaces: ['drive'],
    version: String(file.version),
    webViewLink: viewLink(file),
    hasThumbnail: false,
    thumbnailVersion: '0',
    createdTime: rfc3339(file.createdMs),
    modifiedTime: rfc3339(file.modifiedMs),
    modifiedByMeTime: rfc3339(file.modifiedMs),
    modifiedByMe: true,
    viewedByMe: true,
    ...(file.driveId === undefined
      ? { owners: [owner], ownedByMe: file.owner === caller.account }
      : { driveId: file.driveId, teamDriveId: file.driveId }),
    ...(file.explicitlyTrashed && file.driveId !== undefined ? { trashedTime: rfc3339(file.trashedMs ?? 0) } : {}),
    ...(file.mimeType === shortcutType
      ? {
          shortcutDetails: {
            targetId: file.shortcutTarget,
            targetMimeType: store.get(file.shortcutTarget ?? '')?.mimeType ?? 'application/octet-stream',
          },
        }
      : {}),
    shared: file.shared,
    isAppAuthorized: access.isOwn(caller, file),
    quotaBytesUsed: String(quotaBytesOf(file)),
    writersCanShare: true,
    capabilities: capabilitiesOf(file),
    ...contentFields(file, store.nowMs() - services.lags.checksumMs),
  };
  for (const { field, untilMs } of file.lacks) if (untilMs === null || store.nowMs() < untilMs) delete resource[field];
  return resource;
}

export function userResource({ accounts }: Services, caller: Caller, email: string): Record<string, unknown> {
  const known = accounts.get(email);
  return {
    kind: 'drive#user',
    displayName: known?.displayName ?? email.split('@')[0],
    me: email === caller.account,
    permissionId: permissionId(email),
    emailAddress: email,
  };
}

export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}

function contentFields(file: StoredFile, checkedBeforeMs: number): Record<string, unknown> {
  const head = headOf(file);
  if (head === undefined) return {};
  return {
    size: String(head.sizeBytes),
    headRevisionId: head.id,
    originalFilename: file.name,
    ...extensionOf(file.name),
    webContentLink: `https://drive.google.com/uc?id=${file.id}&export=download`,
    ...(head.madeMs <= checkedBeforeMs || head.sizeBytes === 0 ? checksumsOf(head) : {}),
  };
}

function checksumsOf({ md5, sha1, sha256 }: Revision): Record<string, string> {
  return { md5Checksum: md5, sha1Checksum: sha1, sha256Checksum: sha256 };
}

function extensionOf(name: string): Record<string, string> {
  const extension = /[^.]\.([A-Za-z0-9]+)$/.exec(name)?.[1] ?? '';
  return { fileExtension: extension, fullFileExtension: extension };
}

function capabilitiesOf(file: StoredFile): Record<string, boolean> {
  const isFolder = file.mimeType === folderType;
  return {
    canEdit: true,
    canCopy: !isFolder,
    canDelete: true,
    canTrash: file.parent !== undefined,
    canUntrash: file.parent !== undefined,
    canRename: true,
    canDownload: !isFolder,
    canAddChildren: isFolder,
    canListChildren: isFolder,
    canReadRevisions: !isFolder,
    canShare: true,
  };
}

function viewLink({ id, mimeType }: StoredFile): string {
  return mimeType === folderType
    ? `https://drive.google.com/drive/folders/${id}`
    : `https://drive.google.com/file/d/${id}/view?usp=drivesdk`;
}

/** Stable for an account, a number as Google's are. */
function permissionId(email: string): string {
  let value = 7n;
  for (const byte of Buffer.from(email)) value = (value * 257n + BigInt(byte)) % 10n ** 20n;
  return String(value).padStart(20, '1');
}
