import { system, systemDriveFolder, type ByteString } from '../platform/index.ts';
import { pathOf, placeOf, placeUnder, type Place, type Step } from './source-place.ts';

/**
 * Where the sources stand in the snapshot. A source given as an absolute path appears under all its folders; a relative one under the
 * folders it was given with; `.` gives its entries themselves, as in restic.
 */
export interface SourceTree {
  readonly name: ByteString;
  /** The path to read from. */
  readonly path: ByteString;
  /** Everything beneath is backed up; otherwise only `children` are. */
  readonly isSource: boolean;
  /** In byte order of their names. */
  readonly children: readonly SourceTree[];
}

interface Draft {
  readonly name: ByteString;
  /** As that of its `Step`. */
  readonly id: ByteString;
  readonly path: ByteString;
  isSource: boolean;
  readonly children: Map<ByteString, Draft>;
}

/**
 * @param sources as given, in any form that the system takes; `workingFolder` is absolute. A source inside another is part of it;
 * two that would get one name are kept apart by a number (`data`, `data-1`).
 * @throws `source.unsupported`
 */
export function makeSourceTree(
  sources: readonly string[],
  workingFolder: string,
  windows = system.isWindows,
  driveFolder = systemDriveFolder,
): SourceTree {
  const root: Draft = { name: '' as ByteString, id: '' as ByteString, path: '' as ByteString, isSource: false, children: new Map() };
  for (const source of sources) {
    const place = placeOf(source, workingFolder, windows, driveFolder);
    // The working folder's entries take the root for themselves; beside other sources it stands under its own path.
    addSource(root, place.steps.length === 0 && sources.length > 1 ? placeUnder(place.folder) : place);
  }
  return freeze(root);
}

function addSource(root: Draft, { folder, steps }: Place): void {
  let at = root;
  for (const step of steps) {
    if (at.isSource) return; // inside another source
    at = childOf(at, step);
  }
  addWhole(at, pathOf(folder));
}

function addWhole(draft: Draft, path: ByteString): void {
  draft.isSource = true;
  if (draft.path === '') Object.assign(draft, { path });
  draft.children.clear();
}

function childOf(parent: Draft, { name, path, id }: Step): Draft {
  let unique = name;
  for (let number = 1; ; number++) {
    const known = parent.children.get(unique);
    if (known?.id === id) return known;
    if (!known) {
      const child: Draft = { name: unique, id, path, isSource: false, children: new Map() };
      parent.children.set(unique, child);
      return child;
    }
    unique = `${name}-${number}` as ByteString;
  }
}

function freeze(draft: Draft): SourceTree {
  const children = [...draft.children.values()].map(freeze).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name: draft.name, path: draft.path, isSource: draft.isSource, children };
}
