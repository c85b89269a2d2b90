import type { WindowsAttributes } from '../../platform/index.ts';
import { encodeBase64 } from './base64.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './go-json.ts';

// restic's `generic_attributes` of Windows (0.17 and later): https://restic.readthedocs.io/en/stable/040_backup.html, "Backing up file
// metadata", and its source internal/data/node.go. A map, so that Go writes the keys in the order of their bytes.
export const creationTimeKey = 'windows.creation_time';
const fileAttributesKey = 'windows.file_attributes';
const securityDescriptorKey = 'windows.security_descriptor';

/** What a node says of Windows, and the names of what it says besides that we do not know or cannot read. */
export interface ReadWindowsAttributes {
  readonly attributes: WindowsAttributes;
  readonly unknown: readonly string[];
}

/** As restic writes it. `FILETIME` is Go's structure of two halves of 32 bits, the descriptor base64. */
export function genericAttributesOf({ creationTime, fileAttributes, securityDescriptor }: WindowsAttributes): JsonObject {
  const generic: Record<string, JsonValue> = {};
  if (creationTime !== undefined) {
    generic[creationTimeKey] = {
      LowDateTime: Number(creationTime & 0xffff_ffffn),
      HighDateTime: Number((creationTime >> 32n) & 0xffff_ffffn),
    };
  }
  if (fileAttributes !== undefined) generic[fileAttributesKey] = fileAttributes;
  if (securityDescriptor !== undefined) generic[securityDescriptorKey] = encodeBase64(securityDescriptor);
  return generic;
}

export function windowsAttributesOf(generic: JsonObject): ReadWindowsAttributes {
  const creationTime = fileTime(generic[creationTimeKey]);
  const fileAttributes = uint32(generic[fileAttributesKey]);
  const securityDescriptor = bytes(generic[securityDescriptorKey]);
  const known = new Set<string>();
  if (creationTime !== undefined) known.add(creationTimeKey);
  if (fileAttributes !== undefined) known.add(fileAttributesKey);
  if (securityDescriptor !== undefined) known.add(securityDescriptorKey);
  return {
    attributes: {
      ...(creationTime === undefined ? {} : { creationTime }),
      ...(fileAttributes === undefined ? {} : { fileAttributes }),
      ...(securityDescriptor === undefined ? {} : { securityDescriptor }),
    },
    unknown: Object.keys(generic).filter((key) => !known.has(key)),
  };
}

function fileTime(value: JsonValue | undefined): bigint | undefined {
  if (!isJsonObject(value)) return undefined;
  const [low, high] = [uint32(value.LowDateTime), uint32(value.HighDateTime)];
  return low === undefined || high === undefined ? undefined : (BigInt(high) << 32n) | BigInt(low);
}

function uint32(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff ? value : undefined;
}

function bytes(value: JsonValue | undefined): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  const decoded = Buffer.from(value, 'base64');
  return decoded.toString('base64') === value ? decoded : undefined;
}
