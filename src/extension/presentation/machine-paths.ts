import { machinePath, snapshotPathOf, system, type ByteString } from '../../platform/index.ts';

/**
 * Where a path that the editor or the configuration names stands in snapshots: without `..`, and on Windows under the capital letter of its
 * drive. Null bytes and relative paths are the caller's to refuse. @throws `path.unsupported`
 */
export function snapshotPlaceOf(path: string, platform: NodeJS.Platform = system.platform): ByteString {
  const windows = platform === 'win32';
  return snapshotPathOf(machinePath(path, { windows }), windows);
}
