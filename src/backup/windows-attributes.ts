import type { ByteString, WindowsAttributes, WindowsFiles } from '../platform/index.ts';
import { genericAttributesOf, type JsonObject } from '../repository/index.ts';
import type { SourceStat } from './source-stat.ts';

/** What Windows says of something in the source, beyond `lstat`. */
export interface WindowsFacts {
  /** As a node stores it; undefined when nothing could be read, or nothing is to be stored. */
  readonly generic: JsonObject | undefined;
  /** Bits; 0 when they could not be read. */
  readonly fileAttributes: number;
  /** Why a part could not be read. */
  readonly error: unknown;
}

/** Asks for what restic stores: attributes and creation time of everything; owner and access lists of files and folders. */
export function windowsFactsOf(files: WindowsFiles, path: ByteString, type: SourceStat['type']): WindowsFacts {
  let attributes: WindowsAttributes = {};
  let error: unknown;
  try {
    const { attributes: bits, creationTime } = files.timesOf(path);
    attributes = { creationTime, fileAttributes: bits };
    const securityDescriptor = type === 'file' || type === 'dir' ? files.securityDescriptorOf(path) : undefined;
    if (securityDescriptor) attributes = { ...attributes, securityDescriptor };
  } catch (cause) {
    error = cause;
  }
  const { fileAttributes } = attributes;
  return {
    generic: fileAttributes === undefined ? undefined : genericAttributesOf(attributes),
    fileAttributes: fileAttributes ?? 0,
    error,
  };
}

/** `C:`, `C:/`, `//server/share`, and the server above it: nothing is stored of them, as in restic, since no restore is to replace it. */
export function isVolumeRoot(path: ByteString): boolean {
  return /^(?:[A-Za-z]:|[/\\]{2}[^/\\]+(?:[/\\][^/\\]+)?)[/\\]?$/.test(path);
}
