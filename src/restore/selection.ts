import { compilePatterns, type ByteString, type PatternOptions, type PatternSet, system } from '../platform/index.ts';
import type { RestoreOptions } from './restore-options.ts';

/** Whether a path of the snapshot is to be restored, and whether something beneath it may be. */
export interface Selected {
  readonly itself: boolean;
  readonly beneath: boolean;
}

export type Selection = (path: ByteString) => Selected;

/** On Windows no notice is taken of case: neither does whoever writes `c:\\data` there. */
const exactOptions: PatternOptions = { windows: system.isWindows, caseInsensitive: system.isWindows };

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

/** Watches which of the patterns of `--include` meet anything. */
export class IncludesMet {
  readonly #unmet: Map<string, PatternSet>;

  /** @throws `arguments.invalid` */
  constructor({ includes = [], iincludes = [] }: Pick<RestoreOptions, 'includes' | 'iincludes'>) {
    const wanted = (patterns: readonly string[]): readonly string[] => patterns.filter((one) => one !== '' && !one.startsWith('!'));
    this.#unmet = new Map([
      ...wanted(includes).map((one) => [one, compilePatterns([one], exactOptions)] as const),
      ...wanted(iincludes).map((one) => [one, compilePatterns([one], { windows: system.isWindows, caseInsensitive: true })] as const),
    ]);
  }

  /** The same selection, for paths of the snapshot. */
  watching(selection: Selection): Selection {
    return (path) => {
      const selected = selection(path);
      if (selected.itself) for (const [one, set] of this.#unmet) if (set.matches(path)) this.#unmet.delete(one);
      return selected;
    };
  }

  /** As they were given. */
  get unmet(): readonly string[] {
    return [...this.#unmet.keys()];
  }
}

function compileBoth(exact: readonly string[] = [], folded: readonly string[] = []): PatternSet[] {
  const options = exactOptions;
  return [compilePatterns(exact, options), compilePatterns(folded, { ...options, caseInsensitive: true })].filter((set) => !set.isEmpty);
}
