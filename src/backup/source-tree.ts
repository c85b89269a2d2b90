import { byteStringFromText, joinBytes, type ByteString } from '../platform/index.ts';

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
  readonly path: ByteString;
  isSource: boolean;
  readonly children: Map<ByteString, Draft>;
}

/**
 * @param sources as given, in any form that the system takes; `workingFolder` is absolute. A source inside another is part of it;
 * two that would get one name are kept apart by a number (`data`, `data-1`).
 */
export function makeSourceTree(sources: readonly string[], workingFolder: string, windows = process.platform === 'win32'): SourceTree {
  const root: Draft = { name: '' as ByteString, path: '' as ByteString, isSource: false, children: new Map() };
  const folder = byteStringFromText(workingFolder);
  for (const source of sources) {
    const place = placeOf(byteStringFromText(source), folder, windows);
    // The working folder's entries take the root for themselves; beside other sources it stands under its own path.
    const takesRoot = place.components.length === 0 && place.base !== '/';
    addSource(root, takesRoot && sources.length > 1 ? placeOf(place.base, folder, windows) : place);
  }
  return freeze(root);
}

interface Place {
  /** Folder that the first component is in. */
  readonly base: ByteString;
  /** The first component's own path, where it is not just a name in `base`: a drive. */
  readonly drivePath?: ByteString;
  readonly components: readonly ByteString[];
}

/** On Windows `C:\srv` stands as `C` and in it `srv`, as in restic. */
function placeOf(given: ByteString, workingFolder: ByteString, windows: boolean): Place {
  const source = (windows ? given.replaceAll('\\', '/') : given) as ByteString;
  const drive = windows ? /^([A-Za-z]):(?:\/|$)/.exec(source)?.[1] : undefined;
  if (drive !== undefined) {
    const { components } = placeOf(source.slice(2) as ByteString, workingFolder, false);
    const drivePath = `${drive}:/` as ByteString;
    return { base: drivePath, drivePath, components: [drive as ByteString, ...components] };
  }
  const components = (source.split('/') as ByteString[]).filter((part) => part !== '' && part !== '.');
  const clean: ByteString[] = [];
  let base = source.startsWith('/') ? ('/' as ByteString) : workingFolder;
  for (const part of components) {
    if (part !== '..') clean.push(part);
    else if (clean.length > 0) clean.pop();
    else base = parentOf(base); // what leads out of the working folder leaves no trace in the snapshot
  }
  return { base, components: clean };
}

function parentOf(path: ByteString): ByteString {
  return (path.slice(0, path.lastIndexOf('/')) || '/') as ByteString;
}

function addSource(root: Draft, { base, drivePath, components }: Place): void {
  if (components.length === 0) {
    addWhole(root, base);
    return;
  }
  let at = root;
  let path = base;
  for (const [depth, component] of components.entries()) {
    if (at.isSource) return; // inside another source
    path = depth === 0 && drivePath !== undefined ? drivePath : joinBytes(path, component);
    at = childOf(at, component, path);
    if (depth === components.length - 1) addWhole(at, path);
  }
}

function addWhole(draft: Draft, path: ByteString): void {
  draft.isSource = true;
  if (draft.path === '') Object.assign(draft, { path });
  draft.children.clear();
}

function childOf(parent: Draft, name: ByteString, path: ByteString): Draft {
  let unique = name;
  for (let number = 1; ; number++) {
    const known = parent.children.get(unique);
    if (known?.path === path) return known;
    if (!known) {
      const child: Draft = { name: unique, path, isSource: false, children: new Map() };
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
