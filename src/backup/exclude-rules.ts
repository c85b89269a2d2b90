import {
  bytesOf,
  byteStringFromRaw,
  CadanganError,
  compilePatterns,
  parseSizeText,
  readPatternFile,
  textOf,
  upperCaseOfWindows,
  type ByteString,
  type Environment,
  type PatternOptions,
} from '../platform/index.ts';

/** What to leave out of a backup, as restic's options of the same names. */
export interface ExcludeOptions {
  readonly excludes?: readonly string[] | undefined;
  readonly iexcludes?: readonly string[] | undefined;
  readonly excludeFiles?: readonly string[] | undefined;
  readonly iexcludeFiles?: readonly string[] | undefined;
  /** Leave out what lies in a folder with a valid `CACHEDIR.TAG`. */
  readonly excludeCaches?: boolean | undefined;
  /** `NAME` or `NAME:HEADER`: leave out what lies in a folder with a file of that name (that begins with HEADER). */
  readonly excludeIfPresent?: readonly string[] | undefined;
  /** Bytes, or a number with `k`, `M`, `G`, `T` (powers of 1024). A file of exactly that size stays. */
  readonly excludeLargerThan?: string | undefined;
}

/** The world the options are read in. */
export interface ExcludeContext {
  /** For `$NAME` in exclude files. */
  readonly environment: Environment;
  /** Patterns are written as on Windows. */
  readonly windows?: boolean;
  /**
   * Rules take no notice of case, as the file system that is backed up does not. Never for what a repository has already: its snapshots may
   * be of a Linux that tells `A.JPG` from `a.jpg`, and restic tells them apart there, too.
   */
  readonly ignoresCase?: boolean;
}

/** The part of a file's `lstat` that rules look at. `type` is restic's word: `dir`, `file`, `symlink` ... */
export interface ExcludeItem {
  readonly type: string;
  /** bytes */
  readonly size: number | bigint;
}

/** Reads the first `lengthBytes` of the file `name` of a folder, fewer at its end; `undefined` when it cannot. */
export type ReadHead = (name: ByteString, lengthBytes: number) => Uint8Array | undefined;

/** Nothing of this folder's content is backed up but `keep`. The folder itself is. */
export interface ExcludedContent {
  readonly keep: ByteString | undefined;
}

/**
 * Decides what is left out. Ask about everything found beneath a source, never about a source itself or the folders
 * above it: what somebody names is backed up. (So restic since 0.19.0; before, a pattern that matched a source left
 * it out, and 0.14 then failed with "snapshot is empty".) What lies beneath an excluded folder is not asked about
 * again, so a `!` pattern brings back a path only when no folder above it is excluded.
 */
export interface ExcludeRules {
  /** No rule at all. */
  readonly isEmpty: boolean;
  /** All patterns, those of files too, for the snapshot's record. */
  readonly patterns: readonly string[];
  /** Whether `excludesFolder` can ever say yes; if not, nobody needs to gather the names. */
  readonly looksIntoFolders: boolean;
  /** Without `item` only the patterns are asked, so that what they leave out needs no `lstat`. `path` as in `PatternSet`. */
  excludesPath(path: ByteString, item?: ExcludeItem): boolean;
  /** `names` are all entries of one folder. `readHead` must not wait for a writer when the entry is a named pipe. */
  excludesFolder(names: ReadonlySet<ByteString>, readHead: ReadHead): ExcludedContent | undefined;
}

