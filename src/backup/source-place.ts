import {
  byteStringFromRaw,
  CadanganError,
  isCode,
  joinBytes,
  machinePath,
  pathParts,
  system,
  systemDriveFolder,
  type ByteString,
  type DriveFolder,
  type MachinePath,
  type PathParts,
} from '../platform/index.ts';

/** One name on the way from the root of the snapshot to a source. */
export interface Step {
  readonly name: ByteString;
  /** The folder to read its metadata from, at last the source. */
  readonly path: ByteString;
  /** Two steps are the same folder if this is the same. */
  readonly id: ByteString;
}

export interface Place {
  /** That the first step is in; if there is none, the source itself. */
  readonly folder: PathParts;
  readonly steps: readonly Step[];
}

/** Where a source stands in the snapshot, and is to be read. @throws `source.unsupported` */
export function placeOf(source: string, workingFolder: string, windows: boolean, driveFolder: DriveFolder): Place {
  const parts = sourcePartsOf(source, { workingFolder, windows, driveFolder });
  if (parts.isWhole) return placeUnder(parts);
  // What leads out of the folder leaves no trace in the snapshot.
  const folder = { ...parts, names: [] };
  return { folder, steps: stepsFrom(pathOf(folder), parts.names) };
}

/**
 * The absolute path of a source, as the system writes it: the same for every way to write the source.
 * @throws `source.unsupported`
 */
export function sourcePathOf(
  source: string,
  workingFolder: string,
  windows = system.isWindows,
  driveFolder: DriveFolder = systemDriveFolder,
): MachinePath {
  sourcePartsOf(source, { workingFolder, windows, driveFolder });
  return machinePath(source, { workingFolder, windows, driveFolder });
}

function sourcePartsOf(source: string, rules: Parameters<typeof pathParts>[1]): PathParts {
  const parts = partsOf(source, rules);
  if (isAmbiguous(parts))
    throw unsupported(source, 'in a snapshot a server named by one letter is a drive: write its full name or its address');
  return parts;
}

function partsOf(source: string, rules: Parameters<typeof pathParts>[1]): PathParts {
  try {
    return pathParts(source, rules);
  } catch (error) {
    if (!isCode(error, 'path.unsupported')) throw error;
    throw unsupported(source, String(error.facts['reason']));
  }
}

function isAmbiguous({ rootNames: [server = '', share] }: PathParts): boolean {
  return share !== undefined && /^[A-Za-z]$/.test(server);
}

function unsupported(path: string, reason: string): CadanganError {
  return new CadanganError('source.unsupported', { path, reason });
}

/**
 * Under all the names of its path. A drive is a folder of its own, as in restic: `C:\srv` stands as `C` and in it `srv`. A share is two:
 * `\\server\share` stands as `server` and in it `share`. restic makes one of them, with the backslashes in its name
 * (internal/archiver/tree.go, `pathComponents`), and cannot restore that on Windows (its issue 2807; internal/restorer/restorer.go refuses
 * the name). What it wrote is found as the same place all the same (`repository/root-names.ts`). The server has no metadata; it gets those
 * of its share, as the drive gets those of its root.
 */
export function placeUnder(parts: PathParts): Place {
  const root = byteStringFromRaw(parts.root);
  const last = parts.rootNames.length - 1;
  const rootSteps = parts.rootNames.map(byteStringFromRaw).map((name, at): Step => {
    return { name, path: root, id: at === last ? root : (`//${name}` as ByteString) };
  });
  const folder = { ...parts, above: [], names: [] };
  return { folder, steps: [...rootSteps, ...stepsFrom(root, [...parts.above, ...parts.names])] };
}

export function pathOf({ root, above, names }: PathParts): ByteString {
  return [...above, ...names].map(byteStringFromRaw).reduce(joinBytes, byteStringFromRaw(root));
}

function stepsFrom(base: ByteString, names: readonly string[]): Step[] {
  let path = base;
  return names.map((name) => {
    const bytes = byteStringFromRaw(name);
    path = joinBytes(path, bytes);
    return { name: bytes, path, id: path };
  });
}
