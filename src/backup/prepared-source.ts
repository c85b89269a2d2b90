import { byteStringFromText, CadanganError, systemCode, type ByteString } from '../platform/index.ts';
import type { ExcludeRules } from './exclude-rules.ts';
import { isEmptySource, type EmptySource } from './empty-sources.ts';
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
}

/** What a run is going to read. */
export interface PreparedSource {
  readonly tree: SourceTree;
  readonly reader: SourceReader;
  /** Absolute, as the system writes them, of the sources that are there. */
  readonly paths: readonly string[];
  /** Sources that are not there. */
  readonly missing: readonly { readonly path: ByteString; readonly error: unknown }[];
  /** Sources that have nothing in them but folders. */
  readonly empty: readonly EmptySource[];
  readonly scanAhead: ScanAhead;
}

/**
 * Looks at the sources and begins to read them ahead: to be called before the repository is opened, which takes its time.
 * @throws `source.missing` when none of them exists: nothing is left that a snapshot could say; `source.unsupported` when there is one
 * that no snapshot can name: to leave it out would look like a backup of it
 */
export function prepareSource({ sources, workingFolder, rules, oneFileSystem }: SourceOptions): PreparedSource {
  const missing: { path: ByteString; error: unknown }[] = [];
  const named = sources.map((source) => ({ source, path: sourcePathOf(source, workingFolder) }));
  const present = named.filter(({ path: text }) => {
    const path = byteStringFromText(text);
    try {
      statOf(path);
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
  const reader = new SourceReader(rules);
  const paths = present.map(({ path }) => path);
  const empty = paths.map((given) => ({ path: byteStringFromText(given), given })).filter(({ path }) => isEmptySource(path));
  return { tree, reader, paths, missing, empty, scanAhead: new ScanAhead(reader, tree, { oneFileSystem: oneFileSystem ?? false }) };
}