/** @throws `arguments.invalid` with `file`, `pattern` or `option`, and `reason` */
export async function compileExcludeRules(options: ExcludeOptions, context: ExcludeContext): Promise<ExcludeRules> {
  const exactPatterns = await gather(options.excludes, options.excludeFiles, context, false);
  const foldedPatterns = await gather(options.iexcludes, options.iexcludeFiles, context, true);
  const exact = compilePatterns(exactPatterns, patternOptions(context, false));
  const folded = compilePatterns(foldedPatterns, patternOptions(context, true));
  const limitBytes = options.excludeLargerThan === undefined ? Infinity : parseLimit(options.excludeLargerThan);
  const tags = (options.excludeIfPresent ?? []).map(parseTag);
  if (options.excludeCaches) tags.push(cacheTag);
  const tagsIn = (names: ReadonlySet<ByteString>) => (context.ignoresCase ? tags.map((tag) => spelledAs(tag, names)) : tags);
  return {
    patterns: [...exactPatterns, ...foldedPatterns],
    isEmpty: exact.isEmpty && folded.isEmpty && limitBytes === Infinity && tags.length === 0,
    looksIntoFolders: tags.length > 0,
    excludesPath: (path, item) =>
      (item !== undefined && item.type !== 'dir' && item.size > limitBytes) || exact.matches(path) || folded.matches(path),
    excludesFolder: (names, readHead) => excludedContent(tagsIn(names).filter((tag) => isTagged(tag, names, readHead))),
  };
}

/** Patterns of the command line come first, those of files after them: the order matters to `!`. */
async function gather(
  patterns: readonly string[] = [],
  files: readonly string[] = [],
  context: ExcludeContext,
  caseInsensitive: boolean,
): Promise<readonly string[]> {
  const options = patternOptions(context, caseInsensitive);
  const all = [...patterns];
  for (const file of files) all.push(...(await readPatternFile(file, context.environment, options)));
  return all;
}

function patternOptions(context: ExcludeContext, caseInsensitive: boolean): PatternOptions {
  // Where the file system does not tell `Thumbs.db` from `thumbs.db`, a rule that does would leave in what it was to leave out.
  const { windows = false, ignoresCase = false } = context;
  return { caseInsensitive: caseInsensitive || ignoresCase, windows };
}

/** A file that marks its folder: its name, and what it must begin with (nothing: it only has to be there). */
interface TagFile {
  readonly name: ByteString;
  readonly header: Uint8Array;
}

/** The Cache Directory Tagging Specification: 43 bytes, whatever follows. */
const cacheTag: TagFile = parseTag('CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55');

function parseTag(option: string): TagFile {
  const colon = option.indexOf(':');
  const name = colon < 0 ? option : option.slice(0, colon);
  if (name === '' || name.includes('/')) {
    throw new CadanganError('arguments.invalid', {
      option: `exclude-if-present ${option}`,
      reason: name === '' ? 'the file name is missing' : 'the file name has a /',
    });
  }
  return { name: byteStringFromRaw(name), header: bytesOf(byteStringFromRaw(colon < 0 ? '' : option.slice(colon + 1))) };
}

/** As the folder has it, where that differs in case alone: on Windows such a file is the one that is meant. */
function spelledAs(tag: TagFile, names: ReadonlySet<ByteString>): TagFile {
  if (names.has(tag.name)) return tag;
  const wanted = upperCaseOfWindows(textOf(tag.name));
  const name = [...names].find((one) => upperCaseOfWindows(textOf(one)) === wanted);
  return name === undefined ? tag : { ...tag, name };
}

function isTagged(tag: TagFile, names: ReadonlySet<ByteString>, readHead: ReadHead): boolean {
  if (!names.has(tag.name)) return false;
  if (tag.header.length === 0) return true;
  const head = readHead(tag.name, tag.header.length);
  return head !== undefined && Buffer.compare(head.subarray(0, tag.header.length), tag.header) === 0;
}

/** Each tag spares its own file only, so two different ones leave out each other's: as restic 0.14 does. */
function excludedContent(tags: readonly TagFile[]): ExcludedContent | undefined {
  const first = tags[0];
  if (first === undefined) return undefined;
  return { keep: tags.every((tag) => tag.name === first.name) ? first.name : undefined };
}

function parseLimit(text: string): number {
  const sizeBytes = parseSizeText(text);
  if (sizeBytes === undefined)
    throw new CadanganError('arguments.invalid', { option: `exclude-larger-than ${text}`, reason: 'not a size such as 500k, 20M or 1G' });
  return sizeBytes;
}
