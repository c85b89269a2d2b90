import { compilePatterns, type ByteString, type PatternOptions, type PatternSet } from '../platform/index.ts';
import type { RestoreOptions } from './restore-options.ts';

/** Whether a path of the snapshot is to be restored, and whether something beneath it may be. */
export interface Selected {
  readonly itself: boolean;
  readonly beneath: boolean;
}

export type Selection = (path: ByteString) => Selected;

const everything: Selected = { itself: true, beneath: true };
const nothing: Selected = { itself: false, beneath: false };

/**
 * restic's meaning of `--include` and `--exclude` in a restore: an excluded folder is not entered; an included one brings all that lies in
 * it. restic allows one kind at a time; here what is excluded is taken out of what is included.
 * @throws `arguments.invalid`
 */
export function compileSelection(options: Pick<RestoreOptions, 'includes' | 'iincludes' | 'excludes' | 'iexcludes'>): Selection {
  const includes = compileBoth(options.includes, options.iincludes);
  const excludes = compileBoth(options.excludes, options.iexcludes);
  if (includes.length === 0 && excludes.length === 0) return () => everything;
  return (path) => {
    if (excludes.some((set) => set.matches(path))) return nothing;
    if (includes.length === 0) return everything;
    const matches = includes.map((set) => set.match(path));
    return { itself: matches.some(({ matched }) => matched), beneath: matches.some(({ childMayMatch }) => childMayMatch) };
  };
}

function compileBoth(exact: readonly string[] = [], folded: readonly string[] = []): PatternSet[] {
  const options: PatternOptions = { windows: process.platform === 'win32' };
  return [compilePatterns(exact, options), compilePatterns(folded, { ...options, caseInsensitive: true })].filter((set) => !set.isEmpty);
}
