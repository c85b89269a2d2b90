import { Refusal, badRequest, invalidValue } from './errors.ts';
import type { FileMetadata } from './model.ts';

const texts = ['id', 'name', 'mimeType', 'createdTime', 'modifiedTime', 'description'] as const;
const flags = ['trashed', 'starred'] as const;
/** In a body these are refused; other unknown names are passed over. */
const readOnly = [
  'size',
  'md5Checksum',
  'sha1Checksum',
  'sha256Checksum',
  'headRevisionId',
  'version',
  'kind',
  'owners',
  'ownedByMe',
  'shared',
  'driveId',
  'explicitlyTrashed',
  'isAppAuthorized',
  'quotaBytesUsed',
];
const propertyBytesMax = 124;
const appPropertiesMax = 30;

/** Checks a JSON body. @throws 400 for wrong types, 403 `fieldNotWritable` */
export function parseMetadata(body: unknown): FileMetadata {
  if (body === undefined || body === null || body === '') return {};
  if (typeof body !== 'object' || Array.isArray(body)) throw badRequest('Parse Error');
  const raw = body as Record<string, unknown>;
  for (const name of readOnly)
    if (name !== 'kind' && raw[name] !== undefined) throw notWritable('The resource body includes fields which are not directly writable.');
  const metadata: Record<string, unknown> = {};
  for (const name of texts) if (raw[name] != null) metadata[name] = requireType(name, raw[name], 'string');
  for (const name of flags) if (raw[name] != null) metadata[name] = requireType(name, raw[name], 'boolean');
  if (raw['parents'] != null) metadata['parents'] = requireTexts(raw['parents']);
  for (const name of ['properties', 'appProperties']) if (raw[name] != null) metadata[name] = requireProperties(name, raw[name]);
  if (raw['shortcutDetails'] != null) metadata['shortcutDetails'] = raw['shortcutDetails'];
  const checked = metadata as FileMetadata;
  for (const name of ['createdTime', 'modifiedTime'] as const)
    if (Number.isNaN(Date.parse(checked[name] ?? '2000-01-01'))) throw invalidValue(name);
  return checked;
}

export function notWritable(message: string): Refusal {
  return new Refusal({ status: 403, reason: 'fieldNotWritable', message });
}

/** Null takes a property away. */
export function mergeProperties(
  before: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>> | undefined,
): Record<string, string> {
  const after: Record<string, string> = { ...before };
  for (const [key, value] of Object.entries(changes ?? {})) {
    if (value === null) delete after[key];
    else after[key] = value;
  }
  if (Object.keys(after).length > appPropertiesMax)
    throw new Refusal({
      status: 403,
      reason: 'propertyCountLimitExceeded',
      message: 'The maximum number of properties has been exceeded.',
    });
  return after;
}

function requireType(name: string, value: unknown, type: 'string' | 'boolean'): unknown {
  const actual = typeof value;
  if (actual !== type) throw invalidValue(name);
  return value;
}

function requireTexts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) throw invalidValue('parents');
  return value as string[];
}

function requireProperties(name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) throw invalidValue(name);
  for (const [key, text] of Object.entries(value)) {
    if (text !== null && typeof text !== 'string') throw invalidValue(name);
    if (Buffer.byteLength(key) + Buffer.byteLength(text ?? '') > propertyBytesMax)
      throw new Refusal({ status: 403, reason: 'propertyTooLong', message: 'The property key and value are too long together.' });
  }
  return value;
}
