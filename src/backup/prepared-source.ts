import { byteStringFromRaw, CadanganError, systemCode, type ByteString } from '../platform/index.ts';
import type { ExcludeRules } from './exclude-rules.ts';
import { isEmptySource, type EmptySource } from './empty-sources.ts';
import { linkSourcesOf, type LinkSource } from './link-sources.ts';
import { asItIs, type PlaceToRead } from './read-places.ts';
import { ScanAhead } from './scan-ahead.ts';
import { statOf } from './source-stat.ts';
import { sourcePathOf } from './source-place.ts';
import { SourceReader } from './source-reader.ts';
import { makeSourceTree, type SourceTree } from './source-tree.ts';

export interface SourceOptions {
  /** As given by the user; relative ones are seen from `workingFolder`. */
  readonly sources: readonly string[];
  readonly workingFolder: string;
  readonly rules: ExcludeRules;
  readonly oneFileSystem?: boolean | undefined;
  /** Default: everything is read where it is. */
  readonly placeToRead?: PlaceToRead | undefined;
}

/** What a run is going to read. */
export interface PreparedSource {
  readonly tree: SourceTree;
  readonly reader: SourceReader;
  /** Absolute, as the system writes them, of the sources that are there; as snapshots name them, with U+FFFD for what is no text. */
  readonly paths: readonly string[];
  /** Sources that are not there. */
  readonly missing: readonly { readonly path: ByteString; readonly error: unknown }[];
  /** Sources that have nothing in them but folders. */
  readonly empty: readonly EmptySource[];
  /** Sources that are links to what no other source has. */
  readonly links: readonly LinkSource[];
  readonly scanAhead: ScanAhead;
}

/**
 * Looks at the sources and begins to read them ahead: to be called before the repository is opened, which takes its time.
 * @throws `source.missing` when none of them exists: nothing is left that a snapshot could say; `source.unsupported` when there is one
 * that no snapshot can name: to leave it out would look like a backup of it
 */
export function prepareSource({ sources, workingFolder, rules, oneFileSystem, placeToRead = asItIs }: SourceOptions): PreparedSource {
  const missing: { path: ByteString; error: unknown }[] = [];
  const named = sources.map((source) => ({ source, path: sourcePathOf(source, workingFolder) }));
  const present = named.filter(({ path: text }) => {
    const path = byteStringFromRaw(text);
    try {
      statOf(placeToRead(path));
      return true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      missing.push({ path, error });
      return false;
    }
  });
  if (present.length === 0) throw new CadanganError('source.missing', { paths: sources });
  const tree = makeSourceTree(
    present.map(({ source }) => source),
    workingFolder,
  );
  const reader = new SourceReader(rules, placeToRead);
  const places = present.map(({ path }) => ({ path: byteStringFromRaw(path), given: path.toWellFormed() }));
  const paths = places.map(({ given }) => given);
  const empty = places.filter(({ path }) => isEmptySource(placeToRead(path)));
  const links = linkSourcesOf(
    places.map(({ path }) => path),
    placeToRead,
  );
  return { tree, reader, paths, missing, empty, links, scanAhead: new ScanAhead(reader, tree, { oneFileSystem: oneFileSystem ?? false }) };
}
