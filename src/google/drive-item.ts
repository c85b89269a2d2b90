import { folderType, type DriveItem } from './remote-file.ts';

/** What we ask of every file. A mask is honoured exactly: what is not in it does not come. */
export const itemFields = 'id,name,mimeType,parents,size,sha256Checksum,md5Checksum,headRevisionId,trashed,createdTime,appProperties';

/** Google's place for notes of a program of its own: at most 124 bytes of key and value. */
const markKey = 'cadanganRepository';
const originKey = 'cadanganOrigin';

// Ids become parts of addresses and queries.
const idForm = /^[A-Za-z0-9_-]{1,256}$/;
const sha256Form = /^[0-9a-f]{64}$/;
const md5Form = /^[0-9a-f]{32}$/;
const sizeForm = /^\d{1,16}$/;
const textMax = 4096;

/** A file resource, checked; undefined when it is not one. Texts that are not of the form they should have count as absent. */
export function parseItem(value: unknown): DriveItem | undefined {
  if (!isRecord(value) || !isId(value['id'])) return undefined;
  const mimeType = text(value['mimeType']) ?? '';
  const isFolder = mimeType === folderType;
  return {
    id: value['id'],
    name: typeof value['name'] === 'string' ? value['name'] : '',
    mimeType,
    isFolder,
    parents: Array.isArray(value['parents']) ? value['parents'].filter(isId) : [],
    sizeBytes: isFolder ? undefined : wholeNumber(value['size']),
    sha256: matching(value['sha256Checksum'], sha256Form),
    md5: matching(value['md5Checksum'], md5Form),
    headRevisionId: text(value['headRevisionId']),
    trashed: value['trashed'] === true,
    createdTime: text(value['createdTime']) ?? '',
    mark: isRecord(value['appProperties']) ? matching(value['appProperties'][markKey], sha256Form) : undefined,
    ...(isRecord(value['appProperties']) && { origin: matching(value['appProperties'][originKey], sha256Form) }),
  };
}

/** The part of a new file's metadata that keeps its mark and its origin, 64 hex digits each. */
export function markProperties(mark: string | undefined, origin?: string): Readonly<Record<string, unknown>> {
  return mark === undefined ? {} : { appProperties: { [markKey]: mark, ...(origin !== undefined && { [originKey]: origin }) } };
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && idForm.test(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** int64 comes as a decimal text. */
export function wholeNumber(value: unknown): number | undefined {
  if (typeof value !== 'string' || !sizeForm.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= textMax ? value : undefined;
}

function matching(value: unknown, form: RegExp): string | undefined {
  return typeof value === 'string' && form.test(value.toLowerCase()) ? value.toLowerCase() : undefined;
}
