/** What became of a file, beside the parent. */
export type Fate = 'new' | 'changed' | 'unmodified';
